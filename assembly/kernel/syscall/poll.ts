// poll_oneoff and sched_yield. Depends on proc, ipc. WASI preview1: subscription (48 bytes), event (32 bytes).
//
//   subscription   0 userdata  8 tag | clock: 16 id  24 timeout  32 precision  40 flags | fd_readwrite: 16 file_descriptor
//   event          0 userdata  8 error  10 type  16 nbytes  24 flags
//
// Events are written over the subscriptions, from the front: an event ends before the next subscription begins, and a wait only goes on as
// long as there is none. A clock's deadline is put into its subscription as an absolute monotonic time first.
import {
  CLOCKID_MONOTONIC,
  CLOCKID_REALTIME,
  COUNT_CALLS_OTHER,
  COUNT_CALLS_POLL,
  ERRNO_BADF,
  ERRNO_INVAL,
  ERRNO_NOTCAPABLE,
  ERRNO_SUCCESS,
  EVENT_BYTES,
  EVENTRWFLAGS_FD_READWRITE_HANGUP,
  EVENTTYPE_CLOCK,
  EVENTTYPE_FD_READ,
  EVENTTYPE_FD_WRITE,
  FILETYPE_DIRECTORY,
  GATE_KILLED,
  KIND_FILE,
  KIND_LISTENER,
  KIND_NULL,
  KIND_PIPE_READ,
  KIND_PIPE_WRITE,
  KIND_SOCKET,
  MAX_SUBSCRIPTIONS,
  RIGHT_FD_READ,
  RIGHT_FD_WRITE,
  RIGHT_POLL_FD_READWRITE,
  RIGHT_SOCK_ACCEPT,
  SUBCLOCKFLAGS_ABSTIME,
  SUBSCRIPTION_BYTES,
} from "../abi";
import { clock_time_get } from "../host";
import { HUNG_UP, NOT_READY, readReadiness, watch, writeReadiness } from "../ipc/poll";
import { acceptSetOf, pendingOf, socketAt } from "../ipc/socket";
import { isKilled, join, part, sleep, waitWord } from "../ipc/wait";
import { count } from "../proc/account";
import { Descriptor, findDescriptor } from "../proc/fdtable";
import { lockTree, unlockTree } from "../proc/kernel-lock";
import { enter, leave, setResult, windowOf } from "../proc/process";
import { inode_size } from "../vfs/inode";
import { accessError } from "./descriptor";

/** Answers of readinessOf besides those of ipc/poll: an errno, negated and below this. */
const FAILED: i64 = -1000;
const FOREVER: u64 = u64.MAX_VALUE;
/** Writing to a file never waits: this much at least. */
const FILE_ROOM: i64 = 65536;

export function sched_yield(proc: usize): i32 {
  if (!enter(proc)) return GATE_KILLED;
  count(proc, COUNT_CALLS_OTHER, 1);
  return leave(proc, ERRNO_SUCCESS);
}

/** Subscriptions in the window, events over them; RESULT0: how many. */
export function poll_oneoff(proc: usize, subscriptions: i32): i32 {
  if (!enter(proc)) return GATE_KILLED;
  count(proc, COUNT_CALLS_POLL, 1);
  return leave(proc, poll(proc, subscriptions));
}

function poll(proc: usize, subscriptions: i32): i32 {
  if (<u32>(subscriptions - 1) >= <u32>MAX_SUBSCRIPTIONS) return ERRNO_INVAL;
  const error = prepare(proc, subscriptions);
  if (error) return error;
  while (true) {
    const events = report(proc, subscriptions);
    setResult(proc, 0, events);
    if (events) return ERRNO_SUCCESS;
    if (!wait(proc, subscriptions)) return GATE_KILLED;
  }
  return ERRNO_SUCCESS;
}


@inline
function subscriptionAt(proc: usize, index: i32): usize {
  return windowOf(proc) + <usize>(index * SUBSCRIPTION_BYTES);
}

/** Checks all, and makes each clock's timeout an absolute monotonic time. */
function prepare(proc: usize, subscriptions: i32): i32 {
  const monotonic = clock_time_get(CLOCKID_MONOTONIC);
  const realtime = clock_time_get(CLOCKID_REALTIME);
  for (let i = 0; i < subscriptions; i++) {
    const at = subscriptionAt(proc, i);
    const tag: i32 = load<u8>(at, 8);
    if (tag > EVENTTYPE_FD_WRITE) return ERRNO_INVAL;
    if (tag != EVENTTYPE_CLOCK) continue;
    const id = load<i32>(at, 16);
    const flags = <i32>load<u16>(at, 40);
    if (<u32>id > <u32>CLOCKID_MONOTONIC || flags & ~SUBCLOCKFLAGS_ABSTIME) return ERRNO_INVAL;
    const absolute = (flags & SUBCLOCKFLAGS_ABSTIME) != 0;
    store<u64>(at, deadline(load<u64>(at, 24), absolute, id == CLOCKID_REALTIME, monotonic, realtime), 24);
  }
  return ERRNO_SUCCESS;
}

/** On the monotonic clock; FOREVER where it lies too far. */
function deadline(timeout: u64, absolute: bool, isRealtime: bool, monotonic: u64, realtime: u64): u64 {
  if (absolute && !isRealtime) return timeout;
  let rest = timeout;
  if (absolute) rest = timeout > realtime ? timeout - realtime : 0;
  return rest > FOREVER - monotonic ? FOREVER : monotonic + rest;
}

/** Writes the events of all that are ready; how many. */
function report(proc: usize, subscriptions: i32): i32 {
  let events = 0;
  const now = <u64>clock_time_get(CLOCKID_MONOTONIC);
  for (let i = 0; i < subscriptions; i++) {
    const at = subscriptionAt(proc, i);
    const ready = readinessOf(proc, at, now);
    if (ready == NOT_READY) continue;
    writeEvent(windowOf(proc) + <usize>(events * EVENT_BYTES), load<u64>(at), load<u8>(at, 8), ready);
    events++;
  }
  return events;
}

function writeEvent(to: usize, userdata: u64, tag: u8, ready: i64): void {
  const error = ready <= FAILED ? <u16>(FAILED - ready) : 0;
  memory.fill(to, 0, EVENT_BYTES);
  store<u64>(to, userdata);
  store<u16>(to, error, 8);
  store<u8>(to, tag, 10);
  if (error) return;
  store<u64>(to, ready & ~HUNG_UP, 16);
  if (ready & HUNG_UP) store<u16>(to, EVENTRWFLAGS_FD_READWRITE_HANGUP, 24);
}

/** The bytes that can be moved, with HUNG_UP; NOT_READY; or FAILED - errno. */
function readinessOf(proc: usize, at: usize, now: u64): i64 {
  const tag: i32 = load<u8>(at, 8);
  if (tag == EVENTTYPE_CLOCK) return now >= load<u64>(at, 24) ? 0 : NOT_READY;
  const d = findDescriptor(proc, load<i32>(at, 16));
  if (!d) return FAILED - ERRNO_BADF;
  const error = checkPoll(d, tag == EVENTTYPE_FD_READ ? (d.kind == KIND_LISTENER ? RIGHT_SOCK_ACCEPT : RIGHT_FD_READ) : RIGHT_FD_WRITE);
  if (error) return FAILED - error;
  return tag == EVENTTYPE_FD_READ ? readable(d) : writable(d);
}

function checkPoll(d: Descriptor, access: u64): i32 {
  if (d.filetype == FILETYPE_DIRECTORY) return ERRNO_BADF;
  if (!(d.rightsBase & access)) return accessError(d);
  return d.rightsBase & RIGHT_POLL_FD_READWRITE ? ERRNO_SUCCESS : ERRNO_NOTCAPABLE;
}

function readable(d: Descriptor): i64 {
  switch (d.kind) {
    case KIND_PIPE_READ:
      return readReadiness(d.object);
    case KIND_SOCKET:
      return readReadiness(socketAt(d.object).rx);
    case KIND_LISTENER:
      return pendingOf(d.object) ? pendingOf(d.object) : NOT_READY;
    case KIND_FILE:
      return fileReadiness(d);
    case KIND_NULL:
      return HUNG_UP;
    default:
      return 1; // the host's: always ready
  }
}

function fileReadiness(d: Descriptor): i64 {
  lockTree();
  const size = inode_size(d.object);
  unlockTree();
  return size > d.offset ? <i64>min<u64>(size - d.offset, HUNG_UP - 1) : HUNG_UP;
}

function writable(d: Descriptor): i64 {
  switch (d.kind) {
    case KIND_PIPE_WRITE:
      return writeReadiness(d.object);
    case KIND_SOCKET:
      return writeReadiness(socketAt(d.object).tx);
    default:
      return FILE_ROOM;
  }
}

/** Sleeps until something changes or the first deadline comes. False: the process was killed. */
function wait(proc: usize, subscriptions: i32): bool {
  const seen = waitWord(proc);
  watchAll(proc, subscriptions, true);
  if (!isAnyReady(proc, subscriptions) && !isKilled(proc)) sleep(proc, seen, untilFirst(proc, subscriptions));
  watchAll(proc, subscriptions, false);
  return !isKilled(proc);
}

function isAnyReady(proc: usize, subscriptions: i32): bool {
  for (let i = 0; i < subscriptions; i++) {
    if (readinessOf(proc, subscriptionAt(proc, i), 0) != NOT_READY) return true;
  }
  return false;
}

/** Nanoseconds until the first clock's deadline; -1: no clock. */
function untilFirst(proc: usize, subscriptions: i32): i64 {
  let first = FOREVER;
  for (let i = 0; i < subscriptions; i++) {
    const at = subscriptionAt(proc, i);
    if (load<u8>(at, 8) == EVENTTYPE_CLOCK) first = min(first, load<u64>(at, 24));
  }
  if (first == FOREVER) return -1;
  const now = <u64>clock_time_get(CLOCKID_MONOTONIC);
  return first > now ? <i64>min<u64>(first - now, i64.MAX_VALUE) : 0;
}

function watchAll(proc: usize, subscriptions: i32, joins: bool): void {
  for (let i = 0; i < subscriptions; i++) {
    const at = subscriptionAt(proc, i);
    if (load<u8>(at, 8) == EVENTTYPE_CLOCK) continue;
    const d = findDescriptor(proc, load<i32>(at, 16));
    if (d) watchOne(proc, d, load<u8>(at, 8) == EVENTTYPE_FD_WRITE, joins);
  }
}

function watchOne(proc: usize, d: Descriptor, writes: bool, joins: bool): void {
  switch (d.kind) {
    case KIND_PIPE_READ:
    case KIND_PIPE_WRITE:
      watch(d.object, proc, writes, joins);
      break;
    case KIND_SOCKET:
      watch(writes ? socketAt(d.object).tx : socketAt(d.object).rx, proc, writes, joins);
      break;
    case KIND_LISTENER:
      if (joins) join(acceptSetOf(d.object), proc);
      else part(acceptSetOf(d.object), proc);
      break;
    default:
      break;
  }
}
