// Blocks of 1, 2, 4 ... 2,048 pages of 4 KiB: a buddy system over one arena, within a bound. Depends on abi, lock.
//
//   arena   | descriptors, 24 bytes a page | page 0 | page 1 | ...      pages come into use a MiB at a time; memory.grow where it is too small
import { PAGE_BYTES as ABI_PAGE_BYTES, SLAB_PTR as ABI_SLAB_PTR } from "../abi";
import { lock_acquire, lock_release } from "../lock";

const SLAB_PTR: usize = ABI_SLAB_PTR;
const PAGE_BYTES: u32 = ABI_PAGE_BYTES;
const PAGE_SHIFT: u32 = 12;
/** Blocks of up to 8 MiB. */
const MAX_ORDER: u32 = 11;
/** Pages come into use this many at a time: 2 ** 8. */
const CHUNK_ORDER: u32 = 8;
const CLASS_COUNT: u32 = 25;
export const NONE: u32 = 0xffffffff;

/** What a page is: inside a block, or the first of one. */
const INSIDE: u8 = 0;
const FREE: u8 = 1;
export const BLOCK: u8 = 2;
export const OBJECTS: u8 = 3;


@final
@unmanaged
export class Slab {
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
export const PARTIAL_HEADS: usize = 0x180; // u32 a size class: first page with a free object


@final
@unmanaged
export class Page {
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
export function slab(): Slab {
  return changetype<Slab>(SLAB_PTR);
}


@inline
export function pageAt(index: u32): Page {
  return changetype<Page>(slab().descriptors + <usize>index * PAGE_DESCRIPTOR_BYTES);
}


@inline
export function addressOf(index: u32): usize {
  return slab().pages + ((<usize>index) << PAGE_SHIFT);
}


@inline
export function indexOf(ptr: usize): u32 {
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

/** For tests: of the allocations from now on, the `count`-th and all behind it find no memory. 0: no such thing. */
export function slab_refuse_after(count: u32): void {
  slab().refuseAfter = count;
}

/** Whether this allocation is to be refused. */
export function isRefused(): bool {
  const s = slab();
  if (s.refuseAfter == 0) return false;
  if (s.refuseAfter == 1) return true;
  s.refuseAfter -= 1;
  return false;
}


@inline
export function head(heads: usize, at: u32): u32 {
  return load<u32>(SLAB_PTR + heads + ((<usize>at) << 2));
}


@inline
function setHead(heads: usize, at: u32, index: u32): void {
  store<u32>(SLAB_PTR + heads + ((<usize>at) << 2), index);
}

export function link(heads: usize, at: u32, index: u32): void {
  const page = pageAt(index);
  const next = head(heads, at);
  page.next = next;
  page.prev = NONE;
  if (next != NONE) pageAt(next).prev = index;
  setHead(heads, at, index);
}

export function unlink(heads: usize, at: u32, page: Page): void {
  if (page.prev == NONE) setHead(heads, at, page.next);
  else pageAt(page.prev).next = page.next;
  if (page.next != NONE) pageAt(page.next).prev = page.prev;
}

/** The first page of a block of that order, taken out of the free ones; NONE if there is none. */
export function takeBlock(order: u32): u32 {
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
export function giveBlock(index: u32): void {
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
