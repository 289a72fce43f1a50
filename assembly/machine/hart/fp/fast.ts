// The same operations by the host's own instructions, where these give the same bits and the same flags: rounding is to
// nearest even, the sticky inexact flag is already set (wasm cannot say whether it rounded), and the result is
// ordinary. Everything else goes to the exact functions. Depends on flags, format and the operations.
//
// `sticky` is fcsr.fflags as it stands (any value with NX in bit 0, so fcsr itself will do). Only the result is
// looked at, because operands that matter show there: a NaN or infinite operand, an overflow or a division by zero leaves
// an infinity, a NaN or, as a divisor, a zero; an underflow leaves a zero, a subnormal or the smallest normal.
import { f32_add, f32_sub, f64_add, f64_sub } from "./add";
import { f64_to_f32 } from "./convert";
import { f32_div, f64_div } from "./div";
import { NX } from "./flags";
import { f32_fma, f64_fma } from "./fma";
import { f32_mul, f64_mul } from "./mul";
import { f32_sqrt, f64_sqrt } from "./sqrt";

/** Inexact already noted and rm == RNE (0), in one comparison. */
// @ts-ignore: decorator
@inline
function mayUseHost(rm: u32, sticky: u32): bool {
  return (sticky & NX) > rm;
}

/** Enough for sums, which are exact wherever they are tiny. */
// @ts-ignore: decorator
@inline
function isFinite64(a: u64): bool {
  return a << 1 < 0xffe0000000000000;
}

// @ts-ignore: decorator
@inline
function isFinite32(a: u32): bool {
  return a << 1 < 0xff000000;
}

/** The exponent field is neither 0 nor 1 nor that of infinities: no underflow, whenever tininess is detected. */
// @ts-ignore: decorator
@inline
function isOrdinary64(a: u64): bool {
  return (a << 1) - 0x0040000000000000 < 0xffa0000000000000;
}

// @ts-ignore: decorator
@inline
function isOrdinary32(a: u32): bool {
  return (a << 1) - 0x02000000 < 0xfd000000;
}

// @ts-ignore: decorator
@inline
export function f64_add_fast(a: u64, b: u64, rm: u32, sticky: u32): u64 {
  const result = reinterpret<u64>(reinterpret<f64>(a) + reinterpret<f64>(b));
  return mayUseHost(rm, sticky) && isFinite64(result) ? result : f64_add(a, b, rm);
}

// @ts-ignore: decorator
@inline
export function f64_sub_fast(a: u64, b: u64, rm: u32, sticky: u32): u64 {
  const result = reinterpret<u64>(reinterpret<f64>(a) - reinterpret<f64>(b));
  return mayUseHost(rm, sticky) && isFinite64(result) ? result : f64_sub(a, b, rm);
}

// @ts-ignore: decorator
@inline
export function f64_mul_fast(a: u64, b: u64, rm: u32, sticky: u32): u64 {
  const result = reinterpret<u64>(reinterpret<f64>(a) * reinterpret<f64>(b));
  return mayUseHost(rm, sticky) && isOrdinary64(result) ? result : f64_mul(a, b, rm);
}

// @ts-ignore: decorator
@inline
export function f64_div_fast(a: u64, b: u64, rm: u32, sticky: u32): u64 {
  if (mayUseHost(rm, sticky)) {
    const result = reinterpret<u64>(reinterpret<f64>(a) / reinterpret<f64>(b));
    if (isOrdinary64(result)) return result;
  }
  return f64_div(a, b, rm);
}

// @ts-ignore: decorator
@inline
export function f64_sqrt_fast(a: u64, rm: u32, sticky: u32): u64 {
  if (mayUseHost(rm, sticky)) {
    const result = reinterpret<u64>(sqrt(reinterpret<f64>(a)));
    if (isFinite64(result)) return result;
  }
  return f64_sqrt(a, rm);
}

// @ts-ignore: decorator
@inline
export function f32_add_fast(a: u32, b: u32, rm: u32, sticky: u32): u32 {
  const result = reinterpret<u32>(reinterpret<f32>(a) + reinterpret<f32>(b));
  return mayUseHost(rm, sticky) && isFinite32(result) ? result : f32_add(a, b, rm);
}

// @ts-ignore: decorator
@inline
export function f32_sub_fast(a: u32, b: u32, rm: u32, sticky: u32): u32 {
  const result = reinterpret<u32>(reinterpret<f32>(a) - reinterpret<f32>(b));
  return mayUseHost(rm, sticky) && isFinite32(result) ? result : f32_sub(a, b, rm);
}

// @ts-ignore: decorator
@inline
export function f32_mul_fast(a: u32, b: u32, rm: u32, sticky: u32): u32 {
  const result = reinterpret<u32>(reinterpret<f32>(a) * reinterpret<f32>(b));
  return mayUseHost(rm, sticky) && isOrdinary32(result) ? result : f32_mul(a, b, rm);
}

// @ts-ignore: decorator
@inline
export function f32_div_fast(a: u32, b: u32, rm: u32, sticky: u32): u32 {
  if (mayUseHost(rm, sticky)) {
    const result = reinterpret<u32>(reinterpret<f32>(a) / reinterpret<f32>(b));
    if (isOrdinary32(result)) return result;
  }
  return f32_div(a, b, rm);
}

// @ts-ignore: decorator
@inline
export function f32_sqrt_fast(a: u32, rm: u32, sticky: u32): u32 {
  if (mayUseHost(rm, sticky)) {
    const result = reinterpret<u32>(sqrt(reinterpret<f32>(a)));
    if (isFinite32(result)) return result;
  }
  return f32_sqrt(a, rm);
}

// @ts-ignore: decorator
@inline
export function f64_to_f32_fast(a: u64, rm: u32, sticky: u32): u32 {
  const result = reinterpret<u32>(<f32>reinterpret<f64>(a));
  return mayUseHost(rm, sticky) && isOrdinary32(result) ? result : f64_to_f32(a, rm);
}

/**
 * A sum rounded to odd: where inexact, the one of the two neighbours that has an odd significand. A later rounding to
 * fewer places then sees the exact sum (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
 */
// @ts-ignore: decorator
@inline
function addRoundToOdd(a: f64, b: f64): f64 {
  const sum = a + b;
  const error = sumError(a, b, sum);
  const bits = reinterpret<u64>(sum);
  if (error == 0 || (bits & 1) != 0) return sum;
  return reinterpret<f64>(error > 0 == sum > 0 ? bits + 1 : bits - 1);
}

/** What `sum`, the rounded a + b, lacks: exact for finite results (Knuth's TwoSum). */
// @ts-ignore: decorator
@inline
function sumError(a: f64, b: f64, sum: f64): f64 {
  const shareOfB = sum - a;
  return a - (sum - shareOfB) + (b - shareOfB);
}

/** binary64 holds the product whole, with its exponent; the sum is rounded to odd there, then once to binary32. */
export function f32_fma_fast(a: u32, b: u32, c: u32, rm: u32, sticky: u32): u32 {
  if (mayUseHost(rm, sticky)) {
    const product = <f64>reinterpret<f32>(a) * <f64>reinterpret<f32>(b);
    const sum = addRoundToOdd(product, <f64>reinterpret<f32>(c));
    const result = reinterpret<u32>(<f32>sum);
    if (isOrdinary32(result)) return result;
  }
  return f32_fma(a, b, c, rm);
}

/** The exponent field is within 400 of the bias, so no partial product or sum leaves the normal range. */
// @ts-ignore: decorator
@inline
function isMiddling(a: u64): bool {
  return (a << 1) - (623 << 53) < (<u64>800) << 53;
}

// @ts-ignore: decorator
@inline
function upperHalf(a: f64): f64 {
  const spread = a * 134217729.0; // 2^27 + 1: Veltkamp's split
  return spread - (spread - a);
}

/** What `product`, the rounded a * b, lacks (Dekker's TwoProduct). */
// @ts-ignore: decorator
@inline
function productError(a: f64, b: f64, product: f64): f64 {
  const aHigh = upperHalf(a);
  const bHigh = upperHalf(b);
  const aLow = a - aHigh;
  const bLow = b - bHigh;
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

/** Product and sum as unevaluated pairs, the two errors added to odd, then one rounding (Boldo and Melquiond). */
export function f64_fma_fast(a: u64, b: u64, c: u64, rm: u32, sticky: u32): u64 {
  if (!mayUseHost(rm, sticky) || !isMiddling(a) || !isMiddling(b) || !isMiddling(c)) return f64_fma(a, b, c, rm);
  const x = reinterpret<f64>(a);
  const y = reinterpret<f64>(b);
  const z = reinterpret<f64>(c);
  const product = x * y;
  const productRest = productError(x, y, product);
  const low = z + productRest;
  const lowRest = sumError(z, productRest, low);
  const high = product + low;
  const highRest = sumError(product, low, high);
  return reinterpret<u64>(high + addRoundToOdd(lowRest, highRest));
}
