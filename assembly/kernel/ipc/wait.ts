// How a process waits. Each process has one wait word; an object keeps a set of the processes that wait for it (one bit a slot) and a word
// for the host. Whoever changes the object afterwards adds to the wait word of each and notifies it. A set is joined before the condition is
// looked at a last time and the change is made before the set is looked at, both with sequentially consistent atomics: no wake-up is lost.
// Depends on the memory map only; a process here is its record's address.
import {
  COUNT_BLOCKED_NS,
  MAX_PROCESSES,
  PROCESSES_PTR,
  PROCESS_BYTES,
  PROCESS_BLOCKED_SINCE_AT,
  PROCESS_COUNTERS_AT,
  PROCESS_STATE_AT,
  PROCESS_WAIT_AT,
  STATE_KILL,
} from "../abi";
import { clock_time_get, wait_word } from "../host";

/** Rounds of looking before a thread goes to sleep: some microseconds, less than a sleep and a wake-up take. */
export const SPINS = 4000;

const SET_WORDS: u32 = MAX_PROCESSES / 32;

/** Who waits for one condition of an object. `armed` and `seq` are the host's, which cannot block: it looks at `seq` with Atomics.waitAsync. */
@unmanaged
export class WaitSet {
  count: i32;
  armed: i32;
  seq: i32;
  spare: i32;
  // then SET_WORDS words, a bit a process
}

export const WAIT_SET_BYTES: usize = 16 + (MAX_PROCESSES / 32) * 4;


@inline
export function waitSetAt(ptr: usize): WaitSet {
  return changetype<WaitSet>(ptr);
}


@inline
function wordOf(set: WaitSet, proc: usize): usize {
  return changetype<usize>(set) + 16 + (slotOf(proc) >> 5) * 4;
}


@inline
function slotOf(proc: usize): u32 {
  return <u32>((proc - <usize>PROCESSES_PTR) / <usize>PROCESS_BYTES);
}


@inline
function bitOf(proc: usize): u32 {
  return (<u32>1) << (slotOf(proc) & 31);
}


@inline
export function isKilled(proc: usize): bool {
  return (atomic.load<i32>(proc, PROCESS_STATE_AT) & STATE_KILL) != 0;
}


@inline
export function waitWord(proc: usize): i32 {
  return atomic.load<i32>(proc, PROCESS_WAIT_AT);
}

/** Adds the process; it leaves again before it does anything else. */
export function join(set: WaitSet, proc: usize): void {
  const before = atomic.or<u32>(wordOf(set, proc), bitOf(proc));
  if (!(before & bitOf(proc))) atomic.add<i32>(changetype<usize>(set), 1, offsetof<WaitSet>("count"));
}

export function part(set: WaitSet, proc: usize): void {
  const before = atomic.and<u32>(wordOf(set, proc), ~bitOf(proc));
  if (before & bitOf(proc)) atomic.sub<i32>(changetype<usize>(set), 1, offsetof<WaitSet>("count"));
}

export function wakeProcess(proc: usize): void {
  atomic.add<i32>(proc, 1, PROCESS_WAIT_AT);
  atomic.notify(proc + PROCESS_WAIT_AT, 1);
}

/** Wakes whoever waits, the host too. Costs two loads where nobody does. */
@inline
export function wake(set: WaitSet): void {
  const ptr = changetype<usize>(set);
  if (atomic.load<i32>(ptr, offsetof<WaitSet>("count"))) wakeAll(set);
  if (atomic.load<i32>(ptr, offsetof<WaitSet>("armed"))) wakeHost(set);
}

function wakeAll(set: WaitSet): void {
  for (let i: u32 = 0; i < SET_WORDS; i++) {
    let bits = atomic.load<u32>(changetype<usize>(set) + 16 + i * 4);
    while (bits) {
      wakeProcess(<usize>PROCESSES_PTR + (<usize>(i * 32) + <usize>ctz(bits)) * <usize>PROCESS_BYTES);
      bits &= bits - 1;
    }
  }
}

function wakeHost(set: WaitSet): void {
  const ptr = changetype<usize>(set);
  atomic.store<i32>(ptr, 0, offsetof<WaitSet>("armed"));
  atomic.add<i32>(ptr, 1, offsetof<WaitSet>("seq"));
  atomic.notify(ptr + offsetof<WaitSet>("seq"), -1);
}

/** The word on which the host waits. It reads the word, arms the set, looks at the condition once more, and waits while the word is unchanged. */
export function hostWord(set: WaitSet): usize {
  return changetype<usize>(set) + offsetof<WaitSet>("seq");
}

export function arm(set: WaitSet): void {
  atomic.store<i32>(changetype<usize>(set), 1, offsetof<WaitSet>("armed"));
}

/**
 * Sleeps until the wait word is no longer `seen`, or for `timeoutNs` (negative: without end); the time is put to the process's account.
 * When it began is kept in the record, not in a local: V8's baseline compiler (11.3) loses the lower half of an i64 that lives across the wait.
 */
export function sleep(proc: usize, seen: i32, timeoutNs: i64): void {
  store<i64>(proc, clock_time_get(1), PROCESS_BLOCKED_SINCE_AT);
  wait_word(proc + PROCESS_WAIT_AT, seen, timeoutNs);
  const at = proc + PROCESS_COUNTERS_AT + COUNT_BLOCKED_NS * 8;
  store<i64>(at, load<i64>(at) + clock_time_get(1) - load<i64>(proc, PROCESS_BLOCKED_SINCE_AT));
  store<i64>(proc, 0, PROCESS_BLOCKED_SINCE_AT);
}
