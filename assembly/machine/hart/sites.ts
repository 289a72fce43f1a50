// The page that single loads and stores touched last: entries of the translation tables (tables.ts) once more, each kept where one access of
// translated code looks for it (translate/sites.ts), whatever its address. When an entry is taken out of a table, all of its sites are emptied: an
// entry that gave way to one of another page is still right, and what takes its page out later empties them, too. Depends on context and state.
//
//   tlbBase + SITES_OFFSET   of each table SITES sites, then of each a u8: not 0 where one was written since they were emptied
//   site (16 bytes)          u64 tag, u32 delta: as of an entry of the table | u32 times it was missed (translate/steady.ts)
import { NO_PAGE, SITES_OFFSET, TABLES } from "./context";
import { Hart } from "./state";

export const SITES_LOG: u32 = 8;
export const SITES: u32 = 1 << SITES_LOG;
const SITE_LOG: u32 = 4;
export const SITE_DELTA: u32 = 8;
export const SITE_MISSES: u32 = 12;
const TABLE_SITES_BYTES: usize = SITES << SITE_LOG;
const WRITTEN_OFFSET: usize = SITES_OFFSET + <usize>TABLES * TABLE_SITES_BYTES;


@inline
export function sitePtr(tlbBase: usize, table: u32, number: u32): usize {
  return tlbBase + SITES_OFFSET + <usize>table * TABLE_SITES_BYTES + ((<usize>number) << SITE_LOG);
}


@inline
export function writtenPtr(tlbBase: usize, table: u32): usize {
  return tlbBase + WRITTEN_OFFSET + table;
}

/** An entry is taken out of a table. */
export function emptySites(h: Hart, table: u32): void {
  if (load<u8>(writtenPtr(h.tlbBase, table)) != 0) startSites(h, table);
}

/** The sites of a table are empty. */
export function startSites(h: Hart, table: u32): void {
  store<u8>(writtenPtr(h.tlbBase, table), 0);
  const end = sitePtr(h.tlbBase, table, SITES);
  for (let ptr = sitePtr(h.tlbBase, table, 0); ptr < end; ptr += 1 << SITE_LOG) store<u64>(ptr, NO_PAGE);
}
