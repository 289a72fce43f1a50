// What the file tree is made of: file systems and inodes, their fields, and the count of who holds them.
// Depends on abi, slab, state. POSIX, "File Serial Number"; WASI preview1 `filestat`.
//
//   Fs    root, limits, what is used        a tmpfs, a layer (sealed), or an overlay over a layer (lower)
//   Inode File | Directory | Symlink        begins with the same fields; lower: the layer's inode that it shows
//
// An inode lives while a name (nlink) or a holder (a descriptor) is left. Bytes are charged to the file system when they are
// allocated, as the allocator rounds them; inodes are counted by their number. An overlay's view of a layer's inode is not counted.
import { FILETYPE_DIRECTORY, FILETYPE_REGULAR_FILE, FILETYPE_SYMBOLIC_LINK } from "../abi";
import { panic, slab_alloc, slab_free, slab_size } from "../slab";
import { vfs } from "./state";

/** The directory's table of names is the lower one's. */
export const SHARED_TABLE: u32 = 1;
/** The link's target is the lower one's. */
export const SHARED_TARGET: u32 = 2;
/** The list of extended attributes is the lower one's. */
export const SHARED_XATTRS: u32 = 4;
/** Counts towards the file system's limit of inodes. */
export const COUNTED: u32 = 8;

/** An entry of this file system's own names it. */
export const NAMED: u32 = 16;


@final
@unmanaged
export class Fs {
  usedBytes: u64;
  maxBytes: u64;
  maxFileBytes: u64;
  nextIno: u64;
  dev: u64;
  root: usize;
  lower: usize; // the layer below, or 0
  inodes: u32; // counted ones
  maxInodes: u32;
  holds: u32; // of its inodes
  overlays: u32; // that stand on this layer
  sealed: u32;
  dying: u32;
  map: usize; // overlay: by inode number, this file system's view of a lower inode
  mapMask: u32;
  mapped: u32;
  maxMapped: u32; // beyond it, views that nothing needs are given up
  sweep: u32; // the bucket where that goes on
  first: usize; // list of all inodes
}


@unmanaged
export class Inode {
  ino: u64;
  atim: u64;
  mtim: u64;
  ctim: u64;
  fs: Fs;
  kind: u32; // WASI's filetype
  nlink: u32;
  holds: u32;
  mode: u32; // permission bits as a layer gives them; no call looks at them
  uid: u32;
  gid: u32;
  flags: u32;
  lower: usize;
  mapNext: usize;
  next: usize;
  prev: usize;
  xattrs: usize;
}


@final
@unmanaged
export class File extends Inode {
  version: u32; // changes before a byte or a page of it does: see file_page
  size: u64;
  lowerBytes: u64; // so many bytes are the lower file's where this one has no page
  root: usize;
  height: u32; // 0: root is the page of data; n: n levels of 1,024 pointers
}


@final
@unmanaged
export class Directory extends Inode {
  parent: usize; // 0: removed
  slots: usize; // u32 each: an entry, or (next free slot << 1 | 1)
  index: usize; // u32 each: slot + 1, or 0; open addressing by hash
  capacity: u32; // of slots
  indexMask: u32;
  used: u32; // slots ever used
  count: u32; // entries
  freeSlot: u32;
}


@final
@unmanaged
export class Symlink extends Inode {
  target: usize;
  targetLen: u32;
}

export function sizeOfKind(kind: u32): u32 {
  if (kind == FILETYPE_REGULAR_FILE) return <u32>offsetof<File>();
  if (kind == FILETYPE_DIRECTORY) return <u32>offsetof<Directory>();
  return <u32>offsetof<Symlink>();
}


@inline
export function isDirectory(inode: Inode): bool {
  return inode.kind == FILETYPE_DIRECTORY;
}


@inline
export function isSymlink(inode: Inode): bool {
  return inode.kind == FILETYPE_SYMBOLIC_LINK;
}


@inline
export function isRegular(inode: Inode): bool {
  return inode.kind == FILETYPE_REGULAR_FILE;
}

/** Charges `bytes` to the file system; false if they are over its limit. */
export function charge(fs: Fs, bytes: u64): bool {
  if (bytes > fs.maxBytes - fs.usedBytes) return false;
  fs.usedBytes += bytes;
  vfs().bytes += bytes;
  return true;
}

export function discharge(fs: Fs, bytes: u64): void {
  if (bytes > fs.usedBytes) panic(10);
  fs.usedBytes -= bytes;
  vfs().bytes -= bytes;
}

/** Zero bytes charged to the file system, or 0. */
export function chargedAlloc(fs: Fs, bytes: u32): usize {
  const size = slab_size(bytes);
  if (!charge(fs, size)) return 0;
  const ptr = slab_alloc(bytes);
  if (!ptr) discharge(fs, size);
  return ptr;
}

export function chargedFree(fs: Fs, ptr: usize, bytes: u32): void {
  slab_free(ptr, bytes);
  discharge(fs, slab_size(bytes));
}

/** An inode without a name, or 0. */
export function inode_new(fs: Fs, kind: u32, now: u64): usize {
  if (fs.inodes >= fs.maxInodes) return 0;
  const ptr = slab_alloc(sizeOfKind(kind));
  if (!ptr) return 0;
  const inode = changetype<Inode>(ptr);
  inode.kind = kind;
  inode.flags = COUNTED;
  inode.ino = fs.nextIno++;
  inode.atim = now;
  inode.mtim = now;
  inode.ctim = now;
  inode.mode = kind == FILETYPE_DIRECTORY ? 0o755 : kind == FILETYPE_SYMBOLIC_LINK ? 0o777 : 0o644;
  fs.inodes += 1;
  enlist(fs, inode);
  return ptr;
}

/** Enters an inode in the list of its file system. */
export function enlist(fs: Fs, inode: Inode): void {
  inode.fs = fs;
  inode.prev = 0;
  inode.next = fs.first;
  if (fs.first) changetype<Inode>(fs.first).prev = changetype<usize>(inode);
  fs.first = changetype<usize>(inode);
  vfs().inodes += 1;
}

export function delist(inode: Inode): void {
  const fs = inode.fs;
  if (inode.prev) changetype<Inode>(inode.prev).next = inode.next;
  else fs.first = inode.next;
  if (inode.next) changetype<Inode>(inode.next).prev = inode.prev;
  if (inode.flags & COUNTED) fs.inodes -= 1;
  vfs().inodes -= 1;
}

/** A descriptor is to hold the inode. */
export function inode_hold(ptr: usize): void {
  const inode = changetype<Inode>(ptr);
  inode.holds += 1;
  inode.fs.holds += 1;
}

export function inode_filetype(ptr: usize): i32 {
  return changetype<Inode>(ptr).kind;
}

export function inode_size(ptr: usize): u64 {
  const inode = changetype<Inode>(ptr);
  if (isRegular(inode)) return changetype<File>(ptr).size;
  return isSymlink(inode) ? changetype<Symlink>(ptr).targetLen : 4096;
}


@inline
export function touch(inode: Inode, now: u64): void {
  inode.mtim = now;
  inode.ctim = now;
}
