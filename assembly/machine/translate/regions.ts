// The regions that are translated, and where they can be entered. A region belongs to all physical pages that its instructions came
// from: when one of those changes, the region is over. Depends on hart, bus and mmu.
//
// Where a page is mapped may change at any time, so a region remembers at which virtual address, and in which generation of the
// hart's fetch translations, its pages were last seen in place; holds() looks again when either differs.
import { CONTEXT_U, generationOf } from "../hart/context";
import { Hart } from "../hart/state";
import {
  bytesOf,
  chainPtr,
  clearRetired,
  forgetTranslated,
  OP_ENTRY,
  OP_MASK,
  retiredChain,
  retiredChains,
  retiredOverflow,
} from "../bus/code";
import { PAGE_BYTES } from "../abi";
import { unlink } from "../host";
import { decodeAt } from "../interp/decode";
import { decodedPage } from "../mmu/fetch";
import { hashOf } from "./hash";
import { BUCKETS_PTR, ENTRIES_PTR, PLACES_PTR, REGIONS_PTR, SHELF_PTR } from "./layout";

export const REGION_BYTES: usize = 256;
export const MAX_REGIONS: u32 = 8192;
export const MAX_REGION_PAGES: u32 = 16;
export const ENTRY_BYTES: usize = 40;
const MAX_ENTRIES: u32 = 24000;
/** Of one region: it has no more blocks (discover.ts). */
const MOST_ENTRIES: u32 = 500;
/** Regions that have no entry left but may be named in jump caches, before these are emptied. */
const MOST_LEFT: u32 = 32;
const PAGES_OFFSET: usize = 64;
const REGION_PAGE_BYTES: usize = 12; // i32 pages from the first instruction's | u32 decoded page | u32 next in that page's chain


@final
@unmanaged
export class Region {
  mode: u32;
  pages: u32;
  basePc: u64; // of the first instruction, where it was last seen in place
  generation: u64;
  isLive: bool;
  isReady: bool; // the host has compiled it
  isLarge: bool; // made as large as can be, or not worth it
  wasUsed: bool; // since the clock hand went by
  serial: u32; // tells it from an earlier one of the same number
  next: u32; // of the free ones
  entries: u32; // first of them
  insns: u32; // that it was made from
  crossed: u32; // times it was seen to be gone to from another one (jumps.ts)
  since: u64; // instructions retired when it was opened
  times: u32; // that it was made anew


  @inline
  get ptr(): usize {
    return changetype<usize>(this);
  }


  @inline
  pageDelta(k: u32): i32 {
    return load<i32>(this.ptr + <usize>k * REGION_PAGE_BYTES, PAGES_OFFSET);
  }


  @inline
  pageCode(k: u32): usize {
    return load<u32>(this.ptr + <usize>k * REGION_PAGE_BYTES, PAGES_OFFSET + 4);
  }
}

/** A place where a region can be entered. */
@final
@unmanaged
export class Entry {
  slotPtr: u32; // of its instruction in the decoded page
  code: u32; // that page
  next: u32; // in its bucket, or of the free ones
  region: u32;
  sibling: u32; // next of the region's
  halves: i32; // from the region's first instruction
  selector: u32; // what the function is told
  isOpen: bool; // in its bucket
  isCase: bool; // found hot by itself, and so perhaps a case of a switch
  isLoop: bool; // a small loop begins there
}

/** What is known of all regions together. */
@unmanaged
class Shelf {
  made: u32; // records ever used; record 0 is none
  free: u32; // first of the free ones
  live: u32;
  hand: u32; // of the clock that finds what to evict
  madeEntries: u32;
  entries: u32; // of those, in use
  serials: u32;
  waiting: u32; // regions that the host has not compiled yet
  freeEntries: u32;
  left: u32; // regions whose last entry another one took, since such were ended
  evicted: u64;
}


@inline
function shelf(): Shelf {
  return changetype<Shelf>(SHELF_PTR);
}


@inline
export function regionAt(index: u32): Region {
  return changetype<Region>(REGIONS_PTR + <usize>index * REGION_BYTES);
}


@inline
export function entryAt(index: u32): Entry {
  return changetype<Entry>(ENTRIES_PTR + <usize>index * ENTRY_BYTES);
}

/** Records ever used, live or not: they are numbered from 1. */
export function madeRegions(): u32 {
  return shelf().made;
}

export function liveRegions(): u32 {
  return shelf().live;
}

export function regionsEvicted(): u64 {
  return shelf().evicted;
}


@inline
function bucketPtr(slotPtr: usize, mode: u32): usize {
  return BUCKETS_PTR + ((hashOf(slotPtr, mode) >>> 18) << 2);
}

export const NO_PLACE: u32 = 0;


@inline
export function placeOf(index: u32): u32 {
  return load<u32>(PLACES_PTR + ((<usize>index) << 2));
}

/** Where the region's function stands in bundles. A place is never given out twice: functions of a bundle may be there for longer than their regions. */
export function setPlace(index: u32, place: u32): void {
  store<u32>(PLACES_PTR + ((<usize>index) << 2), place);
}

/** The entry at a slot, for a mode; 0 for none. */
export function findEntry(slotPtr: usize, mode: u32): u32 {
  let index = load<u32>(bucketPtr(slotPtr, mode));
  while (index != 0) {
    const entry = entryAt(index);
    if (entry.slotPtr == <u32>slotPtr && regionAt(entry.region).mode == mode) return index;
    index = entry.next;
  }
  return 0;
}

/** A record for a new region that begins at `pc`, and room for its entries; those that have been out of use for longest give way where all is taken. */
export function takeRegion(h: Hart, mode: u32, pc: u64): u32 {
  const s = shelf();
  while ((s.free == 0 && s.made == MAX_REGIONS - 1) || s.entries + MOST_ENTRIES > MAX_ENTRIES) evict(h);
  let index = s.free;
  if (index != 0) s.free = regionAt(index).next;
  else index = ++s.made;
  const region = regionAt(index);
  region.isLive = true;
  region.isReady = false;
  region.serial = ++s.serials;
  s.waiting++;
  region.mode = mode;
  region.insns = 0;
  region.pages = 0;
  region.generation = 0;
  region.basePc = pc;
  region.wasUsed = true;
  region.entries = 0;
  region.crossed = 0;
  s.live++;
  return index;
}

/** The region belongs to a page, `delta` pages from that of its first instruction; once, however often it is said. */
export function addPage(index: u32, delta: i32, code: usize): void {
  const region = regionAt(index);
  for (let k: u32 = 0; k < region.pages; k++) if (region.pageDelta(k) == delta) return;
  const k = region.pages++;
  const ptr = region.ptr + <usize>k * REGION_PAGE_BYTES;
  store<i32>(ptr, delta, PAGES_OFFSET);
  store<u32>(ptr, <u32>code, PAGES_OFFSET + 4);
  store<u32>(ptr, load<u32>(chainPtr(code)), PAGES_OFFSET + 8);
  store<u32>(chainPtr(code), (index << 4) | k);
}

/** True where a region that waits for the host begins at a slot. */
export function isWaiting(slotPtr: usize, mode: u32): bool {
  if (shelf().waiting == 0) return false;
  for (let index: u32 = 1; index <= shelf().made; index++) {
    const region = regionAt(index);
    if (!region.isLive || region.isReady || region.mode != mode) continue;
    for (let number = region.entries; number != 0; number = entryAt(number).sibling)
      if (entryAt(number).slotPtr == <u32>slotPtr) return true;
  }
  return false;
}

/** The region can be entered at slot `slot` of decoded page `code`, once it is ready: how, the caller says. */
export function addEntry(index: u32, code: usize, slot: usize): Entry {
  const region = regionAt(index);
  const s = shelf();
  let number = s.freeEntries;
  if (number != 0) s.freeEntries = entryAt(number).next;
  else number = ++s.madeEntries;
  s.entries++;
  const entry = entryAt(number);
  entry.slotPtr = <u32>(code + (slot << 3));
  entry.code = <u32>code;
  entry.region = index;
  entry.sibling = region.entries;
  entry.isOpen = false;
  region.entries = number;
  return entry;
}

/**
 * The host has the region's function in the table: it is entered from now on, and others no longer are at the same places. One that has no
 * entry left stays for a while, for jump caches may name it, and what it does is still right.
 */
export function openRegion(h: Hart, index: u32): void {
  const region = regionAt(index);
  region.isReady = true;
  region.since = h.retired;
  shelf().waiting--;
  for (let number = region.entries; number != 0; number = entryAt(number).sibling) {
    const entry = entryAt(number);
    const old = findEntry(entry.slotPtr, region.mode);
    if (old != 0) dropEntry(old);
    const bucket = bucketPtr(entry.slotPtr, region.mode);
    entry.next = load<u32>(bucket);
    entry.isOpen = true;
    store<u32>(bucket, number);
    markEntry(entry);
  }
  if (shelf().left >= MOST_LEFT) endLeft(h);
}

/** Ends the regions that have no entry left. */
function endLeft(h: Hart): void {
  shelf().left = 0;
  for (let index: u32 = 1; index <= shelf().made; index++) {
    const region = regionAt(index);
    if (region.isLive && region.entries == 0) endRegion(h, index);
  }
}

/** The interpreter stops where a region begins. Length and operands of the instruction stay in the slot; one that crosses pages has neither there. */
export function markEntry(entry: Entry): void {
  const slot = <usize>entry.slotPtr;
  const offset = (slot - entry.code) >>> 2;
  const field = decodeAt(slot, bytesOf(entry.code) + offset, offset == PAGE_BYTES - 2);
  store<u16>(slot, <u16>((field & ~OP_MASK) | OP_ENTRY));
}

/** True where the region is still the one that was handed to the host as `serial`, and is still wanted. */
export function isWanted(index: u32, serial: u32): bool {
  const region = regionAt(index);
  return region.isLive && !region.isReady && region.serial == serial;
}

function dropEntry(number: u32): void {
  const region = regionAt(entryAt(number).region);
  if (region.entries == number) {
    region.entries = entryAt(number).sibling;
  } else {
    let before = region.entries;
    while (entryAt(before).sibling != number) before = entryAt(before).sibling;
    entryAt(before).sibling = entryAt(number).sibling;
  }
  forgetEntry(number, region.mode);
  if (region.entries == 0) shelf().left++;
}

/** Takes an entry out of its bucket and its slot, where it is in them. */
function forgetEntry(number: u32, mode: u32): void {
  const entry = entryAt(number);
  if (entry.isOpen) {
    let ptr = bucketPtr(entry.slotPtr, mode);
    while (load<u32>(ptr) != number) ptr = changetype<usize>(entryAt(load<u32>(ptr))) + offsetof<Entry>("next");
    store<u32>(ptr, entry.next);
    const slot = <usize>entry.slotPtr;
    if ((load<u16>(slot) & OP_MASK) == OP_ENTRY) store<u16>(slot, load<u16>(slot) & ~OP_MASK);
  }
  const s = shelf();
  entry.next = s.freeEntries;
  s.freeEntries = number;
  s.entries--;
}


@inline
function nextInChain(link: u32): usize {
  return regionAt(link >>> 4).ptr + ((<usize>link) & 15) * REGION_PAGE_BYTES + PAGES_OFFSET + 8;
}

/** True where the region may run with its first instruction at `pc`: all of its pages are where they were when it was made. */
export function holds(h: Hart, index: u32, pc: u64): bool {
  const region = regionAt(index);
  const generation = generationOf(h, region.mode == CONTEXT_U);
  if (region.generation == generation && region.basePc == pc) return true;
  for (let k: u32 = 0; k < region.pages; k++) {
    if (decodedPage(h, pc + ((<i64>region.pageDelta(k)) << 12)) != region.pageCode(k)) return false;
  }
  if (generationOf(h, region.mode == CONTEXT_U) != generation) return false;
  region.generation = generation;
  region.basePc = pc;
  region.wasUsed = true;
  return true;
}

/** Takes a region out of everything but the chains that are being retired. The record may be looked at until it is released. */
function kill(index: u32): void {
  const region = regionAt(index);
  for (let number = region.entries; number != 0;) {
    const sibling = entryAt(number).sibling;
    forgetEntry(number, region.mode);
    number = sibling;
  }
  for (let k: u32 = 0; k < region.pages; k++) unchain(region.pageCode(k), (index << 4) | k);
  region.isLive = false;
  setPlace(index, NO_PLACE);
  if (!region.isReady) shelf().waiting--;
  unlink(index);
  shelf().live--;
}

/** Takes a region out of a page's chain. Where that was the last one, the page's code may be found hot, and translated, anew. */
function unchain(code: usize, link: u32): void {
  let ptr = chainPtr(code);
  while (load<u32>(ptr) != 0) {
    if (load<u32>(ptr) == link) {
      store<u32>(ptr, load<u32>(nextInChain(link)));
      if (load<u32>(chainPtr(code)) == 0) forgetTranslated(code);
      return;
    }
    ptr = nextInChain(load<u32>(ptr));
  }
}


@inline
function release(index: u32): void {
  regionAt(index).next = shelf().free;
  shelf().free = index;
}

/** Ends one region. No translated code may be running. */
export function endRegion(h: Hart, index: u32): void {
  kill(index);
  release(index);
  h.generation++;
}

/** Ends all regions of the pages that changed. Call before any region is entered. */
export function endRetired(h: Hart): void {
  if (retiredOverflow()) endAll(h);
  else endChains();
  clearRetired();
  h.generation++;
  if (shelf().left != 0) endLeft(h); // else they would keep the marks of their pages
}

/** A region may be in several of the chains: its record is released when all were walked. */
function endChains(): void {
  let dead: u32 = 0;
  for (let n: u32 = 0; n < retiredChains(); n++) {
    for (let link = retiredChain(n); link != 0; link = load<u32>(nextInChain(link))) {
      const index = link >>> 4;
      if (!regionAt(index).isLive) continue;
      kill(index);
      regionAt(index).next = dead;
      dead = index;
    }
  }
  while (dead != 0) {
    const index = dead;
    dead = regionAt(index).next;
    release(index);
  }
}

function endAll(h: Hart): void {
  for (let index: u32 = 1; index <= shelf().made; index++) if (regionAt(index).isLive) endRegion(h, index);
}

/** Ends a region that has not been used for a turn of the clock. */
function evict(h: Hart): void {
  const s = shelf();
  while (true) {
    s.hand = s.hand + 1 == MAX_REGIONS ? 1 : s.hand + 1;
    const region = regionAt(s.hand);
    if (!region.isLive) continue;
    if (!region.wasUsed) break;
    region.wasUsed = false;
    region.generation = 0; // so that the next use is seen
  }
  s.evicted++;
  endRegion(h, s.hand);
}
