// What is written as one: a block alone, or blocks one behind the other that are several rounds of a small loop. What is known at one instruction
// is known at the next, all along, for nothing leads in but at the beginning.
// Depends on apart, discover, order and steady.
import { areApart } from "./apart";
import { Block, blockAt, END_BRANCH, END_FALL, END_JUMP, mode, NO_BLOCK, slotOf, takesAll } from "./discover";
import { holdsBlock } from "./order";
import { isSteady } from "./steady";

/** Instructions of all rounds of a loop that takes much time, and of another one, at most; and how many rounds. */
const MAX_STEADY_INSNS: u32 = 256;
const MAX_INSNS: u32 = 32;
const MAX_ROUNDS: u32 = 4;

/** The blocks: u16 each. */
const TRACE_PTR: usize = memory.data(<i32>MAX_STEADY_INSNS * 2);
/** How many, and their instructions. */
export let traced: u32 = 0;
export let tracedInsns: u32 = 0;

/** The number of block `k`. */
@inline
export function tracedAt(k: u32): u32 {
  return load<u16>(TRACE_PTR + ((<usize>k) << 1));
}

function append(index: u32): void {
  store<u16>(TRACE_PTR + ((<usize>traced) << 1), <u16>index);
  traced++;
  tracedInsns += blockAt(index).count;
}

function clear(): void {
  traced = 0;
  tracedInsns = 0;
}

export function traceBlock(index: u32): void {
  clear();
  append(index);
}

/** Rounds of the small loop that begins with a block; false where there is none, or it is not worth it. */
export function traceRounds(head: u32): bool {
  const block = blockAt(head);
  if (!block.isHead || !block.isLazy || areApart(slotOf(block.start), mode)) return false;
  const most = takesAll || isSteady(slotOf(block.start), mode, true) ? MAX_STEADY_INSNS : MAX_INSNS;
  clear();
  if (!appendRound(head, most / 2)) return false;
  const inRound = traced;
  for (let left = min(MAX_ROUNDS, most / tracedInsns) - 1; left > 0; left--) for (let k: u32 = 0; k < inRound; k++) append(tracedAt(k));
  return true;
}

/** A way around from a head to where it begins again, of so many instructions at most; false where none can be told from the others. */
function appendRound(head: u32, most: u32): bool {
  let index = head;
  do {
    const block = blockAt(index);
    if ((index != head && block.isHead) || block.count == 0 || tracedInsns + block.count > most) return false;
    append(index);
    index = aheadOf(block, head);
  } while (index != head && index != NO_BLOCK);
  return index == head;
}

/**
 * Where the way around leads on from a block: back to the head, if it can, else to the only successor within the loop. NO_BLOCK where there is none such,
 * or where it may go around a loop that this one is in, for what is seldom come to.
 */
function aheadOf(block: Block, head: u32): u32 {
  if (block.end == END_FALL || block.end == END_JUMP) return isAround(block.first, head) ? NO_BLOCK : block.first;
  if (block.end != END_BRANCH || isAround(block.first, head) || isAround(block.second, head)) return NO_BLOCK;
  if (block.first == head || block.second == head) return head;
  const isFirst = staysIn(head, block.first);
  if (isFirst == staysIn(head, block.second)) return NO_BLOCK;
  return isFirst ? block.first : block.second;
}

/** True for the head of a loop that holds the one of `head`. */
function isAround(index: u32, head: u32): bool {
  return index != NO_BLOCK && index != head && holdsBlock(index, head);
}

function staysIn(head: u32, index: u32): bool {
  return index != NO_BLOCK && holdsBlock(head, index);
}
