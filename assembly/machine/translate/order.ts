// Puts the blocks of a region into an order in which every loop is one run of blocks behind its head: a weak topological order
// (Bourdoncle, "Efficient chaotic iteration strategies with widenings", 1993). Every edge then goes forward, or back to the head of a
// loop that holds it. Depends on discover, edges and loops.
import { Block, blockAt, blocks, MAX_BLOCKS, NO_BLOCK } from "./discover";
import { edgesOf, successorOf } from "./edges";
import { WORK_PTR } from "./layout";
import { split, waitsFor } from "./loops";

const DONE: u32 = 0xffffffff;
const ORDER_PTR: usize = WORK_PTR; // u32 each, filled from the end
const STACK_PTR: usize = WORK_PTR + 0x4000;
/** Of the block at each position, from one at hand: u32 each. */
const DISTANCES_PTR: usize = WORK_PTR + 0x9000;
const FAR: u32 = 0x10000000;

let numbered: u32 = 0;
let stackTop: usize = 0;
let filled: u32 = 0; // first place of ORDER_PTR that is taken

/** Orders the blocks; placed() of them can be reached. */
export function order(): void {
  numbered = 0;
  stackTop = STACK_PTR;
  filled = MAX_BLOCKS;
  for (let index: u32 = 0; index < blocks; index++) if (blockAt(index).isEntry && blockAt(index).dfn == 0) visit(index);
  const first = filled;
  for (let at = first; at < MAX_BLOCKS; at++) blockAt(load<u32>(ORDER_PTR + ((<usize>at) << 2))).position = at - first;
  for (let at = first; at < MAX_BLOCKS; at++) {
    const block = blockAt(load<u32>(ORDER_PTR + ((<usize>at) << 2)));
    if (block.isHead) block.componentEnd -= first;
  }
  nest(first);
}

/** Blocks in the order. */
@inline
export function placed(): u32 {
  return MAX_BLOCKS - filled;
}

/** The number of the block at a position. */
@inline
export function blockIn(position: u32): u32 {
  return load<u32>(ORDER_PTR + ((<usize>(filled + position)) << 2));
}


@inline
function put(index: u32): void {
  filled--;
  store<u32>(ORDER_PTR + ((<usize>filled) << 2), index);
}

/** The lowest number that can be reached from a block over blocks that are not done. */
function visit(index: u32): u32 {
  const block = blockAt(index);
  store<u32>(stackTop, index);
  stackTop += 4;
  const own = ++numbered;
  block.dfn = own;
  let head = own;
  let loops = false;
  for (let edge: u32 = 0; edge < edgesOf(block); edge++) {
    const successor = successorOf(block, edge);
    if (successor == NO_BLOCK || blockAt(successor).dfn == DONE) continue;
    const lowest = blockAt(successor).dfn == 0 ? visit(successor) : blockAt(successor).dfn;
    if (lowest <= head) {
      head = lowest;
      loops = true;
    }
  }
  if (head != own) return head;
  block.dfn = DONE;
  let element = pop();
  if (loops) {
    while (element != index) {
      blockAt(element).dfn = 0;
      element = pop();
    }
    component(index, block);
  }
  put(index);
  return head;
}


@inline
function pop(): u32 {
  stackTop -= 4;
  return load<u32>(stackTop);
}

function component(index: u32, block: Block): void {
  block.isHead = true;
  block.componentEnd = filled - 1;
  const inner = split(index);
  if (inner == NO_BLOCK) visitBehind(block);
  else visitAround(inner);
}

function visitBehind(block: Block): void {
  for (let edge: u32 = 0; edge < edgesOf(block); edge++) {
    const successor = successorOf(block, edge);
    if (successor != NO_BLOCK && blockAt(successor).dfn == 0) visit(successor);
  }
}

/** Orders what is around an inner loop, then the loop, which comes before that: nothing leads into it but to its head. */
function visitAround(inner: u32): void {
  const head = blockAt(inner);
  head.dfn = DONE;
  visitBehind(head);
  for (let index: u32 = 0; index < inner; index++) if (waitsFor(blockAt(index), inner)) visitBehind(blockAt(index));
  for (let index: u32 = 0; index < inner; index++) if (waitsFor(blockAt(index), inner)) blockAt(index).dfn = 0;
  component(inner, head);
  put(inner);
}

/** Says of each block which component holds it. */
function nest(first: u32): void {
  let current: u32 = NO_BLOCK;
  for (let at = first; at < MAX_BLOCKS; at++) {
    const index = load<u32>(ORDER_PTR + ((<usize>at) << 2));
    const block = blockAt(index);
    while (current != NO_BLOCK && block.position > blockAt(current).componentEnd) current = blockAt(current).parent;
    block.parent = current;
    if (block.isHead) current = index;
  }
}

/** True where `outer` is a component's head and holds block `index`. */
export function holdsBlock(outer: u32, index: u32): bool {
  const head = blockAt(outer);
  const position = blockAt(index).position;
  return head.isHead && position >= head.position && position <= head.componentEnd;
}

/** How many components hold the block. */
export function loopsAround(index: u32): u32 {
  let loops: u32 = u32(blockAt(index).isHead);
  for (let outer = blockAt(index).parent; outer != NO_BLOCK; outer = blockAt(outer).parent) loops++;
  return loops;
}

/** Instructions of the shortest way from a block to where it begins again, within the component of `head`, which holds it. */
export function shortestRound(index: u32, head: Block): u32 {
  const own = blockAt(index).position;
  for (let position = head.position; position <= head.componentEnd; position++) store<u32>(distancePtr(position), FAR);
  store<u32>(distancePtr(own), 0);
  return min(advance(own, head.componentEnd, own, head), advance(head.position, own - 1, own, head));
}


@inline
function distancePtr(position: u32): usize {
  return DISTANCES_PTR + ((<usize>position) << 2);
}

/** Spreads the distances of the blocks from position `first` to `last`; gives that of position `own` where one of them leads there. */
function advance(first: u32, last: u32, own: u32, head: Block): u32 {
  let round = FAR;
  for (let position: i32 = first; position <= <i32>last; position++) {
    const block = blockAt(blockIn(position));
    const distance = load<u32>(distancePtr(position)) + block.count;
    if (distance >= FAR) continue;
    for (let edge: u32 = 0; edge < edgesOf(block); edge++) {
      const successor = successorOf(block, edge);
      if (successor == NO_BLOCK) continue;
      const next = blockAt(successor).position;
      if (next < head.position || next > head.componentEnd) continue;
      if (next == own) round = min(round, distance);
      else store<u32>(distancePtr(next), min(load<u32>(distancePtr(next)), distance));
    }
  }
  return round;
}

/**
 * The head of the outermost component that an edge enters elsewhere than at its head; NO_BLOCK where it enters none so. `from` is
 * NO_BLOCK for an edge from outside of the region.
 */
export function sideEntered(from: u32, to: u32): u32 {
  let found: u32 = NO_BLOCK;
  let outer = blockAt(to).parent;
  while (outer != NO_BLOCK) {
    if (from == NO_BLOCK || !holdsBlock(outer, from)) found = outer;
    outer = blockAt(outer).parent;
  }
  return found;
}
