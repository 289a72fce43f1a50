// Loads and stores of what takes much time look for their page in sites of their own (hart/sites.ts) before they look into the table. As
// long as an access stays on its page, one comparison is all that there is to it, and the processor need not know the address to know
// where the page is. Depends on hart, discover, frame, order, steady and writer.
import { SITE_DELTA, SITE_MISSES, sitePtr, SITES, writtenPtr } from "../hart/sites";
import { ENTRY_DELTA } from "../hart/tables";
import { TLB_PTR } from "../layout";
import { Block, blockAt, END_SWITCH, entryHw, insns, mode, NO_BLOCK, slotOf, takesAll } from "./discover";
import { access, get, i32Const, open, PLACE } from "./frame";
import { blockIn, placed, shortestRound } from "./order";
import { isSteady, siteFor } from "./steady";
import { byte, hintUnlikely } from "./writer";
import * as op from "./wasm";

/** In a longer round, of so many instructions, what an access costs is a small part. */
const MAX_ROUND: u32 = 40;

/** Instructions to where the block at hand begins again, at least; 0 where its accesses have no sites. */
let roundInsns: u32 = 0;
/** The slot of the head of its loop, or of the entry that takes much time. */
let headPtr: usize = 0;
/** The block of that entry; NO_BLOCK: none. */
let steadyEntry: u32 = 0;
/** The site of the access that was looked up last; 0: none. */
let site: usize = 0;
let table: u32 = 0;

/** A region is to be written. */
export function findSteady(): void {
  steadyEntry = takesAll ? 0 : NO_BLOCK;
  for (let position: u32 = 0; position < placed(); position++) {
    const index = blockIn(position);
    const block = blockAt(index);
    const isEntry = index == 0 || (block.isEntry && block.end != END_SWITCH);
    if (isEntry && !block.isLazy && isSteady(slotOf(block.start), mode, false)) steadyEntry = index;
  }
}

/**
 * A block begins. Its accesses have sites in a lazy loop that takes much time, or that holds such a one, and outside of lazy loops where an
 * entry there takes much time; where all is translated at once, everywhere.
 */
export function beginSites(index: u32, block: Block): void {
  roundInsns = 0;
  if (block.isLazy) beginInLoop(index, block);
  else if (steadyEntry != NO_BLOCK) {
    roundInsns = min(insns, MAX_ROUND);
    headPtr = slotOf(blockAt(steadyEntry).start);
  }
}

function beginInLoop(index: u32, block: Block): void {
  const head = block.isHead ? block : blockAt(block.parent);
  const outermost = blockAt(block.zone);
  if (!takesAll && !holdsSteady(outermost)) return;
  const round = shortestRound(index, outermost);
  if (head.end == END_SWITCH || (!takesAll && round > MAX_ROUND)) return;
  roundInsns = round;
  headPtr = slotOf(head.start);
}

function holdsSteady(loop: Block): bool {
  for (let position = loop.position; position <= loop.componentEnd; position++) {
    const block = blockAt(blockIn(position));
    if (block.isHead && block.end != END_SWITCH && isSteady(slotOf(block.start), mode, true)) return true;
  }
  return false;
}

/** True where the access of the instruction that stands `halves` from the region's first has a site, which is the one at hand then. */
export function takeSite(writes: bool, halves: i32): bool {
  site = 0;
  if (roundInsns == 0) return false;
  const hw = entryHw + halves;
  table = 2 * mode + u32(writes);
  const number = siteFor(table, slotOf(hw), hw, headPtr, roundInsns);
  if (number == SITES) return false;
  site = sitePtr(TLB_PTR, table, number);
  return true;
}

/** Opens an `if` for where the site does not know the page of VA, or VA is not aligned: VA's tag is on the stack. */
export function openIfMissed(): void {
  i32Const(<i32>site);
  access(op.I64_LOAD, 0);
  byte(op.I64_NE);
  hintUnlikely();
  open(op.IF);
}

/** Puts the entry that stands at address PLACE + `entries` into the site. */
export function fillSite(entries: u32): void {
  i32Const(<i32>site);
  get(PLACE);
  access(op.I64_LOAD, entries);
  access(op.I64_STORE, 0);
  i32Const(<i32>site);
  get(PLACE);
  access(op.I32_LOAD, entries + ENTRY_DELTA);
  access(op.I32_STORE, SITE_DELTA);
  i32Const(<i32>site);
  i32Const(<i32>site);
  access(op.I32_LOAD, SITE_MISSES);
  i32Const(1);
  byte(op.I32_ADD);
  access(op.I32_STORE, SITE_MISSES);
  i32Const(<i32>writtenPtr(TLB_PTR, table));
  i32Const(1);
  access(op.I32_STORE8, 0);
}

/** Puts the delta that the site at hand holds on the stack; false where the access has none. */
export function pushDelta(): bool {
  if (site == 0) return false;
  i32Const(<i32>site);
  access(op.I32_LOAD, SITE_DELTA);
  return true;
}
