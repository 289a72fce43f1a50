// Puts entries into the translation tables of loads and stores, and takes them out. An entry is va_page ^ address of the page in linear
// memory; 0 is none. So (entry ^ va) has a zero upper half on a hit, and is then the address. A page that cannot be reached by a
// plain access is never put in. Depends on context and state.
import { BLOCKS_BYTES, BLOCKS_OFFSET, COUNTS_OFFSET, LIST_BYTES, LIST_MAX, LISTS_OFFSET, TABLE_BYTES } from "./context";
import { Hart } from "./state";

/** 2 * context, plus 1 for writes. */
export const TABLES: u32 = 8;


@inline
export function indexOf(va: u64): u32 {
  return (<u32>va) >>> 12;
}


@inline
export function entryPtr(h: Hart, table: u32, index: u32): usize {
  return h.tlbBase + <usize>table * TABLE_BYTES + (index << 3);
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

export function putEntry(h: Hart, table: u32, index: u32, entry: u64): void {
  if (load<u32>(countPtr(h, table)) == LIST_MAX) flushTable(h, table);
  const ptr = entryPtr(h, table, index);
  if (load<u64>(ptr) == 0) {
    const count = load<u32>(countPtr(h, table));
    store<u32>(listPtr(h, table) + (count << 2), index);
    store<u32>(countPtr(h, table), count + 1);
    store<u8>(blockPtr(h, table, index), 1);
  }
  store<u64>(ptr, entry);
}

/** Empties a table by its list. */
export function flushTable(h: Hart, table: u32): void {
  const end = listEnd(h, table);
  for (let ptr = listPtr(h, table); ptr < end; ptr += 4) {
    const index = load<u32>(ptr);
    store<u64>(entryPtr(h, table, index), 0);
    store<u8>(blockPtr(h, table, index), 0);
  }
  store<u32>(countPtr(h, table), 0);
}

/** Forgets a page; where it may be part of a superpage that is no larger than 512 pages, all of these. */
export function forgetPage(h: Hart, table: u32, index: u32, isBlock: bool): void {
  if (!isBlock) {
    store<u64>(entryPtr(h, table, index), 0);
    return;
  }
  const block = blockPtr(h, table, index);
  if (load<u8>(block) == 0) return;
  memory.fill(entryPtr(h, table, index & ~511), 0, 512 * 8);
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
