// Memory of the kernel: objects of 16 to 2,048 bytes in pages of one size, and the blocks of pages from slab/blocks.ts.
// Depends on abi, lock. Every function takes the slab's own lock, so it may be called with or without the kernel lock. Everything handed out is
// zero. Nothing traps for want of memory: 0 says that there is none, within the bound given to slab_init or at all.
//
//   page of objects   | object | object | ...      a free object's first word links to the next free one
import { PAGE_BYTES as ABI_PAGE_BYTES, SLAB_PTR as ABI_SLAB_PTR } from "./abi";
import { lock_acquire, lock_release } from "./lock";
import {
  addressOf,
  BLOCK,
  block_alloc,
  block_free,
  giveBlock,
  head,
  indexOf,
  isRefused,
  link,
  NONE,
  OBJECTS,
  Page,
  pageAt,
  panic,
  PARTIAL_HEADS,
  slab,
  takeBlock,
  unlink,
} from "./slab/blocks";

export { block_alloc, block_free, page_alloc, page_free, panic, slab_init, slab_refuse_after } from "./slab/blocks";

const SLAB_PTR: usize = ABI_SLAB_PTR;
const PAGE_BYTES: u32 = ABI_PAGE_BYTES;
const PAGE_SHIFT: u32 = 12;
const LARGEST_OBJECT: u32 = 2048;
const MAX_ORDER: u32 = 11;

/** `bytes` zero bytes, aligned to 16; or 0. More than 2,048 are a block of pages. */
export function slab_alloc(bytes: u32): usize {
  if (bytes > LARGEST_OBJECT) return bytes > PAGE_BYTES << MAX_ORDER ? 0 : block_alloc((bytes + PAGE_BYTES - 1) >> PAGE_SHIFT);
  const sizeClass = classOf(bytes);
  lock_acquire(SLAB_PTR);
  const ptr = takeObject(sizeClass);
  lock_release(SLAB_PTR);
  if (ptr) clear(ptr, classBytes(sizeClass));
  return ptr;
}

/** `bytes` as given to slab_alloc. */
export function slab_free(ptr: usize, bytes: u32): void {
  if (bytes > LARGEST_OBJECT) {
    block_free(ptr);
    return;
  }
  const index = indexOf(ptr);
  const page = pageAt(index);
  if (page.state != OBJECTS || page.sizeClass != classOf(bytes)) panic(2);
  lock_acquire(SLAB_PTR);
  giveObject(index, page, ptr);
  lock_release(SLAB_PTR);
}

/** What `bytes` bytes from slab_alloc take up. */
export function slab_size(bytes: u32): u32 {
  if (bytes <= LARGEST_OBJECT) return classBytes(classOf(bytes));
  const pages = (bytes + PAGE_BYTES - 1) >> PAGE_SHIFT;
  return PAGE_BYTES << (32 - clz<u32>(pages - 1));
}

export function slab_used_pages(): u32 {
  return slab().usedPages;
}

export function slab_peak_pages(): u32 {
  return slab().peakPages;
}

export function slab_max_pages(): u32 {
  return slab().maxPages;
}

export function slab_objects(): u32 {
  return slab().objects;
}

export function slab_object_bytes(): u32 {
  return slab().objectBytes;
}

/** Classes 1 to 8 are 16 to 128 bytes in steps of 16; from there each doubling has four steps. */
function classOf(bytes: u32): u32 {
  if (bytes <= 128) return max<u32>(bytes + 15, 16) >> 4;
  const n = bytes - 1;
  const log = 31 - clz<u32>(n);
  return 9 + ((log - 7) << 2) + ((n >> (log - 2)) & 3);
}

function classBytes(sizeClass: u32): u32 {
  if (sizeClass <= 8) return sizeClass << 4;
  const step = sizeClass - 9;
  return (5 + (step & 3)) << (5 + (step >> 2));
}

function takeObject(sizeClass: u32): usize {
  const bytes = classBytes(sizeClass);
  let index = head(PARTIAL_HEADS, sizeClass);
  if (index == NONE) {
    index = takeObjectPage(sizeClass);
    if (index == NONE) return 0;
  } else if (isRefused()) return 0;
  const page = pageAt(index);
  let ptr = page.freeObject;
  if (ptr) page.freeObject = load<u32>(ptr);
  else {
    ptr = addressOf(index) + <usize>page.bump * bytes;
    page.bump += 1;
  }
  page.used += 1;
  if (!page.freeObject && (<u32>page.bump + 1) * bytes > PAGE_BYTES) unlink(PARTIAL_HEADS, sizeClass, page);
  const s = slab();
  s.objects += 1;
  s.objectBytes += bytes;
  return ptr;
}

function takeObjectPage(sizeClass: u32): u32 {
  const index = takeBlock(0);
  if (index == NONE) return NONE;
  const page = pageAt(index);
  page.state = OBJECTS;
  page.sizeClass = <u8>sizeClass;
  page.used = 0;
  page.bump = 0;
  page.freeObject = 0;
  link(PARTIAL_HEADS, sizeClass, index);
  return index;
}

function giveObject(index: u32, page: Page, ptr: usize): void {
  const sizeClass = <u32>page.sizeClass;
  const bytes = classBytes(sizeClass);
  const wasFull = !page.freeObject && (<u32>page.bump + 1) * bytes > PAGE_BYTES;
  const s = slab();
  s.objects -= 1;
  s.objectBytes -= bytes;
  page.used -= 1;
  if (page.used == 0) {
    if (!wasFull) unlink(PARTIAL_HEADS, sizeClass, page);
    page.state = BLOCK;
    giveBlock(index);
    return;
  }
  store<u32>(ptr, <u32>page.freeObject);
  page.freeObject = ptr;
  if (wasFull) link(PARTIAL_HEADS, sizeClass, index);
}

/** Zeroes an object; faster than memory.fill where it is small. */
function clear(ptr: usize, bytes: u32): void {
  if (bytes > 256) {
    memory.fill(ptr, 0, bytes);
    return;
  }
  const end = ptr + bytes;
  for (; ptr < end; ptr += 16) {
    store<u64>(ptr, 0);
    store<u64>(ptr, 0, 8);
  }
}
