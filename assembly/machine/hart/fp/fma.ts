// Fused multiply-add: a * b + c with one rounding. A caller negates operands for the other three instructions.
// Depends on wide, flags, format, round. IEEE 754-2019 section 5.4.1; RISC-V "F": NV for infinity times zero even when
// the addend is a quiet NaN.
//
// Product and addend are brought to one scale in a window that holds the whole product; there the bit AT has the weight
// of `exponent`, and the leading one of the addend stands at AT, that of the product at AT or one above.
//   binary64   128 bit window, AT = 125        binary32   64 bit window, AT = 60
import { mulhu, shiftRightHigh, shiftRightLowJam } from "../wide";
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
import { normalizeRoundPack, shiftRightJam, zeroSum } from "./round";

/** At least one operand is infinite or a NaN. */
function fmaSpecial<T>(a: u64, b: u64, c: u64): u64 {
  const hasInfinity = magnitudeOf<T>(a) == infinityBits<T>() || magnitudeOf<T>(b) == infinityBits<T>();
  const hasZero = magnitudeOf<T>(a) == 0 || magnitudeOf<T>(b) == 0;
  const hasNaN = isNaNBits<T>(a) || isNaNBits<T>(b);
  if (!hasNaN && hasInfinity && hasZero) return invalid<T>();
  if (hasNaN || isNaNBits<T>(c)) return propagateNaN<T>(a, b, c);
  if (!hasInfinity) return c;
  const product = ((a ^ b) & signBit<T>()) | infinityBits<T>();
  const opposes = magnitudeOf<T>(c) == infinityBits<T>() && c != product;
  return opposes ? invalid<T>() : product;
}

/** binary32, product and addend not zero: the product and its guard bits fit 64 bits. */
function fmaNarrow(sign: u64, exponent: i32, product: u64, exponentC: i32, c: u64, subtract: bool, rm: u32): u64 {
  const distance = exponent - exponentC;
  if (distance >= 0) c = shiftRightJam(c, <u32>distance);
  else product = shiftRightJam(product, <u32>-distance);
  if (distance < 0) exponent = exponentC;
  let sum = product + c;
  if (subtract) {
    if (product == c) return zeroSum<f32>(rm);
    sum = product - c;
    if (product < c) {
      sum = 0 - sum;
      sign ^= signBit<f32>();
    }
  }
  return normalizeRoundPack<f32>(sign, exponent + 2, sum, rm);
}

/** As fmaNarrow for binary64: the window is high:low, and the addend enters with a low half of zero. */
function fmaWide(sign: u64, exponent: i32, a: u64, b: u64, exponentC: i32, c: u64, subtract: bool, rm: u32): u64 {
  let high = mulhu(a, b);
  let low = a * b;
  let lowC: u64 = 0;
  const distance = exponent - exponentC;
  if (distance >= 0) {
    lowC = shiftRightLowJam(c, 0, <u32>distance);
    c = shiftRightHigh(c, <u32>distance);
  } else {
    low = shiftRightLowJam(high, low, <u32>-distance);
    high = shiftRightHigh(high, <u32>-distance);
    exponent = exponentC;
  }
  if (!subtract) {
    low += lowC;
    high += c + <u64>(low < lowC);
  } else {
    if (high == c && low == lowC) return zeroSum<f64>(rm);
    const isLess = high < c || (high == c && low < lowC);
    const borrow = <u64>(low < lowC);
    low -= lowC;
    high -= c + borrow;
    if (isLess) {
      sign ^= signBit<f64>();
      high = 0 - high - <u64>(low != 0);
      low = 0 - low;
    }
  }
  if (high == 0) return normalizeRoundPack<f64>(sign, exponent + 1 - 64, low, rm);
  // Up to bit 62 of `high`, whatever is below stays visible as one jammed bit.
  const zeros = clz(high);
  if (zeros > 1) {
    high = (high << (zeros - 1)) | (low >> (65 - zeros));
    low <<= zeros - 1;
    exponent -= <i32>zeros - 1;
  }
  return normalizeRoundPack<f64>(sign, exponent + 1, high | (<u64>(low != 0)), rm);
}

function fmaBits<T>(a: u64, b: u64, c: u64, rm: u32): u64 {
  const maxExponent = exponentMax<T>();
  if (exponentOf<T>(a) == maxExponent || exponentOf<T>(b) == maxExponent || exponentOf<T>(c) == maxExponent) {
    return fmaSpecial<T>(a, b, c);
  }
  const sign = (a ^ b) & signBit<T>();
  const subtract = (sign ^ (c & signBit<T>())) != 0;
  if (magnitudeOf<T>(a) == 0 || magnitudeOf<T>(b) == 0) {
    if (magnitudeOf<T>(c) != 0) return c;
    return subtract ? zeroSum<T>(rm) : sign;
  }
  const exponent = normalExponent<T>(a) + normalExponent<T>(b) - exponentBias<T>();
  const significandA = normalSignificand<T>(a);
  const significandB = normalSignificand<T>(b);
  if (magnitudeOf<T>(c) == 0) return fmaZeroAddend<T>(sign, exponent, significandA, significandB, rm);
  const exponentC = normalExponent<T>(c);
  const significandC = normalSignificand<T>(c);
  if (sizeof<T>() == 4) {
    const product = ((significandA >> 39) * (significandB >> 39)) << 14;
    return fmaNarrow(sign, exponent, product, exponentC, significandC >> 2, subtract, rm);
  }
  return fmaWide(sign, exponent, significandA << 1, significandB, exponentC, significandC >> 1, subtract, rm);
}

/** The addend is zero and the product is not. */
function fmaZeroAddend<T>(sign: u64, exponent: i32, a: u64, b: u64, rm: u32): u64 {
  if (sizeof<T>() == 4) return normalizeRoundPack<T>(sign, exponent + 2, ((a >> 39) * (b >> 39)) << 14, rm);
  return normalizeRoundPack<T>(sign, exponent + 1, mulhu(a << 1, b) | (<u64>((a << 1) * b != 0)), rm);
}

export function f64_fma(a: u64, b: u64, c: u64, rm: u32): u64 {
  return fmaBits<f64>(a, b, c, rm);
}

export function f32_fma(a: u32, b: u32, c: u32, rm: u32): u32 {
  return <u32>fmaBits<f32>(a, b, c, rm);
}
