// What an inode says of itself, and its times. Depends on abi, inode. WASI preview1 filestat, fd_filestat_set_times.
import { ERRNO_INVAL, ERRNO_ROFS, ERRNO_SUCCESS, FSTFLAGS_ATIM, FSTFLAGS_ATIM_NOW, FSTFLAGS_MTIM, FSTFLAGS_MTIM_NOW } from "../abi";
import { Inode, inode_size } from "./inode";

/** Writes WASI's filestat, 64 bytes: dev, ino, filetype, nlink, size, atim, mtim, ctim. */
export function inode_stat(ptr: usize, to: usize): void {
  const inode = changetype<Inode>(ptr);
  store<u64>(to, inode.fs.dev);
  store<u64>(to, inode.ino, 8);
  store<u64>(to, inode.kind, 16);
  store<u64>(to, inode.nlink, 24);
  store<u64>(to, inode_size(ptr), 32);
  store<u64>(to, inode.atim, 40);
  store<u64>(to, inode.mtim, 48);
  store<u64>(to, inode.ctim, 56);
}

export function inode_set_times(ptr: usize, atim: u64, mtim: u64, fstflags: u32, now: u64): i32 {
  const inode = changetype<Inode>(ptr);
  if (fstflags & ~(FSTFLAGS_ATIM | FSTFLAGS_ATIM_NOW | FSTFLAGS_MTIM | FSTFLAGS_MTIM_NOW)) return ERRNO_INVAL;
  if (isBoth(fstflags, FSTFLAGS_ATIM | FSTFLAGS_ATIM_NOW) || isBoth(fstflags, FSTFLAGS_MTIM | FSTFLAGS_MTIM_NOW)) return ERRNO_INVAL;
  if (inode.fs.sealed) return ERRNO_ROFS;
  if (fstflags & FSTFLAGS_ATIM) inode.atim = atim;
  if (fstflags & FSTFLAGS_ATIM_NOW) inode.atim = now;
  if (fstflags & FSTFLAGS_MTIM) inode.mtim = mtim;
  if (fstflags & FSTFLAGS_MTIM_NOW) inode.mtim = now;
  inode.ctim = now;
  return ERRNO_SUCCESS;
}

function isBoth(flags: u32, set: u32): bool {
  return (flags & set) == set;
}

/** Owner and permission bits, as a layer gives them. */
export function inode_set_owner(ptr: usize, mode: u32, uid: u32, gid: u32): i32 {
  const inode = changetype<Inode>(ptr);
  if (inode.fs.sealed) return ERRNO_ROFS;
  inode.mode = mode & 0o7777;
  inode.uid = uid;
  inode.gid = gid;
  return ERRNO_SUCCESS;
}

export function inode_mode(ptr: usize): u32 {
  return changetype<Inode>(ptr).mode;
}

export function inode_uid(ptr: usize): u32 {
  return changetype<Inode>(ptr).uid;
}

export function inode_gid(ptr: usize): u32 {
  return changetype<Inode>(ptr).gid;
}
