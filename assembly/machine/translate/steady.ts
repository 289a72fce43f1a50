// What takes a good part of the time: small loops, and functions or larger loops. The budget of instructions, which is small, often ends where
// they begin. Their regions are translated once more, with a site for each access (sites.ts). A site that is missed often costs more than a
// look into the table; its region is translated again without it. Depends on hart, hash and layout.
import { TABLES } from "../hart/context";
import { SITE_MISSES, sitePtr, SITES, SITES_LOG } from "../hart/sites";
import { Hart } from "../hart/state";
import { TLB_PTR } from "../layout";
import { hashOf } from "./hash";
import { STEADY_PTR } from "./layout";

/** Turns of a period; of so many of those, a small loop takes much time. */
const PERIOD: u32 = 256;
const MANY: u32 = 32;
/** What is no small loop needs so many in two periods: its accesses cost it less, and it is more to translate. */
const MANY_ELSEWHERE: u32 = 128;
/** A site is scattered that is missed more often than every so many times; and seldom ones do not matter. */
const WORTH: u64 = 16;
const SELDOM: u32 = 64;
/** So often a region is translated again for one place. */
const MOST_TIMES: u8 = 8;


@unmanaged
class Steady {
  turns: u32; // in this period
  serial: u32; // of the region that is written
  since: u64; // instructions retired when it began
}


@unmanaged
class Head {
  slotPtr: u32; // of where a loop or function begins; 0: none
  mode: u32;
  turns: u32; // in this period
  turnsBefore: u32; // in the last one
  isLoop: bool; // of a small loop
  isSteady: bool; // takes much time
  isDue: bool; // the region is to be translated again
  times: u8; // it was
}

const HEAD_BYTES: usize = offsetof<Head>();
const HEADS_LOG: u32 = 10;
const HEADS: u32 = 1 << HEADS_LOG;
const HEADS_PTR: usize = STEADY_PTR + 0x100;


@unmanaged
class Owner {
  slotPtr: u32; // of the access; 0: none
  serial: u32; // of the region that was written when it was last asked for
  head: u16;
  roundInsns: u8;
  isScattered: bool;
}

const OWNER_BYTES: usize = offsetof<Owner>();
/** Sites that are looked at for one that is free. */
const PROBES: u32 = 8;
/** Of each site. */
const OWNERS_PTR: usize = HEADS_PTR + <usize>HEADS * HEAD_BYTES;


@inline
function state(): Steady {
  return changetype<Steady>(STEADY_PTR);
}


@inline
function headAt(k: u32): Head {
  return changetype<Head>(HEADS_PTR + <usize>k * HEAD_BYTES);
}


@inline
function ownerOf(table: u32, number: u32): Owner {
  return changetype<Owner>(OWNERS_PTR + (((<usize>table) << SITES_LOG) + number) * OWNER_BYTES);
}

/** The number of the only record that can be that of a slot. */
@inline
function numberOf(slotPtr: usize, mode: u32): u32 {
  return hashOf(slotPtr, mode) >>> (32 - HEADS_LOG);
}


@inline
function isThere(head: Head, slotPtr: usize, mode: u32): bool {
  return head.slotPtr == <u32>slotPtr && head.mode == mode;
}

/** True where the budget did not end lately. */
@inline
function isIdle(head: Head): bool {
  return head.turns + head.turnsBefore == 0;
}

/** The number of a slot's record; takes that of an idle one, if it has none. HEADS: another one has it. */
function headOf(slotPtr: usize, mode: u32): u32 {
  const k = numberOf(slotPtr, mode);
  const head = headAt(k);
  if (isThere(head, slotPtr, mode)) return k;
  if (head.slotPtr != 0 && !isIdle(head)) return HEADS;
  memory.fill(changetype<usize>(head), 0, HEAD_BYTES);
  head.slotPtr = <u32>slotPtr;
  head.mode = mode;
  return k;
}

/** True where a small loop, or something else, begins that takes much time. */
export function isSteady(slotPtr: usize, mode: u32, isLoop: bool): bool {
  const head = headAt(numberOf(slotPtr, mode));
  return isThere(head, slotPtr, mode) && head.isSteady && head.isLoop == isLoop;
}

/** A region is to be written: sites that are asked for from now on are not given to others until the next one. */
export function beginRegion(): void {
  state().serial++;
}

/**
 * The site of a table that the access of an instruction's slot has, the first free one from `first` on; it belongs to what begins at `headPtr` and
 * needs `roundInsns` instructions at least to come there again. SITES: it has none.
 */
export function siteFor(table: u32, slotPtr: usize, first: u32, headPtr: usize, roundInsns: u32): u32 {
  const head = headOf(headPtr, table >>> 1);
  if (head == HEADS) return SITES;
  let number = SITES;
  for (let probe: u32 = 0; probe < PROBES; probe++) {
    const at = (first + probe) & (SITES - 1);
    const owner = ownerOf(table, at);
    if (owner.slotPtr == <u32>slotPtr) return owner.isScattered ? SITES : keepSite(table, at, head, roundInsns);
    if (number == SITES && isFree(owner)) number = at;
  }
  if (number == SITES) return SITES;
  ownerOf(table, number).slotPtr = <u32>slotPtr;
  ownerOf(table, number).isScattered = false;
  return keepSite(table, number, head, roundInsns);
}

function isFree(owner: Owner): bool {
  return owner.slotPtr == 0 || (owner.serial != state().serial && isIdle(headAt(owner.head)));
}

function keepSite(table: u32, number: u32, head: u32, roundInsns: u32): u32 {
  const owner = ownerOf(table, number);
  owner.head = <u16>head;
  owner.roundInsns = <u8>min<u32>(roundInsns, 255);
  owner.serial = state().serial;
  return number;
}

/** The budget has ended in translated code of a mode, at an entry, which may be the head of a small loop, or elsewhere (0). True where the region there is to be translated again. */
export function noteTurn(h: Hart, slotPtr: usize, mode: u32, isLoop: bool): bool {
  if (++state().turns == PERIOD) endPeriod(h);
  const k = slotPtr == 0 ? HEADS : headOf(slotPtr, mode);
  if (k == HEADS) return false;
  const head = headAt(k);
  head.turns++;
  head.isLoop = isLoop;
  return head.isDue && head.times < MOST_TIMES;
}

/** The region at the head at a slot is about to be translated again. */
export function noteAgain(slotPtr: usize, mode: u32): void {
  const head = headAt(numberOf(slotPtr, mode));
  head.isDue = false;
  head.times++;
}

/** True at the end of a period. */
function tookMuchTime(head: Head): bool {
  return head.isLoop ? head.turns >= MANY : min(head.turns, head.turnsBefore) >= MANY_ELSEWHERE;
}

/** Looks what took much time, and which sites were missed too often: a loop has run for as long as it had turns. */
function endPeriod(h: Hart): void {
  const s = state();
  const turnInsns = (h.retired - s.since) / PERIOD;
  for (let table: u32 = 0; table < TABLES; table++) {
    for (let number: u32 = 0; number < SITES; number++) {
      const site = sitePtr(TLB_PTR, table, number);
      const misses = load<u32>(site, SITE_MISSES);
      if (misses == 0) continue;
      store<u32>(site, 0, SITE_MISSES);
      const owner = ownerOf(table, number);
      const head = headAt(owner.head);
      const rounds = (<u64>head.turns * turnInsns) / max<u64>(owner.roundInsns, 1);
      if (misses < SELDOM || <u64>misses * WORTH < rounds) continue;
      owner.isScattered = true;
      head.isDue = true;
    }
  }
  for (let k: u32 = 0; k < HEADS; k++) {
    const head = headAt(k);
    if (!head.isSteady && tookMuchTime(head)) {
      head.isSteady = true;
      head.isDue = true;
    }
    head.turnsBefore = head.turns;
    head.turns = 0;
  }
  s.turns = 0;
  s.since = h.retired;
}
