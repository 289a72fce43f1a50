// Comparisons: feq is quiet, flt and fle are signaling; the result is 0 or 1. Depends on flags, format.
// wasm's own comparisons are exact on everything but NaNs, and false on those; only a false answer looks for NaNs.
// RISC-V "F", section "Single-Precision Floating-Point Compare Instructions"; IEEE 754-2019 section 5.11.
import { NV, raise } from "./flags";
import { isNaNBits, isSignalingNaN } from "./format";

function raiseIfSignaling<T>(a: u64, b: u64): void {
  if (isSignalingNaN<T>(a) || isSignalingNaN<T>(b)) raise(NV);
}

function raiseIfUnordered<T>(a: u64, b: u64): void {
  if (isNaNBits<T>(a) || isNaNBits<T>(b)) raise(NV);
}

export function f64_eq(a: u64, b: u64): u32 {
  if (reinterpret<f64>(a) == reinterpret<f64>(b)) return 1;
  raiseIfSignaling<f64>(a, b);
  return 0;
}

export function f64_lt(a: u64, b: u64): u32 {
  if (reinterpret<f64>(a) < reinterpret<f64>(b)) return 1;
  raiseIfUnordered<f64>(a, b);
  return 0;
}

export function f64_le(a: u64, b: u64): u32 {
  if (reinterpret<f64>(a) <= reinterpret<f64>(b)) return 1;
  raiseIfUnordered<f64>(a, b);
  return 0;
}

export function f32_eq(a: u32, b: u32): u32 {
  if (reinterpret<f32>(a) == reinterpret<f32>(b)) return 1;
  raiseIfSignaling<f32>(a, b);
  return 0;
}

export function f32_lt(a: u32, b: u32): u32 {
  if (reinterpret<f32>(a) < reinterpret<f32>(b)) return 1;
  raiseIfUnordered<f32>(a, b);
  return 0;
}

export function f32_le(a: u32, b: u32): u32 {
  if (reinterpret<f32>(a) <= reinterpret<f32>(b)) return 1;
  raiseIfUnordered<f32>(a, b);
  return 0;
}
