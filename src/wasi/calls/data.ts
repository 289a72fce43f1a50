// Reading and writing through descriptors. One iovec of at most a window, which is nearly every call, takes the short way and
// allocates nothing. May depend on the kernel's abi and the files above.
import { GATE_HOST, GATE_PAGE, WINDOW_BYTES } from "../../../assembly/kernel/abi.js";
import { add, fastCall, READ_BYTES, WRITTEN_BYTES } from "../call.js";
import type { Context } from "../context.js";
import { ERRNO } from "../errno.js";
import { int, iovs, long, out } from "../param.js";
import { checkIovs, type Mover, readAll, writeAll } from "../transfer.js";
import { LARGE_BYTES } from "../window.js";

const REGULAR_FILE = 4;

/** A file, so that another read does not wait. */
function isFile({ kernel, proc, window }: Context, fd: number): boolean {
  return kernel.fd_fdstat_get(proc, fd) === 0 && window.bytes[0] === REGULAR_FILE;
}

/** Result of a call on a host file, as the kernel would give it; `count` goes to the mover. */
function hostResult(mover: Mover, value: number): number {
  if (value < 0) return -value;
  mover.count = value;
  return 0;
}

/** Kernel first; what it hands on, the host does. */
function reader(c: Context, offset: bigint | undefined): Mover {
  const mover: Mover = {
    count: 0,
    step(_context, fd, len, done) {
      const at = offset === undefined ? 0n : offset + BigInt(done);
      const result = offset === undefined ? c.kernel.fd_read(c.proc, fd, len) : c.kernel.fd_pread(c.proc, fd, len, at);
      mover.count = c.result;
      if (result !== GATE_HOST || c.host === undefined) return result;
      const into = c.window.prefix(len);
      return hostResult(mover, offset === undefined ? c.host.read(c.result, into) : c.host.pread(c.result, into, Number(at)));
    },
  };
  return mover;
}

function writer(c: Context, offset: bigint | undefined): Mover {
  const mover: Mover = {
    count: 0,
    step(_context, fd, len, done) {
      const at = offset === undefined ? 0n : offset + BigInt(done);
      const result = offset === undefined ? c.kernel.fd_write(c.proc, fd, len) : c.kernel.fd_pwrite(c.proc, fd, len, at);
      mover.count = c.result;
      if (result !== GATE_HOST || c.host === undefined) return result;
      const from = c.window.prefix(len);
      return hostResult(mover, offset === undefined ? c.host.write(c.result, from) : c.host.pwrite(c.result, from, Number(at)));
    },
  };
  return mover;
}

/** Any number of iovecs, any length, any descriptor. */
function readSlowly(c: Context, fd: number, ptr: number, count: number, offset: bigint | undefined, outPtr: number): number {
  const bad = checkIovs(c, ptr, count);
  if (bad !== 0) return bad;
  const mover = reader(c, offset);
  const result = readAll(c, fd, ptr, count, mover, () => isFile(c, fd));
  if (result !== 0) return result;
  add(c, READ_BYTES, mover.count);
  c.memory.view.setUint32(outPtr, mover.count, true);
  return 0;
}

function writeSlowly(c: Context, fd: number, ptr: number, count: number, offset: bigint | undefined, outPtr: number): number {
  const bad = checkIovs(c, ptr, count);
  if (bad !== 0) return bad;
  const mover = writer(c, offset);
  const result = writeAll(c, fd, ptr, count, mover);
  if (result !== 0) return result;
  add(c, WRITTEN_BYTES, mover.count);
  c.memory.view.setUint32(outPtr, mover.count, true);
  return 0;
}

/** Common to all four, before the short way: counted, and the two places that are looked at in any case are in bounds. */
function enter(c: Context, counted: number, ptr: number, count: number, outPtr: number): boolean {
  c.counts[counted] = (c.counts[counted] as number) + 1;
  return c.memory.holds(outPtr, 4) && c.memory.holds(ptr, count * 8);
}

/** The length of the one iovec, or -1 where the short way is not to be taken. */
function shortLength({ memory }: Context, ptr: number, count: number): number {
  if (count !== 1) return -1;
  const len = memory.view.getUint32(ptr + 4, true);
  return len <= WINDOW_BYTES && memory.holds(memory.view.getUint32(ptr, true), len) ? len : -1;
}

function afterRead(c: Context, ptr: number, outPtr: number): number {
  const got = c.result;
  c.window.give(c.memory.view.getUint32(ptr, true), got);
  add(c, READ_BYTES, got);
  c.memory.view.setUint32(outPtr, got, true);
  return 0;
}

function afterWrite(c: Context, outPtr: number): number {
  add(c, WRITTEN_BYTES, c.result);
  c.memory.view.setUint32(outPtr, c.result, true);
  return 0;
}

/** The bytes are still on a page of the file. */
function afterPage(c: Context, ptr: number, outPtr: number): boolean {
  const { results } = c;
  const [got, at, versionPtr, version] = [results[0], results[2], results[4], results[6]] as [number, number, number, number];
  if (!c.window.givePage(c.memory.view.getUint32(ptr, true), got, at, versionPtr, version)) return false;
  add(c, READ_BYTES, got);
  c.memory.view.setUint32(outPtr, got, true);
  return true;
}

const STREAM = [int("fd"), iovs("iovs"), out("count", 4)] as const;
const AT = [int("fd"), iovs("iovs"), long("offset"), out("count", 4)] as const;

// prettier-ignore
export const DATA_CALLS = {
  fd_read: fastCall("data", STREAM, (c, counted) => (fd, iovsPtr, iovsLen, outAt) => {
    const ptr = iovsPtr >>> 0, count = iovsLen >>> 0, outPtr = outAt >>> 0;
    if (!enter(c, counted, ptr, count, outPtr)) return ERRNO.fault;
    const len = shortLength(c, ptr, count);
    if (len < 0) return readSlowly(c, fd, ptr, count, undefined, outPtr);
    const result = c.kernel.fd_read(c.proc, fd, len);
    if (result === 0) return afterRead(c, ptr, outPtr);
    return result === GATE_HOST ? readSlowly(c, fd, ptr, count, undefined, outPtr) : c.fail(result);
  }),

  fd_pread: fastCall("data", AT, (c, counted) => (fd, iovsPtr, iovsLen, offset, outAt) => {
    const ptr = iovsPtr >>> 0, count = iovsLen >>> 0, outPtr = outAt >>> 0;
    if (!enter(c, counted, ptr, count, outPtr)) return ERRNO.fault;
    const len = shortLength(c, ptr, count);
    if (len < 0) return readSlowly(c, fd, ptr, count, offset, outPtr);
    let result = len < LARGE_BYTES ? c.kernel.fd_pread(c.proc, fd, len, offset) : c.kernel.fd_pread_page(c.proc, fd, len, offset);
    if (result === GATE_PAGE) {
      if (afterPage(c, ptr, outPtr)) return 0;
      result = c.kernel.fd_pread(c.proc, fd, len, offset);
    }
    if (result === 0) return afterRead(c, ptr, outPtr);
    return result === GATE_HOST ? readSlowly(c, fd, ptr, count, offset, outPtr) : c.fail(result);
  }),

  fd_write: fastCall("data", STREAM, (c, counted) => (fd, iovsPtr, iovsLen, outAt) => {
    const ptr = iovsPtr >>> 0, count = iovsLen >>> 0, outPtr = outAt >>> 0;
    if (!enter(c, counted, ptr, count, outPtr)) return ERRNO.fault;
    const len = shortLength(c, ptr, count);
    if (len < 0) return writeSlowly(c, fd, ptr, count, undefined, outPtr);
    c.window.take(c.memory.view.getUint32(ptr, true), len);
    const result = c.kernel.fd_write(c.proc, fd, len);
    if (result === 0) return afterWrite(c, outPtr);
    return result === GATE_HOST ? writeSlowly(c, fd, ptr, count, undefined, outPtr) : c.fail(result);
  }),

  fd_pwrite: fastCall("data", AT, (c, counted) => (fd, iovsPtr, iovsLen, offset, outAt) => {
    const ptr = iovsPtr >>> 0, count = iovsLen >>> 0, outPtr = outAt >>> 0;
    if (!enter(c, counted, ptr, count, outPtr)) return ERRNO.fault;
    const len = shortLength(c, ptr, count);
    if (len < 0) return writeSlowly(c, fd, ptr, count, offset, outPtr);
    c.window.take(c.memory.view.getUint32(ptr, true), len);
    const result = c.kernel.fd_pwrite(c.proc, fd, len, offset);
    if (result === 0) return afterWrite(c, outPtr);
    return result === GATE_HOST ? writeSlowly(c, fd, ptr, count, offset, outPtr) : c.fail(result);
  }),
} as const;
