// sock_accept, sock_recv, sock_send, sock_shutdown on local stream sockets. Depends on proc, ipc. WASI preview1. What is no socket: NOTSOCK.
import {
  COUNT_CALLS_SOCK,
  COUNT_SOCKET_READ_BYTES,
  COUNT_SOCKET_WRITTEN_BYTES,
  ERRNO_AGAIN,
  ERRNO_BADF,
  ERRNO_INVAL,
  ERRNO_MFILE,
  ERRNO_NOTCAPABLE,
  ERRNO_NOTCONN,
  ERRNO_NOTSOCK,
  ERRNO_NOTSUP,
  ERRNO_PIPE,
  ERRNO_SUCCESS,
  FDFLAGS_NONBLOCK,
  FILETYPE_SOCKET_STREAM,
  GATE_KILLED,
  KIND_LISTENER,
  KIND_SOCKET,
  RIFLAGS_RECV_PEEK,
  RIFLAGS_RECV_WAITALL,
  RIGHT_FD_READ,
  RIGHT_FD_WRITE,
  RIGHT_SOCK_ACCEPT,
  RIGHT_SOCK_SHUTDOWN,
  RIGHTS_SOCKET,
  SDFLAGS_RD,
  SDFLAGS_WR,
  WINDOW_BYTES,
} from "../abi";
import { errorOf, pipeRead, pipeWrite } from "../ipc/pipe";
import { awaitPending, socketAt, socketShutdown, takePending } from "../ipc/socket";
import { count } from "../proc/account";
import { Descriptor, findDescriptor, openDescriptor, reserveDescriptor } from "../proc/fdtable";
import { enter, leave, processAt, setResult, windowOf } from "../proc/process";
import { checked } from "./descriptor";

export function sock_accept(proc: usize, fd: i32, fdflags: i32): i32 {
  if (!enter(proc)) return GATE_KILLED;
  count(proc, COUNT_CALLS_SOCK, 1);
  return leave(proc, accept(proc, fd, fdflags));
}

export function sock_recv(proc: usize, fd: i32, len: i32, riFlags: i32): i32 {
  if (!enter(proc)) return GATE_KILLED;
  count(proc, COUNT_CALLS_SOCK, 1);
  return leave(proc, receive(proc, fd, len, riFlags));
}

/** `siFlags` must be 0. Flags that are not known are NOTSUP here as in sock_recv, as in wasmtime. */
export function sock_send(proc: usize, fd: i32, len: i32, siFlags: i32): i32 {
  if (!enter(proc)) return GATE_KILLED;
  count(proc, COUNT_CALLS_SOCK, 1);
  return leave(proc, send(proc, fd, len, siFlags));
}

export function sock_shutdown(proc: usize, fd: i32, how: i32): i32 {
  if (!enter(proc)) return GATE_KILLED;
  count(proc, COUNT_CALLS_SOCK, 1);
  const error = checkSocket(proc, fd, KIND_SOCKET, RIGHT_SOCK_SHUTDOWN);
  if (error) return leave(proc, error);
  if (how == 0 || how & ~(SDFLAGS_RD | SDFLAGS_WR)) return leave(proc, ERRNO_INVAL);
  socketShutdown(checked(proc, fd).object, how);
  return leave(proc, ERRNO_SUCCESS);
}

/** A connected or a listening socket, as `kind` says. INVAL and NOTCONN for the wrong one of the two. */
function checkSocket(proc: usize, fd: i32, kind: i32, right: u64): i32 {
  const d = findDescriptor(proc, fd);
  if (!d) return ERRNO_BADF;
  if (d.kind != KIND_SOCKET && d.kind != KIND_LISTENER) return ERRNO_NOTSOCK;
  if (d.kind != kind) return kind == KIND_LISTENER ? ERRNO_INVAL : ERRNO_NOTCONN;
  return d.rightsBase & right ? ERRNO_SUCCESS : ERRNO_NOTCAPABLE;
}


@inline
function isNonblocking(d: Descriptor): bool {
  return (d.fdflags & FDFLAGS_NONBLOCK) != 0;
}

/** RESULT0: the new descriptor. Its number is found before a connection is taken. */
function accept(proc: usize, fd: i32, fdflags: i32): i32 {
  const error = checkSocket(proc, fd, KIND_LISTENER, RIGHT_SOCK_ACCEPT);
  if (error) return error;
  if (fdflags & ~FDFLAGS_NONBLOCK) return ERRNO_INVAL;
  const p = processAt(proc);
  if (p.pipes >= p.maxPipes) return ERRNO_MFILE;
  const number = reserveDescriptor(proc);
  if (number < 0) return -number;
  const listener = checked(proc, fd);
  let socket = takePending(listener.object, true);
  while (!socket) {
    if (isNonblocking(listener)) return ERRNO_AGAIN;
    if (!awaitPending(listener.object, proc)) return GATE_KILLED;
    socket = takePending(listener.object, true);
  }
  const d = openDescriptor(proc, number, KIND_SOCKET, FILETYPE_SOCKET_STREAM, 0, socket);
  d.rightsBase = RIGHTS_SOCKET & ~RIGHT_SOCK_ACCEPT;
  d.fdflags = fdflags;
  p.pipes++;
  setResult(proc, 0, number);
  return ERRNO_SUCCESS;
}

/** RESULT0: how many bytes; RESULT1: roflags, always 0 (a stream truncates nothing). PEEK counts for more than WAITALL, as in wasmtime. */
function receive(proc: usize, fd: i32, len: i32, riFlags: i32): i32 {
  const error = checkSocket(proc, fd, KIND_SOCKET, RIGHT_FD_READ);
  if (error) return error;
  if (riFlags & ~(RIFLAGS_RECV_PEEK | RIFLAGS_RECV_WAITALL)) return ERRNO_NOTSUP;
  if (<u32>len > <u32>WINDOW_BYTES) return ERRNO_INVAL;
  const d = checked(proc, fd);
  const pipe = socketAt(d.object).rx;
  let got = 0;
  while (pipe && got < len) {
    const taken = pipeRead(pipe, proc, windowOf(proc) + got, len - got, isNonblocking(d), (riFlags & RIFLAGS_RECV_PEEK) != 0);
    const failed = errorOf(taken);
    if (failed && (!got || failed == GATE_KILLED)) return failed;
    if (taken > 0) got += taken;
    if (taken <= 0 || riFlags != RIFLAGS_RECV_WAITALL) break;
  }
  setResult(proc, 0, got);
  setResult(proc, 1, 0);
  if (!(riFlags & RIFLAGS_RECV_PEEK)) count(proc, COUNT_SOCKET_READ_BYTES, got);
  return ERRNO_SUCCESS;
}

function send(proc: usize, fd: i32, len: i32, siFlags: i32): i32 {
  const error = checkSocket(proc, fd, KIND_SOCKET, RIGHT_FD_WRITE);
  if (error) return error;
  if (siFlags) return ERRNO_NOTSUP;
  if (<u32>len > <u32>WINDOW_BYTES) return ERRNO_INVAL;
  const d = checked(proc, fd);
  const pipe = socketAt(d.object).tx;
  if (!pipe) return ERRNO_PIPE;
  const put = pipeWrite(pipe, proc, windowOf(proc), len, isNonblocking(d));
  const failed = errorOf(put);
  if (failed) return failed;
  setResult(proc, 0, put);
  count(proc, COUNT_SOCKET_WRITTEN_BYTES, put);
  return ERRNO_SUCCESS;
}
