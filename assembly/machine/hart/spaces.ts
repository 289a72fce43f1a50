// What loads and stores know of address spaces that satp does not name now: their entries in the tables of U-mode, and of S-mode with SUM,
// are set aside when satp changes, and put back when it names the space again. Which is right as long as software fences what it changes,
// as it must for a processor with ASIDs; a fence for one address is noted, and done when the space comes back. Depends on tables,
// context and state.
//
//   SPACES_OFFSET + 0         Kept, then the addresses of the last fences, u64 each
//            + FIRST_SLOT     SLOTS slots: Slot, then of each kept table MAX_ENTRIES tags, u64 each, and as many deltas, u32 each
import { CONTEXT_S_SUM, CONTEXT_U, NO_PAGE, SPACES_OFFSET } from "./context";
import { ENTRY_DELTA, entryPtr, flushTable, forgetPage, indexOf, levelsOf, listEnd, listPtr, putEntry } from "./tables";
import { Hart } from "./state";

const SLOTS: u32 = 8;
/** The reads of a context, then its writes. */
const KEPT_TABLES: u32 = 4;
/** Of one table: 32 MiB of pages. */
const MAX_ENTRIES: u32 = 8192;
/** Fences for one address that may be done later; a space that has missed more is forgotten. */
const MAX_FENCES: u64 = 1024;

const FENCES: usize = 64;
/** Of Slot, rounded up. */
const HEAD_BYTES: usize = 64;
const SLOT_BYTES: usize = HEAD_BYTES + <usize>KEPT_TABLES * <usize>MAX_ENTRIES * 12;
const FIRST_SLOT: usize = 0x4000;
const ASID_SHIFT: u64 = 44;
export const ASID_MASK: u64 = 0xffff;


@unmanaged
class Kept {
  fences: u64; // for one address, since power-on
  departures: u64; // times a space was set aside
}


@unmanaged
class Slot {
  satp: u64; // 0: the slot is free, for the space without translation is never kept
  fences: u64; // Kept.fences when it was set aside
  departure: u64;
  count0: u32; // entries of each table
  count1: u32;
  count2: u32;
  count3: u32;
}


@inline
function kept(h: Hart): Kept {
  return changetype<Kept>(h.tlbBase + SPACES_OFFSET);
}


@inline
function slotAt(h: Hart, n: u32): Slot {
  return changetype<Slot>(h.tlbBase + SPACES_OFFSET + FIRST_SLOT + <usize>n * SLOT_BYTES);
}


@inline
function countPtr(slot: Slot, k: u32): usize {
  return changetype<usize>(slot) + offsetof<Slot>("count0") + ((<usize>k) << 2);
}


@inline
function tagsPtr(slot: Slot, k: u32): usize {
  return changetype<usize>(slot) + HEAD_BYTES + <usize>k * <usize>MAX_ENTRIES * 12;
}


@inline
function deltasPtr(slot: Slot, k: u32): usize {
  return tagsPtr(slot, k) + <usize>MAX_ENTRIES * 8;
}

/** The table that is kept as the `k`-th. */
@inline
function tableOf(k: u32): u32 {
  return 2 * (k < 2 ? CONTEXT_U : CONTEXT_S_SUM) + (k & 1);
}

/** Sets aside what the tables know of the space that satp names: they are empty then. */
export function keepSpace(h: Hart): void {
  const slot = oldestSlot(h);
  slot.satp = h.satp;
  slot.fences = kept(h).fences;
  slot.departure = ++kept(h).departures;
  for (let k: u32 = 0; k < KEPT_TABLES; k++) keepTable(h, slot, k);
}

/** A free one, or that of the space that was left longest ago. */
function oldestSlot(h: Hart): Slot {
  let oldest = slotAt(h, 0);
  for (let n: u32 = 0; n < SLOTS; n++) {
    const slot = slotAt(h, n);
    if (slot.satp == 0) return slot;
    if (slot.departure < oldest.departure) oldest = slot;
  }
  return oldest;
}

/** The entries that were put in last, if there are too many. */
function keepTable(h: Hart, slot: Slot, k: u32): void {
  const table = tableOf(k);
  const bit = (<u32>1) << table;
  let count: u32 = 0;
  if (h.perSpace & bit) {
    h.perSpace &= ~bit;
    const first = listPtr(h, table);
    for (let at = listEnd(h, table); at > first && count < MAX_ENTRIES;) {
      at -= 4;
      const ptr = entryPtr(h, table, load<u32>(at));
      const tag = load<u64>(ptr);
      if (tag == NO_PAGE) continue;
      store<u64>(ptr, NO_PAGE); // it may stand in the list twice
      store<u64>(tagsPtr(slot, k) + ((<usize>count) << 3), tag);
      store<u32>(deltasPtr(slot, k) + ((<usize>count) << 2), load<u32>(ptr, ENTRY_DELTA));
      count++;
    }
    flushTable(h, table);
  }
  store<u32>(countPtr(slot, k), count);
}

/** Puts back what was set aside of the space that satp names, if anything was. */
export function restoreSpace(h: Hart): void {
  for (let n: u32 = 0; n < SLOTS; n++) {
    const slot = slotAt(h, n);
    if (slot.satp != h.satp) continue;
    slot.satp = 0;
    const missed = kept(h).fences - slot.fences;
    if (missed > MAX_FENCES) return;
    for (let k: u32 = 0; k < KEPT_TABLES; k++) restoreTable(h, slot, k);
    for (let fence = slot.fences; fence < kept(h).fences; fence++) fenceKept(h, load<u64>(fencePtr(h, fence)));
    return;
  }
}

function restoreTable(h: Hart, slot: Slot, k: u32): void {
  const table = tableOf(k);
  const count = load<u32>(countPtr(slot, k));
  if (count != 0) h.perSpace |= (<u32>1) << table;
  for (let at = count; at > 0; at--) {
    const tag = load<u64>(tagsPtr(slot, k) + ((<usize>(at - 1)) << 3));
    if (tag != NO_PAGE) putEntry(h, table, tag, load<u32>(deltasPtr(slot, k) + ((<usize>(at - 1)) << 2)));
  }
}


@inline
function fencePtr(h: Hart, fence: u64): usize {
  return h.tlbBase + SPACES_OFFSET + FENCES + ((<usize>(fence % MAX_FENCES)) << 3);
}

/** There was a fence for one address: spaces that are set aside do it when they come back. */
export function noteFence(h: Hart, va: u64): void {
  store<u64>(fencePtr(h, kept(h).fences++), va);
}

function fenceKept(h: Hart, va: u64): void {
  const isBlock = levelsOf(h, va) != 0;
  for (let k: u32 = 0; k < KEPT_TABLES; k++) forgetPage(h, tableOf(k), indexOf(va), isBlock);
}

/** Forgets what is set aside: of all spaces. */
export function dropSpaces(h: Hart): void {
  for (let n: u32 = 0; n < SLOTS; n++) slotAt(h, n).satp = 0;
}

/** Forgets what is set aside of the spaces of one ASID. */
export function dropAsid(h: Hart, asid: u64): void {
  for (let n: u32 = 0; n < SLOTS; n++) if (asidOf(slotAt(h, n).satp) == asid) slotAt(h, n).satp = 0;
}


@inline
export function asidOf(satp: u64): u64 {
  return (satp >>> ASID_SHIFT) & ASID_MASK;
}

/** Makes every store to the page at `pagePtr` in spaces that are set aside take the slow path. */
export function protectKept(h: Hart, pagePtr: usize): void {
  for (let n: u32 = 0; n < SLOTS; n++) {
    const slot = slotAt(h, n);
    if (slot.satp == 0) continue;
    for (let k: u32 = 1; k < KEPT_TABLES; k += 2) {
      const count = load<u32>(countPtr(slot, k));
      for (let at: u32 = 0; at < count; at++) {
        const ptr = tagsPtr(slot, k) + ((<usize>at) << 3);
        if (<u32>load<u64>(ptr) + load<u32>(deltasPtr(slot, k) + ((<usize>at) << 2)) == <u32>pagePtr) store<u64>(ptr, NO_PAGE);
      }
    }
  }
}
