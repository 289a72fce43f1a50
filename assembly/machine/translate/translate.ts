// Decides what is translated, and does it: jump targets that the interpreter is often found at. Depends on the rest of translate.
//
// The interpreter lets go every SAMPLE_INSNS instructions, always behind a jump. Where it then stands is counted; a place that was seen
// HOT times is worth a region. So hot code is found without a counter in the interpreter.
import { ENGINE_EAGER, ENGINE_INTERPRET, LINK_DONE, LINK_REFUSED } from "../abi";
import { Hart, hartAt } from "../hart/state";
import { isTranslated, OP_ENTRY, OP_MASK, retiredChains, slotAt } from "../bus/code";
import { decodedPage } from "../mmu/fetch";
import { run } from "../interp/generated/dispatch";
import { Interpreter } from "../interp/interpreter";
import { chooseMembers, isDue } from "./bundles";
import { discover, insns, SIZE_LARGE, SIZE_SMALL } from "./discover";
import { writeDispatchers } from "./dispatchers";
import { forgetPlace, forgetPlaces, hasMode, lastMode, modeOf, runRegions, takeHotLink } from "./jumps";
import { HEAT_RUNS, heatPtr } from "./heat";
import { TRANSLATED_PTR } from "./layout";
import { useContext } from "./memory";
import { linkBundle, linkModule, moduleBytes, writeModule } from "./module";
import {
  endRegion, endRetired, entryAt, findEntry, holds, isWaiting, isWanted, markEntry, openRegion, Region, regionAt, takeRegion,
} from "./regions"; // prettier-ignore
import { noteAgain, noteTurn } from "./steady";

const SAMPLE_INSNS: i32 = 1024;
const HOT: u32 = 150;
/**
 * A hot place within a region that cannot be entered there needs no other one, unless translated code came there in vain: the interpreter
 * soon comes to where it can. Every so many of them get one, for the region may have ended.
 */
const COVERED_HOT: u64 = 1024;
/** The machine runs so many instructions for each of a region's own before it is made anew, and twice as many each time: about what V8 needs for it. */
const INSNS_AN_INSN: u64 = 50_000;
/** Modules that the host may have to compile at once, those of regions that ended meanwhile among them. */
const MAX_UNANSWERED: u32 = 4;

/** What is counted, and which engine runs. */
@unmanaged
class Translated {
  engine: u32; // an ENGINE_ constant of the abi
  isRefused: bool; // the host did not compile: nothing more is translated
  unanswered: u32; // modules that the host was handed and has not answered for
  regions: u64;
  insns: u64;
  bytes: u64;
  failed: u64;
  covered: u64; // times a hot place was found to be in a region already
}


@inline
function state(): Translated {
  return changetype<Translated>(TRANSLATED_PTR);
}

export function setEngine(engine: u32): void {
  state().engine = engine;
}

export function regionsTranslated(): u64 {
  return state().regions;
}

/** Guest instructions that regions were made of; one that is in two regions counts twice. */
export function insnsTranslated(): u64 {
  return state().insns;
}

/** Modules that the host did not compile. */
export function modulesRefused(): u64 {
  return state().failed;
}

export function bytesEmitted(): u64 {
  return state().bytes;
}

/**
 * Runs at most about `budget` instructions, by whichever means; gives what is left. Comes back whenever the interpreter lets go, and
 * whenever translated code does.
 */
export function execute(h: Hart, budget: i32): i32 {
  const how = state().engine;
  if (how == ENGINE_INTERPRET) return run(changetype<Interpreter>(h), budget);
  const chunk = how == ENGINE_EAGER ? 1 : min(budget, SAMPLE_INSNS);
  if (how == ENGINE_EAGER && h.stepOver == 0) translateAt(h, h.pc, false);
  const left = run(changetype<Interpreter>(h), chunk);
  h.stepOver = 0;
  const n = budget - chunk + left;
  if (h.atEntry != 0) {
    h.atEntry = 0;
    return n > 0 ? runTranslated(h, n) : n;
  }
  if (left <= 0 && n > 0) warm(h, h.pc, false);
  return n;
}

/** Translated code, and the interpreter's turn where it ends. A place that it jumped to in vain was seen, too. */
function runTranslated(h: Hart, budget: i32): i32 {
  const n = runRegions(h, budget);
  const isEager = state().engine == ENGINE_EAGER;
  if (isDue(lastMode(), isEager)) makeBundle(h, lastMode(), isEager);
  if (n <= 0) {
    lookAtPlace(h, lastMode());
    return n;
  }
  if (takeHotLink()) {
    translateAt(h, h.pc, true);
    return n;
  }
  if (h.stepOver == 0) warm(h, h.pc, true);
  h.stepOver = 1;
  return n;
}

/** Has a mode's regions that others often go on to compiled together. */
function makeBundle(h: Hart, mode: u32, isEager: bool): void {
  if (state().isRefused) return;
  if (retiredChains() != 0) endRetired(h);
  if (!chooseMembers(h, mode, isEager)) return;
  writeDispatchers(mode);
  linkBundle();
}

/**
 * The place `pc` was seen, by translated code that came there in vain or else by the interpreter; after HOT times it is translated. Where the host
 * has enough to do it stays hot, so that the places seen most often come first.
 */
function warm(h: Hart, pc: u64, inVain: bool): void {
  const mode = modeOf(h);
  const code = hasMode(mode) ? decodedPage(h, pc) : 0;
  if (code == 0) return;
  const slot = ((<usize>pc) & 0xffe) >>> 1;
  const slotPtr = code + (slot << 3);
  // A region that was opened since, under another address of its code, or whose slot is marked again.
  if (inVain && (load<u16>(slotPtr) & OP_MASK) == OP_ENTRY && findEntry(slotPtr, mode) != 0) forgetPlace(pc, mode);
  const ptr = heatPtr(slotPtr, mode, HEAT_RUNS);
  const heat = <u32>load<u8>(ptr) + 1;
  store<u8>(ptr, <u8>min<u32>(heat, 255));
  if (heat < HOT || state().unanswered == MAX_UNANSWERED) return;
  store<u8>(ptr, 0);
  const isEnough = isTranslated(code, slot, mode) && !inVain;
  if (!isEnough || ++state().covered % COVERED_HOT == 0) translateAt(h, pc, false);
}

/** Makes a region that begins at `pc`, if none is there; or, where others often go on to it, one that is as large as can be. No translated code may be running. */
function translateAt(h: Hart, pc: u64, isLink: bool): void {
  if (state().isRefused) return;
  const mode = modeOf(h);
  const code = hasMode(mode) ? decodedPage(h, pc) : 0;
  if (code == 0) return;
  if (retiredChains() != 0) endRetired(h); // that page may just have taken the place of another
  const slotPtr = slotAt(code, pc);
  const number = findEntry(slotPtr, mode);
  const known = number == 0 ? 0 : entryAt(number).region;
  if (known != 0 && (!isLink || regionAt(known).isLarge)) {
    reopen(number);
    return;
  }
  if (state().unanswered == MAX_UNANSWERED || isWaiting(slotPtr, mode)) return;
  if (known != 0) regionAt(known).isLarge = true;
  makeAt(h, pc, mode, isLink, 0);
}

/** The budget has ended at h.pc. Where that often is the same place its region is made anew; the one that is there runs until that is compiled. No translated code may be running. */
function lookAtPlace(h: Hart, mode: u32): void {
  const code = decodedPage(h, h.pc);
  if (retiredChains() != 0) endRetired(h);
  const number = code == 0 ? 0 : findEntry(slotAt(code, h.pc), mode);
  const slotPtr = number != 0 ? <usize>entryAt(number).slotPtr : 0;
  if (!noteTurn(h, slotPtr, mode, number != 0 && entryAt(number).isLoop) || state().isRefused || state().unanswered == MAX_UNANSWERED)
    return;
  const old = entryAt(number).region;
  const base = h.pc - ((<i64>entryAt(number).halves) << 1);
  if (isYoung(h, regionAt(old)) || !holds(h, old, base) || isWaiting(slotAt(decodedPage(h, base), base), mode)) return;
  noteAgain(slotPtr, mode);
  makeAt(h, base, mode, regionAt(old).isLarge, old);
}

/** True where the region has not been there for long enough to be made anew: to compile a large one takes V8 a tenth of a second. */
function isYoung(h: Hart, region: Region): bool {
  return h.retired - region.since < (<u64>region.insns * INSNS_AN_INSN) << region.times;
}

/** Makes the region that begins at `pc`, in the place of region `old`; 0: of none. */
function makeAt(h: Hart, pc: u64, mode: u32, isLarge: bool, old: u32): void {
  if (!discover(h, pc, mode, isLarge ? SIZE_LARGE : SIZE_SMALL, state().engine == ENGINE_EAGER, old)) return;
  if (retiredChains() != 0) return; // a page changed while it was looked at
  useContext(mode);
  const times = old != 0 ? regionAt(old).times + 1 : 0;
  const index = takeRegion(h, mode, pc);
  const region = regionAt(index);
  region.isLarge = isLarge;
  region.times = times;
  if (!writeModule(index)) {
    endRegion(h, index);
    return;
  }
  const how = linkModule(index, region.serial);
  const s = state();
  if (how == LINK_REFUSED) {
    regionIsRefused(index);
    return;
  }
  s.regions++;
  s.insns += insns;
  s.bytes += moduleBytes();
  if (how == LINK_DONE) regionIsReady(index);
  else s.unanswered++;
}

/** The interpreter stops at an entry again, where its slot was decoded anew. */
function reopen(number: u32): void {
  const entry = entryAt(number);
  if ((load<u16>(entry.slotPtr) & OP_MASK) != OP_ENTRY) markEntry(entry);
}

/** The host is done with region `index`, which it was handed as `serial`; true where nothing ended the region since, and it may be put into the table. */
export function regionIsCompiled(index: u32, serial: u32): bool {
  state().unanswered--;
  return isWanted(index, serial);
}

/** The host cannot compile it; what is not translated yet is interpreted from now on. */
export function regionIsRefused(index: u32): void {
  state().failed++;
  state().isRefused = true;
  endRegion(hartAt(0), index);
}

/** The host has put it there. No translated code may be running. */
export function regionIsReady(index: u32): void {
  openRegion(hartAt(0), index);
  forgetPlaces(index);
}
