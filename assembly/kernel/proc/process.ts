// A process: its record, and the gate through which its system calls enter and leave. A record's address is the process's name outside.
// The killer may end a thread at once where the gate let it turn USER into DEAD; inside the kernel the call itself does so when it leaves.
// Depends on the memory map and ipc.
import {
  ERRNO_SUCCESS,
  GATE_KILLED,
  HOST_SLOT,
  MAX_DESCRIPTORS,
  PROCESSES_PTR,
  PROCESS_BYTES,
  PROCESS_RESULTS_AT,
  REASON_NONE,
  STATE_DEAD,
  STATE_FREE,
  STATE_KERNEL,
  STATE_KILL,
  STATE_USER,
  WINDOWS_PTR,
  WINDOW_BYTES,
} from "../abi";
import { stack_probe } from "../host";
import { wakeProcess } from "../ipc/wait";

//    0  state  wait  reason  slot  | limits and counts     56  blocked since   64  results   96  counters    512  descriptor pages, 64 descriptors each
@unmanaged
export class Process {
  state: i32;
  wait: i32;
  reason: i32;
  slot: i32;
  maxDescriptors: i32;
  maxPipes: i32;
  descriptors: i32;
  pipes: i32;
  /** No number below it is free. */
  lowestFree: i32;
  spare: i32;
  outputLimit: u64;
}

export const DESCRIPTOR_PAGES_AT: usize = 512;


@inline
export function processAt(ptr: usize): Process {
  return changetype<Process>(ptr);
}


@inline
export function processInSlot(slot: i32): usize {
  return <usize>PROCESSES_PTR + <usize>slot * <usize>PROCESS_BYTES;
}


@inline
export function windowOf(proc: usize): usize {
  return <usize>WINDOWS_PTR + ((proc - PROCESSES_PTR) / <usize>PROCESS_BYTES) * <usize>WINDOW_BYTES;
}

/** Takes a free record; 0 where all are taken. The process may make calls at once. */
export function createProcess(maxDescriptors: i32, maxPipes: i32, outputLimit: u64): usize {
  for (let slot = 0; slot < HOST_SLOT; slot++) {
    const proc = processInSlot(slot);
    if (atomic.load<i32>(proc) != STATE_FREE || atomic.cmpxchg<i32>(proc, STATE_FREE, STATE_DEAD) != STATE_FREE) continue;
    memory.fill(proc + 4, 0, PROCESS_BYTES - 4);
    const p = processAt(proc);
    p.slot = slot;
    p.maxDescriptors = min(max(maxDescriptors, 0), MAX_DESCRIPTORS);
    p.maxPipes = max(maxPipes, 0);
    p.outputLimit = outputLimit;
    atomic.store<i32>(proc, STATE_USER);
    return proc;
  }
  return 0;
}

/** The way in, with stack enough for every call. False: the process was ended; the call returns GATE_KILLED and touches nothing. */
@inline
export function enter(proc: usize): bool {
  stack_probe();
  return atomic.cmpxchg<i32>(proc, STATE_USER, STATE_KERNEL) == STATE_USER;
}

/** The way out, with what the call returns. */
@inline
export function leave(proc: usize, result: i32): i32 {
  return atomic.cmpxchg<i32>(proc, STATE_KERNEL, STATE_USER) == STATE_KERNEL ? result : die(proc);
}

function die(proc: usize): i32 {
  atomic.store<i32>(proc, STATE_DEAD);
  atomic.notify(proc, -1);
  return GATE_KILLED;
}

/** Ends the process. True: it is DEAD now; false: it is inside the kernel and will be soon (wait on its state word). */
export function killProcess(proc: usize, reason: i32): bool {
  let state = atomic.load<i32>(proc);
  while (state == STATE_USER || state == STATE_KERNEL) {
    atomic.cmpxchg<i32>(proc, REASON_NONE, reason, offsetof<Process>("reason"));
    const ended = state == STATE_USER ? STATE_DEAD : STATE_KERNEL | STATE_KILL;
    const before = atomic.cmpxchg<i32>(proc, state, ended);
    if (before == state) {
      if (ended == STATE_DEAD) atomic.notify(proc, -1);
      else wakeProcess(proc);
      return ended == STATE_DEAD;
    }
    state = before;
  }
  return state != (STATE_KERNEL | STATE_KILL);
}

/** Ends the process from inside one of its own calls: its way out then makes it DEAD. */
export function endSelf(proc: usize, reason: i32): i32 {
  killProcess(proc, reason);
  return ERRNO_SUCCESS;
}


@inline
export function setResult(proc: usize, index: i32, value: u64): void {
  store<u64>(proc + PROCESS_RESULTS_AT + <usize>index * 8, value);
}

/** Whether someone wants the process to end: long work inside the kernel looks at it. */
@inline
export function isEnding(proc: usize): bool {
  return (atomic.load<i32>(proc) & STATE_KILL) != 0;
}

export function processesAlive(): u32 {
  let alive: u32 = 0;
  for (let slot = 0; slot < HOST_SLOT; slot++) if (atomic.load<i32>(processInSlot(slot)) != STATE_FREE) alive++;
  return alive;
}

/** Over all processes; those that run may change it meanwhile. */
export function descriptorsOpen(): u64 {
  let open: u64 = 0;
  for (let slot = 0; slot < HOST_SLOT; slot++) {
    const proc = processInSlot(slot);
    if (atomic.load<i32>(proc) != STATE_FREE) open += processAt(proc).descriptors;
  }
  return open;
}

export function clearRecord(proc: usize): void {
  memory.fill(proc + 4, 0, PROCESS_BYTES - 4);
  atomic.store<i32>(proc, STATE_FREE);
}
