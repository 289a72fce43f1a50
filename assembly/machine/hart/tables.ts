// Puts entries into the translation tables of loads and stores, and takes them out. A page that cannot be reached by a plain access is
// never put in. Depends on context, sites and state.
//
//   entry (16 bytes)   u64 tag: va of the page, or NO_PAGE | u32 delta: what is added to the low half of a va there for its address in linear memory
//
// An access is a hit where its va without the bits of its place in the page, but for those that must be 0 where it is aligned, is the tag. An
// entry never used has a tag of 0, which is the va of a page that only the first entry can stand for: there it is said that there is none.
import {
  BLOCKS_BYTES,
  BLOCKS_OFFSET,
  COUNTS_OFFSET,
  LIST_BYTES,
  LIST_MAX,
  LISTS_OFFSET,
  NO_PAGE,
  PAGE_MASK,
  TABLE_BYTES,
  TABLES,
} from "./context";
import { emptySites, startSites } from "./sites";
import { Hart } from "./state";

export const ENTRY_LOG: u32 = 4;
const ENTRY_BYTES: usize = 1 << ENTRY_LOG;
export const ENTRY_DELTA: u32 = 8;
export const INDEX_MASK: u32 = <u32>(TABLE_BYTES / ENTRY_BYTES) - 1;


@inline
export function indexOf(va: u64): u32 {
  return ((<u32>va) >>> 12) & INDEX_MASK;
}


@inline
export function entryPtr(h: Hart, table: u32, index: u32): usize {
  return h.tlbBase + <usize>table * TABLE_BYTES + (index << ENTRY_LOG);
}

/** The entry that `va` would be in, of the table at `table`. */
@inline
export function entryOf(table: usize, va: u64): usize {
  return table + (((<u32>va) >>> (12 - ENTRY_LOG)) & (INDEX_MASK << ENTRY_LOG));
}

/** True where an access of `sizeBytes` at `va` is a hit there. */
@inline
export function isHit(entry: usize, va: u64, sizeBytes: u32): bool {
  return (va & (PAGE_MASK | (sizeBytes - 1))) == load<u64>(entry);
}

/** Where `va` is in linear memory, on a hit. */
@inline
export function addressOf(entry: usize, va: u64): usize {
  return <usize>va + load<u32>(entry, ENTRY_DELTA);
}

/** The indexes that are in use, and some that were: u32 each. */
@inline
export function listPtr(h: Hart, table: u32): usize {
  return h.tlbBase + LISTS_OFFSET + <usize>table * LIST_BYTES;
}


@inline
function countPtr(h: Hart, table: u32): usize {
  return h.tlbBase + COUNTS_OFFSET + (table << 2);
}


@inline
export function listEnd(h: Hart, table: u32): usize {
  return listPtr(h, table) + (load<u32>(countPtr(h, table)) << 2);
}


@inline
function blockPtr(h: Hart, table: u32, index: u32): usize {
  return h.tlbBase + BLOCKS_OFFSET + <usize>table * BLOCKS_BYTES + (index >>> 9);
}

/** Nothing is in any table, from power-on on. */
export function startTables(h: Hart): void {
  for (let table: u32 = 0; table < TABLES; table++) {
    store<u64>(entryPtr(h, table, 0), NO_PAGE);
    startSites(h, table);
  }
}

/** The page of `va` is at linear memory's address `delta` + its low half. */
export function putEntry(h: Hart, table: u32, va: u64, delta: u32): void {
  if (load<u32>(countPtr(h, table)) == LIST_MAX) flushTable(h, table);
  const index = indexOf(va);
  const ptr = entryPtr(h, table, index);
  const old = load<u64>(ptr);
  if (old == NO_PAGE || (old == 0 && index != 0)) {
    const count = load<u32>(countPtr(h, table));
    store<u32>(listPtr(h, table) + (count << 2), index);
    store<u32>(countPtr(h, table), count + 1);
    store<u8>(blockPtr(h, table, index), 1);
  }
  store<u64>(ptr, va & PAGE_MASK);
  store<u32>(ptr, delta, ENTRY_DELTA);
}

/** Empties a table by its list. */
export function flushTable(h: Hart, table: u32): void {
  const end = listEnd(h, table);
  for (let ptr = listPtr(h, table); ptr < end; ptr += 4) {
    const index = load<u32>(ptr);
    store<u64>(entryPtr(h, table, index), NO_PAGE);
    store<u8>(blockPtr(h, table, index), 0);
  }
  store<u32>(countPtr(h, table), 0);
  emptySites(h, table);
}

/** Forgets a page; where it may be part of a superpage that is no larger than 512 pages, all of these. */
export function forgetPage(h: Hart, table: u32, index: u32, isBlock: bool): void {
  emptySites(h, table);
  if (!isBlock) {
    store<u64>(entryPtr(h, table, index), NO_PAGE);
    return;
  }
  const block = blockPtr(h, table, index);
  if (load<u8>(block) == 0) return;
  memory.fill(entryPtr(h, table, index & ~511), 0xff, 512 * ENTRY_BYTES); // NO_PAGE
  store<u8>(block, 0);
}

/** Remembers that a page of a superpage is in, so that a fence for one address forgets all of it. */
export function noteLevel(h: Hart, va: u64, level: u32): void {
  if (level == 0) return;
  const bit = (<u32>1) << level;
  if (<i64>va < 0) h.superKernel |= bit;
  else h.superUser |= bit;
}

/** The levels of superpages that may be in, on the side of `va` of the address space: a bit each. */
@inline
export function levelsOf(h: Hart, va: u64): u32 {
  return <i64>va < 0 ? h.superKernel : h.superUser;
}
