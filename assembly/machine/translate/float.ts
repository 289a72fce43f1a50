// Emits floating point: the host's operation where it gives the bits and flags that RISC-V wants, and a check that it did; what fails
// the check is left to the interpreter, which knows everything (hart/fp). Why these checks are enough stands in hart/fp/fast.ts.
// T is f64 or f32. Operations that round are only reached where inexact is noted already and rounding is to nearest (FP_HOST).
// Depends on frame, imports, writer.
import { close, f32Const, f64Const, FA, FB, FC, FR, get, i32Const, i64Const, open, SA, SB, SC, set, SR, tee } from "./frame";
import { leave, leaveIf } from "./exits";
import { callHelper, HELPER_FMA_D, HELPER_FMA_S } from "./imports";
import { byte, unsigned } from "./writer";
import { TRANSLATED_PTR } from "./layout";
import * as op from "./wasm";

const RNE: u32 = 0;
const RTZ: u32 = 1;
const DYNAMIC: u32 = 7;

const FUSED_PTR: usize = TRANSLATED_PTR + 64; // u32: wasm's relaxed multiply-add rounds once on this host

export function setFused(fused: u32): void {
  store<u32>(FUSED_PTR, fused);
}

// ------------------------------------------------------------------------------------------ by the type's width

@inline
function a<T>(): u32 {
  return sizeof<T>() == 8 ? FA : SA;
}


@inline
function b<T>(): u32 {
  return sizeof<T>() == 8 ? FB : SB;
}


@inline
function c<T>(): u32 {
  return sizeof<T>() == 8 ? FC : SC;
}


@inline
function result<T>(): u32 {
  return sizeof<T>() == 8 ? FR : SR;
}

/** An arithmetic instruction, named by its f64 form: those of f32 stand 14 lower. */
@inline
function arithmetic<T>(f64Opcode: u32): void {
  byte(sizeof<T>() == 8 ? f64Opcode : f64Opcode - (op.F64_ADD - op.F32_ADD));
}

/** A comparison, named by its f64 form: those of f32 stand 6 lower. */
@inline
function compares<T>(f64Opcode: u32): void {
  byte(sizeof<T>() == 8 ? f64Opcode : f64Opcode - (op.F64_EQ - op.F32_EQ));
}

function constant<T>(value: f64): void {
  if (sizeof<T>() == 8) f64Const(value);
  else f32Const(<f32>value);
}

// --------------------------------------------------------------------------------------------------- arithmetic

/** False where the instruction rounds otherwise than to nearest: it is then left, and what would follow is not reached. */
export function roundsToNearest(rm: u32): bool {
  if (rm == RNE || rm == DYNAMIC) return true;
  leave();
  return false;
}

/** Sums and differences are exact wherever they are tiny: finite is enough. */
export function sum<T>(f64Opcode: u32, rm: u32): void {
  if (!roundsToNearest(rm)) return;
  arithmetic<T>(f64Opcode);
  leaveUnlessFinite<T>();
}

export function squareRoot<T>(rm: u32): void {
  if (!roundsToNearest(rm)) return;
  arithmetic<T>(op.F64_SQRT);
  leaveUnlessFinite<T>();
}

function leaveUnlessFinite<T>(): void {
  tee(result<T>());
  arithmetic<T>(op.F64_ABS);
  constant<T>(Infinity);
  compares<T>(op.F64_LT);
  byte(op.I32_EQZ);
  leaveIf();
  get(result<T>());
}

/** A product or a quotient. */
export function product<T>(f64Opcode: u32, rm: u32): void {
  if (!roundsToNearest(rm)) return;
  set(b<T>());
  tee(a<T>());
  get(b<T>());
  arithmetic<T>(f64Opcode);
  leaveUnlessOrdinary<T>(f64Opcode == op.F64_MUL);
}

/** a * b + c, rounded once. */
export function multiplyAdd<T>(rm: u32): void {
  if (!roundsToNearest(rm)) return;
  if (load<u32>(FUSED_PTR) == 0) {
    callHelper(sizeof<T>() == 8 ? HELPER_FMA_D : HELPER_FMA_S);
    return;
  }
  set(c<T>());
  set(b<T>());
  tee(a<T>());
  splat<T>();
  get(b<T>());
  splat<T>();
  get(c<T>());
  splat<T>();
  byte(op.SIMD_PREFIX);
  unsigned(sizeof<T>() == 8 ? op.F64X2_RELAXED_MADD : op.F32X4_RELAXED_MADD);
  byte(op.SIMD_PREFIX);
  unsigned(sizeof<T>() == 8 ? op.F64X2_EXTRACT_LANE : op.F32X4_EXTRACT_LANE);
  byte(0);
  leaveUnlessOrdinary<T>(true);
}


@inline
function splat<T>(): void {
  byte(op.SIMD_PREFIX);
  unsigned(sizeof<T>() == 8 ? op.F64X2_SPLAT : op.F32X4_SPLAT);
}

/**
 * The result on the stack neither over- nor underflowed: its exponent is not that of zeros and subnormals, of the smallest normals, or of
 * infinities and NaNs. A zero is exact where a is one, or b in a product; a quotient by zero is no zero.
 */
function leaveUnlessOrdinary<T>(isProduct: bool): void {
  tee(result<T>());
  openUnlessOrdinary<T>();
  get(a<T>());
  constant<T>(0);
  compares<T>(op.F64_EQ);
  if (isProduct) {
    get(b<T>());
    constant<T>(0);
    compares<T>(op.F64_EQ);
    byte(op.I32_OR);
  }
  get(result<T>());
  constant<T>(0);
  compares<T>(op.F64_EQ);
  byte(op.I32_AND);
  byte(op.I32_EQZ);
  leaveIf();
  close();
  get(result<T>());
}

function openUnlessOrdinary<T>(): void {
  if (sizeof<T>() == 8) {
    byte(op.I64_REINTERPRET_F64);
    i64Const(52);
    byte(op.I64_SHR_U);
    byte(op.I32_WRAP_I64);
  } else {
    byte(op.I32_REINTERPRET_F32);
    i32Const(23);
    byte(op.I32_SHR_U);
  }
  const mask = sizeof<T>() == 8 ? 0x7ff : 0xff;
  i32Const(mask);
  byte(op.I32_AND);
  i32Const(2);
  byte(op.I32_SUB);
  i32Const(mask - 3);
  byte(op.I32_GT_U);
  open(op.IF);
}

// --------------------------------------------------------------------------------- comparisons and conversions

/** min, max: of two numbers; NaNs raise flags. */
export function extremum<T>(f64Opcode: u32): void {
  leaveIfUnordered<T>();
  arithmetic<T>(f64Opcode);
}

/** The i32 truth of a comparison of two numbers. */
export function comparison<T>(f64Opcode: u32): void {
  leaveIfUnordered<T>();
  compares<T>(f64Opcode);
}

function leaveIfUnordered<T>(): void {
  set(b<T>());
  set(a<T>());
  get(a<T>());
  get(a<T>());
  compares<T>(op.F64_NE);
  get(b<T>());
  get(b<T>());
  compares<T>(op.F64_NE);
  byte(op.I32_OR);
  leaveIf();
  get(a<T>());
  get(b<T>());
}

/** Towards zero, of a double between the two, neither included. Other rounding modes are left. */
export function truncate(rm: u32, low: f64, high: f64, opcode: u32): void {
  if (rm != RTZ) {
    leave();
    return;
  }
  tee(FA);
  f64Const(low);
  byte(op.F64_GT);
  get(FA);
  f64Const(high);
  byte(op.F64_LT);
  byte(op.I32_AND);
  byte(op.I32_EQZ);
  leaveIf();
  get(FA);
  byte(op.TRUNC_SAT_PREFIX);
  unsigned(opcode);
}

/** Double to single. */
export function narrow(rm: u32): void {
  if (!roundsToNearest(rm)) return;
  tee(FA);
  byte(op.F32_DEMOTE_F64);
  tee(SR);
  openUnlessOrdinary<f32>();
  get(FA);
  f64Const(0);
  byte(op.F64_NE);
  leaveIf();
  close();
  get(SR);
}

/** Single to double: exact, NaNs aside. */
export function widen(): void {
  tee(SA);
  get(SA);
  byte(op.F32_NE);
  leaveIf();
  get(SA);
  byte(op.F64_PROMOTE_F32);
}

/** The sign of the second times that of the first. */
export function signProduct<T>(): void {
  set(b<T>());
  set(a<T>());
  get(a<T>());
  get(a<T>());
  arithmetic<T>(op.F64_NEG);
  get(b<T>());
  signBit<T>();
  byte(op.SELECT_TYPED);
  byte(1);
  byte(sizeof<T>() == 8 ? op.F64 : op.F32);
}

/** 0 where the sign of the value on the stack is minus. */
function signBit<T>(): void {
  if (sizeof<T>() == 8) {
    byte(op.I64_REINTERPRET_F64);
    i64Const(0);
    byte(op.I64_GE_S);
  } else {
    byte(op.I32_REINTERPRET_F32);
    i32Const(0);
    byte(op.I32_GE_S);
  }
}
