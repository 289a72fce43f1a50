// Which values are words: doublewords that are the sign extension of their low half. What is done to words can be done in 32 bits, and V8 drops the
// extensions between one such operation and the next. Known of registers, within a block and from block to block, and of the values
// that the instruction at hand has put on the stack. Depends on discover, edges and order.
import { blockAt, NO_BLOCK } from "./discover";
import { edgesOf, isCall, successorOf } from "./edges";
import { blockIn, placed } from "./order";

export const ONLY_X0: u32 = 1;

/** Registers whose local holds a word. */
export let words: u32 = ONLY_X0;
/** Of the values on the stack, the last one in bit 0: which are words; constants from 0 to 2^31 - 1; the constant 0. */
let values: u32 = 0;
let masks: u32 = 0;
let zeros: u32 = 0;

/** A register that holds what is in the local SHIFTED, shifted to the left by so many bits; 0: none does. */
export let shifted: u32 = 0;
export let shiftedBits: u32 = 0;

export function beginWords(known: u32): void {
  words = known;
  shifted = 0;
}

/** Register `r` is written. */
export function forgetWord(r: u32): void {
  words &= ~(1 << r);
  if (r == shifted) shifted = 0;
}

/** Register `r`, just written, holds what is in SHIFTED, shifted by `bits`. */
export function noteShifted(r: u32, bits: u32): void {
  shifted = r;
  shiftedBits = bits;
}

/** Register `r`, just written, holds a word. */
export function noteWord(r: u32): void {
  words |= 1 << r;
}

/** The value of register `r` was put on the stack. */
export function pushRegister(r: u32): void {
  push((words >>> r) & 1, false, r == 0);
}

export function pushConstant(value: i64): void {
  push(u32(value == <i64>(<i32>value)), <u64>value < 0x80000000, value == 0);
}


@inline
function push(isWord: u32, isMask: bool, isZero: bool): void {
  values = (values << 1) | isWord;
  masks = (masks << 1) | u32(isMask);
  zeros = (zeros << 1) | u32(isZero);
}

/** An operation has made of all values one, whose kind is known. */
export function pushResult(isWord: bool): void {
  values = u32(isWord);
  masks = 0;
  zeros = 0;
}

/** An operation on the last value: it is a word if it was one. */
export function changeLast(): void {
  masks &= ~1;
  zeros &= ~1;
}


@inline
export function isWord(): bool {
  return (values & 1) != 0;
}


@inline
export function areWords(): bool {
  return (values & 3) == 3;
}

/** True where `and` makes a word of two values. */
export function isWordOfAnd(): bool {
  return areWords() || isMasked();
}

/** True where one of two values is a constant that `and` makes a word of which is not negative. */
@inline
export function isMasked(): bool {
  return (masks & 3) != 0;
}

/** True where the sum of two values is one of them, which is a word. */
export function isWordPlusZero(): bool {
  return ((zeros & 1) != 0 && (values & 2) != 0) || ((zeros & 2) != 0 && (values & 1) != 0);
}

/** Finds the words at the beginning of each block, which knows what it does itself: what all the ways there agree on. */
export function findWords(): void {
  const count = placed();
  for (let position: u32 = 0; position < count; position++) {
    const index = blockIn(position);
    const block = blockAt(index);
    block.wordsIn = index == 0 || block.isEntry ? ONLY_X0 : 0xffffffff;
  }
  let isChanged = true;
  while (isChanged) {
    isChanged = false;
    for (let position: u32 = 0; position < count; position++) if (spreadWords(blockIn(position))) isChanged = true;
  }
}

/** True where a successor has fewer words now. */
function spreadWords(index: u32): bool {
  const block = blockAt(index);
  const behind = isCall(block) ? ONLY_X0 : (block.wordsIn & ~(<u32>block.writes)) | block.words;
  let isChanged = false;
  for (let edge: u32 = 0; edge < edgesOf(block); edge++) {
    const next = successorOf(block, edge);
    if (next == NO_BLOCK || (blockAt(next).wordsIn & ~behind) == 0) continue;
    blockAt(next).wordsIn &= behind;
    isChanged = true;
  }
  return isChanged;
}
