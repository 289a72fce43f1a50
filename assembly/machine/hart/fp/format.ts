// The binary32 and binary64 formats: fields, special values, normalised significands. Depends on flags.
// Every operation is written once over a type parameter T (f32 or f64) that stands for the format; the raw bits travel
// as u64 in both. IEEE 754-2019 section 3.4; RISC-V "F", section "NaN Generation and Propagation".
//
//             sign  exponent         fraction
//   binary64   63    62..52 (bias 1023)  51..0
//   binary32   31    30..23 (bias  127)  22..0
//
// A normalised significand has its leading one at bit 62 and goes with the biased exponent that this one would have
// if exponents were unbounded, so subnormal operands give exponents of 0 and below.
import { NV, raise } from "./flags";

// @ts-ignore: decorator
@inline
export function fractionBits<T>(): u32 {
  return sizeof<T>() == 8 ? 52 : 23;
}

/** The exponent field of infinities and NaNs. */
// @ts-ignore: decorator
@inline
export function exponentMax<T>(): i32 {
  return sizeof<T>() == 8 ? 0x7ff : 0xff;
}

// @ts-ignore: decorator
@inline
export function exponentBias<T>(): i32 {
  return sizeof<T>() == 8 ? 1023 : 127;
}

// @ts-ignore: decorator
@inline
export function signBit<T>(): u64 {
  return sizeof<T>() == 8 ? 0x8000000000000000 : 0x80000000;
}

// @ts-ignore: decorator
@inline
export function infinityBits<T>(): u64 {
  return sizeof<T>() == 8 ? 0x7ff0000000000000 : 0x7f800000;
}

/** The one NaN that arithmetic gives. */
// @ts-ignore: decorator
@inline
export function canonicalNaN<T>(): u64 {
  return sizeof<T>() == 8 ? 0x7ff8000000000000 : 0x7fc00000;
}

/** The most significant fraction bit: set in a quiet NaN. */
// @ts-ignore: decorator
@inline
export function quietBit<T>(): u64 {
  return sizeof<T>() == 8 ? 0x8000000000000 : 0x400000;
}

// @ts-ignore: decorator
@inline
export function fractionOf<T>(a: u64): u64 {
  return a & (sizeof<T>() == 8 ? 0xfffffffffffff : 0x7fffff);
}

// @ts-ignore: decorator
@inline
export function exponentOf<T>(a: u64): i32 {
  return (<i32>(a >> fractionBits<T>())) & exponentMax<T>();
}

/** The value without its sign. */
// @ts-ignore: decorator
@inline
export function magnitudeOf<T>(a: u64): u64 {
  return a & (signBit<T>() - 1);
}

// @ts-ignore: decorator
@inline
export function isNaNBits<T>(a: u64): bool {
  return magnitudeOf<T>(a) > infinityBits<T>();
}

// @ts-ignore: decorator
@inline
export function isSignalingNaN<T>(a: u64): bool {
  return isNaNBits<T>(a) && (a & quietBit<T>()) == 0;
}

/** The exponent of the normalised significand; `a` is finite and not zero. */
// @ts-ignore: decorator
@inline
export function normalExponent<T>(a: u64): i32 {
  const exponent = exponentOf<T>(a);
  return exponent ? exponent : 64 - <i32>fractionBits<T>() - <i32>clz(fractionOf<T>(a));
}

/** The normalised significand; `a` is finite and not zero. */
// @ts-ignore: decorator
@inline
export function normalSignificand<T>(a: u64): u64 {
  const fraction = fractionOf<T>(a);
  if (exponentOf<T>(a) == 0) return fraction << (clz(fraction) - 1);
  return (fraction << (62 - fractionBits<T>())) | 0x4000000000000000;
}

/** What an invalid operation gives. */
export function invalid<T>(): u64 {
  raise(NV);
  return canonicalNaN<T>();
}

/** The result of an operation with at least one NaN operand (an absent operand is passed as zero). */
export function propagateNaN<T>(a: u64, b: u64, c: u64): u64 {
  if (isSignalingNaN<T>(a) || isSignalingNaN<T>(b) || isSignalingNaN<T>(c)) raise(NV);
  return canonicalNaN<T>();
}
