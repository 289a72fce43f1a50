// Finds the instructions that a region is made of: what can be reached from its first one without leaving the window of pages around
// it, calls stepped over. Then cuts them into basic blocks. Depends on mmu, isa and the decoder of interp.
//
// Places are halfwords of the window ("hw"): WINDOW_BEFORE pages before the first instruction's page, and what follows, 8 in all.
import { Hart, X_OFFSET } from "../hart/state";
import { OP_ENTRY, OP_MASK, OP_UNDECODED } from "../bus/code";
import { decodedPage, keptPage, rawPage } from "../mmu/fetch";
import { OP_ADD, OP_ADDI, OP_AUIPC, OP_BEQ, OP_BGEU, OP_JAL, OP_JALR, OP_LUI } from "../isa/generated/ops";
import { endsRegion, resumesBehind } from "../isa/generated/kinds";
import { Insn } from "../isa/insn";
import { decodeAt } from "../interp/decode";
import { BLOCK_OF_PTR, BLOCKS_PTR, FLAGS_PTR, INSNS_PTR, WORK_PTR } from "./layout";
import { MAX_TABLE_ENTRIES, placeInTable } from "./jump-tables";
import { isInPlace } from "./system";
import { entryAt, findEntry, regionAt } from "./regions";

const WINDOW_PAGES: u32 = 8;
const WINDOW_BEFORE: u64 = 2;
const WINDOW_HALVES: u32 = WINDOW_PAGES * 2048;
/** Instructions of a region. V8's time grows faster than their number, so a larger one is made only where its parts jump to one another a lot. */
const SMALL_INSNS: u32 = 150;
const LARGE_INSNS: u32 = 1500;
/** Where jumps through a register stay in the region, all that such a jump may go to is alive at once. */
const JUMPING_INSNS: u32 = 700;
/** Pages that they come from. */
export const MAX_PAGES: u32 = 6;
/** A region of so many instructions is not made a second time as a part of a small one, and a large one of so many not as a part of another one. */
const SHARED_INSNS: u32 = 40;
const SHARED_LARGE_INSNS: u32 = 400;
export const MAX_BLOCKS: u32 = 500;

/** What is looked for: a small region or a large one. */
export const SIZE_SMALL: u32 = 0;
export const SIZE_LARGE: u32 = 1;

/** Within so many halfwords before a jump its table is looked up. */
const SWITCH_HALVES: u32 = 10;

const VISITED: u8 = 1;
const LEADER: u8 = 2;
const TARGET: u8 = 8;
const LEAVES: u8 = 16; // its code may leave the region
const RESUMED: u8 = 4; // the interpreter comes back here: behind a call, or behind an instruction that is its own

/** How a block ends. */
export const END_FALL: u32 = 0; // into the next block, `first`
export const END_BRANCH: u32 = 1; // to `first` where taken, else to `second`
export const END_JUMP: u32 = 2; // to `first`
export const END_CALL: u32 = 3; // of a place known from pc; comes back to `first`
export const END_CALL_REGISTER: u32 = 4;
export const END_TAIL: u32 = 5; // a jump out of the window
export const END_TAIL_REGISTER: u32 = 6;
export const END_LEAVE: u32 = 7; // the last instruction is the interpreter's
export const END_SWITCH: u32 = 8; // no instruction: goes to the block that stands at the address jumped to

export const NO_BLOCK: u32 = 0xffffffff;


@final
@unmanaged
export class Block {
  start: u32; // hw
  last: u32; // hw of the last instruction
  count: u32; // instructions
  end: u32; // END_
  first: u32; // block, or NO_BLOCK where the region ends there
  second: u32;
  firstHw: i32; // where that is; may lie outside the window
  secondHw: i32;
  callee: u32; // of a call: the block that it goes to, or NO_BLOCK where that is not in the region
  // --- order.ts
  dfn: u32;
  position: u32;
  parent: u32; // head of the innermost component that holds it and that it is not the head of; NO_BLOCK for none
  isHead: bool;
  componentEnd: u32; // of a head: position of the component's last block
  // --- loops.ts
  inner: u32; // of an empty head: the head of the loop within, which begins where it does (loops.ts); 0: it is none
  isInner: bool; // it is such a head within
  // --- labels.ts
  needsLabel: bool;
  /** The region may be entered here. */
  isEntry: bool;
  /** What the selector holds on the way here, where that leads into a loop elsewhere than at its head; 0: nothing does. */
  selector: u32;
  // --- zones.ts
  zone: u32; // the head of the small loop that holds it, the outermost one; NO_BLOCK: none does
  isLazy: bool; // one does
  // --- what it does, seen when it is first written
  isLeft: bool; // the interpreter may take over before its end
  reads: u64; // before it writes them
  writes: u64;
  live: u64; // liveness.ts
  // --- residents.ts
  resident: u64; // in locals from this block to others of its zone
  stored: u64; // of a lazy block: what a way out of its small loop stores
  // --- words.ts
  words: u32; // registers that hold a word when it ends, by what it does itself
  wordsIn: u32; // when it begins
}

const BLOCK_BYTES: usize = offsetof<Block>();

/** Where jumps through a register may go within the region: block numbers, in the order of their places. */
export const MAX_TARGETS: u32 = 64;
const TARGETS_PTR: usize = WORK_PTR + 0x8000;
export let targets: u32 = 0;
/** The block where all such jumps meet; NO_BLOCK where there are none. */
export let switchBlock: u32 = NO_BLOCK;


@inline
export function targetAt(k: u32): u32 {
  return load<u32>(TARGETS_PTR + ((<usize>k) << 2));
}

/** True for a block that jumps through a register may go to. */
export function isTarget(index: u32): bool {
  return (flags(blockAt(index).start) & TARGET) != 0;
}

/** The instruction at `hw` may leave the region. */
export function noteLeaving(hw: u32): void {
  flag(hw, LEAVES);
}

export function mayLeave(hw: u32): bool {
  return (flags(hw) & LEAVES) != 0;
}

/** The window of the region at hand. */
export let windowVa: u64 = 0;
export let entryHw: u32 = 0;
export let blocks: u32 = 0;
export let insns: u32 = 0;
let pages: u32 = 0;
let lowestHw: u32 = 0;
let highestHw: u32 = 0;
let jumpsThroughRegister: bool = false;
/** True where what has never run is not left out, either. */
export let takesAll: bool = false;
let replaced: u32 = 0;
let size: u32 = SIZE_SMALL;
/** The mode that the region is made for. */
export let mode: u32 = 0;
let limit: u32 = 0;

const PAGE_CODE: usize = memory.data(WINDOW_PAGES * 4);
const PAGE_RAW: usize = memory.data(WINDOW_PAGES * 4);
const PAGE_KNOWN: usize = memory.data(WINDOW_PAGES);
/** A full instruction whose halves lie on two pages. */
const ACROSS_PTR: usize = memory.data(8);


@inline
export function blockAt(index: u32): Block {
  return changetype<Block>(BLOCKS_PTR + <usize>index * BLOCK_BYTES);
}


@inline
export function insnAt(hw: u32): Insn {
  return changetype<Insn>(INSNS_PTR + ((<usize>hw) << 3));
}

/** Halfwords of an instruction. */
@inline
export function lengthOf(i: Insn): u32 {
  return i.op >>> 12;
}


@inline
export function pageCode(k: u32): usize {
  return load<u32>(PAGE_CODE + ((<usize>k) << 2));
}

/** Pages between the region's first instruction and page `k` of the window. */
@inline
export function pageDelta(k: u32): i32 {
  return <i32>k - <i32>(entryHw >>> 11);
}


@inline
export function windowPages(): u32 {
  return WINDOW_PAGES;
}


@inline
function flags(hw: u32): u8 {
  return load<u8>(FLAGS_PTR + hw);
}


@inline
function flag(hw: u32, bit: u8): void {
  store<u8>(FLAGS_PTR + hw, load<u8>(FLAGS_PTR + hw) | bit);
}

/**
 * Finds the blocks of a region that begins at `pc`; false where there is nothing to translate. What has never run is left out, unless
 * `all` is wanted: an edge into it leaves the region. It is to take the place of region `old`; 0: of none.
 */
export function discover(h: Hart, pc: u64, inMode: u32, ofSize: u32, all: bool, old: u32): bool {
  replaced = old;
  size = ofSize;
  limit = all ? JUMPING_INSNS : size == SIZE_LARGE ? LARGE_INSNS : SMALL_INSNS;
  takesAll = all;
  mode = inMode;
  windowVa = (pc & ~0xfff) - (WINDOW_BEFORE << 12);
  entryHw = (<u32>(pc - windowVa)) >>> 1;
  memory.fill(FLAGS_PTR, 0, WINDOW_HALVES);
  memory.fill(PAGE_KNOWN, 0, WINDOW_PAGES);
  memory.fill(PAGE_CODE, 0, WINDOW_PAGES * 4);
  insns = 0;
  pages = 0;
  targets = 0;
  lowestHw = entryHw;
  highestHw = entryHw;
  jumpsThroughRegister = false;
  const generation = h.generation;
  store<u32>(WORK_PTR, entryHw);
  flag(entryHw, LEADER);
  walk(h, 1);
  while (addTargets(h));
  cut();
  // A page that gave way to another one of the window takes the generation with it.
  return h.generation == generation && insns > 0 && !(blockAt(0).end == END_LEAVE && blockAt(0).count == 1);
}

/** The bytes at `hw`; 0 where its page cannot be had. */
function raw(h: Hart, hw: u32): usize {
  const k = hw >>> 11;
  if (load<u8>(PAGE_KNOWN + k) == 0) {
    store<u8>(PAGE_KNOWN + k, 1);
    const va = windowVa + ((<u64>k) << 12);
    const code = pages < MAX_PAGES ? decodedPage(h, va) : 0;
    if (code != 0) {
      pages++;
      store<u32>(PAGE_CODE + ((<usize>k) << 2), <u32>code);
      store<u32>(PAGE_RAW + ((<usize>k) << 2), <u32>rawPage(h, va));
    }
  }
  return pageCode(k) == 0 ? 0 : <usize>load<u32>(PAGE_RAW + ((<usize>k) << 2)) + (((<usize>hw) & 2047) << 1);
}

/** Decodes the instruction at `hw` into its place; false where its bytes cannot be had. */
function read(h: Hart, hw: u32): bool {
  let ptr = raw(h, hw);
  if (ptr == 0) return false;
  const half = load<u16>(ptr);
  if ((half & 3) == 3 && (hw & 2047) == 2047) {
    const second = hw + 1 < WINDOW_HALVES ? raw(h, hw + 1) : 0;
    if (second == 0) return false;
    store<u16>(ACROSS_PTR, half);
    store<u16>(ACROSS_PTR, load<u16>(second), 2);
    ptr = ACROSS_PTR;
  }
  decodeAt(insnAt(hw).ptr, ptr, false);
  return true;
}

/** True where the instruction at `hw` has run. A page that nothing runs from now is not looked for. */
function hasRun(h: Hart, hw: u32): bool {
  if (takesAll) return raw(h, hw) != 0;
  const known = pageCode(hw >>> 11);
  const code = known != 0 ? known : keptPage(h, windowVa + ((<u64>hw) << 1));
  return code != 0 && (load<u16>(code + (((<usize>hw) & 2047) << 3)) & OP_MASK) != OP_UNDECODED;
}

/** True where another region begins that is too large to be made a second time as a part of this one. */
function isElsewhere(hw: u32): bool {
  if (takesAll || hw == entryHw || pageCode(hw >>> 11) == 0) return false;
  const slot = slotOf(hw);
  if ((load<u16>(slot) & OP_MASK) != OP_ENTRY) return false;
  const entry = findEntry(slot, mode);
  if (entry == 0) return false;
  const index = entryAt(entry).region;
  const region = regionAt(index);
  if (index == replaced) return false;
  return size == SIZE_SMALL ? region.insns >= SHARED_INSNS : region.isLarge && region.insns >= SHARED_LARGE_INSNS;
}

/** The slot of `hw` in its decoded page, which must be known. */
@inline
export function slotOf(hw: u32): usize {
  return pageCode(hw >>> 11) + (((<usize>hw) & 2047) << 3);
}

/**
 * Looks for places that jumps through a register may go to, where there is such a jump: what tables name that the code has the address of,
 * what has run between the region's instructions but was not reached, and what was found hot by itself. True where there was one.
 */
function addTargets(h: Hart): bool {
  if (!jumpsThroughRegister) return false;
  const before = targets;
  for (let hw = lowestHw; hw < highestHw; hw++) {
    if (pageCode(hw >>> 11) == 0) continue;
    const isReached = (flags(hw) & VISITED) != 0;
    const slot = slotOf(hw);
    if (isReached ? isCase(slot) : <u32>(load<u16>(slot) & OP_MASK) >= OP_ENTRY) addTarget(h, hw);
    if (isReached && isAddress(hw)) addTable(h, addressAt(hw));
    if (isReached && isJump(hw)) addTablesBefore(h, hw);
  }
  return targets != before;
}

/** What jumps through a register go to, if there is room. */
function addTarget(h: Hart, hw: u32): void {
  if (flags(hw) & TARGET || targets == MAX_TARGETS) return;
  if (targets == 0) flag(entryHw, TARGET);
  flag(hw, LEADER | TARGET);
  targets++;
  store<u32>(WORK_PTR, hw);
  walk(h, 1);
}

/** True for the second of two instructions that build an address, auipc or lui and addi. */
function isAddress(hw: u32): bool {
  const i = insnAt(hw);
  if ((i.op & 0xfff) != OP_ADDI || hw < 2 || !(flags(hw - 2) & VISITED)) return false;
  const first = insnAt(hw - 2);
  const op = first.op & 0xfff;
  return (op == OP_AUIPC || op == OP_LUI) && lengthOf(first) == 2 && first.rd == i.rs1;
}

function addressAt(hw: u32): u64 {
  const first = insnAt(hw - 2);
  const base = (first.op & 0xfff) == OP_AUIPC ? windowVa + ((<u64>(hw - 2)) << 1) : 0;
  return base + first.longImm + insnAt(hw).imm;
}

/** True for an instruction that only the interpreter does. */
function isInterpreters(i: Insn): bool {
  return endsRegion(i.op & 0xfff) && !isInPlace(i, mode);
}

/** True for a jump through a register that is no return. */
function isJump(hw: u32): bool {
  const i = insnAt(hw);
  return (i.op & 0xfff) == OP_JALR && !isLink(i) && !isReturn(i);
}

/** The table of a jump may have been found before the region begins; then its address is in a register that is added to an index. */
function addTablesBefore(h: Hart, jump: u32): void {
  for (let hw = jump - 1; hw + SWITCH_HALVES > jump && hw < jump; hw--) {
    if (!(flags(hw) & VISITED) || (insnAt(hw).op & 0xfff) != OP_ADD) continue;
    addTable(h, registerValue(h, insnAt(hw).rs1));
    addTable(h, registerValue(h, insnAt(hw).rs2));
  }
}


@inline
function registerValue(h: Hart, r: u32): u64 {
  return load<u64>(changetype<usize>(h) + X_OFFSET + r);
}

/** The places that a table names, up to the first that is none. */
function addTable(h: Hart, table: u64): void {
  for (let wide = 0; wide < 2; wide++) {
    for (let index: u32 = 0; index < MAX_TABLE_ENTRIES; index++) {
      const offset = placeInTable(h, table, index, wide != 0) - windowVa;
      if (offset >= (<u64>WINDOW_HALVES) << 1 || offset & 1) break;
      if (hasRun(h, (<u32>offset) >>> 1)) addTarget(h, (<u32>offset) >>> 1);
    }
  }
}

/** True where a region was found to begin, not just to go on. */
function isCase(slot: usize): bool {
  if ((load<u16>(slot) & OP_MASK) != OP_ENTRY) return false;
  const entry = findEntry(slot, mode);
  return entry != 0 && entryAt(entry).isCase;
}

/** Marks what can be reached as visited, and where blocks begin: from `count` places on the work list. */
function walk(h: Hart, count: u32): void {
  let end = WORK_PTR + ((<usize>count) << 2);
  for (let at = WORK_PTR; at < end; at += 4) {
    let hw = load<u32>(at);
    while (hw < WINDOW_HALVES && !(flags(hw) & VISITED) && insns < limit && !isElsewhere(hw) && read(h, hw)) {
      flag(hw, VISITED);
      insns++;
      lowestHw = min(lowestHw, hw);
      highestHw = max(highestHw, hw);
      const i = insnAt(hw);
      const op = i.op & 0xfff;
      const next = hw + lengthOf(i);
      if (isInterpreters(i)) {
        if (!resumesBehind(op) || next >= WINDOW_HALVES || !hasRun(h, next)) break;
        flag(next, LEADER | RESUMED);
      } else if (op == OP_JALR) {
        if (!isLink(i)) {
          if (!isReturn(i)) {
            jumpsThroughRegister = true;
            limit = min(limit, JUMPING_INSNS);
          }
          break;
        }
        if (next >= WINDOW_HALVES || !hasRun(h, next)) break;
        flag(next, LEADER | RESUMED);
      } else if (op == OP_JAL || (op >= OP_BEQ && op <= OP_BGEU)) {
        const target = targetOf(hw, i);
        if (op == OP_JAL && i.rd != 0) {
          if (next >= WINDOW_HALVES || !hasRun(h, next)) break;
          flag(next, LEADER | RESUMED);
        } else {
          if (<u32>target < WINDOW_HALVES && end < WORK_PTR + 0x8000 && hasRun(h, <u32>target)) {
            flag(<u32>target, LEADER);
            store<u32>(end, <u32>target);
            end += 4;
          }
          if (op == OP_JAL || next >= WINDOW_HALVES || !hasRun(h, next)) break;
          flag(next, LEADER);
        }
      }
      hw = next;
    }
  }
}

/** Where a branch or jal at `hw` goes; may lie outside the window. */
@inline
function targetOf(hw: u32, i: Insn): i32 {
  const offset = (i.op & 0xfff) == OP_JAL ? i.longImm : i.imm;
  return <i32>hw + ((<i32>offset) >> 1);
}

function isBlockStart(hw: u32): bool {
  return (flags(hw) & (VISITED | LEADER)) == (VISITED | LEADER);
}

/** Makes blocks of what was visited; the entry's is block 0. */
function cut(): void {
  blocks = 0;
  addBlock(entryHw);
  for (let hw: u32 = 0; hw < WINDOW_HALVES && blocks < MAX_BLOCKS; hw++) {
    if (pageCode(hw >>> 11) == 0) hw |= 2047;
    else if (hw != entryHw && isBlockStart(hw)) addBlock(hw);
  }
  const cases = blocks;
  switchBlock = targets != 0 && blocks < MAX_BLOCKS ? addSwitch() : NO_BLOCK;
  for (let index: u32 = 0; index < cases; index++) {
    const block = blockAt(index);
    block.first = hasFirst(block.end) ? numberOf(block.firstHw) : NO_BLOCK;
    block.second = block.end == END_BRANCH ? numberOf(block.secondHw) : NO_BLOCK;
    if (block.end == END_TAIL_REGISTER && !isReturn(insnAt(block.last))) block.first = switchBlock;
    block.callee = calleeOf(block);
    if (block.callee != NO_BLOCK) blockAt(block.callee).isEntry = true;
  }
}

/** A new block that is what `index` is. */
export function addCopy(index: u32): u32 {
  const copy = blocks++;
  memory.copy(changetype<usize>(blockAt(copy)), changetype<usize>(blockAt(index)), BLOCK_BYTES);
  return copy;
}

/** The block where jumps through a register meet, and the blocks it leads to. */
function addSwitch(): u32 {
  targets = 0;
  for (let index: u32 = 0; index < blocks && targets < MAX_TARGETS; index++) if (isTarget(index)) insertTarget(index);
  const block = blockAt(blocks);
  memory.fill(changetype<usize>(block), 0, BLOCK_BYTES);
  block.end = END_SWITCH;
  block.first = NO_BLOCK;
  block.second = NO_BLOCK;
  return blocks++;
}

/** In the order of their places: block 0 may stand anywhere, the others come in order. */
function insertTarget(index: u32): void {
  let k = targets++;
  for (; k > 0 && blockAt(targetAt(k - 1)).start > blockAt(index).start; k--) store<u32>(TARGETS_PTR + ((<usize>k) << 2), targetAt(k - 1));
  store<u32>(TARGETS_PTR + ((<usize>k) << 2), index);
}

/** A jump that stores where it comes from in x1 or x5 is a call; one that stores it elsewhere, as Linux programs' stubs for shared libraries do, is none. */
@inline
function isLink(i: Insn): bool {
  return i.rd == 8 || i.rd == 40;
}

/** jalr through x1 or x5 that is no call is a return. */
export function isReturn(i: Insn): bool {
  return i.rs1 == 8 || i.rs1 == 40;
}

/** True where a block of the region may follow. */
@inline
function hasFirst(end: u32): bool {
  return end <= END_CALL_REGISTER;
}

/** True for a call of a place that the code names: by jal, or by auipc and jalr. */
function isDirectCall(block: Block): bool {
  if (block.end == END_CALL) return true;
  if (block.end != END_CALL_REGISTER || block.count < 2) return false;
  const first = insnAt(block.last - 2);
  const isBefore = (flags(block.last - 2) & VISITED) != 0 && !(flags(block.last - 1) & VISITED);
  return isBefore && (first.op & 0xfff) == OP_AUIPC && first.rd == insnAt(block.last).rs1;
}

/** Where a direct call goes, as halfwords from the window's beginning: may lie far outside of it. */
export function calleeHw(block: Block): i64 {
  const i = insnAt(block.last);
  if (block.end == END_CALL) return <i64>block.last + ((<i64>i.longImm) >> 1);
  return <i64>block.last - 2 + ((<i64>insnAt(block.last - 2).longImm + i.imm) >> 1);
}

/** The block that a call goes to. */
function calleeOf(block: Block): u32 {
  if (!isDirectCall(block)) return NO_BLOCK;
  const hw = calleeHw(block);
  return hw >= 0 && hw < <i64>WINDOW_HALVES ? numberOf(<i32>hw) : NO_BLOCK;
}

/** The number of the block that begins at `hw`. */
function numberOf(hw: i32): u32 {
  if (<u32>hw >= WINDOW_HALVES || !isBlockStart(<u32>hw)) return NO_BLOCK;
  const index = <u32>load<u16>(BLOCK_OF_PTR + ((<usize>hw) << 1));
  return index < blocks && blockAt(index).start == <u32>hw ? index : NO_BLOCK;
}

function addBlock(start: u32): void {
  const index = blocks++;
  store<u16>(BLOCK_OF_PTR + ((<usize>start) << 1), <u16>index);
  const block = blockAt(index);
  memory.fill(changetype<usize>(block), 0, BLOCK_BYTES);
  block.start = start;
  block.isEntry = index == 0 || (flags(start) & (RESUMED | TARGET)) != 0;
  let hw = start;
  while (true) {
    const i = insnAt(hw);
    const next = hw + lengthOf(i);
    block.count++;
    block.last = hw;
    block.firstHw = next;
    block.end = endOf(hw, i);
    if (block.end != END_FALL) break;
    if (next >= WINDOW_HALVES || !(flags(next) & VISITED) || flags(next) & LEADER) break;
    hw = next;
  }
  const i = insnAt(block.last);
  if (block.end == END_BRANCH) {
    block.secondHw = block.firstHw;
    block.firstHw = targetOf(block.last, i);
  } else if (block.end == END_JUMP) {
    block.firstHw = targetOf(block.last, i);
  }
}

function endOf(hw: u32, i: Insn): u32 {
  const op = i.op & 0xfff;
  if (isInterpreters(i)) return END_LEAVE;
  if (op >= OP_BEQ && op <= OP_BGEU) return END_BRANCH;
  if (op == OP_JALR) return isLink(i) ? END_CALL_REGISTER : END_TAIL_REGISTER;
  if (op != OP_JAL) return END_FALL;
  if (i.rd != 0) return END_CALL;
  return <u32>targetOf(hw, i) < WINDOW_HALVES ? END_JUMP : END_TAIL;
}
