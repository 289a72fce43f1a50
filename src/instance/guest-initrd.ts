// The initramfs of a guest: the image's archive, and after it a small one of ours that brings the agent. The kernel takes
// several archives in a row, later files over earlier ones. May depend on errors and image/.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { WardianError } from "../errors.js";
import { type CpioEntry, S_IFCHR, S_IFDIR, S_IFREG, writeCpio } from "../image/archive/cpio.js";

/** A name that no image has, so that the image's own /init stays what it is. */
export const AGENT_PATH = "/.wardian-agent";

const ALIGNMENT_BYTES = 4;
const CONSOLE_DEVICE = [5, 1] as const;

/** The built agent, found from both src/ and dist/src/. */
async function readAgent(): Promise<Uint8Array> {
  for (const up of ["../../", "../../../"]) {
    try {
      return await readFile(fileURLToPath(new URL(`${up}fixtures/agent/agent`, import.meta.url)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  throw new WardianError("not-built", "the guest agent fixtures/agent/agent is missing from this installation");
}

/** `rootfs` is an uncompressed cpio. The result is a buffer of its own. */
export async function makeInitrd(rootfs: Uint8Array): Promise<Uint8Array> {
  const ours = writeCpio(agentEntries(await readAgent()));
  const start = Math.ceil(rootfs.length / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
  const whole = new Uint8Array(start + ours.length);
  whole.set(rootfs);
  whole.set(ours, start);
  return whole;
}

function agentEntries(agent: Uint8Array): CpioEntry[] {
  const none = new Uint8Array(0);
  const entry = (name: string, mode: number, data: Uint8Array, [rdevMajor, rdevMinor]: readonly [number, number] = [0, 0]): CpioEntry => {
    return { name, mode, uid: 0, gid: 0, mtimeSeconds: 0, ino: 0, nlink: 1, rdevMajor, rdevMinor, data };
  };
  return [
    // The kernel opens /dev/console before it starts the first program.
    entry("dev", S_IFDIR | 0o755, none),
    entry("dev/console", S_IFCHR | 0o600, none, CONSOLE_DEVICE),
    entry(AGENT_PATH.slice(1), S_IFREG | 0o755, agent),
  ];
}
