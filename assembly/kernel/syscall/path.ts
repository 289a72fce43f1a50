// The calls on names, path_open aside. Depends on proc, vfs. WASI preview1. A path is in the window; of two the second follows the first.
// A host directory's descriptor is checked here, as the flags are, and answered GATE_HOST; of two both must be the host's or both ours (XDEV).
import {
  COUNT_CALLS_PATH,
  ERRNO_INVAL,
  ERRNO_SUCCESS,
  ERRNO_XDEV,
  GATE_HOST,
  GATE_KILLED,
  LOOKUPFLAGS_SYMLINK_FOLLOW,
  RIGHT_PATH_CREATE_DIRECTORY,
  RIGHT_PATH_FILESTAT_GET,
  RIGHT_PATH_FILESTAT_SET_TIMES,
  RIGHT_PATH_LINK_SOURCE,
  RIGHT_PATH_LINK_TARGET,
  RIGHT_PATH_READLINK,
  RIGHT_PATH_REMOVE_DIRECTORY,
  RIGHT_PATH_RENAME_SOURCE,
  RIGHT_PATH_RENAME_TARGET,
  RIGHT_PATH_SYMLINK,
  RIGHT_PATH_UNLINK_FILE,
  WINDOW_BYTES,
} from "../abi";
import { count } from "../proc/account";
import { lockTree, unlockTree } from "../proc/kernel-lock";
import { enter, leave, setResult, windowOf } from "../proc/process";
import { inode_set_times, inode_stat } from "../vfs/attributes";
import { vfs_link, vfs_lookup, vfs_mkdir, vfs_readlink, vfs_rmdir, vfs_symlink, vfs_unlink } from "../vfs/names";
import { vfs_rename } from "../vfs/rename";
import { vfs_count, vfs_inode } from "../vfs/state";
import { stamp } from "./clock";
import { checkDirectory, checked, host, isHost } from "./descriptor";

/** SUCCESS: a directory of the tree; GATE_HOST: one of the host's, its handle in RESULT0; else an errno. */
function checkBase(proc: usize, fd: i32, rights: u64, bytes: u64): i32 {
  const error = checkDirectory(proc, fd, rights);
  if (error) return error;
  if (bytes > <u64>WINDOW_BYTES) return ERRNO_INVAL;
  const d = checked(proc, fd);
  return isHost(d) ? host(proc, d) : ERRNO_SUCCESS;
}

/** The same of two directories; of the host's the handles are in RESULT0 and RESULT1. */
function checkBases(proc: usize, fd: i32, rights: u64, other: i32, otherRights: u64, bytes: u64): i32 {
  const first = checkBase(proc, fd, rights, bytes);
  if (first > 0) return first;
  const error = checkDirectory(proc, other, otherRights);
  if (error) return error;
  const second = checked(proc, other);
  if (isHost(second) != (first == GATE_HOST)) return ERRNO_XDEV;
  if (first == GATE_HOST) setResult(proc, 1, second.object);
  return first;
}


@inline
function begin(proc: usize): bool {
  if (!enter(proc)) return false;
  count(proc, COUNT_CALLS_PATH, 1);
  return true;
}


@inline
function baseOf(proc: usize, fd: i32): usize {
  return checked(proc, fd).object;
}


@inline
function sum(a: i32, b: i32): u64 {
  return <u64>(<u32>a) + <u64>(<u32>b);
}

export function path_create_directory(proc: usize, fd: i32, pathLen: i32): i32 {
  if (!begin(proc)) return GATE_KILLED;
  const answer = checkBase(proc, fd, RIGHT_PATH_CREATE_DIRECTORY, <u32>pathLen);
  if (answer) return leave(proc, answer);
  const now = stamp();
  lockTree();
  const error = vfs_mkdir(baseOf(proc, fd), windowOf(proc), pathLen, now);
  unlockTree();
  return leave(proc, error);
}

export function path_remove_directory(proc: usize, fd: i32, pathLen: i32): i32 {
  if (!begin(proc)) return GATE_KILLED;
  const answer = checkBase(proc, fd, RIGHT_PATH_REMOVE_DIRECTORY, <u32>pathLen);
  if (answer) return leave(proc, answer);
  const now = stamp();
  lockTree();
  const error = vfs_rmdir(baseOf(proc, fd), windowOf(proc), pathLen, now);
  unlockTree();
  return leave(proc, error);
}

export function path_unlink_file(proc: usize, fd: i32, pathLen: i32): i32 {
  if (!begin(proc)) return GATE_KILLED;
  const answer = checkBase(proc, fd, RIGHT_PATH_UNLINK_FILE, <u32>pathLen);
  if (answer) return leave(proc, answer);
  const now = stamp();
  lockTree();
  const error = vfs_unlink(baseOf(proc, fd), windowOf(proc), pathLen, now);
  unlockTree();
  return leave(proc, error);
}

/** WASI's filestat, 64 bytes, into the window. */
export function path_filestat_get(proc: usize, fd: i32, lookupflags: i32, pathLen: i32): i32 {
  if (!begin(proc)) return GATE_KILLED;
  if (lookupflags & ~LOOKUPFLAGS_SYMLINK_FOLLOW) return leave(proc, ERRNO_INVAL);
  const answer = checkBase(proc, fd, RIGHT_PATH_FILESTAT_GET, <u32>pathLen);
  if (answer) return leave(proc, answer);
  const window = windowOf(proc);
  lockTree();
  const error = vfs_lookup(baseOf(proc, fd), window, pathLen, lookupflags);
  if (!error) inode_stat(vfs_inode(), window);
  unlockTree();
  return leave(proc, error);
}

export function path_filestat_set_times(proc: usize, fd: i32, lookupflags: i32, pathLen: i32, atim: u64, mtim: u64, fstflags: i32): i32 {
  if (!begin(proc)) return GATE_KILLED;
  if (lookupflags & ~LOOKUPFLAGS_SYMLINK_FOLLOW) return leave(proc, ERRNO_INVAL);
  const answer = checkBase(proc, fd, RIGHT_PATH_FILESTAT_SET_TIMES, <u32>pathLen);
  if (answer) return leave(proc, answer);
  const now = stamp();
  lockTree();
  let error = vfs_lookup(baseOf(proc, fd), windowOf(proc), pathLen, lookupflags);
  if (!error) error = inode_set_times(vfs_inode(), atim, mtim, fstflags, now);
  unlockTree();
  return leave(proc, error);
}

/** What fits into `bufLen` bytes of the link's target, into the window; RESULT0: how many bytes. */
export function path_readlink(proc: usize, fd: i32, pathLen: i32, bufLen: i32): i32 {
  if (!begin(proc)) return GATE_KILLED;
  const answer = checkBase(proc, fd, RIGHT_PATH_READLINK, <u32>pathLen);
  if (answer) return leave(proc, answer);
  const window = windowOf(proc);
  lockTree();
  const error = vfs_readlink(baseOf(proc, fd), window, pathLen, window, min<u32>(bufLen, WINDOW_BYTES));
  const got = vfs_count();
  unlockTree();
  if (!error) setResult(proc, 0, got);
  return leave(proc, error);
}

/** The target, then the path of the link. */
export function path_symlink(proc: usize, oldLen: i32, fd: i32, newLen: i32): i32 {
  if (!begin(proc)) return GATE_KILLED;
  const answer = checkBase(proc, fd, RIGHT_PATH_SYMLINK, sum(oldLen, newLen));
  if (answer) return leave(proc, answer);
  const now = stamp();
  const window = windowOf(proc);
  lockTree();
  const error = vfs_symlink(window, oldLen, baseOf(proc, fd), window + oldLen, newLen, now);
  unlockTree();
  return leave(proc, error);
}

/** A hard link to what a symbolic link leads to cannot be made: INVAL for SYMLINK_FOLLOW, as in wasmtime. */
export function path_link(proc: usize, oldFd: i32, lookupflags: i32, oldLen: i32, newFd: i32, newLen: i32): i32 {
  if (!begin(proc)) return GATE_KILLED;
  if (lookupflags) return leave(proc, ERRNO_INVAL);
  const answer = checkBases(proc, oldFd, RIGHT_PATH_LINK_SOURCE, newFd, RIGHT_PATH_LINK_TARGET, sum(oldLen, newLen));
  if (answer) return leave(proc, answer);
  const now = stamp();
  const window = windowOf(proc);
  lockTree();
  const error = vfs_link(baseOf(proc, oldFd), window, oldLen, 0, baseOf(proc, newFd), window + oldLen, newLen, now);
  unlockTree();
  return leave(proc, error);
}

export function path_rename(proc: usize, fd: i32, oldLen: i32, newFd: i32, newLen: i32): i32 {
  if (!begin(proc)) return GATE_KILLED;
  const answer = checkBases(proc, fd, RIGHT_PATH_RENAME_SOURCE, newFd, RIGHT_PATH_RENAME_TARGET, sum(oldLen, newLen));
  if (answer) return leave(proc, answer);
  const now = stamp();
  const window = windowOf(proc);
  lockTree();
  const error = vfs_rename(baseOf(proc, fd), window, oldLen, baseOf(proc, newFd), window + oldLen, newLen, now);
  unlockTree();
  return leave(proc, error);
}
