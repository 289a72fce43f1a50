// The descriptor itself: fd_close, fd_renumber, fd_fdstat_*, fd_prestat_*. Depends on proc. WASI preview1.
import {
  COUNT_CALLS_FD,
  ERRNO_BADF,
  ERRNO_INVAL,
  ERRNO_NAMETOOLONG,
  ERRNO_NOTCAPABLE,
  ERRNO_NOTDIR,
  ERRNO_SUCCESS,
  FDFLAGS_APPEND,
  FDFLAGS_DSYNC,
  FDFLAGS_NONBLOCK,
  FDFLAGS_RSYNC,
  FDFLAGS_SYNC,
  FDSTAT_BYTES,
  FILETYPE_DIRECTORY,
  GATE_KILLED,
  PRESTAT_BYTES,
  RIGHT_FD_FDSTAT_SET_FLAGS,
} from "../abi";
import { count } from "../proc/account";
import { findDescriptor, freeDescriptor, moveDescriptor, reserveMove } from "../proc/fdtable";
import { enter, leave, windowOf } from "../proc/process";
import { releaseObject } from "../proc/release";
import { check, checked, host, isHost } from "./descriptor";

const ALL_FLAGS = FDFLAGS_APPEND | FDFLAGS_DSYNC | FDFLAGS_NONBLOCK | FDFLAGS_RSYNC | FDFLAGS_SYNC;
const SYNC_FLAGS = FDFLAGS_DSYNC | FDFLAGS_RSYNC | FDFLAGS_SYNC;

export function fd_close(proc: usize, fd: i32): i32 {
  if (!enter(proc)) return GATE_KILLED;
  count(proc, COUNT_CALLS_FD, 1);
  return leave(proc, close(proc, fd));
}

/** GATE_HOST: RESULT0 is the host's handle to close; the number is free already. */
function close(proc: usize, fd: i32): i32 {
  const d = findDescriptor(proc, fd);
  if (!d) return ERRNO_BADF;
  const result = releaseObject(proc, d);
  freeDescriptor(proc, fd, d);
  return result;
}

export function fd_renumber(proc: usize, from: i32, to: i32): i32 {
  if (!enter(proc)) return GATE_KILLED;
  count(proc, COUNT_CALLS_FD, 1);
  return leave(proc, renumber(proc, from, to));
}

/** Closes `to`, which must be open: programs do not choose numbers, as wasmtime has it. GATE_HOST as with fd_close. */
function renumber(proc: usize, from: i32, to: i32): i32 {
  const d = findDescriptor(proc, to);
  if (!d || !findDescriptor(proc, from)) return ERRNO_BADF;
  if (from == to) return ERRNO_SUCCESS;
  const error = reserveMove(proc, to);
  if (error) return error;
  const result = releaseObject(proc, d);
  moveDescriptor(proc, from, to);
  return result;
}

/** WASI's fdstat, 24 bytes: fs_filetype, fs_flags, fs_rights_base, fs_rights_inheriting. */
export function fd_fdstat_get(proc: usize, fd: i32): i32 {
  if (!enter(proc)) return GATE_KILLED;
  count(proc, COUNT_CALLS_FD, 1);
  const d = findDescriptor(proc, fd);
  if (!d) return leave(proc, ERRNO_BADF);
  const to = windowOf(proc);
  memory.fill(to, 0, FDSTAT_BYTES);
  store<u8>(to, d.filetype);
  store<u16>(to, d.fdflags, 2);
  store<u64>(to, d.rightsBase, 8);
  store<u64>(to, d.rightsInheriting, 16);
  return leave(proc, ERRNO_SUCCESS);
}

export function fd_fdstat_set_flags(proc: usize, fd: i32, flags: i32): i32 {
  if (!enter(proc)) return GATE_KILLED;
  count(proc, COUNT_CALLS_FD, 1);
  return leave(proc, setFlags(proc, fd, flags));
}

/** APPEND and NONBLOCK can be changed; DSYNC, RSYNC and SYNC cannot (INVAL), as in wasmtime. The host is told of its own (GATE_HOST). */
function setFlags(proc: usize, fd: i32, flags: i32): i32 {
  const error = check(proc, fd, RIGHT_FD_FDSTAT_SET_FLAGS);
  if (error) return error;
  const d = checked(proc, fd);
  if (d.filetype == FILETYPE_DIRECTORY) return ERRNO_BADF;
  if (flags & ~ALL_FLAGS || (flags ^ d.fdflags) & SYNC_FLAGS) return ERRNO_INVAL;
  d.fdflags = flags;
  return isHost(d) ? host(proc, d) : ERRNO_SUCCESS;
}

/** Takes rights away; one that is not there cannot be had back: NOTCAPABLE. */
export function fd_fdstat_set_rights(proc: usize, fd: i32, rightsBase: u64, rightsInheriting: u64): i32 {
  if (!enter(proc)) return GATE_KILLED;
  count(proc, COUNT_CALLS_FD, 1);
  const d = findDescriptor(proc, fd);
  if (!d) return leave(proc, ERRNO_BADF);
  if (rightsBase & ~d.rightsBase || rightsInheriting & ~d.rightsInheriting) return leave(proc, ERRNO_NOTCAPABLE);
  d.rightsBase = rightsBase;
  d.rightsInheriting = rightsInheriting;
  return leave(proc, ERRNO_SUCCESS);
}

/** WASI's prestat, 8 bytes: the tag 0 (directory) and the length of its name. BADF for what is no preopened directory. */
export function fd_prestat_get(proc: usize, fd: i32): i32 {
  if (!enter(proc)) return GATE_KILLED;
  count(proc, COUNT_CALLS_FD, 1);
  const d = findDescriptor(proc, fd);
  if (!d || !d.namePtr) return leave(proc, ERRNO_BADF);
  const to = windowOf(proc);
  memory.fill(to, 0, PRESTAT_BYTES);
  store<u32>(to, d.nameLen, 4);
  return leave(proc, ERRNO_SUCCESS);
}

/** The name, without a zero at its end; `len` is the room for it: NAMETOOLONG where that is too small. NOTDIR for what is not preopened. */
export function fd_prestat_dir_name(proc: usize, fd: i32, len: i32): i32 {
  if (!enter(proc)) return GATE_KILLED;
  count(proc, COUNT_CALLS_FD, 1);
  const d = findDescriptor(proc, fd);
  if (!d) return leave(proc, ERRNO_BADF);
  if (!d.namePtr) return leave(proc, ERRNO_NOTDIR);
  if (<u32>len < d.nameLen) return leave(proc, ERRNO_NAMETOOLONG);
  memory.copy(windowOf(proc), d.namePtr, d.nameLen);
  return leave(proc, ERRNO_SUCCESS);
}
