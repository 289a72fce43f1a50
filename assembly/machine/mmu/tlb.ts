// Filling the translation tables of loads and stores, and forgetting what one page is about. The tables stand in hart/tables.ts.
import { fetchedPtr, NO_PAGE, PAGE_MASK, TABLE_BYTES, TABLES } from "../hart/context";
import { flushFetch, flushTranslations, flushUserFetch } from "../hart/flush";
import { harts } from "../hart/lines";
import { emptySites } from "../hart/sites";
import { noteFence, protectKept } from "../hart/spaces";
import { hartAt, Hart } from "../hart/state";
import { ENTRY_DELTA, entryPtr, forgetPage, indexOf, levelsOf, listEnd, listPtr, noteLevel, putEntry } from "../hart/tables";

/** Puts a translation into table `tablePtr` (h.readTlb or h.writeTlb). */
export function tlbFill(h: Hart, tablePtr: usize, va: u64, pagePtr: usize, level: u32, isGlobal: bool): void {
  const table = <u32>((tablePtr - h.tlbBase) / TABLE_BYTES);
  if (!isGlobal) h.perSpace |= 1 << table;
  putEntry(h, table, va, <u32>pagePtr - <u32>(va & PAGE_MASK));
  noteLevel(h, va, level);
}

/** sfence.vma for one address: its page, or all pages of the superpage that it may belong to. */
export function fenceAddress(h: Hart, va: u64): void {
  const levels = levelsOf(h, va);
  if (levels >> 2 != 0) {
    flushTranslations(h);
    return;
  }
  noteFence(h, va);
  for (let table: u32 = 0; table < TABLES; table++) forgetPage(h, table, indexOf(va), levels != 0);
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
    protectKept(h, pagePtr);
    for (let table: u32 = 1; table < TABLES; table += 2) {
      emptySites(h, table);
      const end = listEnd(h, table);
      for (let ptr = listPtr(h, table); ptr < end; ptr += 4) {
        const entry = entryPtr(h, table, load<u32>(ptr));
        if (<u32>load<u64>(entry) + load<u32>(entry, ENTRY_DELTA) == <u32>pagePtr) store<u64>(entry, NO_PAGE);
      }
    }
  }
}
