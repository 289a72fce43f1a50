// What is done to an open file or directory besides its bytes. Depends on proc, vfs. WASI preview1: fd_advise, fd_allocate, fd_datasync, fd_sync,
// fd_filestat_get, fd_filestat_set_size, fd_filestat_set_times, fd_readdir. Everything is in memory: syncing and advice are done by doing nothing.
import {
  COUNT_CALLS_FD,
  ERRNO_BADF,
  ERRNO_INVAL,
  ERRNO_ROFS,
  ERRNO_SPIPE,
  ERRNO_SUCCESS,
  FILESTAT_BYTES,
  GATE_KILLED,
  KIND_DIRECTORY,
  KIND_FILE,
  RIGHT_FD_ADVISE,
  RIGHT_FD_ALLOCATE,
  RIGHT_FD_DATASYNC,
  RIGHT_FD_FILESTAT_GET,
  RIGHT_FD_FILESTAT_SET_SIZE,
  RIGHT_FD_FILESTAT_SET_TIMES,
  RIGHT_FD_READDIR,
  RIGHT_FD_SYNC,
  RIGHT_FD_WRITE,
  WINDOW_BYTES,
} from "../abi";
import { count } from "../proc/account";
import { Descriptor } from "../proc/fdtable";
import { lockTree, unlockTree } from "../proc/kernel-lock";
import { enter, isEnding, leave, setResult, windowOf } from "../proc/process";
import { inode_set_times, inode_stat } from "../vfs/attributes";
import { directory_read } from "../vfs/readdir";
import { file_allocate, file_truncate } from "../vfs/file";
import { vfs_count } from "../vfs/state";
import { fs_is_sealed, fs_of } from "../vfs/tmp";
import { stamp } from "./clock";
import { check, checkDirectory, checked, checkFile, host, isHost } from "./descriptor";

const LAST_ADVICE: u32 = 5;

export function fd_advise(proc: usize, fd: i32, offset: u64, len: u64, advice: i32): i32 {
  if (!enter(proc)) return GATE_KILLED;
  count(proc, COUNT_CALLS_FD, 1);
  const error = checkFile(proc, fd, RIGHT_FD_ADVISE, ERRNO_SPIPE);
  return leave(proc, error ? error : <u32>advice > LAST_ADVICE ? ERRNO_INVAL : nothingToDo(proc, fd));
}

export function fd_datasync(proc: usize, fd: i32): i32 {
  if (!enter(proc)) return GATE_KILLED;
  count(proc, COUNT_CALLS_FD, 1);
  const error = checkFile(proc, fd, RIGHT_FD_DATASYNC, ERRNO_SPIPE);
  return leave(proc, error ? error : nothingToDo(proc, fd));
}

export function fd_sync(proc: usize, fd: i32): i32 {
  if (!enter(proc)) return GATE_KILLED;
  count(proc, COUNT_CALLS_FD, 1);
  const error = checkFile(proc, fd, RIGHT_FD_SYNC, ERRNO_SPIPE);
  return leave(proc, error ? error : nothingToDo(proc, fd));
}

/** Except for the host's files. */
function nothingToDo(proc: usize, fd: i32): i32 {
  const d = checked(proc, fd);
  return isHost(d) ? host(proc, d) : ERRNO_SUCCESS;
}

export function fd_allocate(proc: usize, fd: i32, offset: u64, len: u64): i32 {
  if (!enter(proc)) return GATE_KILLED;
  count(proc, COUNT_CALLS_FD, 1);
  return leave(proc, allocate(proc, fd, offset, len));
}

function allocate(proc: usize, fd: i32, offset: u64, len: u64): i32 {
  const error = checkFile(proc, fd, RIGHT_FD_ALLOCATE, ERRNO_SPIPE);
  if (error) return error;
  const d = checked(proc, fd);
  if (!(d.rightsBase & RIGHT_FD_WRITE)) return ERRNO_BADF;
  if (len == 0) return ERRNO_INVAL;
  return isHost(d) ? host(proc, d) : allocateSteps(proc, d, offset, len);
}

/** Step by step, the lock being let go in between, until it is done or the process is to end. */
function allocateSteps(proc: usize, d: Descriptor, offset: u64, len: u64): i32 {
  const now = stamp();
  let done: u64 = 0;
  while (done < len && !isEnding(proc)) {
    lockTree();
    const error = file_allocate(d.object, offset + done, len - done, now);
    done += vfs_count();
    unlockTree();
    if (error) return error;
  }
  return ERRNO_SUCCESS;
}

export function fd_filestat_get(proc: usize, fd: i32): i32 {
  if (!enter(proc)) return GATE_KILLED;
  count(proc, COUNT_CALLS_FD, 1);
  return leave(proc, stat(proc, fd));
}

/** WASI's filestat, 64 bytes. Of a stream only the type is known. */
function stat(proc: usize, fd: i32): i32 {
  const error = check(proc, fd, RIGHT_FD_FILESTAT_GET);
  if (error) return error;
  const d = checked(proc, fd);
  if (isHost(d)) return host(proc, d);
  const to = windowOf(proc);
  if (d.kind == KIND_FILE || d.kind == KIND_DIRECTORY) {
    lockTree();
    inode_stat(d.object, to);
    unlockTree();
  } else {
    memory.fill(to, 0, FILESTAT_BYTES);
    store<u8>(to, d.filetype, 16);
  }
  return ERRNO_SUCCESS;
}

export function fd_filestat_set_size(proc: usize, fd: i32, size: u64): i32 {
  if (!enter(proc)) return GATE_KILLED;
  count(proc, COUNT_CALLS_FD, 1);
  return leave(proc, setSize(proc, fd, size));
}

/** A file that is not open for writing: INVAL, as Linux has it. */
function setSize(proc: usize, fd: i32, size: u64): i32 {
  const error = checkFile(proc, fd, RIGHT_FD_FILESTAT_SET_SIZE, ERRNO_SPIPE);
  if (error) return error;
  const d = checked(proc, fd);
  if (!(d.rightsBase & RIGHT_FD_WRITE)) return ERRNO_INVAL;
  if (isHost(d)) return host(proc, d);
  const now = stamp();
  lockTree();
  const result = fs_is_sealed(fs_of(d.object)) ? ERRNO_ROFS : file_truncate(d.object, size, now);
  unlockTree();
  return result;
}

export function fd_filestat_set_times(proc: usize, fd: i32, atim: u64, mtim: u64, fstflags: i32): i32 {
  if (!enter(proc)) return GATE_KILLED;
  count(proc, COUNT_CALLS_FD, 1);
  return leave(proc, setTimes(proc, fd, atim, mtim, fstflags));
}

function setTimes(proc: usize, fd: i32, atim: u64, mtim: u64, fstflags: i32): i32 {
  const error = check(proc, fd, RIGHT_FD_FILESTAT_SET_TIMES);
  if (error) return error;
  const d = checked(proc, fd);
  if (isHost(d)) return host(proc, d);
  if (d.kind != KIND_FILE && d.kind != KIND_DIRECTORY) return ERRNO_BADF;
  const now = stamp();
  lockTree();
  const result = inode_set_times(d.object, atim, mtim, fstflags, now);
  unlockTree();
  return result;
}

export function fd_readdir(proc: usize, fd: i32, len: i32, cookie: u64): i32 {
  if (!enter(proc)) return GATE_KILLED;
  count(proc, COUNT_CALLS_FD, 1);
  return leave(proc, readdir(proc, fd, len, cookie));
}

/** Entries from the cookie on, packed; fewer bytes than `len` say that the directory has no more. */
function readdir(proc: usize, fd: i32, len: i32, cookie: u64): i32 {
  const error = checkDirectory(proc, fd, RIGHT_FD_READDIR);
  if (error) return error;
  const d = checked(proc, fd);
  if (isHost(d)) return host(proc, d);
  if (<u32>len > <u32>WINDOW_BYTES) return ERRNO_INVAL;
  lockTree();
  const used = directory_read(d.object, cookie, windowOf(proc), len);
  unlockTree();
  setResult(proc, 0, used);
  return ERRNO_SUCCESS;
}
