// Reading and writing at the descriptor's own position: fd_read, fd_write, for each kind of object. Depends on proc, ipc, vfs.
// WASI preview1: fd_read, fd_write. Data passes through the process's window.
import {
  COUNT_CALLS_FD,
  COUNT_FILE_READ_BYTES,
  COUNT_FILE_WRITTEN_BYTES,
  COUNT_OUTPUT_BYTES,
  COUNT_PIPE_READ_BYTES,
  COUNT_PIPE_WRITTEN_BYTES,
  COUNT_SOCKET_READ_BYTES,
  COUNT_SOCKET_WRITTEN_BYTES,
  ERRNO_BADF,
  ERRNO_INVAL,
  ERRNO_PIPE,
  ERRNO_SUCCESS,
  FDFLAGS_APPEND,
  FDFLAGS_NONBLOCK,
  GATE_KILLED,
  KIND_FILE,
  KIND_HOST,
  KIND_NULL,
  KIND_PIPE_READ,
  KIND_PIPE_WRITE,
  KIND_SOCKET,
  PROCESS_RESULTS_AT,
  RIGHT_FD_READ,
  RIGHT_FD_WRITE,
  WINDOW_BYTES,
} from "../abi";
import { errorOf, pipeRead, pipeWrite } from "../ipc/pipe";
import { socketAt } from "../ipc/socket";
import { count, endForOutput, outputLeft } from "../proc/account";
import { Descriptor, isOutput } from "../proc/fdtable";
import { lockTree, unlockTree } from "../proc/kernel-lock";
import { enter, leave, setResult, windowOf } from "../proc/process";
import { file_read, file_write } from "../vfs/file";
import { inode_size } from "../vfs/inode";
import { vfs_count } from "../vfs/state";
import { stamp } from "./clock";
import { checkAccess, checked, host } from "./descriptor";

export function fd_read(proc: usize, fd: i32, len: i32): i32 {
  if (!enter(proc)) return GATE_KILLED;
  count(proc, COUNT_CALLS_FD, 1);
  return leave(proc, readStream(proc, fd, len));
}

export function fd_write(proc: usize, fd: i32, len: i32): i32 {
  if (!enter(proc)) return GATE_KILLED;
  count(proc, COUNT_CALLS_FD, 1);
  return leave(proc, writeStream(proc, fd, len));
}

function readStream(proc: usize, fd: i32, len: i32): i32 {
  const error = checkAccess(proc, fd, RIGHT_FD_READ);
  if (error) return error;
  if (<u32>len > <u32>WINDOW_BYTES) return ERRNO_INVAL;
  const d = checked(proc, fd);
  switch (d.kind) {
    case KIND_FILE:
      return readFile(proc, d, len);
    case KIND_PIPE_READ:
      return readPipe(proc, d.object, len, isNonblocking(d), COUNT_PIPE_READ_BYTES);
    case KIND_SOCKET:
      return readPipe(proc, socketAt(d.object).rx, len, isNonblocking(d), COUNT_SOCKET_READ_BYTES);
    case KIND_NULL:
      return done(proc, 0);
    case KIND_HOST:
      return host(proc, d);
    default:
      return ERRNO_BADF;
  }
}

function writeStream(proc: usize, fd: i32, len: i32): i32 {
  const error = checkAccess(proc, fd, RIGHT_FD_WRITE);
  if (error) return error;
  if (<u32>len > <u32>WINDOW_BYTES) return ERRNO_INVAL;
  const d = checked(proc, fd);
  if (!isOutput(d)) return writeTo(proc, d, len);
  const allowed = outputLeft(proc, len);
  const result = writeTo(proc, d, allowed);
  if (result == ERRNO_SUCCESS) count(proc, COUNT_OUTPUT_BYTES, load<u64>(proc, PROCESS_RESULTS_AT));
  if (allowed < <u32>len) endForOutput(proc);
  return result;
}

function writeTo(proc: usize, d: Descriptor, len: u32): i32 {
  switch (d.kind) {
    case KIND_FILE:
      return writeFile(proc, d, len);
    case KIND_PIPE_WRITE:
      return writePipe(proc, d.object, len, isNonblocking(d), COUNT_PIPE_WRITTEN_BYTES);
    case KIND_SOCKET:
      return writePipe(proc, socketAt(d.object).tx, len, isNonblocking(d), COUNT_SOCKET_WRITTEN_BYTES);
    case KIND_NULL:
      return done(proc, len);
    case KIND_HOST:
      return host(proc, d);
    default:
      return ERRNO_BADF;
  }
}


@inline
function isNonblocking(d: Descriptor): bool {
  return (d.fdflags & FDFLAGS_NONBLOCK) != 0;
}


@inline
function done(proc: usize, bytes: u64): i32 {
  setResult(proc, 0, bytes);
  return ERRNO_SUCCESS;
}

function readFile(proc: usize, d: Descriptor, len: u32): i32 {
  lockTree();
  const got = file_read(d.object, d.offset, windowOf(proc), len);
  unlockTree();
  d.offset += got;
  count(proc, COUNT_FILE_READ_BYTES, got);
  return done(proc, got);
}

/** With APPEND the end is looked up under the lock: two writers never overwrite one another. */
function writeFile(proc: usize, d: Descriptor, len: u32): i32 {
  const now = stamp();
  lockTree();
  const at = d.fdflags & FDFLAGS_APPEND ? inode_size(d.object) : d.offset;
  const error = file_write(d.object, at, windowOf(proc), len, now);
  const put = vfs_count();
  unlockTree();
  if (error) return error;
  d.offset = at + put;
  count(proc, COUNT_FILE_WRITTEN_BYTES, put);
  return done(proc, put);
}

/** `pipe` is 0 where a socket's direction was shut down: the end of the file. */
function readPipe(proc: usize, pipe: usize, len: u32, nonblock: bool, counter: i32): i32 {
  if (!pipe) return done(proc, 0);
  return settled(proc, pipeRead(pipe, proc, windowOf(proc), len, nonblock, false), counter);
}

function writePipe(proc: usize, pipe: usize, len: u32, nonblock: bool, counter: i32): i32 {
  if (!pipe) return ERRNO_PIPE;
  return settled(proc, pipeWrite(pipe, proc, windowOf(proc), len, nonblock), counter);
}

/** Puts a count into RESULT0 and to the account; or gives the error. */
@inline
function settled(proc: usize, result: i32, counter: i32): i32 {
  const error = errorOf(result);
  if (error) return error;
  count(proc, counter, result);
  return done(proc, result);
}
