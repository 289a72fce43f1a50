// Local stream sockets. A connected one is two pipes, one a direction; a listening one keeps the ends of connections until they are accepted.
// A socket has one owner: a descriptor, or the backlog of a listener. Depends on lock, slab, pipe, wait. POSIX accept, shutdown.
import { ERRNO_AGAIN, ERRNO_CONNREFUSED, ERRNO_NOMEM, ERRNO_SUCCESS, IPC_PTR, MAX_BACKLOG, SDFLAGS_RD, SDFLAGS_WR } from "../abi";
import { lock_acquire, lock_release } from "../lock";
import { slab_alloc, slab_free } from "../slab";
import { addReader, addWriter, dropReader, dropWriter, pipeCreate, pipeRelease } from "./pipe";
import { isKilled, join, part, sleep, WAIT_SET_BYTES, WaitSet, waitSetAt, waitWord, wake } from "./wait";


@unmanaged
export class Socket {
  /** The pipe it reads from, and the one it writes to; 0 once that direction is shut down. */
  rx: usize;
  tx: usize;
}

const SOCKET_BYTES: i32 = 16;

//   0  lock  count  head  refs   16  acceptors   32  set   176  backlog, a socket's address each
@unmanaged
export class Listener {
  lock: i32;
  count: i32;
  head: i32;
  refs: i32;
  acceptors: i32;
}

const LISTENER_SET: usize = 32;
const BACKLOG: usize = LISTENER_SET + WAIT_SET_BYTES;
const LISTENER_BYTES: i32 = 704;

const SOCKETS_PTR: usize = IPC_PTR + 4; // u32: sockets alive
const LISTENERS_PTR: usize = IPC_PTR + 8; // u32: listeners alive


@inline
export function socketAt(ptr: usize): Socket {
  return changetype<Socket>(ptr);
}


@inline
export function socketsAlive(): u32 {
  return atomic.load<u32>(SOCKETS_PTR);
}


@inline
export function listenersAlive(): u32 {
  return atomic.load<u32>(LISTENERS_PTR);
}

/** A connected pair: the first; the second's address is put at `secondPtr`. 0: no memory. */
export function socketPair(secondPtr: usize): usize {
  const first = slab_alloc(SOCKET_BYTES);
  const second = slab_alloc(SOCKET_BYTES);
  const there = pipeCreate(0);
  const back = pipeCreate(0);
  if (!first || !second || !there || !back) return forget(first, second, there, back);
  attach(first, back, there);
  attach(second, there, back);
  pipeRelease(there);
  pipeRelease(back);
  atomic.add<u32>(SOCKETS_PTR, 2);
  store<u32>(secondPtr, <u32>second);
  return first;
}

function forget(first: usize, second: usize, there: usize, back: usize): usize {
  if (first) slab_free(first, SOCKET_BYTES);
  if (second) slab_free(second, SOCKET_BYTES);
  if (there) pipeRelease(there);
  if (back) pipeRelease(back);
  return 0;
}

function attach(socket: usize, rx: usize, tx: usize): void {
  addReader(rx);
  addWriter(tx);
  socketAt(socket).rx = rx;
  socketAt(socket).tx = tx;
}

/** Shuts down one direction or both (SDFLAGS_*). Once more is no error. */
export function socketShutdown(socket: usize, how: i32): void {
  const s = socketAt(socket);
  if (how & SDFLAGS_RD && s.rx) {
    dropReader(s.rx);
    s.rx = 0;
  }
  if (how & SDFLAGS_WR && s.tx) {
    dropWriter(s.tx);
    s.tx = 0;
  }
}

export function socketClose(socket: usize): void {
  socketShutdown(socket, SDFLAGS_RD | SDFLAGS_WR);
  slab_free(socket, SOCKET_BYTES);
  atomic.sub<u32>(SOCKETS_PTR, 1);
}

/** With one reference, the creator's, and nobody who accepts; 0: no memory. */
export function listenerCreate(): usize {
  const listener = slab_alloc(LISTENER_BYTES);
  if (!listener) return 0;
  changetype<Listener>(listener).refs = 1;
  atomic.add<u32>(LISTENERS_PTR, 1);
  return listener;
}


@inline
export function acceptSetOf(listener: usize): WaitSet {
  return waitSetAt(listener + LISTENER_SET);
}


@inline
export function pendingOf(listener: usize): i32 {
  return atomic.load<i32>(listener, offsetof<Listener>("count"));
}

export function addAcceptor(listener: usize): void {
  atomic.add<i32>(listener, 1, offsetof<Listener>("refs"));
  atomic.add<i32>(listener, 1, offsetof<Listener>("acceptors"));
}

/** The last one closes the connections that nobody accepted. */
export function dropAcceptor(listener: usize): void {
  atomic.sub<i32>(listener, 1, offsetof<Listener>("acceptors"));
  for (let socket = takePending(listener, false); socket; socket = takePending(listener, false)) socketClose(socket);
  listenerRelease(listener);
}

export function listenerRelease(listener: usize): void {
  if (atomic.sub<i32>(listener, 1, offsetof<Listener>("refs")) != 1) return;
  slab_free(listener, LISTENER_BYTES);
  atomic.sub<u32>(LISTENERS_PTR, 1);
}

/** The oldest connection, or 0: for one that accepts, or else only while nobody does, as another one may begin to meanwhile. */
export function takePending(listener: usize, accepts: bool): usize {
  const l = changetype<Listener>(listener);
  lock_acquire(listener);
  let socket: usize = 0;
  if (l.count && (accepts || !atomic.load<i32>(listener, offsetof<Listener>("acceptors")))) {
    socket = load<u32>(slotAt(listener, l.head));
    l.head = (l.head + 1) % MAX_BACKLOG;
    atomic.sub<i32>(listener, 1, offsetof<Listener>("count"));
  }
  lock_release(listener);
  return socket;
}


@inline
function slotAt(listener: usize, index: i32): usize {
  return listener + BACKLOG + <usize>index * 4;
}

/** Connects: puts one end into the backlog and its other end at `otherPtr`. CONNREFUSED where nobody accepts, AGAIN where the backlog is full. */
export function connectTo(listener: usize, otherPtr: usize): i32 {
  const l = changetype<Listener>(listener);
  const end = socketPair(otherPtr);
  if (!end) return ERRNO_NOMEM;
  lock_acquire(listener);
  const refused =
    atomic.load<i32>(listener, offsetof<Listener>("acceptors")) == 0 ? ERRNO_CONNREFUSED : l.count == MAX_BACKLOG ? ERRNO_AGAIN : 0;
  if (!refused) {
    store<u32>(slotAt(listener, (l.head + l.count) % MAX_BACKLOG), <u32>end);
    atomic.add<i32>(listener, 1, offsetof<Listener>("count"));
  }
  lock_release(listener);
  if (!refused) wake(acceptSetOf(listener));
  else {
    socketClose(end);
    socketClose(load<u32>(otherPtr));
  }
  return refused ? refused : ERRNO_SUCCESS;
}

/** Waits for a connection. False: the process was killed. */
export function awaitPending(listener: usize, proc: usize): bool {
  const seen = waitWord(proc);
  join(acceptSetOf(listener), proc);
  if (!pendingOf(listener) && !isKilled(proc)) sleep(proc, seen, -1);
  part(acceptSetOf(listener), proc);
  return !isKilled(proc);
}
