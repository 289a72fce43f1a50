// Reading and writing elsewhere, and the position: fd_pread, fd_pwrite, fd_seek, fd_tell. Depends on proc, vfs.
// WASI preview1. Streams have no position: SPIPE. An offset of 2 ** 63 or more is INVAL. A file open with APPEND is appended to by fd_pwrite as well, as Linux and wasmtime have it.
import {
  COUNT_CALLS_FD,
  COUNT_FILE_READ_BYTES,
  COUNT_FILE_WRITTEN_BYTES,
  ERRNO_BADF,
  ERRNO_INVAL,
  ERRNO_SPIPE,
  ERRNO_SUCCESS,
  FDFLAGS_APPEND,
  FILETYPE_DIRECTORY,
  GATE_KILLED,
  GATE_PAGE,
  KIND_FILE,
  KIND_HOST,
  RIGHT_FD_READ,
  RIGHT_FD_SEEK,
  RIGHT_FD_TELL,
  RIGHT_FD_WRITE,
  WHENCE_CUR,
  WHENCE_END,
  WHENCE_SET,
  WINDOW_BYTES,
} from "../abi";
import { count } from "../proc/account";
import { Descriptor, findDescriptor } from "../proc/fdtable";
import { lockTree, unlockTree } from "../proc/kernel-lock";
import { enter, leave, setResult, windowOf } from "../proc/process";
import { file_page, file_read, file_write } from "../vfs/file";
import { File, inode_size } from "../vfs/inode";
import { vfs_count } from "../vfs/state";
import { stamp } from "./clock";
import { accessError, checked, checkFile, host } from "./descriptor";

export function fd_pread(proc: usize, fd: i32, len: i32, offset: u64): i32 {
  if (!enter(proc)) return GATE_KILLED;
  count(proc, COUNT_CALLS_FD, 1);
  return leave(proc, readAt(proc, fd, len, offset));
}

/** The same where the program's own thread copies: what lies on one page of a file is not put into the window but left where it is, GATE_PAGE. RESULT0 says
 *  how many bytes, RESULT1 where, RESULT2 and RESULT3 the file's version: its address and value. The copy is good if it is the same afterwards. */
export function fd_pread_page(proc: usize, fd: i32, len: i32, offset: u64): i32 {
  if (!enter(proc)) return GATE_KILLED;
  count(proc, COUNT_CALLS_FD, 1);
  return leave(proc, readPageAt(proc, fd, len, offset));
}

export function fd_pwrite(proc: usize, fd: i32, len: i32, offset: u64): i32 {
  if (!enter(proc)) return GATE_KILLED;
  count(proc, COUNT_CALLS_FD, 1);
  return leave(proc, writeAt(proc, fd, len, offset));
}

export function fd_seek(proc: usize, fd: i32, offset: i64, whence: i32): i32 {
  if (!enter(proc)) return GATE_KILLED;
  count(proc, COUNT_CALLS_FD, 1);
  return leave(proc, seek(proc, fd, offset, whence));
}

export function fd_tell(proc: usize, fd: i32): i32 {
  if (!enter(proc)) return GATE_KILLED;
  count(proc, COUNT_CALLS_FD, 1);
  return leave(proc, tell(proc, fd));
}

/** What has a position and may be accessed so; SPIPE for streams. */
@inline
function checkPositioned(proc: usize, fd: i32, access: u64): i32 {
  const d = findDescriptor(proc, fd);
  if (!d) return ERRNO_BADF;
  if (d.kind == KIND_FILE || d.kind == KIND_HOST) return d.rightsBase & access ? ERRNO_SUCCESS : accessError(d);
  return d.filetype == FILETYPE_DIRECTORY ? ERRNO_BADF : ERRNO_SPIPE;
}

function readAt(proc: usize, fd: i32, len: i32, offset: u64): i32 {
  const error = checkPositioned(proc, fd, RIGHT_FD_READ);
  if (error) return error;
  if (<u32>len > <u32>WINDOW_BYTES || <i64>offset < 0) return ERRNO_INVAL;
  const d = checked(proc, fd);
  if (d.kind == KIND_HOST) return host(proc, d);
  lockTree();
  const got = file_read(d.object, offset, windowOf(proc), len);
  unlockTree();
  count(proc, COUNT_FILE_READ_BYTES, got);
  setResult(proc, 0, got);
  return ERRNO_SUCCESS;
}

function readPageAt(proc: usize, fd: i32, len: i32, offset: u64): i32 {
  const d = findDescriptor(proc, fd);
  if (!d || d.kind != KIND_FILE || !(d.rightsBase & RIGHT_FD_READ) || <i64>offset < 0) return readAt(proc, fd, len, offset);
  const file = changetype<File>(d.object);
  lockTree();
  const at = file_page(file, offset, len);
  const version = file.version;
  unlockTree();
  if (!at) return readAt(proc, fd, len, offset);
  count(proc, COUNT_FILE_READ_BYTES, len);
  setResult(proc, 0, len);
  setResult(proc, 1, at);
  setResult(proc, 2, d.object + offsetof<File>("version"));
  setResult(proc, 3, version);
  return GATE_PAGE;
}

function writeAt(proc: usize, fd: i32, len: i32, offset: u64): i32 {
  const error = checkPositioned(proc, fd, RIGHT_FD_WRITE);
  if (error) return error;
  if (<u32>len > <u32>WINDOW_BYTES || <i64>offset < 0) return ERRNO_INVAL;
  const d = checked(proc, fd);
  if (d.kind == KIND_HOST) return host(proc, d);
  const now = stamp();
  lockTree();
  const at = d.fdflags & FDFLAGS_APPEND ? inode_size(d.object) : offset;
  const failed = file_write(d.object, at, windowOf(proc), len, now);
  const put = vfs_count();
  unlockTree();
  if (failed) return failed;
  count(proc, COUNT_FILE_WRITTEN_BYTES, put);
  setResult(proc, 0, put);
  return ERRNO_SUCCESS;
}

function seek(proc: usize, fd: i32, offset: i64, whence: i32): i32 {
  const error = checkFile(proc, fd, RIGHT_FD_SEEK, ERRNO_SPIPE);
  if (error) return error;
  if (<u32>whence > <u32>WHENCE_END) return ERRNO_INVAL;
  const d = checked(proc, fd);
  if (d.kind == KIND_HOST) return host(proc, d);
  const base = whence == WHENCE_SET ? 0 : whence == WHENCE_CUR ? <i64>d.offset : sizeOf(d);
  const target = base + offset;
  if (target < 0) return ERRNO_INVAL; // below zero, or past 2 ** 63: base and offset are never both negative
  d.offset = target;
  setResult(proc, 0, target);
  return ERRNO_SUCCESS;
}

function sizeOf(d: Descriptor): i64 {
  lockTree();
  const size = inode_size(d.object);
  unlockTree();
  return size;
}

function tell(proc: usize, fd: i32): i32 {
  const error = checkFile(proc, fd, RIGHT_FD_TELL, ERRNO_SPIPE);
  if (error) return error;
  const d = checked(proc, fd);
  if (d.kind == KIND_HOST) return host(proc, d);
  setResult(proc, 0, d.offset);
  return ERRNO_SUCCESS;
}
