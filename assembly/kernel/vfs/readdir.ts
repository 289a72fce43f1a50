// Reading a directory as fd_readdir does. Depends on directory, inode, state. WASI preview1 fd_readdir, dirent.
//
//   dirent   u64 d_next, u64 d_ino, u32 d_namlen, u8 d_type, 3 bytes, name        d_next is the cookie of what follows: slot + 3
import { Entry, entryAt, entryName } from "./directory";
import { Directory, Inode } from "./inode";
import { DIRENT_PTR } from "./state";

/** Of a dirent, before the name. */
const DIRENT_BYTES: u32 = 24;

/**
 * Packs entries from the cookie on into `len` bytes, as fd_readdir does: the last one is cut off where the space ends, and fewer
 * bytes than `len` mean that the directory ended. A removed directory has none.
 */
export function directory_read(directory: usize, cookie: u64, ptr: usize, len: u32): u32 {
  const d = changetype<Directory>(directory);
  if (!d.nlink) return 0;
  let used: u32 = 0;
  for (let at = cookie; at < <u64>d.used + 2 && used < len; at++) {
    let name: usize = 0;
    let nameLen = <u32>at + 1;
    let inode: usize = at == 0 || !d.parent ? directory : d.parent;
    if (at >= 2) {
      const entry = entryAt(d, <u32>(at - 2));
      if (!entry) continue;
      const e = changetype<Entry>(entry);
      name = entryName(entry);
      nameLen = e.length;
      inode = e.inode;
    }
    used = pack(ptr, used, len, at + 1, changetype<Inode>(inode), name, nameLen);
  }
  return used;
}

/** One dirent: d_next, d_ino, d_namlen, d_type, and the name (0: that many dots). */
function pack(ptr: usize, used: u32, len: u32, next: u64, inode: Inode, name: usize, nameLen: u32): u32 {
  if (len - used < DIRENT_BYTES + nameLen) return packCut(ptr, used, len, next, inode, name, nameLen);
  const to = ptr + used;
  store<u64>(to, next);
  store<u64>(to, inode.ino, 8);
  store<u32>(to, nameLen, 16);
  store<u32>(to, inode.kind, 20);
  if (name) copyName(to + DIRENT_BYTES, name, nameLen);
  else memory.fill(to + DIRENT_BYTES, 0x2e, nameLen);
  return used + DIRENT_BYTES + nameLen;
}

/** Names are short: faster than memory.copy. */
function copyName(to: usize, from: usize, len: u32): void {
  let at: u32 = 0;
  for (; at + 8 <= len; at += 8) store<u64>(to + at, load<u64>(from + at));
  for (; at < len; at++) store<u8>(to + at, load<u8>(from + at));
}

/** The last dirent, of which only the beginning fits: put together elsewhere, then cut. */
function packCut(ptr: usize, used: u32, len: u32, next: u64, inode: Inode, name: usize, nameLen: u32): u32 {
  pack(DIRENT_PTR, 0, DIRENT_BYTES + nameLen, next, inode, name, nameLen);
  memory.copy(ptr + used, DIRENT_PTR, len - used);
  return len;
}
