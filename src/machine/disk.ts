// A raw disk image in a file: what virtio-blk reads and writes. Synchronous, because the machine is: a worker owns it.
// Nothing is held back in memory, so a kill loses only what the guest had not flushed. May depend on errors.
import { closeSync, fdatasyncSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { WardianError } from "../errors.js";
import type { Disk } from "./machine.js";

export interface DiskSpec {
  readonly path: string;
  readonly readOnly?: boolean;
}

const SECTOR_BYTES = 512;

export class FileDisk implements Disk {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  readonly #fd: number;

  private constructor(fd: number, sizeBytes: number, readOnly: boolean) {
    this.#fd = fd;
    this.sizeBytes = sizeBytes;
    this.readOnly = readOnly;
  }

  /** Throws `bad-disk` for anything but a readable (and, unless read-only, writable) file of whole sectors. */
  static open({ path, readOnly = false }: DiskSpec): FileDisk {
    let fd: number;
    try {
      fd = openSync(path, readOnly ? "r" : "r+");
    } catch (error) {
      throw new WardianError("bad-disk", `the disk image ${path} ${whyNot(error as NodeJS.ErrnoException, readOnly)}`, { cause: error });
    }
    try {
      return new FileDisk(fd, checkedSize(fd, path), readOnly);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  read(offset: number, into: Uint8Array): void {
    for (let done = 0; done < into.length;) {
      const got = readSync(this.#fd, into, done, into.length - done, offset + done);
      if (got === 0) throw new WardianError("bad-disk", "the disk image has become shorter while in use");
      done += got;
    }
  }

  write(offset: number, from: Uint8Array): void {
    if (this.readOnly) throw new WardianError("bad-disk", "the disk is read-only");
    for (let done = 0; done < from.length;) done += writeSync(this.#fd, from, done, from.length - done, offset + done);
  }

  flush(): void {
    if (!this.readOnly) fdatasyncSync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function checkedSize(fd: number, path: string): number {
  const about = fstatSync(fd);
  if (about.isDirectory()) throw new WardianError("bad-disk", `the disk image ${path} is a directory; a raw image file is needed`);
  if (!about.isFile()) throw new WardianError("bad-disk", `the disk image ${path} is not a regular file; a raw image file is needed`);
  if (about.size === 0) throw new WardianError("bad-disk", `the disk image ${path} is empty; make it larger with truncate -s`);
  if (about.size % SECTOR_BYTES !== 0) {
    throw new WardianError(
      "bad-disk",
      `the disk image ${path} has ${about.size} bytes, which is not a multiple of ${SECTOR_BYTES}; it must be a raw image`,
    );
  }
  return about.size;
}

function whyNot(error: NodeJS.ErrnoException, readOnly: boolean): string {
  switch (error.code) {
    case "ENOENT":
    case "ENOTDIR":
      return "does not exist; make one with truncate -s";
    case "EISDIR":
      return "is a directory; a raw image file is needed";
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return readOnly
        ? "may not be read; check its permissions"
        : "may not be written; check its permissions, or use it read-only with ,ro";
    default:
      return `cannot be opened (${error.code ?? error.message})`;
  }
}
