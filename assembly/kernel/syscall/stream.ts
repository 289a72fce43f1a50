// Reading and writing at the descriptor's own position: fd_read, fd_write, for each kind of object. Depends on proc, ipc, vfs.
// WASI preview1: fd_read, fd_write. Data passes through the process's window.
import {
  COUNT_CALLS_FD,
  COUNT_OUTPUT_BYTES,
  COUNT_PIPE_READ_BYTES,
  COUNT_PIPE_WRITTEN_BYTES,
  ERRNO_BADF,
  ERRNO_INVAL,
  ERRNO_SUCCESS,
  FDFLAGS_NONBLOCK,
  GATE_KILLED,
  KIND_HOST,
  KIND_NULL,
  KIND_PIPE_READ,
  KIND_PIPE_WRITE,
  PROCESS_RESULTS_AT,
  RIGHT_FD_READ,
  RIGHT_FD_WRITE,
  WINDOW_BYTES,
} from "../abi";
import { errorOf, pipeRead, pipeWrite } from "../ipc/pipe";
import { count, endForOutput, outputLeft } from "../proc/account";
import { Descriptor, isOutput } from "../proc/fdtable";
import { enter, leave, setResult, windowOf } from "../proc/process";
import { check, checked, host } from "./descriptor";

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
  const error = check(proc, fd, RIGHT_FD_READ);
  if (error) return error;
  if (<u32>len > <u32>WINDOW_BYTES) return ERRNO_INVAL;
  const d = checked(proc, fd);
  switch (d.kind) {
    case KIND_PIPE_READ:
      return readPipe(proc, d, len);
    case KIND_NULL:
      setResult(proc, 0, 0);
      return ERRNO_SUCCESS;
    case KIND_HOST:
      return host(proc, d);
    default:
      return ERRNO_BADF;
  }
}

function writeStream(proc: usize, fd: i32, len: i32): i32 {
  const error = check(proc, fd, RIGHT_FD_WRITE);
  if (error) return error;
  if (<u32>len > <u32>WINDOW_BYTES) return ERRNO_INVAL;
  const d = checked(proc, fd);
  if (!isOutput(d)) return writeTo(proc, d, len);
  const allowed = outputLeft(proc, len);
  const result = writeTo(proc, d, allowed);
  if (result == ERRNO_SUCCESS) count(proc, COUNT_OUTPUT_BYTES, resultOf(proc));
  if (allowed < <u32>len) endForOutput(proc);
  return result;
}

function writeTo(proc: usize, d: Descriptor, len: u32): i32 {
  switch (d.kind) {
    case KIND_PIPE_WRITE:
      return writePipe(proc, d, len);
    case KIND_NULL:
      setResult(proc, 0, len);
      return ERRNO_SUCCESS;
    case KIND_HOST:
      return host(proc, d);
    default:
      return ERRNO_BADF;
  }
}


@inline
function resultOf(proc: usize): u64 {
  return load<u64>(proc + PROCESS_RESULTS_AT);
}

function readPipe(proc: usize, d: Descriptor, len: u32): i32 {
  const got = pipeRead(d.object, proc, windowOf(proc), len, (d.fdflags & FDFLAGS_NONBLOCK) != 0, false);
  return settled(proc, got, COUNT_PIPE_READ_BYTES);
}

function writePipe(proc: usize, d: Descriptor, len: u32): i32 {
  const put = pipeWrite(d.object, proc, windowOf(proc), len, (d.fdflags & FDFLAGS_NONBLOCK) != 0);
  return settled(proc, put, COUNT_PIPE_WRITTEN_BYTES);
}

/** Puts a count into RESULT0 and to the account; or gives the error. */
@inline
function settled(proc: usize, result: i32, counter: i32): i32 {
  const error = errorOf(result);
  if (error) return error;
  setResult(proc, 0, result);
  count(proc, counter, result);
  return ERRNO_SUCCESS;
}
