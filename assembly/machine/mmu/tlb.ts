// Filling and emptying the translation tables of loads and stores. Their layout stands in hart/context.ts.
// An entry is va_page ^ address of the page in linear memory; 0 is none. So (entry ^ va) has a zero upper half on a hit,
// and is then the address. A page that cannot be reached by a plain access is never put in.
import {
  BLOCKS_BYTES,
  BLOCKS_OFFSET,
  COUNTS_OFFSET,
  fetchedPtr,
  flushFetch,
  flushUserFetch,
  flushTable,
  flushTranslations,
  LIST_BYTES,
  LIST_MAX,
  LISTS_OFFSET,
  TABLE_BYTES,
} from "../hart/context";
import { hartAt, Hart } from "../hart/state";
import { harts } from "../hart/lines";


@inline
function indexOf(va: u64): u32 {
  return (<u32>va) >>> 12;
}

/** Puts a translation into table `tablePtr` (h.readTlb or h.writeTlb). */
export function tlbFill(h: Hart, tablePtr: usize, va: u64, pagePtr: usize, level: u32, isGlobal: bool): void {
  const table = <u32>((tablePtr - h.tlbBase) / TABLE_BYTES);
  if (!isGlobal) h.perSpace |= 1 << table;
  const countPtr = h.tlbBase + COUNTS_OFFSET + (table << 2);
  if (load<u32>(countPtr) == LIST_MAX) flushTable(h, table);
  const count = load<u32>(countPtr);
  const index = indexOf(va);
  const entryPtr = tablePtr + (index << 3);
  if (load<u64>(entryPtr) == 0) {
    store<u32>(h.tlbBase + LISTS_OFFSET + <usize>table * LIST_BYTES + (count << 2), index);
    store<u32>(countPtr, count + 1);
    store<u8>(h.tlbBase + BLOCKS_OFFSET + <usize>table * BLOCKS_BYTES + (index >>> 9), 1);
  }
  store<u64>(entryPtr, (va & ~0xfff) ^ pagePtr);
  noteLevel(h, va, level);
}

/** Remembers that a page of a superpage is in, so that fenceAddress() drops all of it. */
export function noteLevel(h: Hart, va: u64, level: u32): void {
  if (level == 0) return;
  const bit = (<u32>1) << level;
  if (<i64>va < 0) h.superKernel |= bit;
  else h.superUser |= bit;
}

/** sfence.vma for one address: its page, or all pages of the superpage that it may belong to. */
export function fenceAddress(h: Hart, va: u64): void {
  const levels = <i64>va < 0 ? h.superKernel : h.superUser;
  if (levels >> 2 != 0) {
    flushTranslations(h);
    return;
  }
  const index = indexOf(va);
  for (let table: u32 = 0; table < 8; table++) {
    const base = h.tlbBase + <usize>table * TABLE_BYTES;
    if (levels == 0) {
      store<u64>(base + (index << 3), 0);
      continue;
    }
    const block = h.tlbBase + BLOCKS_OFFSET + <usize>table * BLOCKS_BYTES + (index >>> 9);
    if (load<u8>(block) == 0) continue;
    memory.fill(base + ((index & ~511) << 3), 0, 512 * 8);
    store<u8>(block, 0);
  }
  h.zeroGeneration = 0;
  if (wasFetched(fetchedPtr(h, va, false), levels != 0)) flushFetch(h);
  else if (wasFetched(fetchedPtr(h, va, true), levels != 0)) flushUserFetch(h);
}

/** True where instructions may have come from the page, or from one of the 512 around it: Linux fences the pages of data that it maps, too. */
function wasFetched(ptr: usize, isBlock: bool): bool {
  if (!isBlock) return load<u8>(ptr) != 0;
  const first = ptr & ~511;
  for (let at = first; at < first + 512; at += 8) if (load<u64>(at) != 0) return true;
  return false;
}

/** Makes every store to the page at `pagePtr` take the slow path from now on: instructions were decoded from it. */
export function protectPage(pagePtr: usize): void {
  for (let id: u32 = 0; id < harts(); id++) {
    const h = hartAt(id);
    for (let table: u32 = 1; table < 8; table += 2) {
      const base = h.tlbBase + <usize>table * TABLE_BYTES;
      const list = h.tlbBase + LISTS_OFFSET + <usize>table * LIST_BYTES;
      const end = list + (load<u32>(h.tlbBase + COUNTS_OFFSET + (table << 2)) << 2);
      for (let ptr = list; ptr < end; ptr += 4) {
        const index = load<u32>(ptr);
        const entry = load<u64>(base + (index << 3));
        if (((<u32>entry) ^ (index << 12)) == <u32>pagePtr) store<u64>(base + (index << 3), 0);
      }
    }
  }
}
