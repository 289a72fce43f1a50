// Where the blocks of a region are jumped to: labels of `block` and `loop`, and selectors for what leads into a loop elsewhere than at its
// head. Depends on discover, order, frame and writer.
//
// A forward edge jumps out of a `block` that ends where its target begins; all of these blocks open where the innermost loop that holds
// the target opens, those that end later first. An edge back jumps to its `loop`. An edge that has neither leaves the region.
import { blockAt, END_BRANCH, END_TAIL_REGISTER, NO_BLOCK, switchBlock, targetAt, targets } from "./discover";
import { close, depthOf, get, i32Const, open, SELECTOR, set } from "./frame";
import { LABELS_PTR } from "./layout";
import { blockIn, holdsBlock, placed, sideEntered } from "./order";
import { byte, unsigned } from "./writer";
import * as op from "./wasm";

/** Selectors given out. */
let selectors: u32 = 0;

/** Labels of blocks and loops, by the position they stand for: u16 each, of blocks first. */
const BLOCK_LABELS: usize = LABELS_PTR;
const LOOP_LABELS: usize = LABELS_PTR + 0x1000;
/** Where each selector leads from the place at hand: u16 each. */
const SELECTED_LABELS: usize = LABELS_PTR + 0x2000;


@inline
function labelAt(list: usize, position: u32): u32 {
  return load<u16>(list + ((<usize>position) << 1));
}

/** The label of a block that is reached from before it. */
export function blockLabel(index: u32): u32 {
  return labelAt(BLOCK_LABELS, blockAt(index).position);
}

export function openLoop(position: u32): void {
  store<u16>(LOOP_LABELS + ((<usize>position) << 1), <u16>open(op.LOOP));
}

/** Says which blocks are jumped to from before, and by which selector those inside loops are reached from outside. */
export function planLabels(): void {
  selectors = 0;
  const count = placed();
  for (let position: u32 = 0; position < count; position++) {
    const index = blockIn(position);
    const block = blockAt(index);
    if (block.isHead && !block.isInner && index != switchBlock) block.isEntry = true;
    if (index == 0) block.needsLabel = position != 0;
    else if (block.isEntry) reachFromOutside(NO_BLOCK, index);
  }
  for (let position: u32 = 0; position < count; position++) {
    const index = blockIn(position);
    const block = blockAt(index);
    plan(index, block.first, block.end == END_BRANCH);
    if (block.end == END_BRANCH) plan(index, block.second, block.isLazy); // rounds of a small loop (trace.ts) jump there
    if (block.end == END_TAIL_REGISTER) plan(index, block.first, true);
    for (let k: u32 = 0; index == switchBlock && k < targets; k++) plan(index, targetAt(k), true);
  }
}


@inline
export function follows(from: u32, to: u32): bool {
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
 * Goes on to where the selector leads, if that lies in this component (of `head`; NO_BLOCK: outside of all): to a block of it, or to the head
 * of a component within it. The selector stays until the block is reached.
 */
export function dispatch(head: u32): void {
  if (selectors == 0 || !leadsInto(head)) return;
  const first = head == NO_BLOCK ? 0 : blockAt(head).position + 1;
  const last = head == NO_BLOCK ? placed() - 1 : blockAt(head).componentEnd;
  const none = open(op.BLOCK);
  for (let selector: u32 = 0; selector <= selectors; selector++) store<u16>(SELECTED_LABELS + ((<usize>selector) << 1), <u16>none);
  let lowest = selectors;
  let highest: u32 = 0;
  for (let position: u32 = first; position <= last; position++) {
    const way = wayTo(head, position);
    if (way == NO_BLOCK) continue;
    const selector = blockAt(blockIn(position)).selector;
    lowest = min(lowest, selector);
    highest = max(highest, selector);
    store<u16>(SELECTED_LABELS + ((<usize>selector) << 1), <u16>blockLabel(way));
  }
  get(SELECTOR);
  i32Const(lowest);
  byte(op.I32_SUB);
  byte(op.BR_TABLE);
  unsigned(highest - lowest + 1);
  for (let selector = lowest; selector <= highest; selector++) unsigned(depthOf(labelAt(SELECTED_LABELS, selector)));
  unsigned(depthOf(none));
  close();
}

/** True where a selector may lead from the head of the component, or from outside of all, to a block in it. */
function leadsInto(head: u32): bool {
  const first = head == NO_BLOCK ? 0 : blockAt(head).position + 1;
  const last = head == NO_BLOCK ? placed() - 1 : blockAt(head).componentEnd;
  for (let position: u32 = first; position <= last; position++) if (wayTo(head, position) != NO_BLOCK) return true;
  return false;
}

/**
 * What a selector for the block at a position goes on to from the head of a component; NO_BLOCK where none comes by: all that it goes on to
 * have labels.
 */
function wayTo(head: u32, position: u32): u32 {
  const index = blockIn(position);
  if (blockAt(index).selector == 0 || index == head) return NO_BLOCK;
  const child = childOf(head, index);
  return blockAt(child).needsLabel ? child : NO_BLOCK;
}

/** The block itself, or the head of the component that holds it, that lies directly in the component of `head`. */
function childOf(head: u32, index: u32): u32 {
  let child = index;
  while (blockAt(child).parent != head) child = blockAt(child).parent;
  return child;
}

/** Opens the blocks that end within the component of `head`, or outside of all. */
export function openBlocks(head: u32): void {
  const first = head == NO_BLOCK ? 0 : blockAt(head).position + 1;
  const last = head == NO_BLOCK ? placed() - 1 : blockAt(head).componentEnd;
  for (let position: i32 = last; position >= <i32>first; position--) {
    const block = blockAt(blockIn(position));
    if (block.parent == head && block.needsLabel) store<u16>(BLOCK_LABELS + ((<usize>position) << 1), <u16>open(op.BLOCK));
  }
}

/** Prepares the selector for an edge into a loop; gives the label to jump to. */
export function labelOf(from: u32, to: u32): u32 {
  const position = blockAt(to).position;
  if (holdsBlock(to, from)) return labelAt(LOOP_LABELS, position);
  const head = sideEntered(from, to);
  if (head == NO_BLOCK) return labelAt(BLOCK_LABELS, position);
  i32Const(blockAt(to).selector);
  set(SELECTOR);
  return labelAt(BLOCK_LABELS, blockAt(head).position);
}
