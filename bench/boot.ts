// `boot`: Debian's kernel and a tiny initramfs, from the start of the host process to the first word of /init; the same files
// and command line in both, in turn, the median of the rounds. Depends on the files beside it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startChild } from "./child-run.js";
import { findGuest, MARKER, makeInitrd } from "./guest.js";
import type { BenchOptions } from "./options.js";
import { startQemu } from "./qemu.js";
import { lessIsBetter, median, type Report } from "./report.js";

/** A panic ends the run in both. The second is what the default guest has: without the kernel's self-tests of its ciphers. */
const APPENDS = {
  "": "console=ttyS0 panic=-1",
  ", quiet, no self-tests": "console=ttyS0 panic=-1 quiet no4lvl cryptomgr.notests",
};
const MEMORY = "256M";

interface BootFiles {
  readonly kernel: string;
  readonly initrd: string;
  readonly append: string;
}

async function timeOurs(files: BootFiles): Promise<number> {
  const beganMs = performance.now();
  const run = startChild({ kind: "boot", ...files, memory: MEMORY });
  try {
    await run.until(MARKER.trim());
    const seconds = (performance.now() - beganMs) / 1000;
    await run.end;
    return seconds;
  } finally {
    await run.kill();
  }
}

async function timeTheirs({ kernel, initrd, append }: BootFiles): Promise<number> {
  const beganMs = performance.now();
  const run = startQemu(["-m", MEMORY, "-kernel", kernel, "-initrd", initrd, "-append", append]);
  await run.until(MARKER.trim());
  const seconds = (performance.now() - beganMs) / 1000;
  await run.end;
  return seconds;
}

export async function benchBoot(options: BenchOptions): Promise<Report> {
  const { kernel } = await findGuest(options);
  const folder = mkdtempSync(join(tmpdir(), "wardian-bench-"));
  try {
    const initrd = join(folder, "initrd");
    writeFileSync(initrd, makeInitrd());
    const rows = [];
    for (const [name, append] of Object.entries(APPENDS)) {
      const [ours, theirs]: [number[], number[]] = [[], []];
      for (let n = 0; n < (options.quick ? 1 : 3); n++) {
        ours.push(await timeOurs({ kernel, initrd, append }));
        theirs.push(await timeTheirs({ kernel, initrd, append }));
        options.onProgress(`boot${name}: ours ${ours.at(-1)?.toFixed(2)} s, theirs ${theirs.at(-1)?.toFixed(2)} s`);
      }
      rows.push(lessIsBetter(`kernel to init${name}`, median(ours), median(theirs), "s"));
    }
    return {
      bench: "boot",
      rows,
      notes: [`from the start of the host process to the first word of /init, ${MEMORY} of memory; bar: 1.0`],
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
