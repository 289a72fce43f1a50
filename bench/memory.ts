// `memory`: what the host pays for an idle guest: resident memory of the process that holds the booted default guest, above
// that of a Node process which does nothing. Theirs is the whole QEMU process with the same kernel and root file system.
// Depends on errors, image/ and the files beside it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { WardianError } from "../src/errors.js";
import { makeBusyboxRootfs } from "../src/image/rootfs.js";
import type { Task } from "./child.js";
import { startChild } from "./child-run.js";
import { findGuest, MARKER, makeInitrd } from "./guest.js";
import type { BenchOptions } from "./options.js";
import { startQemu } from "./qemu.js";
import { lessIsBetter, median, type Report } from "./report.js";

/** After this the guest has done what it does on its own, and so has Node's garbage collector. */
const SETTLE_MS = 3000;
const BAR_MIB = 120;
const SIZES = ["256M", "1G"];

/** Linux only: proc(5), /proc/PID/status. */
function residentMiB(pid: number): number {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, "utf8");
  } catch (error) {
    throw new WardianError("bench-memory", "resident memory can only be read on Linux, from /proc", { cause: error });
  }
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}

async function measureOurs(task: Task): Promise<number> {
  const run = startChild(task);
  try {
    await run.up;
    await sleep(SETTLE_MS);
    return residentMiB(run.pid);
  } finally {
    await run.kill();
  }
}

async function measureTheirs(kernel: string, initrd: string, memory: string): Promise<number> {
  const run = startQemu([
    "-m",
    memory,
    "-kernel",
    kernel,
    "-initrd",
    initrd,
    "-append",
    "console=ttyS0 quiet no4lvl cryptomgr.notests panic=-1 -- stay",
  ]);
  try {
    await run.until(MARKER.trim());
    await sleep(SETTLE_MS);
    return residentMiB(run.pid);
  } finally {
    run.kill();
    await run.end.catch(() => {});
  }
}

export async function benchMemory(options: BenchOptions): Promise<Report> {
  const { kernel, busybox } = await findGuest(options);
  const folder = mkdtempSync(join(tmpdir(), "wardian-bench-"));
  try {
    const rootfs = makeBusyboxRootfs(readFileSync(busybox));
    const [image, initrd] = [join(folder, "rootfs.cpio"), join(folder, "initrd")];
    writeFileSync(image, rootfs);
    writeFileSync(initrd, Buffer.concat([rootfs, makeInitrd()]));
    const rows = [];
    const baselines: number[] = [];
    for (const memory of SIZES) {
      const [ours, theirs]: [number[], number[]] = [[], []];
      for (let n = 0; n < (options.quick ? 1 : 3); n++) {
        const baseline = await measureOurs({ kind: "nothing" });
        baselines.push(baseline);
        ours.push((await measureOurs({ kind: "guest", kernel, image, memory, engine: options.engine ?? "auto" })) - baseline);
        theirs.push(await measureTheirs(kernel, initrd, memory));
        options.onProgress(`memory, ${memory}: ours ${ours.at(-1)?.toFixed(1)}, theirs ${theirs.at(-1)?.toFixed(1)} MiB`);
      }
      rows.push(lessIsBetter(`idle guest of ${memory}`, median(ours), median(theirs), "MiB"));
    }
    return {
      bench: "memory",
      rows,
      notes: [`ours: above Node's own ${median(baselines).toFixed(0)} MiB, bar ${BAR_MIB} MiB; theirs: the whole process`],
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
