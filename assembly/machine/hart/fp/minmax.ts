// fmin and fmax: minimumNumber and maximumNumber. One NaN operand is passed over, -0 is less than +0, a signaling NaN
// raises NV whatever the other operand. Depends on flags, format.
// RISC-V "F" 2.2, section "Single-Precision Floating-Point Computational Instructions"; IEEE 754-2019 section 9.6.
import { NV, raise } from "./flags";
import { canonicalNaN, isNaNBits, isSignalingNaN } from "./format";

/** At least one operand is a NaN. */
function pickNumber<T>(a: u64, b: u64): u64 {
  if (isSignalingNaN<T>(a) || isSignalingNaN<T>(b)) raise(NV);
  if (!isNaNBits<T>(a)) return a;
  return isNaNBits<T>(b) ? canonicalNaN<T>() : b;
}

export function f64_min(a: u64, b: u64): u64 {
  if (isNaNBits<f64>(a) || isNaNBits<f64>(b)) return pickNumber<f64>(a, b);
  return reinterpret<u64>(min(reinterpret<f64>(a), reinterpret<f64>(b)));
}

export function f64_max(a: u64, b: u64): u64 {
  if (isNaNBits<f64>(a) || isNaNBits<f64>(b)) return pickNumber<f64>(a, b);
  return reinterpret<u64>(max(reinterpret<f64>(a), reinterpret<f64>(b)));
}

export function f32_min(a: u32, b: u32): u32 {
  if (isNaNBits<f32>(a) || isNaNBits<f32>(b)) return <u32>pickNumber<f32>(a, b);
  return reinterpret<u32>(min(reinterpret<f32>(a), reinterpret<f32>(b)));
}

export function f32_max(a: u32, b: u32): u32 {
  if (isNaNBits<f32>(a) || isNaNBits<f32>(b)) return <u32>pickNumber<f32>(a, b);
  return reinterpret<u32>(max(reinterpret<f32>(a), reinterpret<f32>(b)));
}
