// What can be done with an open handle, a file's mostly. Depends on node:fs, open and limits.
//
// Results: >= 0, or minus an errno; what node:fs throws is the caller's to turn into one. Of a directory most of these are BADF.
import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  futimesSync,
  openSync,
  readSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { ACCESS_READ, ACCESS_WRITE, ADVICE_LAST, FDFLAGS_APPEND, FDFLAGS_NONBLOCK, WHENCE_CUR, WHENCE_END, WHENCE_SET } from "./abi.js";
import { directoryPath } from "./descriptor-path.js";
import { BADF, FBIG, INVAL, ROFS, SUCCESS } from "./errno.js";
import { type ExactTimesOf, secondsOf, timesToSet } from "./filestat.js";
import type { Handle } from "./handle.js";
import type { Spending } from "./limits.js";
import { reopen } from "./open.js";

/** node:fs takes lengths below 2 GiB. */
const TRANSFER_MAX = 0x4000_0000;

const isOffset = (offset: number): boolean => Number.isSafeInteger(offset) && offset >= 0;

export function readAt(handle: Handle, into: Uint8Array, offset: number): number {
  if (handle.isDirectory || (handle.access & ACCESS_READ) === 0) return -BADF;
  if (!isOffset(offset)) return -INVAL;
  // node:fs refuses an empty buffer.
  return into.length === 0 ? 0 : readSync(handle.fd, into, 0, Math.min(into.length, TRANSFER_MAX), offset);
}

/** Writes at `offset`; a handle that appends writes at the end whatever the offset is, as Linux does. */
export function writeAt(handle: Handle, from: Uint8Array, offset: number, spending: Spending): number {
  if (handle.isDirectory || (handle.access & ACCESS_WRITE) === 0) return -BADF;
  if (!isOffset(offset)) return -INVAL;
  if (from.length === 0) return 0;
  const appends = (handle.fdflags & FDFLAGS_APPEND) !== 0;
  const room = spending.room(appends ? fstatSync(handle.fd).size : offset, Math.min(from.length, TRANSFER_MAX));
  if (room < 0) return room;
  const written = writeSync(handle.fd, from, 0, room, appends ? null : offset);
  spending.writtenBytes += written;
  return written;
}

export function read(handle: Handle, into: Uint8Array): number {
  const count = readAt(handle, into, handle.position);
  if (count > 0) handle.position += count;
  return count;
}

export function write(handle: Handle, from: Uint8Array, spending: Spending): number {
  const count = writeAt(handle, from, handle.position, spending);
  if (count <= 0) return count;
  const appended = (handle.fdflags & FDFLAGS_APPEND) !== 0;
  handle.position = appended ? fstatSync(handle.fd).size : handle.position + count;
  return count;
}

/** Where a `seek` counts from; NaN for an unknown whence. */
function seekOrigin(handle: Handle, whence: number): number {
  if (whence === WHENCE_SET) return 0;
  if (whence === WHENCE_CUR) return handle.position;
  return whence === WHENCE_END ? fstatSync(handle.fd).size : Number.NaN;
}

export function seek(handle: Handle, offset: number, whence: number): number {
  if (handle.isDirectory) return -BADF;
  const position = seekOrigin(handle, whence) + offset;
  if (!isOffset(position)) return -INVAL;
  handle.position = position;
  return position;
}

export function setSize(handle: Handle, size: number, spending: Spending): number {
  if (handle.isDirectory) return -BADF;
  if (!isOffset(size) || (handle.access & ACCESS_WRITE) === 0) return -INVAL;
  if (size > spending.limits.maxFileSizeBytes) return -FBIG;
  ftruncateSync(handle.fd, size);
  return SUCCESS;
}

/** Makes the file as long as `offset + length` if it is shorter. node:fs has no posix_fallocate: no blocks are set aside. */
export function allocate(handle: Handle, offset: number, length: number, spending: Spending): number {
  if (handle.isDirectory || (handle.access & ACCESS_WRITE) === 0) return -BADF;
  if (!isOffset(offset) || !isOffset(offset + length) || length <= 0) return -INVAL;
  return fstatSync(handle.fd).size >= offset + length ? SUCCESS : setSize(handle, offset + length, spending);
}

/** fsync, or fdatasync. A directory is opened for it: its own descriptor only names it. */
export function sync(handle: Handle, dataOnly: boolean): number {
  const fd = handle.isDirectory ? openSync(directoryPath(handle.fd), constants.O_RDONLY | constants.O_DIRECTORY) : handle.fd;
  try {
    if (dataOnly) fdatasyncSync(fd);
    else fsyncSync(fd);
    return SUCCESS;
  } finally {
    if (fd !== handle.fd) closeSync(fd);
  }
}

/** Advice is checked and taken no further: node:fs has no posix_fadvise. */
export function advise(handle: Handle, offset: number, length: number, advice: number): number {
  if (handle.isDirectory) return -BADF;
  const isValid = isOffset(offset) && isOffset(length) && advice >= 0 && advice <= ADVICE_LAST;
  return isValid ? SUCCESS : -INVAL;
}

/** Node has no fcntl: the file is opened again through its descriptor, and the new descriptor takes the old one's place. */
export function setFlags(handle: Handle, fdflags: number): number {
  const changed = handle.fdflags ^ fdflags;
  if (!handle.isDirectory && (changed & ~FDFLAGS_NONBLOCK) !== 0) {
    const old = handle.fd;
    handle.fd = reopen(old, handle.access, fdflags);
    closeSync(old);
  }
  handle.fdflags = fdflags;
  return SUCCESS;
}

export function setTimes(handle: Handle, atim: bigint, mtim: bigint, fstflags: number, exact: ExactTimesOf): number {
  if (handle.mount.readOnly) return -ROFS;
  const set = timesToSet(exact.of(fstatSync(handle.fd, { bigint: true })), atim, mtim, fstflags);
  if (typeof set === "number") return -set;
  if (handle.isDirectory) utimesSync(directoryPath(handle.fd), secondsOf(set.atim), secondsOf(set.mtim));
  else futimesSync(handle.fd, secondsOf(set.atim), secondsOf(set.mtim));
  exact.remember(fstatSync(handle.fd, { bigint: true }), set);
  return SUCCESS;
}
