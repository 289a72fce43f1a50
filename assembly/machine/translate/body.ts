// From the ordered blocks of a region to the body of one WebAssembly function. Depends on the rest of translate.
import { Hart } from "../hart/state";
import { FP_DIRTY } from "../hart/state";
import {
  Block, blockAt, entryHw, insnAt, insns, lengthOf, NO_BLOCK,
  END_BRANCH, END_CALL, END_CALL_REGISTER, END_FALL, END_JUMP, END_LEAVE, END_SWITCH, END_TAIL, END_TAIL_REGISTER, isReturn, mayLeave, mode, noteLeaving, targetAt, targets,
} from "./discover"; // prettier-ignore
import { beginChecks, Emitter } from "./emitter";
import { beginExits, beginInsn, exit, isLeft, leave, leaves, writeExits } from "./exits";
import {
  A, access, branch, close, DEPTH, FP_STATE, get, hart, i32Const, i64Const, LABEL_EXIT, N, noteFp, open, openWithResult, PC, SELECTOR, set, usesHostFp, VAL,
} from "./frame"; // prettier-ignore
import { emitInsn } from "./generated/emit";
import { beginAccess, hasGuards, isAlone, planBlock, planRounds, writeFirstGuards, writeGuards } from "./guards";
import { becomeHelper, callHelper, HELPER_ENTER } from "./imports";
import { blockLabel, dispatch, follows, labelOf, openBlocks, openLoop, planLabels } from "./labels";
import { findLive, liveAtEntries } from "./liveness";
import { blockIn, holdsBlock, placed, sideEntered } from "./order";
import { endsRegion } from "../isa/generated/kinds";
import { emitPaired } from "./pairs";
import {
  beginRegisters, declareLocals, forgetRegisters, loadRegisters, read, settle, storeAside, storeRegisters, written,
} from "./registers"; // prettier-ignore
import { chooseResidents, residentOutside } from "./residents";
import { beginSites, findSteady } from "./sites";
import { beginRegion } from "./steady";
import { emitInPlace } from "./system";
import { traced, tracedAt, tracedInsns } from "./trace";
import { beginWords, findWords, ONLY_X0, words } from "./words";
import { beginBody, byte, fillLength, fixed, hintUnlikely, out, relocate, RELOCATE_FUNCTION, reserve, rewind } from "./writer";
import { chooseZones, leavesZone } from "./zones";
import * as op from "./wasm";

/** The stack of a function, in units of 64 bytes: one of 1,500 instructions was seen to take 8.5 KB. */
const FRAME_UNITS: u32 = 4;
const INSNS_A_UNIT: u32 = 8;

const NX: i32 = 1;
const FCSR_FRM: i32 = 0xe0;

/** True where the blocks are written to see what they do. */
let isFirstPass: bool = true;

/** Its number in the module. */
let ownFunction: u32 = 0;

/** Writes the function of the region at hand, its length first; it is function `number` of the module. */
export function writeBody(number: u32): void {
  ownFunction = number;
  const length = reserve();
  const start = out;
  beginBody();
  forgetRegisters();
  noteFp(false);
  chooseZones();
  planLabels();
  beginRegion();
  findSteady();
  isFirstPass = true;
  writeFunction();
  findWords();
  chooseResidents();
  findLive();
  isFirstPass = false;
  rewind(start);
  beginBody();
  declareLocals();
  writeFunction();
  fillLength(length);
}

function writeFunction(): void {
  if (usesHostFp) readFpState();
  loadRegisters(liveAtEntries() & residentOutside);
  open(op.BLOCK); // LABEL_EXIT
  openBlocks(NO_BLOCK);
  dispatch(NO_BLOCK);
  if (blockAt(0).position != 0) branch(op.BR, blockLabel(0));
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

function writeAt(position: u32): void {
  const index = blockIn(position);
  const block = blockAt(index);
  if (block.needsLabel) close();
  if (block.zone == index) loadRegisters(block.resident);
  if (block.isHead) {
    openLoop(position);
    openBlocks(index);
    dispatch(index);
  }
  writeBlock(index, block);
  let head = block.isHead ? index : block.parent;
  while (head != NO_BLOCK && blockAt(head).componentEnd == position) {
    close();
    head = blockAt(head).parent;
  }
}

/** A budget that is used up is seen at the head of every loop that has instructions. */
function leaveLoopWithoutBudget(block: Block): void {
  get(N);
  i32Const(0);
  byte(op.I32_LE_S);
  hintUnlikely();
  open(op.IF);
  if (block.end == END_SWITCH) writeReturn(block);
  else exit(halves(block.start), 0);
  close();
}

// ------------------------------------------------------------------------------------------------------- blocks

@inline
function halves(hw: i32): i32 {
  return hw - <i32>entryHw;
}

/** The block, and behind it its way out, if it needs one; who does not take it jumps over it. */
function writeBlock(index: u32, block: Block): void {
  const hasExit = block.isLazy && (isFirstPass || block.isLeft);
  const behind = hasExit ? open(op.BLOCK) : 0;
  beginExits(hasExit ? open(op.BLOCK) : LABEL_EXIT);
  if (block.selector != 0) {
    i32Const(0);
    set(SELECTOR);
  }
  if (block.isHead && block.inner == 0) leaveLoopWithoutBudget(block); // from an empty head the only way is to one that looks
  // The first pass only plans them, for their locals: what is known behind one round is known behind each.
  if (planRounds(index) && !isFirstPass) writeRounds(index, block);
  planBlock(index);
  beginTrace(block);
  beginSites(index, block);
  countInsns(block.count);
  writeInsns(block, 0);
  writeEnd(index, block);
  if (hasExit) {
    branch(op.BR, behind);
    close();
    storeRegisters(block.stored);
    branch(op.BR, LABEL_EXIT);
    close();
  }
  if (isFirstPass) note(block);
}

/** What the block did. */
function note(block: Block): void {
  block.reads = read;
  block.writes = written;
  block.words = words;
  block.isLeft = isLeft;
}

/** What is written as one begins, with a block. */
function beginTrace(block: Block): void {
  beginChecks();
  beginRegisters(block.isLazy, block.resident);
  beginWords(isFirstPass ? ONLY_X0 : block.wordsIn);
}

/** Instructions are counted before they run. */
function countInsns(insns: i32): void {
  if (insns == 0) return;
  get(N);
  i32Const(insns);
  byte(op.I32_SUB);
  set(N);
}

/** Several rounds of a loop, whose groups are looked up together. Where one cannot be, the loop's blocks, which follow, do a single round. */
function writeRounds(index: u32, head: Block): void {
  const aside = open(op.BLOCK);
  beginTrace(head);
  beginSites(index, head);
  writeFirstGuards(aside);
  countInsns(tracedInsns);
  let k: u32 = 0;
  for (let place: u32 = 0; place < traced; place++) {
    const at = tracedAt(place);
    const block = blockAt(at);
    beginSites(at, block);
    writeInsns(block, k);
    k += block.count;
    if (block.end == END_BRANCH) leaveRounds(at, block, place + 1 < traced ? tracedAt(place + 1) : index, tracedInsns - k);
  }
  settle();
  branch(op.BR, labelOf(tracedAt(traced - 1), index));
  close();
}

/** The condition is on the stack: the way that does not lead to `next` leaves the rounds; `uncounted` instructions were counted but not run. */
function leaveRounds(index: u32, block: Block, next: u32, uncounted: u32): void {
  const isAhead = block.first == next;
  if (isAhead) byte(op.I32_EQZ);
  open(op.IF);
  countInsns(-(<i32>uncounted));
  storeAside();
  const to = isAhead ? block.second : block.first;
  if (to == NO_BLOCK) exit(halves(isAhead ? block.secondHw : block.firstHw), 0);
  else jump(index, to);
  close();
}

/** The instructions of a block, whose first is instruction `first` of the trace. */
function writeInsns(block: Block, first: u32): void {
  const m = changetype<Emitter>(0);
  let hw = block.start;
  for (let k: u32 = first; k < first + block.count; k++) {
    const i = insnAt(hw);
    const left = tracedInsns - k;
    beginInsn(halves(hw), left);
    beginAccess(k);
    const isGuarded = hasGuards(k);
    if (isGuarded || mayLeave(hw) || isAlone(i)) settle();
    if (isGuarded) writeGuards(k);
    const before = leaves;
    if (left == 1 && block.end == END_LEAVE) leave();
    else if (endsRegion(i.op & 0xfff)) emitInPlace(i, mode);
    else if (!emitPaired(i)) emitInsn(m, i);
    if (isFirstPass && leaves != before) noteLeaving(hw);
    hw += lengthOf(i);
  }
}

function writeEnd(index: u32, block: Block): void {
  settle();
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
      writeTail(block);
      break;
    case END_TAIL_REGISTER:
      if (isReturn(insnAt(block.last))) writeReturn(block);
      else if (block.first != NO_BLOCK) go(index, block.first, 0);
      else writeTail(block);
      break;
    case END_SWITCH:
      writeSwitch(index, block);
      break;
  }
}

/** An edge that is always taken. */
function go(from: u32, to: u32, hw: i32): void {
  if (to == NO_BLOCK) {
    exit(halves(hw), 0);
    return;
  }
  storeOnEdge(from, to);
  if (!follows(from, to) || holdsBlock(to, from)) branch(op.BR, labelOf(from, to));
}

/** What an edge out of a small loop stores. */
function storeOnEdge(from: u32, to: u32): void {
  if (leavesZone(blockAt(from), to)) storeRegisters(blockAt(from).stored);
}

/** An edge to a block that does not follow. */
function jump(from: u32, to: u32): void {
  storeOnEdge(from, to);
  branch(op.BR, labelOf(from, to));
}

/** The condition is on the stack. */
function writeBranch(index: u32, block: Block): void {
  const to = block.first;
  if (to == NO_BLOCK || leavesZone(block, to) || (!holdsBlock(to, index) && sideEntered(index, to) != NO_BLOCK)) {
    open(op.IF);
    if (to == NO_BLOCK) exit(halves(block.firstHw), 0);
    else jump(index, to);
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
  if (block.callee != NO_BLOCK) enterDirectly(blockAt(block.callee).selector);
  else enter();
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
  if (block.first == NO_BLOCK) {
    get(N);
    byte(op.RETURN);
    return;
  }
  loadRegisters(blockAt(block.first).live & block.resident);
  go(index, block.first, block.firstHw);
}

/** Calls what stands at VAL. */
function enter(): void {
  get(VAL);
  get(N);
  get(DEPTH);
  i32Const(frameUnits());
  byte(op.I32_SUB);
  callHelper(HELPER_ENTER);
}

/** Calls what stands at VAL, which is in this function: without a look at the jump cache, if there is budget and stack left. */
function enterDirectly(selector: u32): void {
  get(N);
  i32Const(0);
  byte(op.I32_GT_S);
  get(DEPTH);
  i32Const(frameUnits());
  byte(op.I32_GT_S);
  byte(op.I32_AND);
  openWithResult(op.I32);
  get(PC);
  get(N);
  get(DEPTH);
  i32Const(frameUnits());
  byte(op.I32_SUB);
  i32Const(selector);
  byte(op.CALL);
  relocate(RELOCATE_FUNCTION);
  fixed(ownFunction);
  byte(op.ELSE);
  enter();
  close();
}

/** What a call takes from DEPTH. */
function frameUnits(): u32 {
  return FRAME_UNITS + insns / INSNS_A_UNIT;
}

/** A jump that leaves the function: what it goes to runs in its place. */
function writeTail(block: Block): void {
  storeRegisters(block.stored);
  get(VAL);
  get(N);
  get(DEPTH);
  becomeHelper(HELPER_ENTER);
}

/** A return goes back to the caller, wherever that is. */
function writeReturn(block: Block): void {
  storeRegisters(block.stored);
  hart();
  get(VAL);
  access(op.I64_STORE, <u32>offsetof<Hart>("pc"));
  get(N);
  byte(op.RETURN);
}

/** To the block at VAL, by halving the list of targets; what stands nowhere in it is a jump out of the region. */
function writeSwitch(index: u32, block: Block): void {
  get(VAL);
  get(PC);
  byte(op.I64_SUB);
  set(A);
  writeHalf(index, 0, targets);
  writeTail(block);
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
    jump(index, targetAt(k));
    close();
  }
}
