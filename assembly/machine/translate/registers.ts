// The guest's registers as locals of a translated function: which it touches, where they are, how they get there and back. A set of
// registers is a u64, a bit each: x in the low half, f in the high one. Depends on hart, frame, writer and wasm.
//
// Some are resident (residents.ts): they stay in locals from block to block. The others are loaded where a block first reads them, and stored
// before it ends, so that V8 has less to keep in the host's few registers, and to bring together where blocks meet.
import { F_OFFSET, X_OFFSET } from "../hart/state";
import { access, FIRST_X, get, hart, i64Const, set, tee } from "./frame";
import { forgetWord } from "./words";
import { byte, unsigned } from "./writer";
import * as op from "./wasm";

/** Registers that the region touches; the first pass of emission finds them. */
let used: u64 = 0;
/** Registers that the trace at hand (trace.ts) reads before it writes them, and those that it writes. */
export let read: u64 = 0;
export let written: u64 = 0;
/** What is written and not stored yet, but for resident registers in a lazy block. */
let pending: u64 = 0;
let isLazy: bool = false;
/** The most that a trace of the region has. */
let groups: u32 = 0;
/** Registers that stay in locals from the trace at hand to the next. */
let resident: u64 = 0;

export function forgetRegisters(): void {
  used = 0;
  groups = 0;
}

/** A trace begins. */
export function beginRegisters(lazy: bool, inLocals: u64): void {
  read = 0;
  written = 0;
  pending = 0;
  isLazy = lazy;
  resident = inLocals;
}

/** Stores what the trace has written, but for what a lazy one keeps. */
export function settle(): void {
  storeAside();
  pending = 0;
}

/** As settle(), on a way aside: on the way ahead it is still to be stored. */
export function storeAside(): void {
  storeRegisters(pending);
}


@inline
function bitOf(n: u32): u64 {
  return (<u64>1) << n;
}

/** The local of register `n` of a set, which must be touched. */
@inline
function localOf(n: u32): u32 {
  return FIRST_X + <u32>popcnt<u64>(used & (bitOf(n) - 1));
}


@inline
function take(n: u32): void {
  used |= bitOf(n);
  const isFirst = ((written | read) & bitOf(n)) == 0;
  if (isFirst) read |= bitOf(n);
  if (isFirst && (resident & bitOf(n)) == 0) {
    loadFromHart(n);
    tee(localOf(n));
  } else {
    get(localOf(n));
  }
}


@inline
function give(n: u32): void {
  used |= bitOf(n);
  written |= bitOf(n);
  if (!isLazy || (resident & bitOf(n)) == 0) pending |= bitOf(n);
  set(localOf(n));
}

/** Puts the value of integer register `r` on the stack. */
export function getX(r: u32): void {
  if (r == 0) i64Const(0);
  else take(r);
}

/** Takes the new value of integer register `r`, not x0, from the stack. */
export function setX(r: u32): void {
  forgetWord(r);
  give(r);
}

export function getF(r: u32): void {
  take(r + 32);
}

export function setF(r: u32): void {
  give(r + 32);
}

function loadFromHart(n: u32): void {
  hart();
  access(n < 32 ? op.I64_LOAD : op.F64_LOAD, offsetOf(n));
}

/** Loads the registers of a set, as far as the region touches them. */
export function loadRegisters(registers: u64): void {
  for (let left = registers & used; left != 0; left &= left - 1) {
    const n = <u32>ctz<u64>(left);
    loadFromHart(n);
    set(localOf(n));
  }
}

/** Stores the registers of a set. */
export function storeRegisters(registers: u64): void {
  for (let left = registers; left != 0; left &= left - 1) {
    const n = <u32>ctz<u64>(left);
    hart();
    get(localOf(n));
    access(n < 32 ? op.I64_STORE : op.F64_STORE, offsetOf(n));
  }
}


@inline
function offsetOf(n: u32): u32 {
  return n < 32 ? <u32>X_OFFSET + (n << 3) : <u32>F_OFFSET + ((n - 32) << 3);
}

/** A trace has so many groups. */
export function reserveGroups(count: u32): void {
  groups = max(groups, count);
}

/** The local where group `g` of a trace begins, in linear memory (guards.ts). */
export function groupLocal(g: u32): u32 {
  return FIRST_X + <u32>popcnt<u64>(used) + g;
}

/** The function's locals, by type. */
export function declareLocals(): void {
  unsigned(7);
  unsigned(5);
  byte(op.I32);
  unsigned(5);
  byte(op.I64);
  unsigned(4);
  byte(op.F64);
  unsigned(4);
  byte(op.F32);
  unsigned(<u32>popcnt<u64>(used & 0xffffffff));
  byte(op.I64);
  unsigned(<u32>popcnt<u64>(used >>> 32));
  byte(op.F64);
  unsigned(groups);
  byte(op.I32);
}
