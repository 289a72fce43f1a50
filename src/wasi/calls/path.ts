// Calls that name files. A path goes through the window; the second of two lies directly behind the first. May depend on the kernel's
// abi and the files above.
import { GATE_HOST, WINDOW_BYTES } from "../../../assembly/kernel/abi.js";
import { call } from "../call.js";
import type { Context } from "../context.js";
import { ERRNO } from "../errno.js";
import { errnoOf, type HostFiles } from "../host-files.js";
import { buffer, int, long, out, path } from "../param.js";
import { FILESTAT_BYTES, give, handOn } from "./descriptor.js";

/** The kernel's own limit is lower; this is so that two fit. */
const MAX_PATH_BYTES = WINDOW_BYTES / 2;

/** Of the specification's `rights`. */
const READS = (1n << 1n) | (1n << 14n); // fd_read, fd_readdir
const WRITES = 1n << 6n; // fd_write; programs ask for fd_allocate and the like where they only read, as Go does
const ACCESS_READ = 1;
const ACCESS_WRITE = 2;

/** Into the window; false for one that no file system knows. */
function takePath(c: Context, ptr: number, len: number, at = 0): boolean {
  if (len >>> 0 > MAX_PATH_BYTES) return false;
  c.window.take(ptr >>> 0, len >>> 0, at);
  return true;
}

/** A call with one path: `run` is the kernel's, `host` the host's, with the path still in the window. */
function withPath(
  c: Context,
  ptr: number,
  len: number,
  run: () => number,
  host: (files: HostFiles, dir: number, path: Uint8Array) => number,
): number {
  if (!takePath(c, ptr, len)) return ERRNO.nametoolong;
  return handOn(c, run(), (files, dir) => host(files, dir, c.window.prefix(len >>> 0)));
}

type TwoPaths = readonly [oldPath: number, oldLen: number, newPath: number, newLen: number];

function withTwoPaths(
  c: Context,
  [oldPtr, oldLen, newPtr, newLen]: TwoPaths,
  run: () => number,
  host: (files: HostFiles, dir: number, first: Uint8Array, second: Uint8Array) => number,
): number {
  if (!takePath(c, oldPtr, oldLen) || !takePath(c, newPtr, newLen, oldLen >>> 0)) return ERRNO.nametoolong;
  const first = oldLen >>> 0;
  return handOn(c, run(), (files, dir) => host(files, dir, c.window.prefix(first), c.window.bytes.subarray(first, first + (newLen >>> 0))));
}

/** RESULT1. */
const secondHandle = (c: Context): number => c.results[2] as number;

export function filestat(c: Context, fd: number, flags: number, ptr: number, len: number, statPtr: number, statBytes: number): number {
  if (!takePath(c, ptr, len)) return ERRNO.nametoolong;
  return give(c, c.kernel.path_filestat_get(c.proc, fd, flags, len), statPtr, statBytes, (host, dir) =>
    host.pathFilestat(dir, flags, c.window.prefix(len >>> 0), c.window.view, 0),
  );
}

interface Opening {
  readonly dirflags: number;
  readonly oflags: number;
  readonly base: bigint;
  readonly inheriting: bigint;
  readonly fdflags: number;
}

/** The kernel has looked at directory and rights: the host opens the file, the kernel gives it a descriptor. */
function openOnHost(c: Context, host: HostFiles, dir: number, path: Uint8Array, opening: Opening): number {
  const { dirflags, oflags, base, fdflags } = opening;
  const passed = BigInt(secondHandle(c)); // the rights that the directory passes on
  const access = ((base & READS) === 0n ? 0 : ACCESS_READ) | ((base & WRITES) === 0n ? 0 : ACCESS_WRITE);
  const handle = host.pathOpen(dir, dirflags, path, oflags, access, fdflags);
  if (handle < 0) return -handle;
  const result = c.kernel.fd_install_host(c.proc, handle, base, passed, host.filetype(handle), fdflags);
  if (result !== 0) host.close(handle);
  return result;
}

function open(c: Context, fd: number, ptr: number, len: number, opening: Opening, outPtr: number): number {
  if (!takePath(c, ptr, len)) return ERRNO.nametoolong;
  const { dirflags, oflags, base, inheriting, fdflags } = opening;
  let result = c.kernel.path_open(c.proc, fd, dirflags, len, oflags, base, inheriting, fdflags);
  if (result === GATE_HOST && c.host !== undefined) result = openOnHost(c, c.host, c.result, c.window.prefix(len >>> 0), opening);
  if (result !== 0) return c.fail(result);
  c.memory.view.setUint32(outPtr >>> 0, c.result, true);
  return 0;
}

function readlink(c: Context, fd: number, ptr: number, len: number, bufPtr: number, bufLen: number, outPtr: number): number {
  if (!takePath(c, ptr, len)) return ERRNO.nametoolong;
  const room = Math.min(bufLen >>> 0, WINDOW_BYTES);
  const result = c.kernel.path_readlink(c.proc, fd, len, room);
  let count = c.result;
  if (result === GATE_HOST && c.host !== undefined) {
    // The target goes over the path, which the host has copied by then.
    count = c.host.pathReadlink(c.result, c.window.prefix(len >>> 0), c.window.prefix(room));
    if (count < 0) return errnoOf(count);
  } else if (result !== 0) return c.fail(result);
  c.window.give(bufPtr >>> 0, count);
  c.memory.view.setUint32(outPtr >>> 0, count, true);
  return 0;
}

const ONE = [int("fd"), path("path")] as const;

// prettier-ignore
export const PATH_CALLS = {
  path_create_directory: call("path", ONE, (c, fd, ptr, len) =>
    withPath(c, ptr, len, () => c.kernel.path_create_directory(c.proc, fd, len), (host, dir, at) => host.pathCreateDirectory(dir, at))),

  path_remove_directory: call("path", ONE, (c, fd, ptr, len) =>
    withPath(c, ptr, len, () => c.kernel.path_remove_directory(c.proc, fd, len), (host, dir, at) => host.pathRemoveDirectory(dir, at))),

  path_unlink_file: call("path", ONE, (c, fd, ptr, len) =>
    withPath(c, ptr, len, () => c.kernel.path_unlink_file(c.proc, fd, len), (host, dir, at) => host.pathUnlinkFile(dir, at))),

  path_filestat_get: call("path", [int("fd"), int("flags"), path("path"), out("filestat", FILESTAT_BYTES)], (c, fd, flags, ptr, len, statPtr) =>
    filestat(c, fd, flags, ptr, len, statPtr, FILESTAT_BYTES)),

  path_filestat_set_times: call("path", [int("fd"), int("flags"), path("path"), long("atim"), long("mtim"), int("fst_flags")],
    (c, fd, flags, ptr, len, atim, mtim, fst) =>
      withPath(c, ptr, len, () => c.kernel.path_filestat_set_times(c.proc, fd, flags, len, atim, mtim, fst), (host, dir, at) =>
        host.pathSetTimes(dir, flags, at, BigInt.asUintN(64, atim), BigInt.asUintN(64, mtim), fst))),

  path_link: call("path", [int("old_fd"), int("flags"), path("old_path"), int("new_fd"), path("new_path")],
    (c, oldFd, flags, oldPtr, oldLen, newFd, newPtr, newLen) =>
      withTwoPaths(c, [oldPtr, oldLen, newPtr, newLen], () => c.kernel.path_link(c.proc, oldFd, flags, oldLen, newFd, newLen),
        (host, dir, from, to) => host.pathLink(dir, flags, from, secondHandle(c), to))),

  path_open: call("path",
    [int("fd"), int("dirflags"), path("path"), int("oflags"), long("rights"), long("inheriting"), int("fdflags"), out("fd", 4)],
    (c, fd, dirflags, ptr, len, oflags, base, inheriting, fdflags, outPtr) =>
      open(c, fd, ptr, len, { dirflags, oflags, base, inheriting, fdflags }, outPtr)),

  path_readlink: call("path", [int("fd"), path("path"), buffer("buf"), out("used", 4)], readlink),

  path_rename: call("path", [int("fd"), path("old_path"), int("new_fd"), path("new_path")], (c, fd, oldPtr, oldLen, newFd, newPtr, newLen) =>
    withTwoPaths(c, [oldPtr, oldLen, newPtr, newLen], () => c.kernel.path_rename(c.proc, fd, oldLen, newFd, newLen),
      (host, dir, from, to) => host.pathRename(dir, from, secondHandle(c), to))),

  path_symlink: call("path", [path("old_path"), int("fd"), path("new_path")], (c, oldPtr, oldLen, fd, newPtr, newLen) =>
    withTwoPaths(c, [oldPtr, oldLen, newPtr, newLen], () => c.kernel.path_symlink(c.proc, oldLen, fd, newLen),
      (host, dir, target, at) => host.pathSymlink(target, dir, at))),
} as const;
