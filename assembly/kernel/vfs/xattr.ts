// Extended attributes of an inode: a list, in no order. Layers bring them; they matter to who reads an image, not to WASI.
// Depends on abi, hash, inode, state. Linux xattr(7).
import { ERRNO_2BIG, ERRNO_INVAL, ERRNO_NOENT, ERRNO_NOSPC, ERRNO_ROFS, ERRNO_SUCCESS } from "../abi";
import { sameBytes } from "./hash";
import { chargedAlloc, chargedFree, Inode, SHARED_XATTRS } from "./inode";
import { vfs } from "./state";

/** Limits of Linux. */
const MAX_NAME: u32 = 255;
const MAX_VALUE: u32 = 65536;
const XATTR_BYTES: u32 = 12;


@final
@unmanaged
class Xattr {
  next: usize;
  nameLen: u32;
  valueLen: u32;
}

function bytesOf(x: Xattr): u32 {
  return XATTR_BYTES + x.nameLen + x.valueLen;
}


@inline
function nameOf(at: usize): usize {
  return at + XATTR_BYTES;
}

function find(inode: Inode, namePtr: usize, nameLen: u32): usize {
  let at = inode.xattrs;
  while (at) {
    const x = changetype<Xattr>(at);
    if (x.nameLen == nameLen && sameBytes(nameOf(at), namePtr, nameLen)) break;
    at = x.next;
  }
  return at;
}

/** Copies up to `len` bytes of the value to `ptr`; vfs_count() is the whole value's length. */
export function xattr_get(inode: usize, namePtr: usize, nameLen: u32, ptr: usize, len: u32): i32 {
  const at = find(changetype<Inode>(inode), namePtr, nameLen);
  if (!at) return ERRNO_NOENT;
  const x = changetype<Xattr>(at);
  memory.copy(ptr, nameOf(at) + x.nameLen, min(len, x.valueLen));
  vfs().count = x.valueLen;
  return ERRNO_SUCCESS;
}

export function xattr_set(inode: usize, namePtr: usize, nameLen: u32, ptr: usize, len: u32, now: u64): i32 {
  if (nameLen == 0 || nameLen > MAX_NAME) return ERRNO_INVAL;
  if (len > MAX_VALUE) return ERRNO_2BIG;
  const i = changetype<Inode>(inode);
  const errno = own(i);
  if (errno) return errno;
  const at = chargedAlloc(i.fs, XATTR_BYTES + nameLen + len);
  if (!at) return ERRNO_NOSPC;
  remove(i, find(i, namePtr, nameLen));
  const x = changetype<Xattr>(at);
  x.nameLen = nameLen;
  x.valueLen = len;
  x.next = i.xattrs;
  memory.copy(nameOf(at), namePtr, nameLen);
  memory.copy(nameOf(at) + nameLen, ptr, len);
  i.xattrs = at;
  i.ctim = now;
  return ERRNO_SUCCESS;
}

export function xattr_remove(inode: usize, namePtr: usize, nameLen: u32, now: u64): i32 {
  const i = changetype<Inode>(inode);
  const errno = own(i);
  if (errno) return errno;
  const at = find(i, namePtr, nameLen);
  if (!at) return ERRNO_NOENT;
  remove(i, at);
  i.ctim = now;
  return ERRNO_SUCCESS;
}

/** The names, each with a zero behind it, as far as they fit `len` bytes; vfs_count() is the length of all. */
export function xattr_list(inode: usize, ptr: usize, len: u32): i32 {
  let used: u32 = 0;
  for (let at = changetype<Inode>(inode).xattrs; at; at = changetype<Xattr>(at).next) {
    const n = changetype<Xattr>(at).nameLen;
    if (used + n + 1 <= len) {
      memory.copy(ptr + used, nameOf(at), n);
      store<u8>(ptr + used + n, 0);
    }
    used += n + 1;
  }
  vfs().count = used;
  return ERRNO_SUCCESS;
}

export function xattr_clear(inode: Inode): void {
  if (!(inode.flags & SHARED_XATTRS)) while (inode.xattrs) remove(inode, inode.xattrs);
  inode.xattrs = 0;
}

/** Takes one out of the list; 0: none. */
function remove(inode: Inode, at: usize): void {
  if (!at) return;
  const x = changetype<Xattr>(at);
  if (inode.xattrs == at) inode.xattrs = x.next;
  else {
    let before = inode.xattrs;
    while (changetype<Xattr>(before).next != at) before = changetype<Xattr>(before).next;
    changetype<Xattr>(before).next = x.next;
  }
  chargedFree(inode.fs, at, bytesOf(x));
}

/** Makes the list this inode's own: all of it copied, or nothing changed. */
function own(inode: Inode): i32 {
  if (inode.fs.sealed) return ERRNO_ROFS;
  if (!(inode.flags & SHARED_XATTRS)) return ERRNO_SUCCESS;
  const shared = inode.xattrs;
  inode.xattrs = 0;
  inode.flags &= ~SHARED_XATTRS;
  for (let from = shared; from; from = changetype<Xattr>(from).next) {
    const bytes = bytesOf(changetype<Xattr>(from));
    const at = chargedAlloc(inode.fs, bytes);
    if (!at) {
      xattr_clear(inode);
      inode.xattrs = shared;
      inode.flags |= SHARED_XATTRS;
      return ERRNO_NOSPC;
    }
    memory.copy(at, from, bytes);
    changetype<Xattr>(at).next = inode.xattrs;
    inode.xattrs = at;
  }
  return ERRNO_SUCCESS;
}
