// The bytes of a regular file: pages of 4 KiB under a tree of index pages, both only where something was written.
// Depends on abi, inode, pages, state. POSIX read, write, ftruncate, posix_fallocate.
//
// A page that is not there is the lower file's (below lowerBytes) or zeros. Bytes of a page behind the end of the file are zero.
import { ERRNO_FBIG, ERRNO_NOSPC, ERRNO_ROFS, ERRNO_SUCCESS } from "../abi";
import { File, touch } from "./inode";
import { enter, freeFrom, givePage, lowerTree, ownPage, takePage } from "./pages";
import { vfs } from "./state";

const PAGE_BYTES: u32 = 4096;
const PAGE_BITS: u64 = 12;
const PAGE_MASK: u64 = 4095;
/** What four levels hold. */
export const LARGEST_FILE: u64 = 1 << 52;
/** file_allocate does at most so much a call. */
export const FILE_ALLOCATE_STEP: u64 = 16 << 20;

/** Copies up to `len` bytes from `offset` to `ptr`; how many there were. */
export function file_read(file: usize, offset: u64, ptr: usize, len: u32): u32 {
  const f = changetype<File>(file);
  if (offset >= f.size) return 0;
  const count = <u32>min<u64>(len, f.size - offset);
  let done: u32 = 0;
  while (done < count) {
    const at = offset + done;
    const within = <u32>(at & PAGE_MASK);
    const n = min<u32>(count - done, PAGE_BYTES - within);
    const page = ownPage(f, at >> PAGE_BITS);
    if (page) memory.copy(ptr + done, page + within, n);
    else readLower(f, at, ptr + done, n);
    done += n;
  }
  return count;
}

/**
 * Where the bytes that file_read would copy lie, if all of them are on one page of the file's own, or 0. Whoever copies them without the kernel lock looks
 * at the version, copies, and looks again: a page that is written or given to another file meanwhile has changed it before.
 */
export function file_page(f: File, offset: u64, len: u32): usize {
  const within = <u32>(offset & PAGE_MASK);
  if (len > PAGE_BYTES - within || offset >= f.size || len > f.size - offset) return 0;
  const page = ownPage(f, offset >> PAGE_BITS);
  return page ? page + within : 0;
}

/** Under the lock, before the first change. The load keeps later stores behind the new version on processors that reorder stores, too. */
function changeVersion(f: File): void {
  const ptr = changetype<usize>(f) + offsetof<File>("version");
  atomic.add<u32>(ptr, 1);
  atomic.load<u32>(ptr);
}

/**
 * Copies `len` bytes to `offset`. vfs_count() says how many: fewer if space or the largest size came in between, and then
 * the errno is still 0, unless not a single one was.
 */
export function file_write(file: usize, offset: u64, ptr: usize, len: u32, now: u64): i32 {
  const f = changetype<File>(file);
  const limit = f.fs.maxFileBytes;
  vfs().count = 0;
  if (f.fs.sealed) return ERRNO_ROFS;
  if (len == 0) return ERRNO_SUCCESS;
  if (offset >= limit) return ERRNO_FBIG;
  const count = <u32>min<u64>(len, limit - offset);
  if (f.holds > 1) changeVersion(f); // whoever writes holds the file, so that at 1 nobody reads
  let done: u32 = 0;
  while (done < count) {
    const at = offset + done;
    const within = <u32>(at & PAGE_MASK);
    const n = min<u32>(count - done, PAGE_BYTES - within);
    const page = writablePage(f, at >> PAGE_BITS, n == PAGE_BYTES);
    if (!page) break;
    memory.copy(page + within, ptr + done, n);
    done += n;
  }
  if (done == 0) return ERRNO_NOSPC;
  if (offset + done > f.size) f.size = offset + done;
  touch(f, now);
  vfs().count = done;
  return ERRNO_SUCCESS;
}

/** Sets the size; takes no memory. Frees the pages behind it, as many steps as there are. */
export function file_truncate(file: usize, size: u64, now: u64): i32 {
  const f = changetype<File>(file);
  if (f.fs.sealed) return ERRNO_ROFS;
  if (size > f.fs.maxFileBytes) return ERRNO_FBIG;
  changeVersion(f);
  if (size < f.size) shrink(f, size);
  f.size = size;
  touch(f, now);
  return ERRNO_SUCCESS;
}

/** Gives every page of the range memory, up to FILE_ALLOCATE_STEP; the file reaches at least to its end then. vfs_count() says how many bytes were done. */
export function file_allocate(file: usize, offset: u64, len: u64, now: u64): i32 {
  const f = changetype<File>(file);
  const limit = f.fs.maxFileBytes;
  vfs().count = 0;
  if (f.fs.sealed) return ERRNO_ROFS;
  if (offset > limit || len > limit - offset) return ERRNO_FBIG;
  const count = min<u64>(len, FILE_ALLOCATE_STEP);
  const end = offset + count;
  for (let index = offset >> PAGE_BITS; index << PAGE_BITS < end; index++) {
    if (!writablePage(f, index, false)) return ERRNO_NOSPC;
  }
  if (end > f.size) f.size = end;
  f.ctim = now;
  vfs().count = <u32>count;
  return ERRNO_SUCCESS;
}

/** Frees all pages that lie wholly behind `size`, and zeroes the rest of the page that it cuts. */
function shrink(f: File, size: u64): void {
  const pages = (size + PAGE_MASK) >> PAGE_BITS;
  freeFrom(f, pages, u32.MAX_VALUE);
  const within = <u32>(size & PAGE_MASK);
  if (within) {
    const page = ownPage(f, size >> PAGE_BITS);
    if (page) memory.fill(page + within, 0, PAGE_BYTES - within);
  }
  if (f.lowerBytes > size) f.lowerBytes = size;
  f.size = size;
  lowerTree(f, pages);
}

/** Frees up to `budget` of the file's pages; what is left of the budget, 0: call again. The file is of no use once this has begun. */
export function file_clear(f: File, budget: u32): u32 {
  return f.root ? freeFrom(f, 0, budget) : budget;
}

/** `n` bytes, all on one page that the file itself lacks: from the lower files, the nearest that has it. */
function readLower(f: File, at: u64, ptr: usize, n: u32): void {
  let limit = f.lowerBytes;
  let lower = f.lower;
  while (lower && at < limit) {
    const below = changetype<File>(lower);
    const page = ownPage(below, at >> PAGE_BITS);
    if (page) {
      const valid = <u32>min<u64>(n, limit - at);
      memory.copy(ptr, page + <u32>(at & PAGE_MASK), valid);
      if (valid < n) memory.fill(ptr + valid, 0, n - valid);
      return;
    }
    limit = min<u64>(limit, below.lowerBytes);
    lower = below.lower;
  }
  memory.fill(ptr, 0, n);
}

/** The file's own page, made if it was not there: a copy of the lower one, unless all of it is to be written. 0: no space. */
function writablePage(f: File, index: u64, whole: bool): usize {
  const there = ownPage(f, index);
  if (there) return there;
  const page = takePage(f.fs);
  if (!page) return 0;
  if (!whole && index << PAGE_BITS < f.lowerBytes) readLower(f, index << PAGE_BITS, page, PAGE_BYTES);
  if (enter(f, index, page)) return page;
  givePage(f.fs, page);
  return 0;
}
