// The file tree as the host sees it: file systems, and building or reading a tree from outside. Depends on proc, vfs.
// Paths and data pass through the window of `proc`, a process of the caller's or host_process(). Inodes are addresses that the caller holds.
// Counts and inodes are positive, an errno is negated.
import { ERRNO_INVAL, WINDOW_BYTES } from "../abi";
import { lockTree, unlockTree } from "../proc/kernel-lock";
import { windowOf } from "../proc/process";
import { slab_max_pages, slab_peak_pages, slab_used_pages } from "../slab";
import * as attributes from "../vfs/attributes";
import { directory_read } from "../vfs/readdir";
import { file_read, file_write } from "../vfs/file";
import * as inodes from "../vfs/inode";
import * as layer from "../vfs/layer";
import { vfs_link, vfs_lookup, vfs_mkdir, vfs_open } from "../vfs/names";
import { inode_release } from "../vfs/reclaim";
import { vfs_count, vfs_file_systems, vfs_inode, vfs_total_bytes, vfs_total_inodes } from "../vfs/state";
import * as tmp from "../vfs/tmp";
import { stamp } from "./clock";

/** An empty file system in memory with these bounds, or 0. */
export function fs_create(maxBytes: u64, maxInodes: u32, maxFileBytes: u64): usize {
  const now = stamp();
  lockTree();
  const fs = tmp.fs_create(maxBytes, maxInodes, maxFileBytes, now);
  unlockTree();
  return fs;
}

/** A writable view of a sealed one, or 0. */
export function fs_create_overlay(lower: usize, maxBytes: u64, maxInodes: u32, maxFileBytes: u64): usize {
  lockTree();
  const fs = tmp.fs_create_overlay(lower, maxBytes, maxInodes, maxFileBytes);
  unlockTree();
  return fs;
}

/** Read-only for ever: a layer. */
export function fs_seal(fs: usize): void {
  lockTree();
  tmp.fs_seal(fs);
  unlockTree();
}

/** 0: done; -AGAIN: call again; -BUSY: something in it is still open. */
export function fs_destroy(fs: usize, budget: u32): i32 {
  lockTree();
  const error = tmp.fs_destroy(fs, budget);
  unlockTree();
  return -error;
}

export function fs_root(fs: usize): usize {
  return tmp.fs_root(fs);
}

export function fs_used_bytes(fs: usize): u64 {
  return tmp.fs_used_bytes(fs);
}

export function fs_used_inodes(fs: usize): u32 {
  return tmp.fs_used_inodes(fs);
}

/** Opens or makes a file, or opens a directory, as path_open does with these flags: the inode, held. */
export function tree_open(proc: usize, base: usize, pathLen: u32, lookupflags: u32, oflags: u32): i32 {
  if (pathLen > <u32>WINDOW_BYTES) return -ERRNO_INVAL;
  const now = stamp();
  lockTree();
  const error = vfs_open(base, windowOf(proc), pathLen, lookupflags, oflags, now);
  const inode = vfs_inode();
  if (!error) inodes.inode_hold(inode);
  unlockTree();
  return error ? -error : <i32>inode;
}

export function tree_release(inode: usize): void {
  lockTree();
  inode_release(inode);
  unlockTree();
}

/** From the window. A count. */
export function tree_write(proc: usize, inode: usize, offset: u64, len: u32): i32 {
  if (len > <u32>WINDOW_BYTES) return -ERRNO_INVAL;
  const now = stamp();
  lockTree();
  const error = file_write(inode, offset, windowOf(proc), len, now);
  const put = vfs_count();
  unlockTree();
  return error ? -error : <i32>put;
}

/** Into the window. A count. */
export function tree_read(proc: usize, inode: usize, offset: u64, len: u32): i32 {
  if (len > <u32>WINDOW_BYTES) return -ERRNO_INVAL;
  lockTree();
  const got = file_read(inode, offset, windowOf(proc), len);
  unlockTree();
  return got;
}

/** WASI's dirents into the window. A count of bytes. */
export function tree_readdir(proc: usize, directory: usize, cookie: u64, len: u32): i32 {
  if (len > <u32>WINDOW_BYTES) return -ERRNO_INVAL;
  lockTree();
  const used = directory_read(directory, cookie, windowOf(proc), len);
  unlockTree();
  return used;
}

/** WASI's filestat of a path, 64 bytes, into the window. */
export function tree_stat(proc: usize, base: usize, pathLen: u32, lookupflags: u32): i32 {
  if (pathLen > <u32>WINDOW_BYTES) return -ERRNO_INVAL;
  const window = windowOf(proc);
  lockTree();
  const error = vfs_lookup(base, window, pathLen, lookupflags);
  if (!error) attributes.inode_stat(vfs_inode(), window);
  unlockTree();
  return -error;
}

export function tree_mkdir(proc: usize, base: usize, pathLen: u32): i32 {
  if (pathLen > <u32>WINDOW_BYTES) return -ERRNO_INVAL;
  const now = stamp();
  lockTree();
  const error = vfs_mkdir(base, windowOf(proc), pathLen, now);
  unlockTree();
  return -error;
}

/** The target, then the path, in the window. The target may be absolute, as images have it. */
export function tree_symlink(proc: usize, targetLen: u32, base: usize, pathLen: u32): i32 {
  if (<u64>targetLen + <u64>pathLen > <u64>WINDOW_BYTES) return -ERRNO_INVAL;
  const now = stamp();
  const window = windowOf(proc);
  lockTree();
  const error = layer.layer_symlink(window, targetLen, base, window + targetLen, pathLen, now);
  unlockTree();
  return -error;
}

/** The old path, then the new one, in the window. */
export function tree_link(proc: usize, base: usize, oldLen: u32, newLen: u32): i32 {
  if (<u64>oldLen + <u64>newLen > <u64>WINDOW_BYTES) return -ERRNO_INVAL;
  const now = stamp();
  const window = windowOf(proc);
  lockTree();
  const error = vfs_link(base, window, oldLen, 0, base, window + oldLen, newLen, now);
  unlockTree();
  return -error;
}

/** Removes a name and all below it, `budget` names a call: -AGAIN until it is done. */
export function tree_remove(proc: usize, base: usize, pathLen: u32, budget: u32): i32 {
  if (pathLen > <u32>WINDOW_BYTES) return -ERRNO_INVAL;
  const now = stamp();
  lockTree();
  const error = layer.layer_remove(base, windowOf(proc), pathLen, budget, now);
  unlockTree();
  return -error;
}

/** Empties a directory, likewise. */
export function tree_clear(directory: usize, budget: u32): i32 {
  const now = stamp();
  lockTree();
  const error = layer.layer_clear(directory, budget, now);
  unlockTree();
  return -error;
}

export function tree_set_times(inode: usize, atim: u64, mtim: u64, fstflags: i32): i32 {
  const now = stamp();
  lockTree();
  const error = attributes.inode_set_times(inode, atim, mtim, fstflags, now);
  unlockTree();
  return -error;
}

export function tree_set_owner(inode: usize, mode: u32, uid: u32, gid: u32): i32 {
  lockTree();
  const error = attributes.inode_set_owner(inode, mode, uid, gid);
  unlockTree();
  return -error;
}

export function tree_filetype(inode: usize): i32 {
  return inodes.inode_filetype(inode);
}

export function tree_size(inode: usize): u64 {
  return inodes.inode_size(inode);
}

/** Bytes, inodes and file systems over all file systems; pages in use, at most and allowed over all of the kernel. */
export function tree_total_bytes(): u64 {
  return vfs_total_bytes();
}

export function tree_total_inodes(): u32 {
  return vfs_total_inodes();
}

export function tree_file_systems(): u32 {
  return vfs_file_systems();
}

export function kernel_used_pages(): u32 {
  return slab_used_pages();
}

export function kernel_peak_pages(): u32 {
  return slab_peak_pages();
}

export function kernel_max_pages(): u32 {
  return slab_max_pages();
}
