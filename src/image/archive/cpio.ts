// cpio in the "newc" form, which the kernel takes as an initramfs (Documentation/driver-api/early-userspace/buffer-format):
// writer and strict reader. Depends on errors and name.

import { WardianError } from "../../errors.js";
import { decodeName, encodeName } from "./name.js";

export const S_IFMT = 0o170000;
export const S_IFSOCK = 0o140000;
export const S_IFLNK = 0o120000;
export const S_IFREG = 0o100000;
export const S_IFBLK = 0o060000;
export const S_IFDIR = 0o040000;
export const S_IFCHR = 0o020000;
export const S_IFIFO = 0o010000;

export interface CpioEntry {
  name: string;
  /** Kind and permission bits. */
  mode: number;
  uid: number;
  gid: number;
  mtimeSeconds: number;
  /** Entries with equal `ino` and a link count above 1 are names of one file; the last one carries the data. */
  ino: number;
  nlink: number;
  rdevMajor: number;
  rdevMinor: number;
  /** A file's content or a symlink's target. */
  data: Uint8Array;
}

export const CPIO_MAGIC = "070701";
/** The same with a sum of the data's bytes in the last field. */
const CRC_MAGIC = "070702";
export const CPIO_TRAILER = "TRAILER!!!";

// magic 6 chars, then 13 fields of 8 hexadecimal digits:
// ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
export const CPIO_HEADER_BYTES = 110;
export const CPIO_FIELD_BYTES = 8;
export const CPIO_FIELDS = 13;
/** The kernel's PATH_MAX, with the final NUL. Longer names and link targets it would skip in silence. */
export const PATH_LIMIT_BYTES = 4096;
const U32_MAX = 0xffff_ffff;
const END_ALIGNMENT_BYTES = 512;

/** One archive, in the order given, with its trailer. Equal entries give equal bytes. */
export function writeCpio(entries: Iterable<CpioEntry>): Uint8Array {
  const all = [...entries, trailer()].map((entry) => ({ entry, name: encodeName(`${entry.name}\0`) }));
  let sizeBytes = 0;
  for (const { entry, name } of all) {
    if (name.length > PATH_LIMIT_BYTES)
      throw new WardianError(
        "archive-unsupported",
        `A name is longer than ${PATH_LIMIT_BYTES - 1} bytes: "${entry.name.slice(0, 60)}...".`,
      );
    if (entry.data.length > U32_MAX)
      throw new WardianError("archive-too-large", `"${entry.name}" is larger than 4 GiB, which an initramfs cannot hold.`);
    sizeBytes += align4(CPIO_HEADER_BYTES + name.length) + align4(entry.data.length);
  }
  const archive = new Uint8Array(Math.ceil(sizeBytes / END_ALIGNMENT_BYTES) * END_ALIGNMENT_BYTES);
  let offset = 0;
  for (const { entry, name } of all) {
    archive.set(Buffer.from(header(entry, name.length), "latin1"), offset);
    archive.set(name, offset + CPIO_HEADER_BYTES);
    offset += align4(CPIO_HEADER_BYTES + name.length);
    archive.set(entry.data, offset);
    offset += align4(entry.data.length);
  }
  return archive;
}

function header(e: CpioEntry, nameBytes: number): string {
  const fields = [e.ino, e.mode, e.uid, e.gid, e.nlink, e.mtimeSeconds, e.data.length, 0, 0, e.rdevMajor, e.rdevMinor, nameBytes, 0];
  return CPIO_MAGIC + fields.map((value) => hex(value, e.name)).join("");
}

function hex(value: number, name: string): string {
  if (!Number.isInteger(value) || value < 0 || value > U32_MAX) {
    throw new WardianError(
      "archive-unsupported",
      `"${name.slice(0, 100)}" has an attribute that does not fit into an initramfs (${value}).`,
    );
  }
  return value.toString(16).padStart(CPIO_FIELD_BYTES, "0");
}

function trailer(): CpioEntry {
  return {
    name: CPIO_TRAILER,
    mode: 0,
    uid: 0,
    gid: 0,
    mtimeSeconds: 0,
    ino: 0,
    nlink: 1,
    rdevMajor: 0,
    rdevMinor: 0,
    data: new Uint8Array(0),
  };
}

export function looksLikeCpio(bytes: Uint8Array): boolean {
  const magic = Buffer.from(bytes.subarray(0, 6)).toString("latin1");
  return magic === CPIO_MAGIC || magic === CRC_MAGIC || magic === "070707" || (bytes[0] === 0xc7 && bytes[1] === 0x71);
}

/** The entries without trailers; as for the kernel, several archives may follow each other. Data are views, not copies. */
export function readCpio(bytes: Uint8Array): CpioEntry[] {
  const entries: CpioEntry[] = [];
  let offset = 0;
  let ended = false;
  while (offset < bytes.length) {
    if (ended && bytes[offset] === 0) {
      offset += 1;
      continue;
    }
    const { entry, next } = readEntry(bytes, offset);
    ended = entry.name === CPIO_TRAILER;
    if (!ended) entries.push(entry);
    offset = next;
  }
  if (!ended) throw new WardianError("archive-truncated", "The cpio archive is cut short: its end marker is missing; get it again.");
  return entries;
}

function readEntry(bytes: Uint8Array, start: number): { entry: CpioEntry; next: number } {
  if (bytes.length - start < CPIO_HEADER_BYTES) throw truncated();
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, CPIO_HEADER_BYTES).toString("latin1");
  const magic = text.slice(0, CPIO_MAGIC.length);
  if (magic !== CPIO_MAGIC && magic !== CRC_MAGIC) {
    throw new WardianError("archive-unsupported", "This is not a cpio archive of the newc kind throughout; make one with cpio -o -H newc.");
  }
  const fields: number[] = [];
  for (let i = 0; i < CPIO_FIELDS; i++) {
    const at = CPIO_MAGIC.length + i * CPIO_FIELD_BYTES;
    const digits = text.slice(at, at + CPIO_FIELD_BYTES);
    if (!/^[0-9a-fA-F]{8}$/.test(digits)) throw corrupt("has a damaged header");
    fields.push(Number.parseInt(digits, 16));
  }
  const [ino, mode, uid, gid, nlink, mtimeSeconds, fileBytes, , , rdevMajor, rdevMinor, nameBytes, check] = fields as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (nameBytes < 1 || nameBytes > PATH_LIMIT_BYTES) throw corrupt("has a name of an impossible length");
  // Padding is to 4 bytes of the archive, and each archive begins at a multiple of 4.
  const nameOffset = start + CPIO_HEADER_BYTES;
  const dataOffset = align4(nameOffset + nameBytes);
  if (dataOffset > bytes.length || fileBytes > bytes.length - dataOffset) throw truncated();
  const data = bytes.subarray(dataOffset, dataOffset + fileBytes);
  if (magic === CRC_MAGIC && (mode & S_IFMT) === S_IFREG && sum(data) !== check)
    throw corrupt("has a file that does not match its checksum");
  const name = readName(bytes.subarray(nameOffset, nameOffset + nameBytes));
  const entry = { name, mode, uid, gid, mtimeSeconds, ino, nlink, rdevMajor, rdevMinor, data };
  return { entry, next: Math.min(align4(dataOffset + fileBytes), bytes.length) };
}

function readName(bytes: Uint8Array): string {
  if (bytes.indexOf(0) !== bytes.length - 1) throw corrupt("has a name that does not end where it should");
  return decodeName(bytes.subarray(0, -1));
}

function sum(data: Uint8Array): number {
  let total = 0;
  for (const byte of data) total = (total + byte) >>> 0;
  return total;
}

export function align4(value: number): number {
  return Math.ceil(value / 4) * 4;
}

function truncated(): WardianError {
  return new WardianError("archive-truncated", "The cpio archive is cut short; get it again.");
}

function corrupt(why: string): WardianError {
  return new WardianError("archive-corrupt", `The cpio archive ${why}; get it again.`);
}
