// A translated function: its locals but those of registers, its labels, and small instructions. Depends on writer and wasm.
//
//   (pc: i64, n: i32, depth: i32, entry: i32) -> i32
//   pc: of the region's first instruction; n: the budget of instructions, above 0; depth: the stack that calls may still take; entry: 0 for the
//   first instruction, else the selector of the block where it is entered
//
//   load the registers that the region may need (registers.ts)
//   block $exit                               what jumps here has stored the registers, and has said in `where` which instruction comes next
//     ...
//   end
//   h.pc = pc + ...; return n + instructions that were counted but not run
//
// `where` = halfwords from pc to the next instruction << 16 | instructions counted but not run. Where the latter is not 0, the
// interpreter is to run the next instruction: the region cannot. A lazy block has a way out of its own to $exit, which stores what its small
// loop writes; the others have stored everything, and where the interpreter is to go on they end the function in place (exits.ts).
import { HARTS_PTR } from "../layout";
import { byte, signed, unsigned } from "./writer";
import * as op from "./wasm";

export const PC: u32 = 0;
export const N: u32 = 1;
export const DEPTH: u32 = 2;
export const SELECTOR: u32 = 3; // the entry; then, within the region, where a jump into a loop is bound for
export const WHERE: u32 = 4;
export const T32: u32 = 5;
export const FP_STATE: u32 = 6; // FP_READY and FP_HOST bits, as the region was entered
export const PLACE: u32 = 7;
export const AT: u32 = 8;
export const VA: u32 = 9;
export const VAL: u32 = 10;
export const A: u32 = 11;
export const B: u32 = 12;
export const SHIFTED: u32 = 13;
export const FA: u32 = 14;
export const FB: u32 = 15;
export const FC: u32 = 16;
export const FR: u32 = 17;
export const SA: u32 = 18;
export const SB: u32 = 19;
export const SC: u32 = 20;
export const SR: u32 = 21;
export const FIRST_X: u32 = 22;

export const FP_READY: u32 = 1; // FS is dirty
export const FP_HOST: u32 = 2; // inexact is noted and rounding is to nearest: the host's operations are exact enough

/** $exit: the first label that is opened. */
export const LABEL_EXIT: u32 = 0;
export const NO_LABEL: u32 = 0xffffffff;

/** True where the region looks at FP_STATE. */
export let usesHostFp: bool = false;

export function noteFp(uses: bool): void {
  usesHostFp = uses;
}

/** Labels open now; a label's number is how many were open when it was opened. */
export let nesting: u32 = 0;

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

/** How a branch names a label. */
@inline
export function depthOf(label: u32): u32 {
  return nesting - 1 - label;
}

export function branch(opcode: u32, label: u32): void {
  byte(opcode);
  unsigned(depthOf(label));
}
