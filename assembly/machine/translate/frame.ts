// A translated function's locals, its labels, and the ways out of it. Depends on hart, writer and wasm.
//
//   (pc: i64, n: i32, depth: i32, entry: i32) -> i32
//   pc: of the region's first instruction; n: the budget of instructions, above 0; depth: calls that may still nest; entry: 0 for the
//   first instruction, else the selector of the block where it is entered
//
//   block $spill                                what jumps here has stored h.pc
//     block $exit                               what jumps here has said in `where` which instruction comes next
//       ...
//     end
//     h.pc = pc + ...; n += instructions that were counted but not run
//   end
//   store the registers that the region writes; return n
//
// `where` = halfwords from pc to the next instruction << 16 | instructions counted but not run. Where the latter is not 0, the
// interpreter is to run the next instruction: the region cannot.
import { HARTS_PTR } from "../layout";
import { F_OFFSET, Hart, X_OFFSET } from "../hart/state";
import { byte, hintUnlikely, signed, unsigned } from "./writer";
import * as op from "./wasm";

export const PC: u32 = 0;
export const N: u32 = 1;
export const DEPTH: u32 = 2;
export const SELECTOR: u32 = 3; // the entry; then, within the region, where a jump into a loop is bound for
export const WHERE: u32 = 4;
export const T32: u32 = 5;
export const FP_STATE: u32 = 6; // FP_READY and FP_HOST bits, as the region was entered
export const VA: u32 = 7;
export const ENTRY: u32 = 8;
export const AT: u32 = 9;
export const VAL: u32 = 10;
export const A: u32 = 11;
export const B: u32 = 12;
export const FA: u32 = 13;
export const FB: u32 = 14;
export const FC: u32 = 15;
export const FR: u32 = 16;
export const SA: u32 = 17;
export const SB: u32 = 18;
export const SC: u32 = 19;
export const SR: u32 = 20;
const FIRST_X: u32 = 21;

export const FP_READY: u32 = 1; // FS is dirty
export const FP_HOST: u32 = 2; // inexact is noted and rounding is to nearest: the host's operations are exact enough

export const LABEL_SPILL: u32 = 0;
export const LABEL_EXIT: u32 = 1;

/** Registers that the region touches, a bit each; the first pass of emission finds them. */
export let usedX: u32 = 0;
export let writtenX: u32 = 0;
export let usedF: u32 = 0;
export let writtenF: u32 = 0;
export let usesHostFp: bool = false;
/** Base registers of which the region keeps a page (memory.ts). */
export let kept: u32 = 0;
/** Labels open now; a label's number is how many were open when it was opened. */
export let nesting: u32 = 0;

export function forgetRegisters(): void {
  usedX = 0;
  writtenX = 0;
  usedF = 0;
  writtenF = 0;
  usesHostFp = false;
  kept = 0;
}

/** The local of the page that register `r` was last seen to point to, and that of its place in linear memory less its va. */
export function pageLocal(r: u32): u32 {
  kept |= 1 << r;
  return FIRST_X + <u32>popcnt<u32>(usedX) + <u32>popcnt<u32>(usedF) + <u32>popcnt<u32>(kept & ((1 << r) - 1));
}

export function deltaLocal(r: u32): u32 {
  return pageLocal(r) + <u32>popcnt<u32>(kept);
}

export function noteFp(): void {
  usesHostFp = true;
}

// ------------------------------------------------------------------------------------------------ registers

/** The local of integer register `r`; registers that are not touched have none. */
@inline
function localOfX(r: u32): u32 {
  return FIRST_X + <u32>popcnt<u32>(usedX & ((1 << r) - 1));
}


@inline
function localOfF(r: u32): u32 {
  return FIRST_X + <u32>popcnt<u32>(usedX) + <u32>popcnt<u32>(usedF & ((1 << r) - 1));
}

/** Puts the value of integer register `r` on the stack. */
export function getX(r: u32): void {
  if (r == 0) {
    i64Const(0);
    return;
  }
  usedX |= 1 << r;
  get(localOfX(r));
}

/** Takes the new value of integer register `r`, not x0, from the stack. */
export function setX(r: u32): void {
  usedX |= 1 << r;
  writtenX |= 1 << r;
  set(localOfX(r));
}

export function getF(r: u32): void {
  usedF |= 1 << r;
  get(localOfF(r));
}

export function setF(r: u32): void {
  usedF |= 1 << r;
  writtenF |= 1 << r;
  set(localOfF(r));
}

/** Loads every register that the region touches. */
export function loadRegisters(): void {
  for (let r: u32 = 1; r < 32; r++) {
    if (!((usedX >>> r) & 1)) continue;
    hart();
    access(op.I64_LOAD, <u32>X_OFFSET + (r << 3));
    set(localOfX(r));
  }
  for (let r: u32 = 0; r < 32; r++) {
    if (!((usedF >>> r) & 1)) continue;
    hart();
    access(op.F64_LOAD, <u32>F_OFFSET + (r << 3));
    set(localOfF(r));
  }
}

/** Stores every register that the region writes. */
export function storeRegisters(): void {
  for (let r: u32 = 1; r < 32; r++) {
    if (!((writtenX >>> r) & 1)) continue;
    hart();
    get(localOfX(r));
    access(op.I64_STORE, <u32>X_OFFSET + (r << 3));
  }
  for (let r: u32 = 0; r < 32; r++) {
    if (!((writtenF >>> r) & 1)) continue;
    hart();
    get(localOfF(r));
    access(op.F64_STORE, <u32>F_OFFSET + (r << 3));
  }
}

/** The function's locals, by type. */
export function declareLocals(): void {
  unsigned(8);
  unsigned(3);
  byte(op.I32);
  unsigned(6);
  byte(op.I64);
  unsigned(4);
  byte(op.F64);
  unsigned(4);
  byte(op.F32);
  unsigned(<u32>popcnt<u32>(usedX));
  byte(op.I64);
  unsigned(<u32>popcnt<u32>(usedF));
  byte(op.F64);
  unsigned(<u32>popcnt<u32>(kept));
  byte(op.I64);
  unsigned(<u32>popcnt<u32>(kept));
  byte(op.I32);
}

// ----------------------------------------------------------------------------------------------- instructions

@inline
export function get(local: u32): void {
  byte(op.LOCAL_GET);
  unsigned(local);
}


@inline
export function set(local: u32): void {
  byte(op.LOCAL_SET);
  unsigned(local);
}


@inline
export function tee(local: u32): void {
  byte(op.LOCAL_TEE);
  unsigned(local);
}

export function i32Const(value: i32): void {
  byte(op.I32_CONST);
  signed(value);
}

export function i64Const(value: i64): void {
  byte(op.I64_CONST);
  signed(value);
}

export function f64Const(value: f64): void {
  byte(op.F64_CONST);
  const bits = reinterpret<u64>(value);
  for (let n = 0; n < 8; n++) byte((<u32>(bits >>> (n << 3))) & 0xff);
}

export function f32Const(value: f32): void {
  byte(op.F32_CONST);
  const bits = reinterpret<u32>(value);
  for (let n = 0; n < 4; n++) byte((bits >>> (n << 3)) & 0xff);
}

/** A load or store with an offset. */
export function access(opcode: u32, offset: u32): void {
  byte(opcode);
  byte(0);
  unsigned(offset);
}

/** Puts the address of the hart on the stack. */
@inline
export function hart(): void {
  i32Const(<i32>HARTS_PTR);
}

// -------------------------------------------------------------------------------------------------- labels

/** Opens a block, a loop or an if without a result; gives its label. */
export function open(opcode: u32): u32 {
  byte(opcode);
  byte(op.NO_RESULT);
  return nesting++;
}

/** Opens an if that leaves a value of type `type`. */
export function openWithResult(type: u32): void {
  byte(op.IF);
  byte(type);
  nesting++;
}

export function close(): void {
  byte(op.END);
  nesting--;
}

export function branch(opcode: u32, label: u32): void {
  byte(opcode);
  unsigned(nesting - 1 - label);
}

/** Leaves the region: the instruction `halves` from pc comes next; `uncounted` instructions were counted but not run. */
export function exit(halves: i32, uncounted: u32): void {
  i32Const((halves << 16) | (<i32>uncounted));
  set(WHERE);
  branch(op.BR, LABEL_EXIT);
}

/** Where the instruction at hand stands: halfwords from the region's pc, and instructions of its block from it on. */
export let hereHalves: i32 = 0;
let hereLeft: u32 = 0;

export function beginInsn(halves: i32, left: u32): void {
  hereHalves = halves;
  hereLeft = left;
}

/** The interpreter is to run the instruction at hand. */
export function leave(): void {
  exit(hereHalves, hereLeft);
}

/** As leave(), where the i32 on the stack is not 0. */
export function leaveIf(): void {
  hintUnlikely();
  open(op.IF);
  leave();
  close();
}

/** The end of the function, behind the body: see the picture above. */
export function writeExits(): void {
  close(); // $exit
  hart();
  get(PC);
  get(WHERE);
  i32Const(16);
  byte(op.I32_SHR_S);
  i32Const(1);
  byte(op.I32_SHL);
  byte(op.I64_EXTEND_I32_S);
  byte(op.I64_ADD);
  access(op.I64_STORE, <u32>offsetof<Hart>("pc"));
  hart();
  get(WHERE);
  i32Const(0xffff);
  byte(op.I32_AND);
  tee(T32);
  access(op.I32_STORE, <u32>offsetof<Hart>("stepOver"));
  get(N);
  get(T32);
  byte(op.I32_ADD);
  set(N);
  close(); // $spill
  storeRegisters();
  get(N);
}
