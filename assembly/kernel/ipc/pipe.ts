// A pipe: a ring of PIPE_BYTES in pages taken as they are first needed, any number of readers and writers. Readers exclude one another by one
// lock and writers by another; a reader and a writer never do: `head` and `tail` count bytes without end and each side moves only its own.
// Data is copied under the side's lock, at most a ring at a time, so a lock is held for microseconds; nobody sleeps with one.
// Depends on lock, slab, wait. POSIX.1-2017 write(), "pipes or FIFOs": up to PIPE_BUF bytes are written as a whole.
import { ERRNO_AGAIN, ERRNO_NOMEM, ERRNO_PIPE, ERRNO_SUCCESS, GATE_KILLED, IPC_PTR, PAGE_BYTES, PIPE_BUF, PIPE_BYTES } from "../abi";
import { lock_acquire, lock_release } from "../lock";
import { page_alloc, page_free, slab_alloc, slab_free } from "../slab";
import { SPINS, WAIT_SET_BYTES, WaitSet, isKilled, join, part, sleep, waitSetAt, waitWord, wake } from "./wait";

//    0  reader's line: readLock head            64  writer's line: writeLock tail
//  128  readers writers refs flags             144  pages   208  readSet   352  writeSet
@unmanaged
export class Pipe {
  readLock: i32;
  head: u32;
}

const WRITE_LOCK: usize = 64;
const TAIL: usize = 68;
const READERS: usize = 128;
const WRITERS: usize = 132;
const REFS: usize = 136;
const FLAGS: usize = 140;
const PAGES: usize = 144;
const READ_SET: usize = 208;
const WRITE_SET: usize = READ_SET + WAIT_SET_BYTES;
const PIPE_OBJECT_BYTES: i32 = 512;
const RING_PAGES: usize = PIPE_BYTES / PAGE_BYTES;
const RING: u32 = PIPE_BYTES;
const PAGE: u32 = PAGE_BYTES;
const ATOMIC: u32 = PIPE_BUF;

const PIPES_PTR: usize = IPC_PTR; // u32: pipes alive

/** A pipe with no ends yet and one reference, the creator's; 0 where memory is full. */
export function pipeCreate(flags: i32): usize {
  const pipe = slab_alloc(PIPE_OBJECT_BYTES);
  if (!pipe) return 0;
  memory.fill(pipe, 0, PIPE_OBJECT_BYTES);
  store<i32>(pipe, 1, REFS);
  store<i32>(pipe, flags, FLAGS);
  atomic.add<u32>(PIPES_PTR, 1);
  return pipe;
}


@inline
export function pipesAlive(): u32 {
  return atomic.load<u32>(PIPES_PTR);
}


@inline
export function pipeFlags(pipe: usize): i32 {
  return load<i32>(pipe, FLAGS);
}


@inline
export function readSetOf(pipe: usize): WaitSet {
  return waitSetAt(pipe + READ_SET);
}


@inline
export function writeSetOf(pipe: usize): WaitSet {
  return waitSetAt(pipe + WRITE_SET);
}

export function addReader(pipe: usize): void {
  atomic.add<i32>(pipe, 1, REFS);
  atomic.add<i32>(pipe, 1, READERS);
}

export function addWriter(pipe: usize): void {
  atomic.add<i32>(pipe, 1, REFS);
  atomic.add<i32>(pipe, 1, WRITERS);
}

/** Closes an end; the last reader wakes the writers, who then get PIPE. */
export function dropReader(pipe: usize): void {
  if (atomic.sub<i32>(pipe, 1, READERS) == 1) wake(writeSetOf(pipe));
  pipeRelease(pipe);
}

/** Closes an end; the last writer wakes the readers, who then see the end of the file. */
export function dropWriter(pipe: usize): void {
  if (atomic.sub<i32>(pipe, 1, WRITERS) == 1) wake(readSetOf(pipe));
  pipeRelease(pipe);
}

/** Gives up a reference; the last one frees the pipe. */
export function pipeRelease(pipe: usize): void {
  if (atomic.sub<i32>(pipe, 1, REFS) != 1) return;
  for (let i: usize = 0; i < RING_PAGES; i++) {
    const page = <usize>load<u32>(pipe + i * 4, PAGES);
    if (page) page_free(page);
  }
  slab_free(pipe, PIPE_OBJECT_BYTES);
  atomic.sub<u32>(PIPES_PTR, 1);
}

/** Bytes that wait to be read. */
@inline
export function pipeBytes(pipe: usize): u32 {
  return atomic.load<u32>(pipe, TAIL) - atomic.load<u32>(pipe, offsetof<Pipe>("head"));
}


@inline
export function hasWriters(pipe: usize): bool {
  return atomic.load<i32>(pipe, WRITERS) != 0;
}


@inline
export function hasReaders(pipe: usize): bool {
  return atomic.load<i32>(pipe, READERS) != 0;
}


@inline
export function isReadable(pipe: usize): bool {
  return pipeBytes(pipe) != 0 || !hasWriters(pipe);
}


@inline
export function isWritable(pipe: usize): bool {
  return RING - pipeBytes(pipe) >= ATOMIC || !hasReaders(pipe);
}

/** Takes what is there, up to `len` bytes; `keep` looks without taking. */
export function pipeTake(pipe: usize, to: usize, len: u32, keep: bool): u32 {
  lock_acquire(pipe);
  const head = load<u32>(pipe, offsetof<Pipe>("head"));
  const count = min(atomic.load<u32>(pipe, TAIL) - head, len);
  copyOut(pipe, head, to, count);
  if (!keep) atomic.store<u32>(pipe, head + count, offsetof<Pipe>("head"));
  lock_release(pipe);
  if (count && !keep && RING - pipeBytes(pipe) >= ATOMIC) wake(writeSetOf(pipe));
  return count;
}

/** Puts as much as there is room for, all or nothing up to PIPE_BUF bytes. Returns a count, or an errno negated. */
export function pipePut(pipe: usize, from: usize, len: u32): i32 {
  if (!hasReaders(pipe)) return -ERRNO_PIPE;
  lock_acquire(pipe + WRITE_LOCK);
  const tail = load<u32>(pipe, TAIL);
  const room = RING - (tail - atomic.load<u32>(pipe, offsetof<Pipe>("head")));
  const wanted = room >= len ? len : len <= ATOMIC ? 0 : room;
  const count = reserve(pipe, tail, wanted);
  copyIn(pipe, tail, from, count);
  atomic.store<u32>(pipe, tail + count, TAIL);
  lock_release(pipe + WRITE_LOCK);
  if (count) wake(readSetOf(pipe));
  return count == 0 && wanted != 0 ? -ERRNO_NOMEM : <i32>count;
}

/** Makes sure of the pages for `count` bytes from `at` on; returns how many bytes there are pages for, 0 where an atomic write does not fit. */
function reserve(pipe: usize, at: u32, count: u32): u32 {
  let have: u32 = 0;
  while (have < count) {
    const offset = (at + have) & (RING - 1);
    const slot = pipe + <usize>(offset / PAGE) * 4;
    if (!load<u32>(slot, PAGES)) {
      const page = page_alloc();
      if (!page) return count <= ATOMIC ? 0 : have;
      store<u32>(slot, <u32>page, PAGES);
    }
    have = min(count, have + PAGE - (offset & (PAGE - 1)));
  }
  return have;
}

function copyOut(pipe: usize, at: u32, to: usize, count: u32): void {
  let done: u32 = 0;
  while (done < count) {
    const offset = (at + done) & (RING - 1);
    const inPage = offset & (PAGE - 1);
    const piece = min(PAGE - inPage, count - done);
    memory.copy(to + done, <usize>load<u32>(pipe + <usize>(offset / PAGE) * 4, PAGES) + inPage, piece);
    done += piece;
  }
}

function copyIn(pipe: usize, at: u32, from: usize, count: u32): void {
  let done: u32 = 0;
  while (done < count) {
    const offset = (at + done) & (RING - 1);
    const inPage = offset & (PAGE - 1);
    const piece = min(PAGE - inPage, count - done);
    memory.copy(<usize>load<u32>(pipe + <usize>(offset / PAGE) * 4, PAGES) + inPage, from + done, piece);
    done += piece;
  }
}

/** Reads for a process: waits until there is something (unless `nonblock`), and then takes what there is. A count, or an errno or GATE_KILLED as -256 - it. */
export function pipeRead(pipe: usize, proc: usize, to: usize, len: u32, nonblock: bool, keep: bool): i32 {
  if (!len) return 0;
  while (true) {
    const ended = !hasWriters(pipe); // looked at before the bytes: what was written before the close is read
    const count = pipeTake(pipe, to, len, keep);
    if (count || ended) return count;
    if (nonblock) return refused(ERRNO_AGAIN);
    if (!awaitReadable(pipe, proc)) return refused(GATE_KILLED);
  }
}

/** Writes for a process: all of it, unless `nonblock`, where it writes what fits. */
export function pipeWrite(pipe: usize, proc: usize, from: usize, len: u32, nonblock: bool): i32 {
  let done: u32 = 0;
  while (true) {
    const count = pipePut(pipe, from + done, len - done);
    if (count < 0) return done ? done : refused(-count);
    done += count;
    if (done == len) return done;
    if (nonblock) return done ? done : refused(ERRNO_AGAIN);
    if (!awaitWritable(pipe, proc)) return refused(GATE_KILLED);
  }
}

const REFUSED = -256;


@inline
function refused(error: i32): i32 {
  return REFUSED - error;
}

/** What a negative result of pipeRead and pipeWrite says: an errno or GATE_KILLED; SUCCESS for a count. */
@inline
export function errorOf(result: i32): i32 {
  return result >= 0 ? ERRNO_SUCCESS : REFUSED - result;
}

/** Spins a little, then sleeps. False: the process was killed. */
function awaitReadable(pipe: usize, proc: usize): bool {
  for (let i = 0; i < SPINS; i++) if (isReadable(pipe)) return true;
  const seen = waitWord(proc);
  join(readSetOf(pipe), proc);
  if (!isReadable(pipe) && !isKilled(proc)) sleep(proc, seen, -1);
  part(readSetOf(pipe), proc);
  return !isKilled(proc);
}

function awaitWritable(pipe: usize, proc: usize): bool {
  for (let i = 0; i < SPINS; i++) if (isWritable(pipe)) return true;
  const seen = waitWord(proc);
  join(writeSetOf(pipe), proc);
  if (!isWritable(pipe) && !isKilled(proc)) sleep(proc, seen, -1);
  part(writeSetOf(pipe), proc);
  return !isKilled(proc);
}
