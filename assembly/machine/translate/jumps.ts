// From a pc to the translated code that begins there, and into it. Depends on hart, bus, mmu, layout, bundles and regions.
//
// A jump cache maps a pc to a region, for calls and jumps from one region to another. There is one a mode; it is emptied when the
// generation of the hart has changed since it was last used. A mode is what a region is made for: whose translation tables it uses.
//
//   entry (32 bytes)   u64 pc (odd: none) | u32 region (0: known to be none) | i16 halfwords from its first instruction | u16 selector | u32 place in bundles
//
// Translated code looks into the caches by itself (crossing.ts); what it does not find there comes here.
import { Hart, hartAt, PRIV_M, X_OFFSET } from "../hart/state";
import { CONTEXT_U, generationOf, MSTATUS_MPRV, TABLE_BYTES } from "../hart/context";
import { OP_ENTRY, OP_MASK, retiredChains, slotAt } from "../bus/code";
import { decodedPage, keptPage } from "../mmu/fetch";
import { noteLeft } from "./apart";
import { noteLoose } from "./bundles";
import { INTERPRET } from "./exits";
import { HEAT_LINK, heatPtr } from "./heat";
import { FILLED_PTR, JUMPS_PTR, JUMPS_STATE_PTR } from "./layout";
import { endRetired, entryAt, findEntry, holds, NO_PLACE, placeOf, regionAt } from "./regions";

export const JUMP_ENTRIES: usize = 8192;
/** The bytes of an entry are 2 ** this. */
export const ENTRY_LOG: u32 = 5;
export const JUMPS_BYTES: usize = JUMP_ENTRIES << ENTRY_LOG;
export const ENTRY_REGION: u32 = 8;
export const ENTRY_HALVES: u32 = 12;
export const ENTRY_SELECTOR: u32 = 14;
export const ENTRY_PLACE: u32 = 16;
/** Of a mode: u32 times that a free entry was filled, up to MOST_LISTED + 1 | u16 its number, each time. */
const FILLED_BYTES: usize = 0x1000;
const MOST_LISTED: u32 = 1024;
/** Stack that translated code may take, in units of 64 bytes (body.ts): V8 has just below 1 MB. */
const MAX_DEPTH: i32 = 9000;
/** What enterAt() takes of it. */
const ENTER_UNITS: i32 = 3;
/** Of the jumps, links and calls from region to region one in so many is looked at: a prime, so that none of a loop's is always left out. */
export const SAMPLE: u32 = 61;
/** How often a link must be seen. */
const HOT_LINK: u32 = 200;
/** Where comeBack() stands in the table; the first region is 1. */
const NO_REGION: u32 = 0;
const NO_MODE: u32 = 0xffffffff;
const NO_PC: u64 = u64.MAX_VALUE;

/** The cache that is in use, and what the caches were filled in. */
@unmanaged
export class Jumps {
  cache: u32;
  mode: u32;
  misses: u64;
  entered: u64;
  retired: u64; // instructions that translated code ran
  stepped: u64; // times it left an instruction to the interpreter
  ended: u64; // times it came to a place without a region
  generation0: u64; // one a mode
  generation1: u64;
  generation2: u64;
  generation3: u64;
  jumps: i32; // calls and jumps from region to region, before one comes to jumpTo()
  links: i32; // from region to region, but for calls and jumps through a register, before one comes to linkTo()
  hotLink: u32;
}


@inline
function state(): Jumps {
  return changetype<Jumps>(JUMPS_STATE_PTR);
}

/** What the hart's regions must be made for now; NO_MODE where none can be. */
export function modeOf(h: Hart): u32 {
  if (h.priv == PRIV_M && h.mstatus & MSTATUS_MPRV) return NO_MODE;
  return <u32>((h.readTlb - h.tlbBase) / (2 * TABLE_BYTES));
}


@inline
export function hasMode(mode: u32): bool {
  return mode != NO_MODE;
}

/** The mode of the regions that ran last. */
export function lastMode(): u32 {
  return state().mode;
}

/** The entry at `pc`, in decoded page `code`, that may be used now; 0 for none. */
function entryIn(h: Hart, code: usize, pc: u64, mode: u32): u32 {
  const slot = slotAt(code, pc);
  if ((load<u16>(slot) & OP_MASK) != OP_ENTRY) return 0;
  const number = findEntry(slot, mode);
  return number != 0 && holds(h, entryAt(number).region, pc - ((<i64>entryAt(number).halves) << 1)) ? number : 0;
}


@inline
function entryOf(cache: usize, pc: u64): usize {
  return cache + (((<usize>((pc >>> 1) ^ (pc >>> 12))) & (JUMP_ENTRIES - 1)) << ENTRY_LOG);
}

/** Region `index` was opened: what its mode's cache knows of the places where it can be entered, at the address for which it was made, is forgotten. */
export function forgetPlaces(index: u32): void {
  const region = regionAt(index);
  for (let number = region.entries; number != 0; number = entryAt(number).sibling)
    forgetPlace(region.basePc + ((<i64>entryAt(number).halves) << 1), region.mode);
}

/** What the cache of a mode knows of `pc` may no longer be so. */
export function forgetPlace(pc: u64, mode: u32): void {
  const entry = entryOf(JUMPS_PTR + <usize>mode * JUMPS_BYTES, pc);
  if (load<u64>(entry) == pc) store<u64>(entry, NO_PC);
}

/** Runs the region at `pc` from within another; gives what is left of the budget. h.pc says how far it came. */
export function enterAt(pc: u64, n: i32, depth: i32): i32 {
  const entry = entryOf(state().cache, pc);
  if (load<u64>(entry) == pc && depth > 0 && n > 0) return enterCached(entry, pc, n, depth);
  return enterSlowly(entry, pc, n, depth);
}

/** As enterAt(), for one of many calls and jumps. */
export function jumpTo(pc: u64, n: i32, depth: i32): i32 {
  noteCrossing(pc);
  return enterAt(pc, n, depth);
}

/** One of many went from one region to another, at `pc`. */
function noteCrossing(pc: u64): void {
  const s = state();
  const entry = entryOf(s.cache, pc);
  const region = load<u32>(entry, ENTRY_REGION);
  if (load<u64>(entry) != pc || region == NO_REGION) return;
  regionAt(region).crossed++;
  if (placeOf(region) == NO_PLACE) noteLoose(s.mode);
}

/** As enterAt(), where a region ends that does not jump: links that are often taken make one region of the two. */
export function linkTo(pc: u64, n: i32, depth: i32): i32 {
  noteCrossing(pc);
  if (n > 0 && isHotLink(pc)) {
    hartAt(0).pc = pc;
    return n;
  }
  return enterAt(pc, n, depth);
}


@inline
function enterCached(entry: usize, pc: u64, n: i32, depth: i32): i32 {
  const base = pc - ((<i64>load<i16>(entry, ENTRY_HALVES)) << 1);
  return call_indirect<i32>(load<u32>(entry, ENTRY_REGION), base, n, depth - ENTER_UNITS, <u32>load<u16>(entry, ENTRY_SELECTOR));
}

function enterSlowly(entry: usize, pc: u64, n: i32, depth: i32): i32 {
  const h = hartAt(0);
  h.pc = pc;
  if (depth <= 0 || n <= 0) return n;
  const s = state();
  s.misses++;
  const code = decodedPage(h, pc);
  if (code == 0) return n; // not kept: once the page is mapped there may be a region, and mapping it does not empty the cache
  const number = entryIn(h, code, pc, s.mode);
  if (isFree(entry)) noteFilled(entry);
  store<u64>(entry, pc);
  if (number == 0) {
    store<u32>(entry, NO_REGION, ENTRY_REGION);
    store<u32>(entry, 0, ENTRY_HALVES);
    store<u32>(entry, NO_PLACE, ENTRY_PLACE);
    return n;
  }
  const found = entryAt(number);
  store<u32>(entry, found.region, ENTRY_REGION);
  store<i16>(entry, <i16>found.halves, ENTRY_HALVES);
  store<u16>(entry, <u16>found.selector, ENTRY_SELECTOR);
  store<u32>(entry, placeOf(found.region), ENTRY_PLACE);
  return enterCached(entry, pc, n, depth);
}

/** True where the entry may be in no list. */
@inline
function isFree(entry: usize): bool {
  const pc = load<u64>(entry);
  return pc == 0 || (pc & 1) != 0;
}

/** An entry of the cache that is in use is free no longer. */
function noteFilled(entry: usize): void {
  const filled = FILLED_PTR + <usize>state().mode * FILLED_BYTES;
  const count = load<u32>(filled);
  if (count <= MOST_LISTED) store<u32>(filled, count + 1);
  if (count < MOST_LISTED) store<u16>(filled + ((<usize>count) << 1), <u16>((entry - <usize>state().cache) >>> ENTRY_LOG), 4);
}

/** Costs what was filled. */
function emptyCache(cache: usize, mode: u32): void {
  const filled = FILLED_PTR + <usize>mode * FILLED_BYTES;
  const count = load<u32>(filled);
  store<u32>(filled, 0);
  if (count > MOST_LISTED) memory.fill(cache, 0xff, JUMPS_BYTES);
  else for (let k: usize = 0; k < <usize>count; k++) store<u64>(cache + ((<usize>load<u16>(filled + (k << 1), 4)) << ENTRY_LOG), NO_PC);
}

/** Stands in the table where a jump cache knows that there is no region: comes back at once. */
export function comeBack(pc: u64, n: i32, depth: i32, entry: i32): i32 {
  hartAt(0).pc = pc;
  return n;
}

/**
 * Runs translated code from h.pc for as long as there is some; gives what is left of the budget. h.pc and h.retired are then right;
 * h.stepOver is not 0 where the interpreter is to run the instruction at h.pc because translated code cannot.
 */
export function runRegions(h: Hart, budget: i32): i32 {
  if (retiredChains() != 0) endRetired(h);
  const mode = modeOf(h);
  let n = budget;
  h.stepOver = 0;
  if (hasMode(mode)) {
    useCache(h, mode);
    state().entered++;
    const s = state();
    let before = 0;
    do {
      before = n;
      n = enterAt(h.pc, n, MAX_DEPTH);
      if (h.pc & INTERPRET) {
        h.pc ^= INTERPRET;
        h.stepOver = 1;
        noteLeft(h, h.pc, mode);
      }
    } while (n > 0 && n != before && h.stepOver == 0 && state().hotLink == 0);
    h.retired += budget - n;
    s.retired += budget - n;
    if (h.stepOver != 0) s.stepped++;
    else if (n > 0) s.ended++;
  }
  return n;
}

/** One region went on to another at `pc`; true where that has happened so often that they should be one. */
function isHotLink(pc: u64): bool {
  const s = state();
  const code = decodedPage(hartAt(0), pc);
  if (code == 0) return false;
  const ptr = heatPtr(slotAt(code, pc), s.mode, HEAT_LINK);
  const heat = <u32>load<u8>(ptr) + 1;
  store<u8>(ptr, <u8>(heat % HOT_LINK));
  if (heat == HOT_LINK) s.hotLink = 1;
  return heat == HOT_LINK;
}

/** True once where runRegions() came back because h.pc is a hot link. */
export function takeHotLink(): bool {
  const isHot = state().hotLink != 0;
  state().hotLink = 0;
  return isHot;
}

function useCache(h: Hart, mode: u32): void {
  const s = state();
  const generations = JUMPS_STATE_PTR + offsetof<Jumps>("generation0");
  const cache = JUMPS_PTR + <usize>mode * JUMPS_BYTES;
  s.mode = mode;
  s.cache = <u32>cache;
  const generation = generationOf(h, mode == CONTEXT_U);
  if (load<u64>(generations + ((<usize>mode) << 3)) == generation) return;
  store<u64>(generations + ((<usize>mode) << 3), generation);
  emptyCache(cache, mode);
}

/** Times the machine went into translated code. */
export function timesEntered(): u64 {
  return state().entered;
}

/** Times a call or jump in translated code found nothing in the jump cache. */
export function jumpMisses(): u64 {
  return state().misses;
}

/** Of the instructions retired, those that translated code ran. */
export function instructionsTranslated(): u64 {
  return state().retired;
}

/** Times translated code left an instruction to the interpreter: the TLB did not know a page, or a region cannot do it. */
export function exitsToInterpreter(): u64 {
  return state().stepped;
}

/** Times translated code came to a place that has no region. */
export function exitsWithoutRegion(): u64 {
  return state().ended;
}
