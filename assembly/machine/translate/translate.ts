// Decides what is translated, and does it: jump targets that the interpreter is often found at. Depends on the rest of translate.
//
// The interpreter lets go every SAMPLE_INSNS instructions, always behind a jump. Where it then stands is counted; a place that was seen
// HOT times is worth a region. So hot code is found without a counter in the interpreter.
import { ENGINE_EAGER, ENGINE_INTERPRET } from "../abi";
import { Hart } from "../hart/state";
import { isTranslated, markTranslated, OP_CROSS, OP_ENTRY, OP_MASK, retiredChains } from "../bus/code";
import { decodedPage, rawPage } from "../mmu/fetch";
import { decodeAt } from "../interp/decode";
import { run } from "../interp/generated/dispatch";
import { Interpreter } from "../interp/interpreter";
import { blocks, blockAt, Block, discover, entryHw, insnAt, insns, lengthOf, pageCode, isTarget, pageDelta, rawOf, switchBlock, windowPages } from "./discover";
import { hasMode, modeOf, runRegions } from "./jumps";
import { HEAT_ENTRIES, HEAT_PTR, TRANSLATED_PTR } from "./layout";
import { useContext } from "./memory";
import { addFunction, beginModule, bodyBytes, endModule } from "./module";
import { order } from "./order";
import { addEntry, addPage, endRegion, endRetired, findEntry, takeRegion } from "./regions";

let SAMPLE_INSNS: i32 = 256;
let HOT: u32 = 60;
let HOT_COVERED: u32 = 250;
let MISS: u32 = 2;
export function tune(a: i32, b: u32, c: u32, d: u32): void { SAMPLE_INSNS = a; HOT = b; HOT_COVERED = c; MISS = d; }

/** What is counted, and which engine runs. */
@unmanaged
class Translated {
  engine: u32; // an ENGINE_ constant of the abi
  regions: u64;
  insns: u64;
  bytes: u64;
  failed: u64;
}


@inline
function state(): Translated {
  return changetype<Translated>(TRANSLATED_PTR);
}

export function setEngine(engine: u32): void {
  state().engine = engine;
}

export function engine(): u32 {
  return state().engine;
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
  if (how == ENGINE_EAGER && h.stepOver == 0) translateAt(h, h.pc);
  const left = run(changetype<Interpreter>(h), chunk);
  h.stepOver = 0;
  const n = budget - chunk + left;
  if (h.atEntry != 0) {
    h.atEntry = 0;
    return n > 0 ? runTranslated(h, n) : n;
  }
  if (left <= 0 && n > 0) warm(h, h.pc, 1);
  return n;
}

/** Translated code, and the interpreter's turn where it ends: a place that it jumped to in vain is warmer than one that was merely seen. */
function runTranslated(h: Hart, budget: i32): i32 {
  const n = runRegions(h, budget);
  if (n <= 0) return n;
  if (h.stepOver == 0) warm(h, h.pc, MISS);
  h.stepOver = 1;
  return n;
}

/** The place `pc` was seen; after HOT times it is translated. */
function warm(h: Hart, pc: u64, by: u32): void {
  const code = decodedPage(h, pc);
  if (code == 0) return;
  const slot = code + (((<usize>pc) & 0xffe) << 2);
  const ptr = HEAT_PTR + ((((<u32>slot) >>> 3) * 0x9e3779b1 + modeOf(h) * 0x85ebca6b) >>> 16);
  const heat = load<u8>(ptr) + by;
  store<u8>(ptr, <u8>min<u32>(heat, 255));
  if (heat >= (isTranslated(code, (<usize>pc & 0xffe) >>> 1) ? HOT_COVERED : HOT)) {
    store<u8>(ptr, 0);
    translateAt(h, pc);
  }
}

/** Makes a region that begins at `pc`, if none is there. No translated code may be running. */
function translateAt(h: Hart, pc: u64): void {
  if (retiredChains() != 0) endRetired(h);
  const mode = modeOf(h);
  const code = decodedPage(h, pc);
  if (!hasMode(mode) || code == 0) return;
  const slot = code + (((<usize>pc) & 0xffe) << 2);
  if (findEntry(slot, mode) != 0) {
    markEntry(slot, rawPage(h, pc), pc);
    return;
  }
  if (!discover(h, pc)) return;
  order();
  useContext(mode);
  const index = takeRegion(h, mode);
  beginModule();
  addFunction(index);
  const bytes = bodyBytes();
  ownPages(index);
  if (!endModule()) {
    state().failed++;
    endRegion(h, index);
    return;
  }
  addEntries(h, index, pc);
  const s = state();
  s.regions++;
  s.insns += insns;
  s.bytes += bytes;
}

/** The interpreter stops where a region begins. Length and operands of the instruction stay in the slot; one that crosses pages has none. */
function markEntry(slot: usize, raw: usize, pc: u64): void {
  const offset = <usize>pc & 0xffe;
  const field = decodeAt(slot, raw + offset, offset == 0xffe);
  if (field != OP_CROSS) store<u16>(slot, <u16>((field & ~OP_MASK) | OP_ENTRY));
}

/** The region can be entered at its first instruction, at the heads of its loops, and where the interpreter comes back. */
function addEntries(h: Hart, index: u32, pc: u64): void {
  for (let b: u32 = 0; b < blocks; b++) {
    const block = blockAt(b);
    if (b == switchBlock || (b != 0 && (!block.isEntry || block.selector == 0))) continue;
    const slot = pageCode(block.start >>> 11) + ((<usize>block.start & 2047) << 3);
    const halves = <i32>block.start - <i32>entryHw;
    addEntry(h, index, slot, halves, block.selector, b == 0 || isTarget(b));
    markEntry(slot, rawOf(block.start), pc + (<i64>halves << 1));
  }
}

/** The region belongs to the pages that its instructions came from, and to each of their halfwords. */
function ownPages(index: u32): void {
  for (let k: u32 = 0; k < windowPages(); k++) if (pageCode(k) != 0) addPage(index, pageDelta(k), pageCode(k));
  for (let b: u32 = 0; b < blocks; b++) {
    let hw = blockAt(b).start;
    for (let n = blockAt(b).count; n > 0; n--) {
      const length = lengthOf(insnAt(hw));
      for (let half: u32 = 0; half < length; half++) markTranslated(pageCode((hw + half) >>> 11), (hw + half) & 2047);
      hw += length;
    }
  }
}
