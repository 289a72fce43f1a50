// What a process has used, and the sums over all that have ended. Its own thread alone writes a process's counters. Depends on process.
import { COUNT_OUTPUT_BYTES, KERNEL_PTR, PROCESS_COUNTERS, PROCESS_COUNTERS_AT, REASON_OUTPUT } from "../abi";
import { killProcess, processAt } from "./process";

//  KERNEL_PTR  +0 kernel lock   +64 sums of ended processes, PROCESS_COUNTERS of 8 bytes   +192 created killed (i64)
const SUMS: usize = KERNEL_PTR + 64;
const CREATED: usize = KERNEL_PTR + 192;
const KILLED: usize = KERNEL_PTR + 200;


@inline
export function count(proc: usize, counter: i32, by: u64): void {
  const at = proc + PROCESS_COUNTERS_AT + <usize>counter * 8;
  store<u64>(at, load<u64>(at) + by);
}


@inline
export function counterOf(proc: usize, counter: i32): u64 {
  return load<u64>(proc + PROCESS_COUNTERS_AT + <usize>counter * 8);
}

/** How many of `wanted` bytes the process may still write to its standard output and error. */
@inline
export function outputLeft(proc: usize, wanted: u32): u32 {
  const limit = processAt(proc).outputLimit;
  const used = counterOf(proc, COUNT_OUTPUT_BYTES);
  return used >= limit ? 0 : <u32>min<u64>(limit - used, wanted);
}

/** Ends the process for what it wrote. */
export function endForOutput(proc: usize): void {
  killProcess(proc, REASON_OUTPUT);
}

export function noteCreated(): void {
  atomic.add<u64>(CREATED, 1);
}

/** Adds an ended process's counters to the sums. */
export function settle(proc: usize, killed: bool): void {
  for (let i = 0; i < PROCESS_COUNTERS; i++) atomic.add<u64>(SUMS + <usize>i * 8, counterOf(proc, i));
  if (killed) atomic.add<u64>(KILLED, 1);
}

export function sumOf(counter: i32): u64 {
  return atomic.load<u64>(SUMS + <usize>counter * 8);
}

export function createdCount(): u64 {
  return atomic.load<u64>(CREATED);
}

export function killedCount(): u64 {
  return atomic.load<u64>(KILLED);
}
