// Limits that a guest's own kernel keeps, set through its agent. May depend on image/archive and machine/agent.
import { S_IFDIR } from "../image/archive/cpio.js";
import { cpioHeader, cpioTrailer } from "../image/archive/cpio-stream.js";
import type { AgentSession } from "../machine/agent/index.js";

const CGROUPS = "/sys/fs/cgroup";
const GROUP = "wardian";

/**
 * At most `count` tasks from now on, in what the agent starts and all that comes of it; a further fork fails with EAGAIN. It is a control
 * group's limit, so that the kernel's own threads neither count nor suffer. The guest's root can lift it: it bounds programs that
 * fork too much, while what the guest as a whole can cost is bounded by its memory and its share of the CPU.
 */
export async function limitPids(session: AgentSession, count: number): Promise<void> {
  const write = async (path: string, text: string): Promise<void> => await session.putFile(path, Buffer.from(text));
  await write(`${CGROUPS}/cgroup.subtree_control`, "+pids");
  await session.putTree(CGROUPS, [cpioHeader({ name: GROUP, mode: S_IFDIR | 0o755, uid: 0, gid: 0, mtimeSeconds: 0 }, 0), cpioTrailer()]);
  const agent = session.guest?.pid ?? 1;
  await write(`${CGROUPS}/${GROUP}/cgroup.procs`, String(agent)); // programs are born where the agent is
  await write(`${CGROUPS}/${GROUP}/pids.max`, String(count + 1));
}
