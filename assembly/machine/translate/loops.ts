// A loop that begins where the one around it does. A region begins at the head of an inner loop more often than not: that is where heat is
// found. All ways around then lead back to that one block, and order.ts would make a single loop of them. Where that has calls in it, but
// some of the ways back have none, those are a loop of their own: the block's instructions move into a new block, its head, and the
// block itself is left empty, the head of all. Depends on discover and edges.
import { addCopy, Block, blockAt, blocks, END_FALL, END_SWITCH, MAX_BLOCKS, NO_BLOCK } from "./discover";
import { edgesOf, isCall, successorOf } from "./edges";
import { WORK_PTR } from "./layout";

/** A loop of more instructions is not small. */
export const MAX_SMALL_INSNS: u32 = 300;

/** A block of an inner loop waits with this, and the number of the loop's head, for its dfn until what is around the loop is ordered. */
const WAITING: u32 = 0x80000000;

const MEMBER: u8 = 1; // of the component at hand
const BEHIND_CALL: u8 = 2; // a call leads here without passing the head
const INNER: u8 = 4;
/** Of each block: u8. */
const MARKS: usize = WORK_PTR + 0xa000;


@inline
function marks(index: u32): u8 {
  return load<u8>(MARKS + index);
}


@inline
function mark(index: u32, bit: u8): void {
  store<u8>(MARKS + index, marks(index) | bit);
}

/**
 * The head of the inner loop that begins with `head`; NO_BLOCK where there is none. What can be reached from `head` and has no dfn is its
 * component. The blocks of the inner loop but for its head wait: waitsFor().
 */
export function split(head: u32): u32 {
  if (blocks == MAX_BLOCKS || blockAt(head).end == END_SWITCH || isCall(blockAt(head))) return NO_BLOCK;
  memory.fill(MARKS, 0, blocks);
  spread(head, MEMBER);
  let hasCall = false;
  for (let index: u32 = 0; index < blocks; index++) {
    if ((marks(index) & (MEMBER | BEHIND_CALL)) != MEMBER || !isCall(blockAt(index))) continue;
    mark(index, BEHIND_CALL);
    spread(index, BEHIND_CALL);
    hasCall = true;
  }
  if (!hasCall || !findInner(head)) return NO_BLOCK;
  return separate(head);
}

/** Marks the blocks of the component that can be reached from a block without passing the component's head. */
function spread(from: u32, bit: u8): void {
  const block = blockAt(from);
  for (let edge: u32 = 0; edge < edgesOf(block); edge++) {
    const successor = successorOf(block, edge);
    if (successor == NO_BLOCK || blockAt(successor).dfn != 0 || (marks(successor) & bit) != 0) continue;
    mark(successor, bit);
    spread(successor, bit);
  }
}

/** Marks what leads back to the head and has no call before it; false where there is nothing, or where it is no small loop. */
function findInner(head: u32): bool {
  let insns = blockAt(head).count;
  let isFound = false;
  let isChanged = true;
  while (isChanged) {
    isChanged = false;
    for (let index: u32 = 0; index < blocks; index++) {
      if (marks(index) != MEMBER || !leadsBack(blockAt(index), head)) continue;
      if (blockAt(index).end == END_SWITCH) return false;
      mark(index, INNER);
      insns += blockAt(index).count;
      isChanged = true;
      isFound = true;
    }
  }
  return (isFound || leadsTo(blockAt(head), head)) && insns <= MAX_SMALL_INSNS;
}


@inline
function leadsTo(block: Block, index: u32): bool {
  return block.first == index || block.second == index;
}

/** True for an edge to the head or to what is marked as leading there. */
function leadsBack(block: Block, head: u32): bool {
  for (let edge: u32 = 0; edge < edgesOf(block); edge++) {
    const successor = successorOf(block, edge);
    if (successor == head || (successor != NO_BLOCK && (marks(successor) & INNER) != 0)) return true;
  }
  return false;
}

/** Moves what the head does into a new block, to which the marked blocks lead back. */
function separate(head: u32): u32 {
  const inner = addCopy(head);
  const outer = blockAt(head);
  outer.count = 0;
  outer.end = END_FALL;
  outer.first = inner;
  outer.second = NO_BLOCK;
  outer.callee = NO_BLOCK;
  outer.inner = inner;
  blockAt(inner).isInner = true;
  blockAt(inner).isEntry = false;
  redirect(blockAt(inner), head, inner);
  for (let index: u32 = 0; index < inner; index++) {
    if ((marks(index) & INNER) == 0) continue;
    redirect(blockAt(index), head, inner);
    blockAt(index).dfn = WAITING | inner;
  }
  return inner;
}

function redirect(block: Block, from: u32, to: u32): void {
  if (block.first == from) block.first = to;
  if (block.second == from) block.second = to;
}

/** True for a block of the inner loop of this head that split() has found, its head not counted. */
@inline
export function waitsFor(block: Block, inner: u32): bool {
  return block.dfn == (WAITING | inner);
}
