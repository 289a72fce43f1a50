// Conversion between floating point and integers. Depends on flags, format, round.
// Out of range saturates and raises NV alone; a NaN counts as plus infinity. RISC-V "F", section
// "Single-Precision Floating-Point Conversion and Move Instructions", table "Domains of float-to-integer conversions".
import { NV, NX, raise } from "./flags";
import { exponentBias, fractionBits, signBit } from "./format";
import { RDN, RNE, roundPack, RTZ, RUP } from "./round";

/** To an integral value, by operations that wasm defines exactly. */
// @ts-ignore: decorator
@inline
function roundIntegral(a: f64, rm: u32): f64 {
  if (rm == RTZ) return trunc(a);
  if (rm == RNE) return nearest(a);
  if (rm == RDN) return floor(a);
  if (rm == RUP) return ceil(a);
  const whole = trunc(a);
  // The difference is exact, being a part of the significand of `a`.
  return abs(a - whole) >= 0.5 ? whole + copysign<f64>(1.0, a) : whole;
}

// Each range test is false for a NaN. The bounds are those of the rounded value, and powers of two where the largest
// integer is no double.
function toI32(a: f64, rm: u32): i32 {
  const whole = roundIntegral(a, rm);
  if (whole >= -2147483648.0 && whole <= 2147483647.0) {
    if (whole != a) raise(NX);
    return <i32>whole;
  }
  raise(NV);
  return whole < 0 ? i32.MIN_VALUE : i32.MAX_VALUE;
}

function toU32(a: f64, rm: u32): u32 {
  const whole = roundIntegral(a, rm);
  if (whole >= 0 && whole <= 4294967295.0) {
    if (whole != a) raise(NX);
    return <u32>whole;
  }
  raise(NV);
  return whole < 0 ? 0 : u32.MAX_VALUE;
}

function toI64(a: f64, rm: u32): i64 {
  const whole = roundIntegral(a, rm);
  if (whole >= -9223372036854775808.0 && whole < 9223372036854775808.0) {
    if (whole != a) raise(NX);
    return <i64>whole;
  }
  raise(NV);
  return whole < 0 ? i64.MIN_VALUE : i64.MAX_VALUE;
}

function toU64(a: f64, rm: u32): u64 {
  const whole = roundIntegral(a, rm);
  if (whole >= 0 && whole < 18446744073709551616.0) {
    if (whole != a) raise(NX);
    return <u64>whole;
  }
  raise(NV);
  return whole < 0 ? 0 : u64.MAX_VALUE;
}

export function f64_to_i32(a: u64, rm: u32): i32 {
  return toI32(reinterpret<f64>(a), rm);
}

export function f64_to_u32(a: u64, rm: u32): u32 {
  return toU32(reinterpret<f64>(a), rm);
}

export function f64_to_i64(a: u64, rm: u32): i64 {
  return toI64(reinterpret<f64>(a), rm);
}

export function f64_to_u64(a: u64, rm: u32): u64 {
  return toU64(reinterpret<f64>(a), rm);
}

// Every binary32 is a binary64, and both kinds of NaN convert alike.
export function f32_to_i32(a: u32, rm: u32): i32 {
  return toI32(reinterpret<f32>(a), rm);
}

export function f32_to_u32(a: u32, rm: u32): u32 {
  return toU32(reinterpret<f32>(a), rm);
}

export function f32_to_i64(a: u32, rm: u32): i64 {
  return toI64(reinterpret<f32>(a), rm);
}

export function f32_to_u64(a: u32, rm: u32): u64 {
  return toU64(reinterpret<f32>(a), rm);
}

/** From sign and magnitude; the magnitude is not zero. */
function fromMagnitude<T>(sign: u64, magnitude: u64, rm: u32): u64 {
  const zeros = clz(magnitude);
  const significand = magnitude << zeros;
  return roundPack<T>(sign, exponentBias<T>() + 63 - <i32>zeros, (significand >> 1) | (significand & 1), rm);
}

/** No rounding mode changes an integer whose ones span no more places than a significand has. */
// @ts-ignore: decorator
@inline
function isExact<T>(magnitude: u64): bool {
  return clz(magnitude) + ctz(magnitude) >= 63 - fractionBits<T>();
}

export function f64_from_i32(a: i32): u64 {
  return reinterpret<u64>(<f64>a);
}

export function f64_from_u32(a: u32): u64 {
  return reinterpret<u64>(<f64>a);
}

export function f64_from_i64(a: i64, rm: u32): u64 {
  const magnitude: u64 = a < 0 ? 0 - a : a;
  if (isExact<f64>(magnitude)) return reinterpret<u64>(<f64>a);
  return fromMagnitude<f64>(a < 0 ? signBit<f64>() : 0, magnitude, rm);
}

export function f64_from_u64(a: u64, rm: u32): u64 {
  if (isExact<f64>(a)) return reinterpret<u64>(<f64>a);
  return fromMagnitude<f64>(0, a, rm);
}

export function f32_from_i32(a: i32, rm: u32): u32 {
  return f32_from_i64(a, rm);
}

export function f32_from_u32(a: u32, rm: u32): u32 {
  return f32_from_u64(a, rm);
}

export function f32_from_i64(a: i64, rm: u32): u32 {
  const magnitude: u64 = a < 0 ? 0 - a : a;
  if (isExact<f32>(magnitude)) return reinterpret<u32>(<f32>a);
  return <u32>fromMagnitude<f32>(a < 0 ? signBit<f32>() : 0, magnitude, rm);
}

export function f32_from_u64(a: u64, rm: u32): u32 {
  if (isExact<f32>(a)) return reinterpret<u32>(<f32>a);
  return <u32>fromMagnitude<f32>(0, a, rm);
}
