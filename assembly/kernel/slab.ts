// Memory of the kernel: blocks of 1, 2, 4 ... 2,048 pages of 4 KiB (a buddy system), and objects of 16 to 2,048 bytes in pages of one size.
// Depends on lock. Every function takes the slab's own lock, so it may be called with or without the kernel lock. Everything handed out is
// zero. Nothing traps for want of memory: 0 says that there is none, within the bound given to slab_init or at all.
//
//   arena   | descriptors, 24 bytes a page | page 0 | page 1 | ...      pages come into use a MiB at a time, by memory.grow
//   page of objects   | object | object | ...                           a free object's first word links to the next free one
import { lock_acquire, lock_release } from "./lock";

const SLAB_PTR: usize = ABI_SLAB_PTR;
const PAGE_BYTES: u32 = ABI_PAGE_BYTES;
const PAGE_SHIFT: u32 = 12;
/** Blocks of up to 8 MiB. */
const MAX_ORDER: u32 = 11;
/** Pages come into use this many at a time: 2 ** 8. */
const CHUNK_ORDER: u32 = 8;
const LARGEST_OBJECT: u32 = 2048;
const CLASS_COUNT: u32 = 25;
const NONE: u32 = 0xffffffff;

import { PAGE_BYTES as ABI_PAGE_BYTES, SLAB_PTR as ABI_SLAB_PTR } from "./abi";

/** What a page is: inside a block, or the first of one. */
const INSIDE: u8 = 0;
const FREE: u8 = 1;
const BLOCK: u8 = 2;
const OBJECTS: u8 = 3;


@final
@unmanaged
class Slab {
  lock: i32;
  descriptors: usize;
  pages: usize; // address of page 0
  maxPages: u32;
  extent: u32; // pages that have come into use
  usedPages: u32;
  peakPages: u32;
  objects: u32;
  objectBytes: u32;
  refuseAfter: u32; // for tests, see slab_refuse_after
  panicCode: u32;
}

const FREE_HEADS: usize = 0x100; // u32 a block order: first free block
const PARTIAL_HEADS: usize = 0x180; // u32 a size class: first page with a free object


@final
@unmanaged
class Page {
  state: u8;
  order: u8;
  sizeClass: u8;
  clean: u8; // never written since memory.grow
  used: u16; // objects in use
  bump: u16; // objects ever used: those behind it are in no list
  next: u32; // in the list of free blocks, or of pages with free objects
  prev: u32;
  freeObject: usize;
}

const PAGE_DESCRIPTOR_BYTES: u32 = 24;


@inline
function slab(): Slab {
  return changetype<Slab>(SLAB_PTR);
}


@inline
function pageAt(index: u32): Page {
  return changetype<Page>(slab().descriptors + <usize>index * PAGE_DESCRIPTOR_BYTES);
}


@inline
function addressOf(index: u32): usize {
  return slab().pages + ((<usize>index) << PAGE_SHIFT);
}


@inline
function indexOf(ptr: usize): u32 {
  return <u32>((ptr - slab().pages) >> PAGE_SHIFT);
}

/** A broken invariant: notes which, and ends this thread's call. */
export function panic(code: u32): void {
  slab().panicCode = code;
  unreachable();
}

/** Takes what lies behind `arenaPtr` (a multiple of 64 KiB) for up to `maxPages` pages, descriptors included. False: not even those fit. */
export function slab_init(arenaPtr: usize, maxPages: u32): bool {
  memory.fill(SLAB_PTR, 0, 0x1000);
  const s = slab();
  const descriptorPages = <u32>((<u64>maxPages * PAGE_DESCRIPTOR_BYTES + PAGE_BYTES - 1) >> PAGE_SHIFT);
  if (maxPages <= descriptorPages) return false;
  s.descriptors = arenaPtr;
  s.pages = arenaPtr + ((<usize>descriptorPages) << PAGE_SHIFT);
  s.maxPages = maxPages - descriptorPages;
  for (let order: u32 = 0; order <= MAX_ORDER; order++) setHead(FREE_HEADS, order, NONE);
  for (let sizeClass: u32 = 0; sizeClass < CLASS_COUNT; sizeClass++) setHead(PARTIAL_HEADS, sizeClass, NONE);
  return growTo(<u64>s.pages);
}

/** A page of zeros, or 0. */
export function page_alloc(): usize {
  return block_alloc(1);
}

export function page_free(ptr: usize): void {
  block_free(ptr);
}

/** `pages` pages of zeros in a row (rounded up to a power of two, at most 2,048), or 0. Aligned only to a page. */
export function block_alloc(pages: u32): usize {
  const order: u32 = pages <= 1 ? 0 : 32 - clz<u32>(pages - 1);
  if (order > MAX_ORDER) return 0;
  const s = slab();
  lock_acquire(SLAB_PTR);
  const index = takeBlock(order);
  if (index == NONE) {
    lock_release(SLAB_PTR);
    return 0;
  }
  const clean = pageAt(index).clean;
  lock_release(SLAB_PTR);
  const ptr = addressOf(index);
  if (!clean) memory.fill(ptr, 0, (<usize>PAGE_BYTES) << order);
  return ptr;
}

export function block_free(ptr: usize): void {
  const index = indexOf(ptr);
  if (pageAt(index).state != BLOCK) panic(1);
  lock_acquire(SLAB_PTR);
  giveBlock(index);
  lock_release(SLAB_PTR);
}

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

/** For tests: of the allocations from now on, the `count`-th and all behind it find no memory. 0: no such thing. */
export function slab_refuse_after(count: u32): void {
  slab().refuseAfter = count;
}

/** Whether this allocation is to be refused. */
function isRefused(): bool {
  const s = slab();
  if (s.refuseAfter == 0) return false;
  if (s.refuseAfter == 1) return true;
  s.refuseAfter -= 1;
  return false;
}


@inline
function head(heads: usize, at: u32): u32 {
  return load<u32>(SLAB_PTR + heads + ((<usize>at) << 2));
}


@inline
function setHead(heads: usize, at: u32, index: u32): void {
  store<u32>(SLAB_PTR + heads + ((<usize>at) << 2), index);
}

function link(heads: usize, at: u32, index: u32): void {
  const page = pageAt(index);
  const next = head(heads, at);
  page.next = next;
  page.prev = NONE;
  if (next != NONE) pageAt(next).prev = index;
  setHead(heads, at, index);
}

function unlink(heads: usize, at: u32, page: Page): void {
  if (page.prev == NONE) setHead(heads, at, page.next);
  else pageAt(page.prev).next = page.next;
  if (page.next != NONE) pageAt(page.next).prev = page.prev;
}

/** The first page of a block of that order, taken out of the free ones; NONE if there is none. */
function takeBlock(order: u32): u32 {
  if (isRefused()) return NONE;
  let from = order;
  while (head(FREE_HEADS, from) == NONE) {
    if (++from <= MAX_ORDER) continue;
    if (!extend()) return NONE;
    from = order;
  }
  const index = head(FREE_HEADS, from);
  const page = pageAt(index);
  unlink(FREE_HEADS, from, page);
  while (from > order) addFree(index + (1 << --from), from, page.clean);
  page.state = BLOCK;
  page.order = <u8>order;
  const s = slab();
  s.usedPages += 1 << order;
  if (s.usedPages > s.peakPages) s.peakPages = s.usedPages;
  return index;
}

/** Frees a block, and joins it with the free ones beside it. */
function giveBlock(index: u32): void {
  const s = slab();
  let order = <u32>pageAt(index).order;
  s.usedPages -= 1 << order;
  joinFree(index, order, 0);
}

function joinFree(index: u32, order: u32, clean: u8): void {
  const s = slab();
  while (order < MAX_ORDER) {
    const buddy = index ^ (1 << order);
    if (buddy + (1 << order) > s.extent) break;
    const other = pageAt(buddy);
    if (other.state != FREE || other.order != <u8>order) break;
    unlink(FREE_HEADS, order, other);
    clean &= other.clean;
    other.state = INSIDE;
    pageAt(index).state = INSIDE;
    index &= buddy;
    order++;
  }
  addFree(index, order, clean);
}

function addFree(index: u32, order: u32, clean: u8): void {
  const page = pageAt(index);
  page.state = FREE;
  page.order = <u8>order;
  page.clean = clean;
  link(FREE_HEADS, order, index);
}

/** Brings up to a MiB more into use. */
function extend(): bool {
  const s = slab();
  const left = s.maxPages - s.extent;
  if (left == 0) return false;
  const order = min<u32>(CHUNK_ORDER, 31 - clz<u32>(left));
  if (!growTo(<u64>addressOf(s.extent) + ((<u64>PAGE_BYTES) << order))) return false;
  const index = s.extent;
  s.extent += 1 << order;
  joinFree(index, order, 1);
  return true;
}

/** Makes the memory reach up to `end`. */
function growTo(end: u64): bool {
  const needed = <u32>((end + 0xffff) >> 16);
  const size = <u32>memory.size();
  return needed <= size || memory.grow(<i32>(needed - size)) >= 0;
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
