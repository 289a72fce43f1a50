// The Linux guest of the boot and memory benchmarks: Debian's kernel and busybox, from flags or from the cache, and an initrd
// whose /init is fixtures/bench/init.c. Depends on image/ and the files beside it.
import { readFileSync } from "node:fs";
import { fetchGuest } from "../src/image/debian/guest.js";
import { type CpioEntry, S_IFCHR, S_IFDIR, S_IFREG, writeCpio } from "../src/image/archive/cpio.js";
import { projectFile } from "./folder.js";
import type { BenchOptions } from "./options.js";

export interface LinuxGuest {
  readonly kernel: string;
  readonly busybox: string;
  readonly kernelVersion: string;
}

/** What /init says. */
export const MARKER = "wardian-bench: init\n";

export async function findGuest(options: BenchOptions): Promise<LinuxGuest> {
  const { kernel, busybox } = options;
  if (kernel !== undefined && busybox !== undefined) return { kernel, busybox, kernelVersion: readVersion(kernel) };
  const found = await fetchGuest({ onNote: options.onProgress });
  const version = kernel === undefined ? `${found.versions.kernel.package} ${found.versions.kernel.version}` : readVersion(kernel);
  return { kernel: kernel ?? found.kernel, busybox: busybox ?? found.busybox, kernelVersion: version };
}

/** A kernel that is not packed carries its banner in plain text. */
function readVersion(path: string): string {
  const bytes = readFileSync(path);
  const at = bytes.indexOf("Linux version ");
  const banner = at < 0 ? "" : bytes.toString("latin1", at, at + 80);
  return /^Linux version (\d\S*)/.exec(banner)?.[1] ?? path;
}

export function makeInitrd(): Uint8Array {
  const none = new Uint8Array(0);
  const entry = (name: string, mode: number, data: Uint8Array, rdevMajor = 0, rdevMinor = 0): CpioEntry => {
    return { name, mode, uid: 0, gid: 0, mtimeSeconds: 0, ino: 0, nlink: 1, rdevMajor, rdevMinor, data };
  };
  return writeCpio([
    entry("dev", S_IFDIR | 0o755, none),
    entry("dev/console", S_IFCHR | 0o600, none, 5, 1),
    entry("init", S_IFREG | 0o755, readFileSync(projectFile("fixtures/bench/bin/init"))),
  ]);
}
