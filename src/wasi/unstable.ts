// wasi_unstable (snapshot 0), for older programs: preview1, but for the numbers of `whence`, the layouts of `filestat` and `subscription`,
// and sock_accept, which came later. May depend on the files beside it.
import { type Call, call, fastCall } from "./call.js";
import { FILESTAT_BYTES, give, seek } from "./calls/descriptor.js";
import { filestat } from "./calls/path.js";
import { checkPoll, POLL_PARAMS, SUBSCRIPTION_BYTES, wait } from "./calls/poll.js";
import type { Context } from "./context.js";
import { ERRNO } from "./errno.js";
import { int, long, out, path } from "./param.js";
import { PREVIEW1, type Preview1Name } from "./preview1.js";

/** nlink is of 32 bits here, so that all behind it lies 8 bytes earlier. */
const OLD_FILESTAT_BYTES = 56;
const OLD_SUBSCRIPTION_BYTES = 56;
const CLOCK_EVENT = 0;

/** CUR, END, SET there; SET, CUR, END now. */
const WHENCE = [1, 2, 0] as const;

/** Of the window: device, inode, filetype stay; then nlink; then size and three times. */
function narrowFilestat({ view, bytes }: Context["window"]): void {
  const links = view.getBigUint64(24, true);
  view.setUint32(20, links > 0xffff_ffffn ? 0xffff_ffff : Number(links), true);
  bytes.copyWithin(24, 32, FILESTAT_BYTES);
}

/** With its result narrowed before it goes out. */
function narrowed(c: Context, result: number, ptr: number): number {
  if (result !== 0) return result;
  narrowFilestat(c.window);
  c.window.give(ptr >>> 0, OLD_FILESTAT_BYTES);
  return 0;
}

/** One subscription: a clock had an identifier of its own first, and everything else behind it. */
function takeSubscription({ memory: { view }, window }: Context, from: number, to: number): void {
  const into = window.view;
  into.setBigUint64(to, view.getBigUint64(from, true), true);
  into.setBigUint64(to + 8, BigInt(view.getUint8(from + 8)), true);
  const isClock = view.getUint8(from + 8) === CLOCK_EVENT;
  for (let at = 16; at < SUBSCRIPTION_BYTES; at += 8) {
    into.setBigUint64(to + at, view.getBigUint64(from + at + (isClock ? 8 : 0), true), true);
  }
}

// prettier-ignore
const DIFFERENCES = {
  fd_seek: fastCall("descriptor", [int("fd"), long("offset"), int("whence"), out("position", 8)], (c, counted) => (fd, offset, whence, ptr) => {
    c.counts[counted] = (c.counts[counted] as number) + 1;
    const now = WHENCE[whence];
    return now === undefined ? ERRNO.inval : seek(c, fd, offset, now, ptr >>> 0);
  }),

  fd_filestat_get: call("descriptor", [int("fd"), out("filestat", OLD_FILESTAT_BYTES)], (c, fd, ptr) =>
    narrowed(c, give(c, c.kernel.fd_filestat_get(c.proc, fd), ptr, 0, (host, h) => host.filestat(h, c.window.view, 0)), ptr),
    "older layout"),

  path_filestat_get: call("path", [int("fd"), int("flags"), path("path"), out("filestat", OLD_FILESTAT_BYTES)],
    (c, fd, flags, ptr, len, statPtr) => narrowed(c, filestat(c, fd, flags, ptr, len, statPtr, 0), statPtr),
    "older layout"),

  poll_oneoff: call("poll", POLL_PARAMS, (c, inPtr, eventsPtr, count, outPtr) => {
    const bad = checkPoll(c, inPtr >>> 0, OLD_SUBSCRIPTION_BYTES, eventsPtr >>> 0, count >>> 0);
    if (bad !== 0) return bad;
    for (let i = 0; i < count; i++) takeSubscription(c, (inPtr >>> 0) + i * OLD_SUBSCRIPTION_BYTES, i * SUBSCRIPTION_BYTES);
    return wait(c, count, eventsPtr >>> 0, outPtr >>> 0);
  }, "older layout"),
} as const;

export type UnstableName = Exclude<Preview1Name, "sock_accept">;

const { sock_accept: _later, ...SAME } = PREVIEW1;

export const UNSTABLE: Readonly<Record<UnstableName, Call>> = { ...SAME, ...DIFFERENCES };
