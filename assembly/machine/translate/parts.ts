// What one module is made of: a region, and behind it functions that the region, or one of these functions, often calls, so that they
// are called directly. Such a part has no entries; where it leaves for the interpreter, the function's own region goes on. Depends on
// discover, order, heat, jumps and regions.
import { Hart } from "../hart/state";
import { markTranslated, slotAt } from "../bus/code";
import { keptPage } from "../mmu/fetch";
import {
  Block, blockAt, blocks, calleeHw, discover, entryHw, insnAt, insns, isDirectCall, isTarget, lengthOf, mode, NO_BLOCK, pageCode, pageDelta, pages,
  SIZE_PART, switchBlock, windowPages, windowVa,
} from "./discover"; // prettier-ignore
import { isHotCall } from "./jumps";
import { PARTS_PTR } from "./layout";
import { order } from "./order";
import { addEntry, addPage, findEntry, MAX_REGION_PAGES, regionAt } from "./regions";

const MAX_PARTS: u32 = 8;
/** Of all parts together. */
const MAX_INSNS: u32 = 1500;
export const NO_PART: u32 = 0xffffffff;

export let parts: u32 = 0;
/** The part that is being written. */
export let ownPart: u32 = 0;
/** True where it was the last one discovered. */
let isAtHand: bool = false;
/** Of all parts together. */
export let allInsns: u32 = 0;
let allPages: u32 = 0;
let regionSize: u32 = 0;
let regionTakesAll: bool = false;


@inline
export function partPc(part: u32): u64 {
  return load<u64>(PARTS_PTR + ((<usize>part) << 3));
}

/** The part that begins at `pc`. */
function partAt(pc: u64): u32 {
  for (let part: u32 = 0; part < parts; part++) if (partPc(part) == pc) return part;
  return NO_PART;
}

/** The part that a call of the part at hand goes to: to its first instruction. */
export function calledPart(block: Block): u32 {
  return parts > 1 && isDirectCall(block) ? partAt(calleePc(block)) : NO_PART;
}

/** How far a part's first instruction is from that of the part at hand, in bytes. */
export function distanceTo(part: u32): i64 {
  return <i64>(partPc(part) - partPc(ownPart));
}


@inline
function calleePc(block: Block): u64 {
  return windowVa + ((<u64>calleeHw(block)) << 1);
}

/** Finds the parts of a region that begins at `pc`; false where there is nothing to translate. No part changes until all have been taken. */
export function collectParts(h: Hart, pc: u64, inMode: u32, size: u32, all: bool): bool {
  const generation = h.generation;
  regionSize = size;
  regionTakesAll = all;
  store<u64>(PARTS_PTR, pc);
  parts = 1;
  allInsns = 0;
  allPages = 0;
  if (!discover(h, pc, inMode, size, all)) return false;
  count();
  addCallees(h);
  isAtHand = parts == 1;
  for (let part: u32 = 1; part < parts;) {
    if (discover(h, partPc(part), inMode, SIZE_PART, false) && allPages + pages <= MAX_REGION_PAGES && allInsns + insns <= MAX_INSNS) {
      count();
      addCallees(h);
      part++;
    } else {
      parts--;
      store<u64>(PARTS_PTR + ((<usize>part) << 3), partPc(parts));
    }
  }
  return h.generation == generation;
}

function count(): void {
  allInsns += insns;
  allPages += pages;
}

/** What the function at hand often calls, if it has a region of its own, and there is room. */
function addCallees(h: Hart): void {
  for (let index: u32 = 0; index < blocks && parts < MAX_PARTS; index++) {
    const block = blockAt(index);
    if (index == switchBlock || block.callee != NO_BLOCK || !isDirectCall(block) || !comesBackOften(block)) continue;
    const pc = calleePc(block);
    const code = keptPage(h, pc);
    if (code == 0 || findEntry(slotAt(code, pc), mode) == 0 || partAt(pc) != NO_PART) continue;
    store<u64>(PARTS_PTR + ((<usize>parts) << 3), pc);
    parts++;
  }
}

function comesBackOften(block: Block): bool {
  const hw = block.last + lengthOf(insnAt(block.last));
  const code = hw >>> 11 < windowPages() ? pageCode(hw >>> 11) : 0;
  return code != 0 && isHotCall(code + (((<usize>hw) & 2047) << 3), mode);
}

/** Discovers and orders a part again, so that it can be written. */
export function takePart(h: Hart, part: u32): void {
  ownPart = part;
  if (!isAtHand) discover(h, partPc(part), mode, part == 0 ? regionSize : SIZE_PART, part == 0 && regionTakesAll);
  order();
}

/** The part has been written: region `index` belongs to its pages, and to each of their halfwords, and can be entered in its first part. */
export function keepPart(index: u32): void {
  const delta = <i32>(<i64>((partPc(ownPart) >>> 12) - (partPc(0) >>> 12)));
  for (let k: u32 = 0; k < windowPages(); k++) if (pageCode(k) != 0) addPage(index, delta + pageDelta(k), pageCode(k));
  for (let b: u32 = 0; b < blocks; b++) {
    let hw = blockAt(b).start;
    for (let n = blockAt(b).count; n > 0; n--) {
      const length = lengthOf(insnAt(hw));
      for (let half: u32 = 0; half < length; half++) markTranslated(pageCode((hw + half) >>> 11), (hw + half) & 2047, mode);
      hw += length;
    }
  }
  if (ownPart == 0) addEntries(index);
  regionAt(index).insns = allInsns;
  regionAt(index).parts = parts;
}

/** The region can be entered at its first instruction, at the heads of its loops, and where the interpreter comes back. */
function addEntries(index: u32): void {
  for (let b: u32 = 0; b < blocks; b++) {
    const block = blockAt(b);
    if (b == switchBlock || (b != 0 && (!block.isEntry || block.selector == 0))) continue;
    const halves = <i32>block.start - <i32>entryHw;
    addEntry(index, pageCode(block.start >>> 11), (<usize>block.start) & 2047, halves, block.selector, b == 0 || isTarget(b));
  }
}
