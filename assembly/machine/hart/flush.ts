// Forgets translations: all of them, those of the present address space, those for fetching. Depends on spaces, tables, context and state.
import { FETCH_OFFSET, FETCH_TABLE_BYTES, FETCHED_BYTES, FETCHED_OFFSET, selectEpoch, TABLES } from "./context";
import { asidOf, dropAsid, dropSpaces, keepSpace, restoreSpace } from "./spaces";
import { Hart, PRIV_U } from "./state";
import { flushTable } from "./tables";

const MAX_EPOCH: u32 = 0xfff;
/** Bits of Hart.perSpace. */
const TABLES_PER_SPACE: u32 = 0xff;
const SYSTEM_FETCHES_PER_SPACE: u32 = 0xe00;

/** Forgets every translation of this hart, fetches included. */
export function flushTranslations(h: Hart): void {
  h.flushes++;
  h.perSpace = 0;
  dropSpaces(h);
  for (let table: u32 = 0; table < TABLES; table++) flushTable(h, table);
  flushFetch(h);
  h.superUser = 0;
  h.superKernel = 0;
}

/** Another address space takes effect: `satp`, of the same mode. What is global stays, what was set aside of it comes back. */
export function enterSpace(h: Hart, satp: u64): void {
  keepSpace(h);
  flushSpace(h);
  h.satp = satp;
  restoreSpace(h);
}

/** sfence.vma for one ASID: forgets its translations that are not global. */
export function flushAsid(h: Hart, asid: u64): void {
  dropAsid(h, asid);
  if (asidOf(h.satp) == asid) flushSpace(h);
}

/** Forgets every translation that is not global. */
function flushSpace(h: Hart): void {
  h.flushes++;
  h.zeroGeneration = 0;
  for (let table: u32 = 0; table < TABLES; table++) if (h.perSpace & (1 << table)) flushTable(h, table);
  if (h.perSpace & SYSTEM_FETCHES_PER_SPACE) flushFetch(h);
  else flushUserFetch(h);
  h.perSpace = 0;
}

/**
 * Forgets every fetch translation: entries carry the epoch they were made in. The page that runs now is looked up again at the next
 * jump out of it.
 */
export function flushFetch(h: Hart): void {
  h.generation++;
  memory.fill(h.tlbBase + FETCHED_OFFSET, 0, 3 * FETCHED_BYTES);
  h.perSpace &= TABLES_PER_SPACE;
  if (h.userEpoch < MAX_EPOCH && h.systemEpoch < MAX_EPOCH) {
    h.userEpoch++;
    h.systemEpoch++;
  } else {
    memory.fill(h.tlbBase + FETCH_OFFSET, 0, 4 * FETCH_TABLE_BYTES);
    h.userEpoch = 1;
    h.systemEpoch = 1;
  }
  selectEpoch(h);
}

/** As flushFetch(), for U-mode alone. */
export function flushUserFetch(h: Hart): void {
  h.spaces++;
  memory.fill(h.tlbBase + FETCHED_OFFSET, 0, FETCHED_BYTES);
  if (h.userEpoch < MAX_EPOCH) h.userEpoch++;
  else {
    memory.fill(h.tlbBase + FETCH_OFFSET + <usize>PRIV_U * FETCH_TABLE_BYTES, 0, FETCH_TABLE_BYTES);
    h.userEpoch = 1;
  }
  selectEpoch(h);
}
