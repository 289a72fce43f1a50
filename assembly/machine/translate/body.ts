// From the ordered blocks of a region to the body of one WebAssembly function. Depends on the rest of translate.
//
// A forward edge jumps out of a `block` that ends where its target begins; all of these blocks open where the innermost loop that holds
// the target opens, those that end later first. An edge back jumps to its `loop`. An edge that has neither leaves the region.
import { Hart } from "../hart/state";
import { FP_DIRTY } from "../hart/state";
import {
  Block, blockAt, entryHw, insnAt, lengthOf, NO_BLOCK,
  END_BRANCH, END_CALL, END_CALL_REGISTER, END_FALL, END_JUMP, END_LEAVE, END_SWITCH, END_TAIL, END_TAIL_REGISTER, isReturn, switchBlock, targetAt, targets,
} from "./discover"; // prettier-ignore
import { beginBlock, Emitter } from "./emitter";
import {
  beginInsn, branch, close, declareLocals, DEPTH, exit, forgetRegisters, FP_HOST, FP_READY, FP_STATE, get, hart, i32Const, i64Const,
  LABEL_SPILL, leave, access, loadRegisters, N, open, A, PC, SELECTOR, set, storeRegisters, usesHostFp, VAL, writeExits,
} from "./frame"; // prettier-ignore
import { emitInsn } from "./generated/emit";
import { callHelper, HELPER_ENTER } from "./imports";
import { blockIn, holdsBlock, placed, sideEntered } from "./order";
import { accessesMemory } from "../isa/generated/kinds";
import { LABELS_PTR } from "./layout";
import { announceAccess, forgetPages } from "./memory";
import { beginHints, byte, fillLength, hintUnlikely, out, reserve, rewind } from "./writer";
import * as op from "./wasm";

const NX: i32 = 1;
const FCSR_FRM: i32 = 0xe0;

/** Selectors given out. */
let selectors: u32 = 0;

/** Labels of blocks and loops, by the position they stand for: u16 each, of blocks first. */
const BLOCK_LABELS: usize = LABELS_PTR;
const LOOP_LABELS: usize = LABELS_PTR + 0x1000;

/** Writes the function, its length first. */
export function writeBody(): void {
  const length = reserve();
  const start = out;
  beginHints();
  forgetRegisters();
  planLabels();
  writeFunction(); // to see which registers it touches
  rewind(start);
  beginHints();
  declareLocals();
  writeFunction();
  fillLength(length);
}

function writeFunction(): void {
  if (usesHostFp) readFpState();
  loadRegisters();
  open(op.BLOCK);
  open(op.BLOCK);
  openBlocks(NO_BLOCK);
  dispatch(NO_BLOCK);
  if (blockAt(0).position != 0) branch(op.BR, load<u16>(BLOCK_LABELS + ((<usize>blockAt(0).position) << 1)));
  const count = placed();
  for (let position: u32 = 0; position < count; position++) writeAt(position);
  writeExits();
  byte(op.END);
}

/** FP_STATE for as long as the region runs: only the interpreter changes what it follows from. */
function readFpState(): void {
  hart();
  access(op.I32_LOAD, <u32>offsetof<Hart>("fpState"));
  i32Const(FP_DIRTY);
  byte(op.I32_EQ);
  hart();
  access(op.I32_LOAD, <u32>offsetof<Hart>("fcsr"));
  i32Const(FCSR_FRM | NX);
  byte(op.I32_AND);
  i32Const(NX);
  byte(op.I32_EQ);
  i32Const(1);
  byte(op.I32_SHL);
  byte(op.I32_OR);
  set(FP_STATE);
}

// ------------------------------------------------------------------------------------------------------- labels

@inline
function halves(hw: i32): i32 {
  return hw - <i32>entryHw;
}

/** Says which blocks are jumped to from before, and by which selector those inside loops are reached from outside. */
function planLabels(): void {
  selectors = 0;
  const count = placed();
  for (let position: u32 = 0; position < count; position++) {
    const index = blockIn(position);
    const block = blockAt(index);
    if (block.isHead && index != switchBlock) block.isEntry = true;
    if (index == 0) block.needsLabel = position != 0;
    else if (block.isEntry) reachFromOutside(NO_BLOCK, index);
  }
  for (let position: u32 = 0; position < count; position++) {
    const index = blockIn(position);
    const block = blockAt(index);
    plan(index, block.first, block.end == END_BRANCH);
    if (block.end == END_BRANCH) plan(index, block.second, false);
    if (block.end == END_TAIL_REGISTER) plan(index, block.first, true);
    for (let k: u32 = 0; index == switchBlock && k < targets; k++) plan(index, targetAt(k), true);
  }
}


@inline
function follows(from: u32, to: u32): bool {
  return to != NO_BLOCK && blockAt(to).position == blockAt(from).position + 1;
}

function plan(from: u32, to: u32, jumps: bool): void {
  if (to == NO_BLOCK || holdsBlock(to, from)) return;
  if (sideEntered(from, to) != NO_BLOCK) reachFromOutside(from, to);
  else if (jumps || !follows(from, to)) blockAt(to).needsLabel = true;
}

/** Block `to` gets a selector; it and the heads of the loops around it that do not hold `from` get labels. */
function reachFromOutside(from: u32, to: u32): void {
  const block = blockAt(to);
  if (block.selector == 0) block.selector = ++selectors;
  block.needsLabel = true;
  let outer = block.parent;
  while (outer != NO_BLOCK && (from == NO_BLOCK || !holdsBlock(outer, from))) {
    blockAt(outer).needsLabel = true;
    outer = blockAt(outer).parent;
  }
}

/**
 * Goes on to where the selector leads, if it is set: to a block of this component (of `head`; NO_BLOCK: outside of all), with the selector
 * then 0 again, or to the head of a component within it.
 */
function dispatch(head: u32): void {
  if (selectors == 0 || !leadsInto(head)) return;
  get(SELECTOR);
  hintUnlikely();
  open(op.IF);
  const first = head == NO_BLOCK ? 0 : blockAt(head).position + 1;
  const last = head == NO_BLOCK ? placed() - 1 : blockAt(head).componentEnd;
  for (let position: u32 = first; position <= last; position++) {
    const index = blockIn(position);
    const block = blockAt(index);
    if (block.selector == 0 || index == head) continue;
    get(SELECTOR);
    i32Const(block.selector);
    byte(op.I32_EQ);
    open(op.IF);
    if (block.parent == head) {
      i32Const(0);
      set(SELECTOR);
    }
    branch(op.BR, load<u16>(BLOCK_LABELS + ((<usize>blockAt(childOf(head, index)).position) << 1)));
    close();
  }
  close();
}

/** True where a block of the component, other than its head, has a selector. */
function leadsInto(head: u32): bool {
  const first = head == NO_BLOCK ? 0 : blockAt(head).position + 1;
  const last = head == NO_BLOCK ? placed() - 1 : blockAt(head).componentEnd;
  for (let position: u32 = first; position <= last; position++) if (blockAt(blockIn(position)).selector != 0) return true;
  return false;
}

/** The block itself, or the head of the component that holds it, that lies directly in the component of `head`. */
function childOf(head: u32, index: u32): u32 {
  let child = index;
  while (blockAt(child).parent != head) child = blockAt(child).parent;
  return child;
}

/** Opens the blocks that end within the component of `head`, or outside of all. */
function openBlocks(head: u32): void {
  const first = head == NO_BLOCK ? 0 : blockAt(head).position + 1;
  const last = head == NO_BLOCK ? placed() - 1 : blockAt(head).componentEnd;
  for (let position: i32 = last; position >= <i32>first; position--) {
    const block = blockAt(blockIn(position));
    if (block.parent == head && block.needsLabel) store<u16>(BLOCK_LABELS + ((<usize>position) << 1), <u16>open(op.BLOCK));
  }
}

function writeAt(position: u32): void {
  const index = blockIn(position);
  const block = blockAt(index);
  if (block.needsLabel) close();
  if (block.isHead) {
    store<u16>(LOOP_LABELS + ((<usize>position) << 1), <u16>open(op.LOOP));
    openBlocks(index);
    dispatch(index);
    leaveLoopWithoutBudget(block);
  }
  writeBlock(index, block);
  let head = block.isHead ? index : block.parent;
  while (head != NO_BLOCK && blockAt(head).componentEnd == position) {
    close();
    head = blockAt(head).parent;
  }
}

/** A budget that is used up is seen at the head of every loop. */
function leaveLoopWithoutBudget(block: Block): void {
  get(N);
  i32Const(0);
  byte(op.I32_LE_S);
  hintUnlikely();
  open(op.IF);
  if (block.end == END_SWITCH) writeReturn();
  else exit(halves(block.start), 0);
  close();
}

// ------------------------------------------------------------------------------------------------------- blocks

function writeBlock(index: u32, block: Block): void {
  beginBlock();
  forgetPages();
  for (let hw = block.start, n = block.count; n > 0; n--, hw += lengthOf(insnAt(hw))) {
    if (accessesMemory(insnAt(hw).op & 0xfff)) announceAccess(insnAt(hw).rs1 >>> 3);
  }
  get(N);
  i32Const(block.count);
  byte(op.I32_SUB);
  set(N);
  const m = changetype<Emitter>(0);
  let hw = block.start;
  for (let left = block.count; left > 0; left--) {
    const i = insnAt(hw);
    beginInsn(halves(hw), left);
    if (left == 1 && block.end == END_LEAVE) leave();
    else emitInsn(m, i);
    hw += lengthOf(i);
  }
  writeEnd(index, block);
}

function writeEnd(index: u32, block: Block): void {
  switch (block.end) {
    case END_BRANCH:
      writeBranch(index, block);
      break;
    case END_FALL:
    case END_JUMP:
      go(index, block.first, block.firstHw);
      break;
    case END_CALL:
      pushTarget(block);
      writeCall(index, block);
      break;
    case END_CALL_REGISTER:
      get(VAL);
      writeCall(index, block);
      break;
    case END_TAIL:
      pushTarget(block);
      set(VAL);
      writeTail();
      break;
    case END_TAIL_REGISTER:
      if (isReturn(insnAt(block.last))) writeReturn();
      else if (block.first != NO_BLOCK) go(index, block.first, 0);
      else writeTail();
      break;
    case END_SWITCH:
      writeSwitch(index);
      break;
  }
}

/** Prepares the selector for an edge into a loop; gives the label to jump to. */
function labelOf(from: u32, to: u32): u32 {
  const position = blockAt(to).position;
  if (holdsBlock(to, from)) return load<u16>(LOOP_LABELS + ((<usize>position) << 1));
  const head = sideEntered(from, to);
  if (head == NO_BLOCK) return load<u16>(BLOCK_LABELS + ((<usize>position) << 1));
  i32Const(blockAt(to).selector);
  set(SELECTOR);
  return load<u16>(BLOCK_LABELS + ((<usize>blockAt(head).position) << 1));
}

/** An edge that is always taken. */
function go(from: u32, to: u32, hw: i32): void {
  if (to == NO_BLOCK) exit(halves(hw), 0);
  else if (!follows(from, to) || holdsBlock(to, from)) branch(op.BR, labelOf(from, to));
}

/** The condition is on the stack. */
function writeBranch(index: u32, block: Block): void {
  const to = block.first;
  if (to == NO_BLOCK || (!holdsBlock(to, index) && sideEntered(index, to) != NO_BLOCK)) {
    open(op.IF);
    if (to == NO_BLOCK) exit(halves(block.firstHw), 0);
    else branch(op.BR, labelOf(index, to));
    close();
  } else {
    branch(op.BR_IF, labelOf(index, to));
  }
  go(index, block.second, block.secondHw);
}

/** Where a jal goes, as a value. */
function pushTarget(block: Block): void {
  get(PC);
  i64Const(((<i64>halves(block.last)) << 1) + insnAt(block.last).longImm);
  byte(op.I64_ADD);
}

/** A call of the guest's is a call here: it comes back to this place, or everything comes back to the dispatcher. */
function writeCall(index: u32, block: Block): void {
  set(VAL);
  storeRegisters();
  enter();
  set(N);
  hart();
  access(op.I64_LOAD, <u32>offsetof<Hart>("pc"));
  get(PC);
  i64Const((<i64>halves(<i32>(block.last + lengthOf(insnAt(block.last))))) << 1);
  byte(op.I64_ADD);
  byte(op.I64_NE);
  hintUnlikely();
  byte(op.IF);
  byte(op.NO_RESULT);
  get(N);
  byte(op.RETURN);
  byte(op.END);
  loadRegisters();
  go(index, block.first, block.firstHw);
}

/** Calls what stands at VAL. */
function enter(): void {
  get(VAL);
  get(N);
  get(DEPTH);
  i32Const(1);
  byte(op.I32_SUB);
  callHelper(HELPER_ENTER);
}

/** A jump that leaves the function: what it goes to runs in its place. */
function writeTail(): void {
  storeRegisters();
  enter();
  byte(op.RETURN);
}

/** A return goes back to the caller, wherever that is. */
function writeReturn(): void {
  hart();
  get(VAL);
  access(op.I64_STORE, <u32>offsetof<Hart>("pc"));
  branch(op.BR, LABEL_SPILL);
}

/** To the block at VAL, by halving the list of targets; what stands nowhere in it is a jump out of the region. */
function writeSwitch(index: u32): void {
  get(VAL);
  get(PC);
  byte(op.I64_SUB);
  set(A);
  writeHalf(index, 0, targets);
  writeTail();
}

/** Among the targets from `first` to before `end`. */
function writeHalf(index: u32, first: u32, end: u32): void {
  const middle = first + ((end - first) >>> 1);
  const offset = (<i64>halves(blockAt(targetAt(middle)).start)) << 1;
  if (end - first > 2) {
    get(A);
    i64Const(offset);
    byte(op.I64_LT_S);
    open(op.IF);
    writeHalf(index, first, middle);
    byte(op.ELSE);
    writeHalf(index, middle, end);
    close();
    return;
  }
  for (let k = first; k < end; k++) {
    get(A);
    i64Const((<i64>halves(blockAt(targetAt(k)).start)) << 1);
    byte(op.I64_EQ);
    open(op.IF);
    branch(op.BR, labelOf(index, targetAt(k)));
    close();
  }
}
