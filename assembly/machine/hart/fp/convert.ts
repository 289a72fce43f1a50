// Conversion between binary32 and binary64. Depends on format, round.
// RISC-V "D", section "Double-Precision Floating-Point Conversion and Move Instructions".
import {
  exponentBias,
  exponentMax,
  exponentOf,
  infinityBits,
  isNaNBits,
  magnitudeOf,
  normalExponent,
  normalSignificand,
  propagateNaN,
} from "./format";
import { roundPack } from "./round";

export function f64_to_f32(a: u64, rm: u32): u32 {
  const sign = (a >> 32) & 0x80000000;
  if (isNaNBits<f64>(a)) {
    propagateNaN<f64>(a, 0, 0);
    return 0x7fc00000;
  }
  if (magnitudeOf<f64>(a) == 0) return <u32>sign;
  if (exponentOf<f64>(a) == exponentMax<f64>()) return <u32>(sign | infinityBits<f32>());
  const exponent = normalExponent<f64>(a) - exponentBias<f64>() + exponentBias<f32>();
  return <u32>roundPack<f32>(sign, exponent, normalSignificand<f64>(a), rm);
}

/** Always exact, so the host's own conversion serves; only NaNs need care. */
export function f32_to_f64(a: u32): u64 {
  if (!isNaNBits<f32>(a)) return reinterpret<u64>(<f64>reinterpret<f32>(a));
  propagateNaN<f32>(a, 0, 0);
  return 0x7ff8000000000000;
}
