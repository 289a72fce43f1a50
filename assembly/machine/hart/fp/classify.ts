// fclass: the class of a value as a mask with one bit set. Raises nothing. Depends on format.
// RISC-V "F", table "Format of result of FCLASS instruction".
//
//   0 -inf   1 -normal   2 -subnormal   3 -0   4 +0   5 +subnormal   6 +normal   7 +inf   8 signaling NaN   9 quiet NaN
import { exponentMax, exponentOf, fractionOf, quietBit, signBit } from "./format";

function classifyBits<T>(a: u64): u32 {
  const exponent = exponentOf<T>(a);
  const fraction = fractionOf<T>(a);
  const isNegative = (a & signBit<T>()) != 0;
  if (exponent == exponentMax<T>()) {
    if (fraction) return fraction & quietBit<T>() ? 1 << 9 : 1 << 8;
    return isNegative ? 1 << 0 : 1 << 7;
  }
  if (exponent) return isNegative ? 1 << 1 : 1 << 6;
  if (fraction) return isNegative ? 1 << 2 : 1 << 5;
  return isNegative ? 1 << 3 : 1 << 4;
}

export function f64_classify(a: u64): u32 {
  return classifyBits<f64>(a);
}

export function f32_classify(a: u32): u32 {
  return classifyBits<f32>(a);
}
