// Which regions are compiled a second time, together in one module: a bundle of those that others often go on to. V8 puts every module at
// an address of its own, and processors foresee jumps between many far places badly; within a module regions go on to one another directly
// (dispatchers.ts). A region keeps its number, its entries and its meaning; only the function in the table is another one. Depends on layout and regions.
import { Hart, hartAt } from "../hart/state";
import { BUNDLES_PTR } from "./layout";
import { endRegion, madeRegions, NO_PLACE, placeOf, regionAt, setPlace } from "./regions";

/** Times that regions of no bundle were seen to be gone to, in one mode, before a bundle is made; each stands for SAMPLE of them (jumps.ts). */
const DUE: u32 = 90000;
/** Where all is translated before it is hot: for tests. */
const DUE_EAGER: u32 = 1;
/** Of all members, one that was seen for fewer of them is none. */
const LEAST_SHARE: u32 = 2000;
const MAX_MEMBERS: u32 = 256;
/** Guest instructions of all members: V8 takes some 30 us for each. */
const MAX_INSNS: u32 = 16000;
/** Functions of a bundle before those of its members (dispatchers.ts). */
export const DISPATCHERS: u32 = 2;
const MODES: u32 = 4;


@unmanaged
class Bundles {
  loose0: u32; // times regions of no bundle were seen to be gone to, one count a mode
  loose1: u32;
  loose2: u32;
  loose3: u32;
  places: u32; // given out
  first: u32; // place of the first member
  bundles: u32; // that run
  members: u32; // of the bundle that the host compiles; 0: it compiles none
  isRefused: bool; // the host could not compile one: no more are made
}

/** A member: u32 region | u32 its serial. */
const MEMBERS_PTR: usize = BUNDLES_PTR + 64;
const MEMBER_BYTES: usize = 8;
/** Bundles that may have live members: for as long as there is one, the host keeps the code of all. */
const MAX_BUNDLES: u32 = 16;
/** Of each, the places that it has: u32 first | u32 count. */
const SLOTS_PTR: usize = MEMBERS_PTR + <usize>MAX_MEMBERS * MEMBER_BYTES;


@inline
function state(): Bundles {
  return changetype<Bundles>(BUNDLES_PTR);
}


@inline
function loosePtr(mode: u32): usize {
  return BUNDLES_PTR + ((<usize>mode) << 2);
}

/** A region of no bundle was seen to be gone to. */
@inline
export function noteLoose(mode: u32): void {
  store<u32>(loosePtr(mode), load<u32>(loosePtr(mode)) + 1);
}

/** True where it is time for a bundle of a mode's regions. */
export function isDue(mode: u32, isEager: bool): bool {
  return mode < MODES && load<u32>(loosePtr(mode)) >= (isEager ? DUE_EAGER : DUE) && state().members == 0 && !state().isRefused;
}


@inline
function memberPtr(k: u32): usize {
  return MEMBERS_PTR + <usize>k * MEMBER_BYTES;
}


@inline
export function bundleMembers(): u32 {
  return state().members;
}

/** Where they stand, for the host. */
export function membersPtr(): usize {
  return MEMBERS_PTR;
}


@inline
export function firstPlace(): u32 {
  return state().first;
}

/** Chooses the members of a mode's next bundle; false where there is nothing to bring together. */
export function chooseMembers(h: Hart, mode: u32, isEager: bool): bool {
  let least = isEager ? 0 : load<u32>(loosePtr(mode)) / LEAST_SHARE;
  store<u32>(loosePtr(mode), 0);
  while (!takeMembers(mode, least)) least = max(1, 2 * least); // ends where few enough were seen so often
  const s = state();
  if (s.members < 2) s.members = 0;
  if (s.members == 0) return false;
  const slot = slotPtr(takeSlot(h));
  s.first = s.places + 1;
  s.places += s.members;
  store<u32>(slot, s.first);
  store<u32>(slot, s.members, 4);
  return true;
}


@inline
function slotPtr(slot: u32): usize {
  return SLOTS_PTR + ((<usize>slot) << 3);
}


@inline
function isIn(slot: u32, place: u32): bool {
  return place - load<u32>(slotPtr(slot)) < load<u32>(slotPtr(slot), 4);
}

/** A slot whose bundle has no live members; that of the one that has the fewest, whose regions end. */
function takeSlot(h: Hart): u32 {
  let best: u32 = 0;
  let fewest: u32 = 0xffffffff;
  for (let slot: u32 = 0; slot < MAX_BUNDLES; slot++) {
    let live: u32 = 0;
    for (let index: u32 = 1; index <= madeRegions(); index++) if (isIn(slot, placeOf(index))) live++;
    if (live >= fewest) continue;
    best = slot;
    fewest = live;
  }
  for (let index: u32 = 1; index <= madeRegions() && fewest != 0; index++) if (isIn(best, placeOf(index))) endRegion(h, index);
  return best;
}

/** Takes the regions that were seen at least so often; false where they are too many. */
function takeMembers(mode: u32, least: u32): bool {
  const s = state();
  let insns: u32 = 0;
  s.members = 0;
  for (let index: u32 = 1; index <= madeRegions(); index++) {
    const region = regionAt(index);
    if (!region.isLive || !region.isReady || region.entries == 0 || region.mode != mode) continue;
    if (region.crossed < least || placeOf(index) != NO_PLACE) continue;
    insns += region.insns;
    if (s.members == MAX_MEMBERS || insns > MAX_INSNS) return false;
    const ptr = memberPtr(s.members++);
    store<u32>(ptr, index);
    store<u32>(ptr, region.serial, 4);
  }
  return true;
}

/** The host has compiled the bundle: gives the region whose function member `k` has now, or 0 where it is over. */
export function placeMember(k: u32): u32 {
  const index = load<u32>(memberPtr(k));
  const region = regionAt(index);
  if (!region.isLive || region.serial != load<u32>(memberPtr(k), 4)) return 0;
  setPlace(index, state().first + k);
  return index;
}

/** The host is done with the bundle, whether it has compiled it or not. */
export function bundleIsOver(isPlaced: bool): void {
  const s = state();
  s.members = 0;
  hartAt(0).generation++; // jump caches say where regions stand
  if (isPlaced) s.bundles++;
  else s.isRefused = true;
}

/** Modules of many regions that were made. */
export function bundlesMade(): u32 {
  return state().bundles;
}
