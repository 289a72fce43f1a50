// What descriptors are and do beside reading and writing. May depend on the kernel's abi and the files above.
import { GATE_HOST, WINDOW_BYTES } from "../../../assembly/kernel/abi.js";
import { call, fastCall } from "../call.js";
import type { Context } from "../context.js";
import { ERRNO } from "../errno.js";
import { errnoOf, type HostFiles } from "../host-files.js";
import { buffer, int, long, out } from "../param.js";

export const FDSTAT_BYTES = 24;
export const FILESTAT_BYTES = 64;
const PRESTAT_BYTES = 8;

/** The kernel's result; where it hands the call on, what the host makes of it. */
export function handOn(c: Context, result: number, host: (files: HostFiles, handle: number) => number | void): number {
  if (result === GATE_HOST && c.host !== undefined) return errnoOf(host(c.host, c.result));
  return result === 0 ? 0 : c.fail(result);
}

/** `handOn`, and then the first `size` bytes of the window to the guest. */
export function give(c: Context, result: number, ptr: number, size: number, host: (files: HostFiles, handle: number) => number): number {
  const errno = handOn(c, result, host);
  if (errno === 0) c.window.give(ptr >>> 0, size);
  return errno;
}

/** A count that the kernel or the host left, into the guest. */
function giveCount(c: Context, ptr: number, count: number): number {
  c.memory.view.setUint32(ptr >>> 0, count, true);
  return 0;
}

/** A position, of 64 bits. */
function giveLong(c: Context, ptr: number, low: number, high: number): number {
  c.memory.view.setUint32(ptr, low, true);
  c.memory.view.setUint32(ptr + 4, high, true);
  return 0;
}

function givePosition(c: Context, position: number, ptr: number): number {
  return position < 0 ? -position : giveLong(c, ptr, position % 2 ** 32, Math.floor(position / 2 ** 32));
}

export function seek(c: Context, fd: number, offset: bigint, whence: number, ptr: number): number {
  if (!c.memory.holds(ptr, 8)) return ERRNO.fault;
  const result = c.kernel.fd_seek(c.proc, fd, offset, whence);
  if (result === 0) return giveLong(c, ptr, c.results[0] as number, c.results[1] as number);
  if (result === GATE_HOST && c.host !== undefined) return givePosition(c, c.host.seek(c.result, Number(offset), whence), ptr);
  return c.fail(result);
}

function tell(c: Context, fd: number, ptr: number): number {
  const result = c.kernel.fd_tell(c.proc, fd);
  if (result === 0) return giveLong(c, ptr, c.results[0] as number, c.results[1] as number);
  if (result === GATE_HOST && c.host !== undefined) return givePosition(c, c.host.tell(c.result), ptr);
  return c.fail(result);
}

/** No more than the name itself goes to the guest, however long its buffer is. */
function prestatName(c: Context, fd: number, ptr: number, len: number): number {
  const known = c.kernel.fd_prestat_get(c.proc, fd);
  if (known !== 0) return c.fail(known);
  const size = c.window.view.getUint32(4, true);
  const result = c.kernel.fd_prestat_dir_name(c.proc, fd, Math.min(len, WINDOW_BYTES));
  if (result !== 0) return c.fail(result);
  c.window.give(ptr, Math.min(len, size));
  return 0;
}

/** As many whole and part entries as fit. Less than asked for means the end, so that a long buffer is filled over several windows. */
function readdir(c: Context, fd: number, ptr: number, len: number, cookie: bigint, outPtr: number): number {
  const want = Math.min(len, WINDOW_BYTES);
  const result = c.kernel.fd_readdir(c.proc, fd, want, cookie);
  let count = c.result;
  if (result === GATE_HOST && c.host !== undefined) {
    count = c.host.readdir(c.result, c.window.prefix(want), Number(cookie));
    if (count < 0) return -count;
  } else if (result !== 0) return c.fail(result);
  c.window.give(ptr, count);
  if (count < want || want === len) return giveCount(c, outPtr, count);
  return readdirOn(c, fd, ptr, len, count, outPtr);
}

const DIRENT_BYTES = 24;

/** The buffer is longer than a window: goes on behind the last whole entry of what is there. */
function readdirOn(c: Context, fd: number, ptr: number, len: number, done: number, outPtr: number): number {
  const { view } = c.memory;
  let at = 0;
  let cookie = 0n;
  for (;;) {
    const next = at + DIRENT_BYTES <= done ? at + DIRENT_BYTES + view.getUint32(ptr + at + 16, true) : Number.POSITIVE_INFINITY;
    if (next > done) break;
    cookie = view.getBigUint64(ptr + at, true);
    at = next;
  }
  if (at === 0) return giveCount(c, outPtr, done);
  const result = readdir(c, fd, ptr + at, len - at, cookie, outPtr);
  return result === 0 ? giveCount(c, outPtr, at + view.getUint32(outPtr, true)) : result;
}

// prettier-ignore
export const DESCRIPTOR_CALLS = {
  fd_advise: call("descriptor", [int("fd"), long("offset"), long("len"), int("advice")], (c, fd, offset, len, advice) =>
    handOn(c, c.kernel.fd_advise(c.proc, fd, offset, len, advice), (host, h) => host.advise(h, size(offset), size(len), advice))),

  fd_allocate: call("descriptor", [int("fd"), long("offset"), long("len")], (c, fd, offset, len) =>
    handOn(c, c.kernel.fd_allocate(c.proc, fd, offset, len), (host, h) => host.allocate(h, size(offset), size(len)))),

  fd_close:    call("descriptor", [int("fd")], (c, fd) => handOn(c, c.kernel.fd_close(c.proc, fd), (host, h) => host.close(h))),
  fd_datasync: call("descriptor", [int("fd")], (c, fd) => handOn(c, c.kernel.fd_datasync(c.proc, fd), (host, h) => host.datasync(h))),
  fd_sync:     call("descriptor", [int("fd")], (c, fd) => handOn(c, c.kernel.fd_sync(c.proc, fd), (host, h) => host.sync(h))),

  fd_fdstat_get: call("descriptor", [int("fd"), out("fdstat", FDSTAT_BYTES)], (c, fd, ptr) =>
    give(c, c.kernel.fd_fdstat_get(c.proc, fd), ptr, FDSTAT_BYTES, () => -ERRNO.badf)),

  fd_fdstat_set_flags: call("descriptor", [int("fd"), int("flags")], (c, fd, flags) =>
    handOn(c, c.kernel.fd_fdstat_set_flags(c.proc, fd, flags), (host, h) => host.setFlags(h, flags))),

  fd_fdstat_set_rights: call("descriptor", [int("fd"), long("base"), long("inheriting")], (c, fd, base, inheriting) =>
    handOn(c, c.kernel.fd_fdstat_set_rights(c.proc, fd, base, inheriting), () => 0)),

  fd_filestat_get: call("descriptor", [int("fd"), out("filestat", FILESTAT_BYTES)], (c, fd, ptr) =>
    give(c, c.kernel.fd_filestat_get(c.proc, fd), ptr, FILESTAT_BYTES, (host, h) => host.filestat(h, c.window.view, 0))),

  fd_filestat_set_size: call("descriptor", [int("fd"), long("size")], (c, fd, bytes) =>
    handOn(c, c.kernel.fd_filestat_set_size(c.proc, fd, bytes), (host, h) => host.setSize(h, size(bytes)))),

  fd_filestat_set_times: call("descriptor", [int("fd"), long("atim"), long("mtim"), int("flags")], (c, fd, atim, mtim, flags) =>
    handOn(c, c.kernel.fd_filestat_set_times(c.proc, fd, atim, mtim, flags), (host, h) =>
      host.setTimes(h, BigInt.asUintN(64, atim), BigInt.asUintN(64, mtim), flags))),

  fd_prestat_get: call("descriptor", [int("fd"), out("prestat", PRESTAT_BYTES)], (c, fd, ptr) =>
    give(c, c.kernel.fd_prestat_get(c.proc, fd), ptr, PRESTAT_BYTES, () => -ERRNO.badf)),

  fd_prestat_dir_name: call("descriptor", [int("fd"), buffer("name")], (c, fd, ptr, len) => prestatName(c, fd, ptr >>> 0, len >>> 0)),

  fd_readdir: call("descriptor", [int("fd"), buffer("buf"), long("cookie"), out("used", 4)], (c, fd, ptr, len, cookie, used) =>
    readdir(c, fd, ptr >>> 0, len >>> 0, cookie, used >>> 0)),

  fd_renumber: call("descriptor", [int("fd"), int("to")], (c, fd, to) =>
    handOn(c, c.kernel.fd_renumber(c.proc, fd, to), (host, h) => host.close(h))),

  fd_seek: fastCall("descriptor", [int("fd"), long("offset"), int("whence"), out("position", 8)], (c, counted) => (fd, offset, whence, ptr) => {
    c.counts[counted] = (c.counts[counted] as number) + 1;
    return seek(c, fd, offset, whence, ptr >>> 0);
  }),

  fd_tell: call("descriptor", [int("fd"), out("position", 8)], (c, fd, ptr) => tell(c, fd, ptr >>> 0)),
} as const;

/** Of 64 unsigned bits, as the host takes it. */
function size(value: bigint): number {
  return Number(BigInt.asUintN(64, value));
}
