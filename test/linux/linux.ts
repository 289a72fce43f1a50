// Boots real Linux on a Machine in this thread, with an /init of the test's own, and gives what it said on the serial console.
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { type CpioEntry, S_IFREG, writeCpio } from "../../src/image/archive/cpio.js";
import { fetchFirmware, fetchGuest } from "../../src/image/debian/guest.js";
import { makeBusyboxRootfs } from "../../src/image/rootfs.js";
import { makeBoard } from "../../src/instance/board.js";
import { type Board, type BootPlan, planBoot } from "../../src/machine/boot/plan.js";
import { type Disk, Machine, type RunOutcome } from "../../src/machine/machine.js";

export interface LinuxFiles {
  readonly kernel: Uint8Array;
  readonly busybox: Uint8Array;
  readonly firmware: Uint8Array;
}

/** The default guest and OpenSBI; undefined, with the reason printed, where there is neither network nor cache. */
export async function fetchLinux(): Promise<LinuxFiles | undefined> {
  try {
    const [guest, firmware] = await Promise.all([fetchGuest(), fetchFirmware()]);
    return { kernel: await readFile(guest.kernel), busybox: await readFile(guest.busybox), firmware: await readFile(firmware.dynamic) };
  } catch (error) {
    console.warn(`skipped: the guest cannot be fetched (${(error as Error).message})`);
    return undefined;
  }
}

export interface LinuxOptions {
  /** The lines of /init, after #!/bin/sh; /proc, /sys and /dev are mounted. */
  readonly init: string;
  readonly extra?: readonly CpioEntry[];
  readonly bios?: Uint8Array;
  /** What of the board is not as usual. */
  readonly board?: Partial<Board>;
  readonly disks?: readonly Disk[];
  readonly transport?: number;
  readonly ramBytes?: number;
  /** Default: Sv39, the cheapest to walk. */
  readonly append?: string;
  readonly timeoutMs?: number;
}

/** A regular file for the initramfs. */
export function file(name: string, mode: number, data: Uint8Array): CpioEntry {
  return { name, mode: S_IFREG | mode, uid: 0, gid: 0, mtimeSeconds: 0, ino: 0, nlink: 1, rdevMajor: 0, rdevMinor: 0, data };
}

const PRELUDE = "#!/bin/sh\nmount -t proc proc /proc\nmount -t sysfs sys /sys\nmount -t devtmpfs dev /dev\n";
const SLICE_INSNS = 2_000_000;
const RAM_BYTES = 256 * 2 ** 20;

/** What bootLinux() puts where. */
export function planLinux(files: LinuxFiles, options: Omit<LinuxOptions, "disks" | "transport" | "timeoutMs">): BootPlan {
  const { init, extra = [], bios, board = {}, ramBytes = RAM_BYTES, append = "no4lvl" } = options;
  const script = file("init", 0o755, new TextEncoder().encode(PRELUDE + init));
  return planBoot({
    ramBytes,
    kernel: files.kernel,
    ...(bios === undefined ? {} : { bios }),
    initrd: Buffer.concat([makeBusyboxRootfs(files.busybox), writeCpio([script, ...extra])]),
    cmdline: `console=ttyS0 quiet cryptomgr.notests panic=-1 ${append}`,
    board: { ...makeBoard(), virtioMmio: true, ...board },
    decompress: (_kind, bytes, limitBytes) => gunzipSync(bytes, { maxOutputLength: limitBytes }),
  });
}

/** Until the guest ends the run, or the time is over (`outcome` is then "budget" or "idle"). */
export async function bootLinux(
  files: LinuxFiles,
  options: LinuxOptions,
): Promise<{ outcome: RunOutcome; serial: string; machine: Machine }> {
  const { disks = [], transport = 0, ramBytes = RAM_BYTES, timeoutMs = 120_000 } = options;
  const serial: number[] = [];
  const machine = new Machine({ ramBytes, disks, transport, compile: "background", onSerial: (byte) => serial.push(byte) });
  machine.start(planLinux(files, options));
  const end = performance.now() + timeoutMs;
  let outcome = machine.run(SLICE_INSNS);
  while ((outcome.kind === "budget" || outcome.kind === "idle") && performance.now() < end) {
    if (outcome.kind === "idle") await new Promise((resolve) => setTimeout(resolve, Math.min(sleepOf(outcome), 100)));
    outcome = machine.run(SLICE_INSNS);
  }
  return { outcome, serial: Buffer.from(serial).toString().replaceAll("\r", ""), machine };
}

const sleepOf = (outcome: RunOutcome): number => (outcome.kind === "idle" ? outcome.sleepMs : 0);
