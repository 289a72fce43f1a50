// What the host asks of the kernel: processes, their first descriptors, the host's own ends of pipes. Depends on proc and ipc.
// The host's window is the last slot's; one thread of the host uses it.
import {
  ERRNO_AGAIN,
  ERRNO_BUSY,
  ERRNO_MFILE,
  ERRNO_SUCCESS,
  FILETYPE_CHARACTER_DEVICE,
  FILETYPE_DIRECTORY,
  FILETYPE_UNKNOWN,
  GATE_KILLED,
  HOST_SLOT,
  KIND_HOST,
  KIND_NULL,
  KIND_PIPE_READ,
  KIND_PIPE_WRITE,
  OPEN_HOST_DIRECTORY,
  OPEN_PREOPEN,
  OPEN_TERMINAL,
  PROCESS_RESULTS_AT,
  REASON_EXIT,
  RIGHTS_ALL,
  RIGHTS_STREAM,
  RIGHT_FD_READ,
  RIGHT_FD_WRITE,
  STATE_DEAD,
  WINDOW_BYTES,
  KIND_DIRECTORY,
  KIND_FREE,
  KIND_LISTENER,
  KIND_SOCKET,
  RIGHTS_LISTENER,
  RIGHTS_SOCKET,
  RIGHT_SOCK_ACCEPT,
  FILETYPE_SOCKET_STREAM,
  ERRNO_NOMEM,
  PROCESS_COUNTERS,
  COUNT_PROCESSES,
  COUNT_PROCESSES_CREATED,
  COUNT_PROCESSES_KILLED,
  COUNT_DESCRIPTORS,
  COUNT_PIPES,
  COUNT_SOCKETS,
  COUNT_LISTENERS,
} from "../abi";
import {
  addReader,
  addWriter,
  dropReader,
  dropWriter,
  hasWriters,
  pipesAlive,
  pipeCreate,
  pipeFlags,
  pipePut,
  pipeRelease,
  pipeTake,
  readSetOf,
  writeSetOf,
} from "../ipc/pipe";
import {
  addAcceptor,
  connectTo,
  listenerCreate,
  listenerRelease,
  listenersAlive,
  socketClose,
  socketPair,
  socketsAlive,
} from "../ipc/socket";
import { arm, hostWord } from "../ipc/wait";
import { counterOf, createdCount, killedCount, noteCreated, settle, sumOf } from "../proc/account";
import { findDescriptor, openDescriptor, reserveDescriptor, reserveNumber } from "../proc/fdtable";
import { lockTree, unlockTree } from "../proc/kernel-lock";
import {
  clearRecord,
  createProcess,
  descriptorsOpen,
  processesAlive,
  enter,
  killProcess,
  leave,
  processAt,
  processInSlot,
  setResult,
  windowOf,
} from "../proc/process";
import { releaseAll } from "../proc/release";
import { inode_hold } from "../vfs/inode";
import { named } from "./descriptor";
import { grant } from "./open";

export function process_create(maxDescriptors: i32, maxPipes: i32, outputLimitBytes: i64): usize {
  const proc = createProcess(maxDescriptors, maxPipes, outputLimitBytes);
  if (proc) noteCreated();
  return proc;
}

export function process_window(proc: usize): usize {
  return windowOf(proc);
}

export function process_results(proc: usize): usize {
  return proc + PROCESS_RESULTS_AT;
}

export function process_state(proc: usize): i32 {
  return atomic.load<i32>(proc);
}

export function process_reason(proc: usize): i32 {
  return processAt(proc).reason;
}

/** 1: the process is DEAD. 0: it is inside the kernel and becomes DEAD as it leaves; its state word is notified. */
export function process_kill(proc: usize, reason: i32): i32 {
  return killProcess(proc, reason) ? 1 : 0;
}

/** A process's own end, from its own thread: no call of it does anything any more. */
export function process_exit(proc: usize): void {
  killProcess(proc, REASON_EXIT);
}

/** Closes and frees everything of a DEAD process whose thread has ended or makes no more calls. BUSY where it is not DEAD. */
export function process_reap(proc: usize): i32 {
  if (atomic.load<i32>(proc) != STATE_DEAD) return -ERRNO_BUSY;
  releaseAll(proc);
  settle(proc, processAt(proc).reason != REASON_EXIT);
  clearRecord(proc);
  return ERRNO_SUCCESS;
}

export function host_process(): usize {
  return processInSlot(HOST_SLOT);
}

export function pipe_create(flags: i32): usize {
  return pipeCreate(flags);
}

export function pipe_release(pipe: usize): void {
  pipeRelease(pipe);
}

/** Opens an end for the host: 0 to read, 1 to write. */
export function pipe_open(pipe: usize, end: i32): void {
  if (end) addWriter(pipe);
  else addReader(pipe);
}

export function pipe_close(pipe: usize, end: i32): void {
  if (end) dropWriter(pipe);
  else dropReader(pipe);
}

/** Into the host's window. A count, 0 at the end of the file, -AGAIN where there is nothing yet. */
export function pipe_host_read(pipe: usize, len: i32): i32 {
  const ended = !hasWriters(pipe);
  const got = pipeTake(pipe, windowOf(host_process()), min(<u32>len, WINDOW_BYTES), false);
  return got || ended ? got : -ERRNO_AGAIN;
}

/** From the host's window. How much went in, -AGAIN for nothing, -PIPE where nobody reads. */
export function pipe_host_write(pipe: usize, len: i32): i32 {
  const put = pipePut(pipe, windowOf(host_process()), min(<u32>len, WINDOW_BYTES));
  return put == 0 && len != 0 ? -ERRNO_AGAIN : put;
}

/** The word that is notified of the next change of an end after pipe_arm: read it, arm, try once more, wait while it is unchanged. */
export function pipe_word(pipe: usize, end: i32): usize {
  return hostWord(end ? writeSetOf(pipe) : readSetOf(pipe));
}

export function pipe_arm(pipe: usize, end: i32): void {
  arm(end ? writeSetOf(pipe) : readSetOf(pipe));
}

/** `fd` of the host's choice or the lowest (-1): the number, or an errno negated. */
function numberFor(proc: usize, fd: i32): i32 {
  return fd < 0 ? reserveDescriptor(proc) : reserveNumber(proc, fd);
}

export function fd_install_pipe(proc: usize, wanted: i32, pipe: usize, end: i32, flags: i32): i32 {
  const p = processAt(proc);
  if (p.pipes >= p.maxPipes) return -ERRNO_MFILE;
  const fd = numberFor(proc, wanted);
  if (fd < 0) return fd;
  const all = flags | pipeFlags(pipe);
  const d = openDescriptor(proc, fd, end ? KIND_PIPE_WRITE : KIND_PIPE_READ, filetypeOf(all), all, pipe);
  d.rightsBase = streamRights(end);
  pipe_open(pipe, end);
  p.pipes++;
  return fd;
}


@inline
function filetypeOf(flags: i32): i32 {
  return flags & OPEN_TERMINAL ? FILETYPE_CHARACTER_DEVICE : FILETYPE_UNKNOWN;
}


@inline
function streamRights(end: i32): u64 {
  return RIGHTS_STREAM & ~(end ? RIGHT_FD_READ : RIGHT_FD_WRITE);
}

/** Reads nothing and takes everything. No character device unless told, which a libc would take for a terminal. */
export function fd_install_null(proc: usize, wanted: i32, flags: i32): i32 {
  const fd = numberFor(proc, wanted);
  if (fd < 0) return fd;
  const d = openDescriptor(proc, fd, KIND_NULL, filetypeOf(flags), flags, 0);
  // Standard input is for reading only, as the pipe is that may stand in its place.
  d.rightsBase = wanted == 0 ? RIGHTS_STREAM & ~RIGHT_FD_WRITE : RIGHTS_STREAM;
  return fd;
}

/** What the host opened for a call that answered GATE_HOST. RESULT0: the descriptor. */
export function fd_install_host(proc: usize, handle: i32, rightsBase: u64, rightsInheriting: u64, filetype: i32, fdflags: i32): i32 {
  if (!enter(proc)) return GATE_KILLED;
  return leave(proc, installHost(proc, handle, rightsBase, rightsInheriting, filetype, fdflags));
}

function installHost(proc: usize, handle: i32, rightsBase: u64, rightsInheriting: u64, filetype: i32, fdflags: i32): i32 {
  const fd = reserveDescriptor(proc);
  if (fd < 0) return -fd;
  const flags = filetype == FILETYPE_DIRECTORY ? OPEN_HOST_DIRECTORY : 0;
  const d = openDescriptor(proc, fd, KIND_HOST, filetype, flags, handle);
  grant(d, rightsInheriting & RIGHTS_ALL, rightsBase);
  d.fdflags = fdflags;
  setResult(proc, 0, fd);
  return ERRNO_SUCCESS;
}

/** A host directory under the name in the process's window. The number, or an errno negated. */
export function fd_install_host_preopen(proc: usize, handle: i32, nameLen: i32, rightsBase: u64, rightsInheriting: u64): i32 {
  const fd = reserveDescriptor(proc);
  if (fd < 0) return fd;
  const d = openDescriptor(proc, fd, KIND_HOST, FILETYPE_DIRECTORY, OPEN_HOST_DIRECTORY | OPEN_PREOPEN, handle);
  d.rightsBase = rightsBase & RIGHTS_ALL;
  d.rightsInheriting = rightsInheriting & RIGHTS_ALL;
  return named(proc, fd, d, nameLen);
}

/** A directory of the tree under the name in the process's window; it is held. The number, or an errno negated. */
export function fd_install_preopen(proc: usize, inode: usize, nameLen: i32, rightsBase: u64, rightsInheriting: u64): i32 {
  const fd = reserveDescriptor(proc);
  if (fd < 0) return fd;
  lockTree();
  inode_hold(inode);
  unlockTree();
  const d = openDescriptor(proc, fd, KIND_DIRECTORY, FILETYPE_DIRECTORY, OPEN_PREOPEN, inode);
  d.rightsBase = rightsBase & RIGHTS_ALL;
  d.rightsInheriting = rightsInheriting & RIGHTS_ALL;
  return named(proc, fd, d, nameLen);
}

export function listener_create(): usize {
  return listenerCreate();
}

export function listener_release(listener: usize): void {
  listenerRelease(listener);
}

/** A descriptor to accept from. */
export function fd_install_listener(proc: usize, wanted: i32, listener: usize): i32 {
  const p = processAt(proc);
  if (p.pipes >= p.maxPipes) return -ERRNO_MFILE;
  const fd = numberFor(proc, wanted);
  if (fd < 0) return fd;
  addAcceptor(listener);
  openDescriptor(proc, fd, KIND_LISTENER, FILETYPE_SOCKET_STREAM, OPEN_PREOPEN, listener).rightsBase = RIGHTS_LISTENER;
  p.pipes++;
  return fd;
}

/** A descriptor connected to a listener: the number, or an errno negated (CONNREFUSED, AGAIN). */
export function fd_install_connection(proc: usize, wanted: i32, listener: usize): i32 {
  const p = processAt(proc);
  if (p.pipes >= p.maxPipes) return -ERRNO_MFILE;
  const fd = numberFor(proc, wanted);
  if (fd < 0) return fd;
  const out = proc + PROCESS_RESULTS_AT;
  const error = connectTo(listener, out);
  if (error) return -error;
  installSocket(proc, fd, load<u32>(out));
  return fd;
}

function installSocket(proc: usize, fd: i32, socket: usize): void {
  openDescriptor(proc, fd, KIND_SOCKET, FILETYPE_SOCKET_STREAM, 0, socket).rightsBase = RIGHTS_SOCKET & ~RIGHT_SOCK_ACCEPT;
  processAt(proc).pipes++;
}

/** A connected pair, one end for each of two processes (or both for one). An errno negated, or 0; the numbers are in RESULT0 of each. */
export function socket_pair(proc: usize, wanted: i32, other: usize, otherWanted: i32): i32 {
  const fd = numberFor(proc, wanted);
  if (fd < 0) return fd;
  const out = proc + PROCESS_RESULTS_AT;
  const first = socketPair(out);
  if (!first) return -ERRNO_NOMEM;
  const second = <usize>load<u32>(out);
  installSocket(proc, fd, first);
  const otherFd = numberFor(other, otherWanted);
  if (otherFd < 0) {
    socketClose(second);
    return otherFd; // the first end stays: its process sees the end of the file
  }
  installSocket(other, otherFd, second);
  setResult(proc, 0, fd);
  setResult(other, other == proc ? 1 : 0, otherFd);
  return ERRNO_SUCCESS;
}

/** KIND_* of what a number stands for; KIND_FREE where nothing is open. */
export function fd_kind(proc: usize, fd: i32): i32 {
  const d = findDescriptor(proc, fd);
  return d ? d.kind : KIND_FREE;
}

/** A process's own counters, COUNT_* of abi below PROCESS_COUNTERS. */
export function process_counter(proc: usize, counter: i32): u64 {
  return <u32>counter < <u32>PROCESS_COUNTERS ? counterOf(proc, counter) : 0;
}

/** Below PROCESS_COUNTERS the sums over ended processes (add those that live), above them the gauges of the kernel. */
export function kernel_counter(counter: i32): u64 {
  if (<u32>counter < <u32>PROCESS_COUNTERS) return sumOf(counter);
  switch (counter) {
    case COUNT_PROCESSES:
      return processesAlive();
    case COUNT_PROCESSES_CREATED:
      return createdCount();
    case COUNT_PROCESSES_KILLED:
      return killedCount();
    case COUNT_DESCRIPTORS:
      return descriptorsOpen();
    case COUNT_PIPES:
      return pipesAlive();
    case COUNT_SOCKETS:
      return socketsAlive();
    case COUNT_LISTENERS:
      return listenersAlive();
    default:
      return 0;
  }
}
