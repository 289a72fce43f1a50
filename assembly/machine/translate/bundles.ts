// Which regions are compiled a second time, together in one module: a bundle of those that others often go on to. V8 puts every module at
// an address of its own, and processors foresee jumps between many far places badly; within a module regions go on to one another directly
// (dispatchers.ts). A region keeps its number, its entries and its meaning; only the function in the table is another one. Depends on regions.
import { BUNDLES_PTR } from "./layout";
import { madeRegions, NO_PLACE, placeOf, regionAt, setPlace } from "./regions";

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
export const DISPATCHERS: u32 = 4;
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
}

/** A member: u32 region | u32 its serial | u32 number of its first function in the bundle | u32 unused */
const MEMBERS_PTR: usize = BUNDLES_PTR + 64;
const MEMBER_BYTES: usize = 16;


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
  return mode < MODES && load<u32>(loosePtr(mode)) >= (isEager ? DUE_EAGER : DUE) && state().members == 0;
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

/** The number of a member's first function in the bundle. */
@inline
export function memberFunction(k: u32): u32 {
  return load<u32>(memberPtr(k), 8);
}

/** Chooses the members of a mode's next bundle; false where there is nothing to bring together. */
export function chooseMembers(mode: u32, isEager: bool): bool {
  let least = isEager ? 0 : load<u32>(loosePtr(mode)) / LEAST_SHARE;
  store<u32>(loosePtr(mode), 0);
  while (!takeMembers(mode, least)) least = max(1, 2 * least);
  const s = state();
  if (s.members < 2) s.members = 0;
  s.first = s.places + 1;
  s.places += s.members;
  return s.members != 0;
}

/** Takes the regions that were seen at least so often; false where they are too many. */
function takeMembers(mode: u32, least: u32): bool {
  const s = state();
  let insns: u32 = 0;
  let functions = DISPATCHERS;
  s.members = 0;
  for (let index: u32 = 1; index <= madeRegions(); index++) {
    const region = regionAt(index);
    if (!region.isLive || !region.isReady || region.mode != mode || region.crossed < least || placeOf(index) != NO_PLACE) continue;
    insns += region.insns;
    if (s.members == MAX_MEMBERS || insns > MAX_INSNS) return false;
    const ptr = memberPtr(s.members++);
    store<u32>(ptr, index);
    store<u32>(ptr, region.serial, 4);
    store<u32>(ptr, functions, 8);
    functions += region.parts;
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
  state().members = 0;
  if (isPlaced) state().bundles++;
}

/** Modules of many regions that were made. */
export function bundlesMade(): u32 {
  return state().bundles;
}
