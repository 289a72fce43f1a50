// Multiplication. Depends on wide, format, round. IEEE 754-2019 section 5.4.1.
import { mulhu } from "../wide";
import {
  exponentBias,
  exponentMax,
  exponentOf,
  infinityBits,
  invalid,
  isNaNBits,
  magnitudeOf,
  normalExponent,
  normalSignificand,
  propagateNaN,
  signBit,
} from "./format";
import { normalizeRoundPack } from "./round";

/** At least one operand is zero, infinite or a NaN. */
function mulSpecial<T>(a: u64, b: u64, sign: u64): u64 {
  if (isNaNBits<T>(a) || isNaNBits<T>(b)) return propagateNaN<T>(a, b, 0);
  const hasZero = magnitudeOf<T>(a) == 0 || magnitudeOf<T>(b) == 0;
  if (exponentOf<T>(a) != exponentMax<T>() && exponentOf<T>(b) != exponentMax<T>()) return sign;
  return hasZero ? invalid<T>() : sign | infinityBits<T>();
}

/** Product of two normalised significands (leading ones at bit 62), leading one at bit 61 or 62, jammed. */
// @ts-ignore: decorator
@inline
function multiplyJam<T>(a: u64, b: u64): u64 {
  // Two 24 bit significands fit one multiply: bits 62..39 of each give a product from bit 46 or 47 down.
  if (sizeof<T>() == 4) return ((a >> 39) * (b >> 39)) << 15;
  return mulhu(a << 1, b) | (<u64>((a << 1) * b != 0));
}

function mulBits<T>(a: u64, b: u64, rm: u32): u64 {
  const sign = (a ^ b) & signBit<T>();
  const isOrdinary = exponentOf<T>(a) < exponentMax<T>() && exponentOf<T>(b) < exponentMax<T>();
  if (!isOrdinary || magnitudeOf<T>(a) == 0 || magnitudeOf<T>(b) == 0) return mulSpecial<T>(a, b, sign);
  const exponent = normalExponent<T>(a) + normalExponent<T>(b) - exponentBias<T>();
  const product = multiplyJam<T>(normalSignificand<T>(a), normalSignificand<T>(b));
  return normalizeRoundPack<T>(sign, exponent + 1, product, rm);
}

export function f64_mul(a: u64, b: u64, rm: u32): u64 {
  return mulBits<f64>(a, b, rm);
}

export function f32_mul(a: u32, b: u32, rm: u32): u32 {
  return <u32>mulBits<f32>(a, b, rm);
}
