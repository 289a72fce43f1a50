// Division. Depends on flags, format, round. IEEE 754-2019 sections 5.4.1, 7.3.
// The host's own division of the two significands, which wasm defines to be correctly rounded, gives a 53 bit quotient Q;
// the sign of the exact remainder A - Q * B then says on which side of Q the true quotient lies.
import { DZ, raise } from "./flags";
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
function divSpecial<T>(a: u64, b: u64, sign: u64): u64 {
  if (isNaNBits<T>(a) || isNaNBits<T>(b)) return propagateNaN<T>(a, b, 0);
  if (exponentOf<T>(a) == exponentMax<T>()) {
    return exponentOf<T>(b) == exponentMax<T>() ? invalid<T>() : sign | infinityBits<T>();
  }
  if (exponentOf<T>(b) == exponentMax<T>()) return sign;
  if (magnitudeOf<T>(b) != 0) return sign;
  if (magnitudeOf<T>(a) == 0) return invalid<T>();
  raise(DZ);
  return sign | infinityBits<T>();
}

/** Quotient of two normalised significands: leading one at bit 62, twice as large when a < b, jammed. */
// @ts-ignore: decorator
@inline
function divideJam(a: u64, b: u64): u64 {
  const dividend = a >> 10;
  const divisor = b >> 10;
  const isLess = dividend < divisor;
  // Q has 53 bits: exact as a double, and as an integer after an exact scaling by 2^52 or 2^53.
  const estimate = <f64>dividend / <f64>divisor;
  const quotient = <u64>(estimate * (isLess ? 9007199254740992.0 : 4503599627370496.0));
  // |remainder| <= divisor / 2 < 2^53, so arithmetic modulo 2^64 gives it whole.
  const remainder = <i64>((dividend << (52 + <u64>isLess)) - quotient * divisor);
  // The true quotient is never half way between two 53 bit numbers: one place off Q is all that rounding needs.
  return (quotient << 10) + (remainder >> 63) + <i64>(remainder > 0);
}

function divBits<T>(a: u64, b: u64, rm: u32): u64 {
  const sign = (a ^ b) & signBit<T>();
  const isOrdinary = exponentOf<T>(a) < exponentMax<T>() && exponentOf<T>(b) < exponentMax<T>();
  if (!isOrdinary || magnitudeOf<T>(a) == 0 || magnitudeOf<T>(b) == 0) return divSpecial<T>(a, b, sign);
  const significandA = normalSignificand<T>(a);
  const significandB = normalSignificand<T>(b);
  const exponent = normalExponent<T>(a) - normalExponent<T>(b) + exponentBias<T>() - <i32>(significandA < significandB);
  return normalizeRoundPack<T>(sign, exponent, divideJam(significandA, significandB), rm);
}

export function f64_div(a: u64, b: u64, rm: u32): u64 {
  return divBits<f64>(a, b, rm);
}

export function f32_div(a: u32, b: u32, rm: u32): u32 {
  return <u32>divBits<f32>(a, b, rm);
}
