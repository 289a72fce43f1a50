// The default guest from Debian's archive: its kernel and its static busybox; and OpenSBI's firmware. Depends on all of
// this folder.

import { blobPath } from "./cache.js";
import { chooseKernel, chooseNewest } from "./packages.js";
import { type FetchOptions, type FetchSeams, type Found, fetchParts, type KnownVersion, type Part } from "./parts.js";

export type { FetchOptions, KnownVersion } from "./parts.js";

export interface Guest {
  /** A RISC-V Image; Debian ships it raw today, but gzip and EFI zboot have been seen. */
  kernel: string;
  busybox: string;
  versions: { kernel: KnownVersion; busybox: KnownVersion };
}

export interface Firmware {
  /** fw_jump.bin: enters the next stage at 2 MiB into RAM. */
  jump: string;
  /** fw_dynamic.bin: is told the next stage through a2. */
  dynamic: string;
  versions: { opensbi: KnownVersion };
}

const KERNEL: Part = {
  id: "kernel",
  label: "kernel for riscv64",
  choose: chooseKernel,
  files: { kernel: /^(usr\/)?lib\/modules\/[^/]+\/vmlinuz$|^boot\/vmlinu[xz]-[^/]+$/ },
  known: { package: "linux-binary-7.2.13+deb14-riscv64", version: "7.2.13-1" },
};
const BUSYBOX: Part = {
  id: "busybox",
  label: "busybox-static for riscv64",
  choose: (records) => chooseNewest(records, "busybox-static"),
  files: { busybox: /^(usr\/)?bin\/busybox$/ },
  known: { package: "busybox-static", version: "1:1.38.0-3+b1" },
};
const OPENSBI: Part = {
  id: "opensbi",
  label: "opensbi",
  choose: (records) => chooseNewest(records, "opensbi"),
  files: {
    jump: /^usr\/lib\/riscv64-linux-gnu\/opensbi\/generic\/fw_jump\.bin$/,
    dynamic: /^usr\/lib\/riscv64-linux-gnu\/opensbi\/generic\/fw_dynamic\.bin$/,
  },
  known: { package: "opensbi", version: "1.9-1" },
};

/** Errors: WardianError with a code `guest-...`; the cache is complete or untouched in every case. */
export async function fetchGuest(options: FetchOptions = {}, seams: FetchSeams = {}): Promise<Guest> {
  const [kernel, busybox] = await fetchParts("guest", [KERNEL, BUSYBOX], options, seams);
  return {
    kernel: pathOf(kernel, "kernel"),
    busybox: pathOf(busybox, "busybox"),
    versions: { kernel: versionOf(kernel), busybox: versionOf(busybox) },
  };
}

/** OpenSBI's generic firmware, for machines that start in M-mode. */
export async function fetchFirmware(options: FetchOptions = {}, seams: FetchSeams = {}): Promise<Firmware> {
  const [opensbi] = await fetchParts("firmware", [OPENSBI], options, seams);
  return { jump: pathOf(opensbi, "jump"), dynamic: pathOf(opensbi, "dynamic"), versions: { opensbi: versionOf(opensbi) } };
}

function pathOf(found: Found | undefined, file: string): string {
  return blobPath((found as Found).folder, (found as Found).sha256[file] as string);
}

function versionOf(found: Found | undefined): KnownVersion {
  return { package: (found as Found).package, version: (found as Found).version };
}
