// Looks whether a file system is in order: what it has charged is what its objects take, every name is found, every list and count agrees.
// For tests only; 0, or the number of what is wrong.
import { FILETYPE_DIRECTORY, FILETYPE_REGULAR_FILE } from "../../abi";
import { slab_size } from "../../slab";
import { directory_find, Entry, entryAt, entryName } from "../directory";
import { COUNTED, Directory, File, Fs, Inode, SHARED_TABLE, SHARED_TARGET, SHARED_XATTRS, Symlink } from "../inode";
import { overlay_view } from "../overlay";

export function check(ptr: usize): u32 {
  const fs = changetype<Fs>(ptr);
  let bytes: u64 = 0;
  let counted: u32 = 0;
  let views: u32 = 0;
  let holds: u32 = 0;
  let prev: usize = 0;
  for (let at = fs.first; at; at = changetype<Inode>(at).next) {
    const inode = changetype<Inode>(at);
    if (inode.fs != fs || inode.prev != prev) return 1;
    prev = at;
    if (!inode.nlink && !inode.holds) return 2;
    holds += inode.holds;
    if (inode.flags & COUNTED) counted++;
    else views++;
    if (inode.lower && overlay_view(fs, inode.lower, 0) != at) return 3;
    if ((inode.lower == 0) != ((inode.flags & COUNTED) != 0)) return 4;
    if (inode.kind == FILETYPE_DIRECTORY) {
      const wrong = checkDirectory(changetype<Directory>(at));
      if (wrong) return wrong;
      bytes += directoryBytes(changetype<Directory>(at));
    } else if (inode.kind == FILETYPE_REGULAR_FILE) bytes += filePages(changetype<File>(at)) << 12;
    else if (!(inode.flags & SHARED_TARGET)) bytes += slab_size(changetype<Symlink>(at).targetLen);
    if (!(inode.flags & SHARED_XATTRS)) bytes += xattrBytes(inode.xattrs);
  }
  if (bytes != fs.usedBytes) return 5;
  if (counted != fs.inodes) return 6;
  if (views != fs.mapped) return 7;
  return holds == fs.holds ? 0 : 8;
}

function checkDirectory(d: Directory): u32 {
  let count: u32 = 0;
  for (let slot: u32 = 0; slot < d.used; slot++) {
    const entry = entryAt(d, slot);
    if (!entry) continue;
    const e = changetype<Entry>(entry);
    if (directory_find(d, entryName(entry), e.length, e.hash) != slot) return 20;
    if (!changetype<Inode>(e.inode).nlink) return 21;
    count++;
  }
  if (count != d.count) return 22;
  if (!d.capacity) return d.slots || d.index || d.count ? 23 : 0;
  let indexed: u32 = 0;
  for (let at: u32 = 0; d.index && at <= d.indexMask; at++) if (load<u32>(d.index + ((<usize>at) << 2))) indexed++;
  return d.index && indexed != count ? 24 : 0;
}

function directoryBytes(d: Directory): u64 {
  if (d.flags & SHARED_TABLE) return 0;
  let bytes: u64 = d.slots ? slab_size(d.capacity << 2) : 0;
  if (d.index) bytes += slab_size((d.indexMask + 1) << 2);
  for (let slot: u32 = 0; slot < d.used; slot++) {
    const entry = entryAt(d, slot);
    if (entry && changetype<Entry>(entry).owner == d.fs) bytes += slab_size(16 + changetype<Entry>(entry).length);
  }
  return bytes;
}

/** Pages of data and of pointers: the tree in order, skipping what is not there. */
function filePages(f: File): u64 {
  if (!f.root) return 0;
  let pages: u64 = 1;
  for (let level: u32 = 0; level < f.height; level++) pages += pagesAt(f, level);
  return pages;
}

function pagesAt(f: File, level: u64): u64 {
  const height: u64 = f.height;
  const end: u64 = (<u64>1) << (10 * (height - level));
  let pages: u64 = 0;
  let at: u64 = 0;
  while (at < end) {
    let node = f.root;
    let above = height;
    while (node && above > level) {
      above--;
      node = load<u32>(node + (((<usize>(at >> (10 * (above - level)))) & 1023) << 2));
    }
    if (node) pages++;
    at = node ? at + 1 : ((at >> (10 * (above - level))) + 1) << (10 * (above - level));
  }
  return pages;
}

function xattrBytes(first: usize): u64 {
  let bytes: u64 = 0;
  for (let at = first; at; at = load<u32>(at)) bytes += slab_size(12 + load<u32>(at, 4) + load<u32>(at, 8));
  return bytes;
}
