// Addition and subtraction. Depends on format, round.
// IEEE 754-2019 section 5.4.1; signs of zero sums: section 6.3.
import { exponentMax, exponentOf, fractionBits, fractionOf, invalid, isNaNBits, propagateNaN, signBit } from "./format";
import { normalizeRoundPack, shiftRightJam, zeroSum } from "./round";

/** Infinities and NaNs. */
function addSpecial<T>(a: u64, b: u64): u64 {
  if (isNaNBits<T>(a) || isNaNBits<T>(b)) return propagateNaN<T>(a, b, 0);
  if (exponentOf<T>(a) != exponentMax<T>()) return b;
  if (exponentOf<T>(b) != exponentMax<T>()) return a;
  return a == b ? a : invalid<T>();
}

/** Significand with the hidden bit, where there is one, at bit 61: one place is left for a carry. */
// @ts-ignore: decorator
@inline
function addend<T>(a: u64): u64 {
  const hidden = (<u64>(exponentOf<T>(a) != 0)) << fractionBits<T>();
  return (fractionOf<T>(a) | hidden) << (61 - fractionBits<T>());
}

function addBits<T>(a: u64, b: u64, rm: u32): u64 {
  let exponentA = exponentOf<T>(a);
  let exponentB = exponentOf<T>(b);
  if (exponentA == exponentMax<T>() || exponentB == exponentMax<T>()) return addSpecial<T>(a, b);
  let significandA = addend<T>(a);
  let significandB = addend<T>(b);
  // A subnormal has the exponent of the smallest normal, only without the hidden bit.
  exponentA = max(exponentA, 1);
  exponentB = max(exponentB, 1);
  const exponent = max(exponentA, exponentB);
  significandA = shiftRightJam(significandA, <u32>(exponent - exponentA));
  significandB = shiftRightJam(significandB, <u32>(exponent - exponentB));
  let sign = a & signBit<T>();
  let sum: u64;
  if (((a ^ b) & signBit<T>()) == 0) {
    sum = significandA + significandB;
    if (sum == 0) return sign;
  } else {
    sum = significandA - significandB;
    if (sum == 0) return zeroSum<T>(rm);
    if (significandA < significandB) {
      sum = 0 - sum;
      sign ^= signBit<T>();
    }
  }
  return normalizeRoundPack<T>(sign, exponent + 1, sum, rm);
}

export function f64_add(a: u64, b: u64, rm: u32): u64 {
  return addBits<f64>(a, b, rm);
}

export function f64_sub(a: u64, b: u64, rm: u32): u64 {
  return addBits<f64>(a, b ^ signBit<f64>(), rm);
}

export function f32_add(a: u32, b: u32, rm: u32): u32 {
  return <u32>addBits<f32>(a, b, rm);
}

export function f32_sub(a: u32, b: u32, rm: u32): u32 {
  return <u32>addBits<f32>(a, b ^ signBit<f32>(), rm);
}
