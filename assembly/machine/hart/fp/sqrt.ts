// Square root. Depends on format, round. IEEE 754-2019 section 5.4.1.
// As in division: the host's correctly rounded root Q of the significand, then the sign of the exact remainder A - Q * Q.
import {
  exponentBias,
  exponentMax,
  exponentOf,
  invalid,
  isNaNBits,
  magnitudeOf,
  normalExponent,
  normalSignificand,
  propagateNaN,
  signBit,
} from "./format";
import { normalizeRoundPack } from "./round";

/** Root of an integer from 2^52 to 2^54, scaled by 2^52: leading one at bit 62, jammed. */
// @ts-ignore: decorator
@inline
function rootJam(radicand: u64): u64 {
  // sqrt(radicand * 2^52) = sqrt(radicand) * 2^26, a 53 bit integer after rounding.
  const root = <u64>(sqrt(<f64>radicand) * 67108864.0);
  // |remainder| <= root < 2^54, so arithmetic modulo 2^64 gives it whole.
  const remainder = <i64>((radicand << 52) - root * root);
  return (root << 10) + (remainder >> 63) + <i64>(remainder > 0);
}

function sqrtBits<T>(a: u64, rm: u32): u64 {
  if (magnitudeOf<T>(a) == 0) return a;
  if (isNaNBits<T>(a)) return propagateNaN<T>(a, 0, 0);
  if (a & signBit<T>()) return invalid<T>();
  if (exponentOf<T>(a) == exponentMax<T>()) return a;
  const power = normalExponent<T>(a) - exponentBias<T>();
  // An odd power lends one factor of two to the radicand, so that half the rest is whole.
  const odd = <u64>(power & 1);
  const radicand = (normalSignificand<T>(a) >> 10) << odd;
  return normalizeRoundPack<T>(0, (power >> 1) + exponentBias<T>(), rootJam(radicand), rm);
}

export function f64_sqrt(a: u64, rm: u32): u64 {
  return sqrtBits<f64>(a, rm);
}

export function f32_sqrt(a: u32, rm: u32): u32 {
  return <u32>sqrtBits<f32>(a, rm);
}
