// virtio-blk under real Linux, over both transports: make a file system, write, mount again, read back; and read-only enforced.
// Debian's virtio_blk and ext4 are modules in a package of 117 MB, so that this runs only where WARDIAN_TEST_MODULES names that package
// (linux-modules-*-riscv64 of the default guest's version).
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { TRANSPORT_MMIO, TRANSPORT_PCI } from "../../assembly/machine/abi.js";
import type { CpioEntry } from "../../src/image/archive/cpio.js";
import type { Disk } from "../../src/machine/machine.js";
import { bootLinux, fetchLinux, file } from "./linux.js";

const MODULES = ["virtio_mmio", "virtio_blk", "crc16", "mbcache", "jbd2", "ext4"];
const DISK_BYTES = 32 * 2 ** 20;
const archive = process.env.WARDIAN_TEST_MODULES;
if (archive === undefined) console.warn("skipped: WARDIAN_TEST_MODULES names no linux-modules package");
const files = archive === undefined ? undefined : await fetchLinux();

/** Takes the modules out of the package with Debian's own tools. */
function readModules(path: string): CpioEntry[] {
  return MODULES.map((name) => {
    const script = `dpkg-deb --fsys-tarfile "$0" | tar -xO --wildcards "*/$1.ko.xz" | xz -d`;
    const { status, stdout } = spawnSync("sh", ["-c", script, path, name], { maxBuffer: 64 * 2 ** 20 });
    if (status !== 0 || stdout.length === 0) throw new Error(`${path} holds no ${name}.ko.xz`);
    return file(`${name}.ko`, 0o644, new Uint8Array(stdout));
  });
}

/** A disk in memory that counts its flushes. */
class MemoryDisk implements Disk {
  readonly sizeBytes = DISK_BYTES;
  flushes = 0;
  writes = 0;
  readonly bytes = new Uint8Array(DISK_BYTES);

  constructor(public readOnly = false) {}

  read(offset: number, into: Uint8Array): void {
    into.set(this.bytes.subarray(offset, offset + into.length));
  }

  write(offset: number, from: Uint8Array): void {
    this.writes++;
    this.bytes.set(from, offset);
  }

  flush(): void {
    this.flushes++;
  }
}

const LOAD = MODULES.map((name) => `insmod /${name}.ko`).join("\n");
const MAKE = `${LOAD}
mke2fs /dev/vda >/dev/null && mount -t ext4 /dev/vda /root && seq 1 200000 >/root/data && umount /root && mount -t ext4 /dev/vda /root && sha256sum /root/data && umount /root
poweroff -f`;
const LOOK = `${LOAD}
mount -t ext4 -o ro /dev/vda /root && sha256sum /root/data
dd if=/dev/zero of=/dev/vda bs=512 count=1 2>/dev/null; echo written $?
poweroff -f`;

describe.skipIf(files === undefined || archive === undefined)("virtio-blk under Linux", () => {
  if (files === undefined || archive === undefined) return;

  it.each([
    ["PCI", TRANSPORT_PCI],
    ["MMIO", TRANSPORT_MMIO],
  ])("keeps a file system, over %s, and refuses writes when read-only", { timeout: 300_000 }, async (_name, transport) => {
    const extra = readModules(archive);
    const sum = spawnSync("sh", ["-c", "seq 1 200000 | sha256sum"]).stdout.toString().slice(0, 64);
    const disk = new MemoryDisk();
    const made = await bootLinux(files, { init: MAKE, extra, disks: [disk], transport });
    expect(made.serial).toContain(`${sum}  /root/data`);
    expect(disk.flushes).toBeGreaterThan(0);

    disk.readOnly = true;
    disk.writes = 0;
    const looked = await bootLinux(files, { init: LOOK, extra, disks: [disk], transport });
    expect(looked.serial).toContain(`${sum}  /root/data`);
    expect(looked.serial).toContain("written 1");
    expect(disk.writes).toBe(0);
  });
});
