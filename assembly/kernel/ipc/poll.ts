// Whether an object is ready, and waiting for several at once: the process joins the wait sets of all and sleeps on its own word.
// Depends on pipe, socket, wait. WASI preview1: event_fd_readwrite.
import { PIPE_BYTES } from "../abi";
import { hasReaders, hasWriters, isReadable, isWritable, pipeBytes, readSetOf, writeSetOf } from "./pipe";
import { join, part } from "./wait";

/** Answers of readiness: not ready, or the bytes that can be moved, with HUNG_UP where the other side is gone. */
export const NOT_READY: i64 = -1;
export const HUNG_UP: i64 = 1 << 40;

/** `pipe` 0: a direction that was shut down. */
export function readReadiness(pipe: usize): i64 {
  if (!pipe) return HUNG_UP;
  if (!isReadable(pipe)) return NOT_READY;
  const bytes = <i64>pipeBytes(pipe);
  return hasWriters(pipe) ? bytes : bytes | HUNG_UP;
}

export function writeReadiness(pipe: usize): i64 {
  if (!pipe) return HUNG_UP;
  if (!isWritable(pipe)) return NOT_READY;
  return hasReaders(pipe) ? <i64>(<u32>PIPE_BYTES - pipeBytes(pipe)) : HUNG_UP;
}

/** Joins or leaves the set of those who wait to read from (or to write to) a pipe. */
export function watch(pipe: usize, proc: usize, writes: bool, joins: bool): void {
  if (!pipe) return;
  const set = writes ? writeSetOf(pipe) : readSetOf(pipe);
  if (joins) join(set, proc);
  else part(set, proc);
}
