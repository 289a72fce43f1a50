// Rounding: from a sign, an exponent and a 64 bit significand to the nearest representable value in the asked-for
// direction, with overflow, underflow (tininess after rounding) and inexact. Depends on flags, format.
// IEEE 754-2019 sections 4.3, 7.4, 7.5; rounding modes as in RISC-V "F", table "Rounding mode encoding".
import { NX, OF, UF, raise } from "./flags";
import { exponentMax, fractionBits, infinityBits, signBit } from "./format";

export const RNE: u32 = 0; // to nearest, ties to even
export const RTZ: u32 = 1; // towards zero
export const RDN: u32 = 2; // down
export const RUP: u32 = 3; // up
export const RMM: u32 = 4; // to nearest, ties away from zero

/** a >> n for any n, where a one that falls off the end is kept in bit 0: the value still rounds the same way. */
// @ts-ignore: decorator
@inline
export function shiftRightJam(a: u64, n: u32): u64 {
  return n < 64 ? (a >> n) | (<u64>((a & (((<u64>1) << n) - 1)) != 0)) : <u64>(a != 0);
}

/** What a sum that is exactly zero gives when its terms have different signs. */
// @ts-ignore: decorator
@inline
export function zeroSum<T>(rm: u32): u64 {
  return rm == RDN ? signBit<T>() : 0;
}

/** What is added below the last kept place before the cut. `half` is half a unit in that place. */
// @ts-ignore: decorator
@inline
function roundIncrement(negative: bool, half: u64, rm: u32): u64 {
  if (rm == RNE || rm == RMM) return half;
  if (rm == RTZ) return 0;
  return (rm == RDN) == negative ? (half << 1) - 1 : 0;
}

/**
 * Rounds and packs. `sign` is 0 or signBit<T>(); `significand` has its leading one at bit 62, which has the weight of
 * the biased exponent `exponent`; bits below may have been jammed into bit 0.
 */
export function roundPack<T>(sign: u64, exponent: i32, significand: u64, rm: u32): u64 {
  const dropBits: u64 = 62 - fractionBits<T>();
  const half = (<u64>1) << (dropBits - 1);
  const dropMask = (half << 1) - 1;
  const increment = roundIncrement(sign != 0, half, rm);
  let tiny = false;
  if (exponent <= 0) {
    tiny = exponent < 0 || significand + increment < 0x8000000000000000;
    significand = shiftRightJam(significand, <u32>(1 - exponent));
    exponent = 1;
  } else if (exponent >= exponentMax<T>() - 1) {
    if (exponent > exponentMax<T>() - 1 || significand + increment >= 0x8000000000000000) {
      raise(OF | NX);
      return sign | (infinityBits<T>() - <u64>(increment == 0));
    }
  }
  const dropped = significand & dropMask;
  if (dropped) raise(tiny ? UF | NX : NX);
  significand = (significand + increment) >> dropBits;
  if (dropped == half && rm == RNE) significand &= ~(<u64>1);
  // The leading one, where there is one, adds itself to the exponent field; so does a carry out of the fraction.
  return sign | (((<u64>(exponent - 1)) << fractionBits<T>()) + significand);
}

/** As roundPack, for a significand that is not zero and whose leading one may be anywhere; bit 62 has `exponent`. */
// @ts-ignore: decorator
@inline
export function normalizeRoundPack<T>(sign: u64, exponent: i32, significand: u64, rm: u32): u64 {
  const zeros = <i32>clz(significand);
  if (zeros == 0) return roundPack<T>(sign, exponent + 1, (significand >> 1) | (significand & 1), rm);
  return roundPack<T>(sign, exponent + 1 - zeros, significand << (zeros - 1), rm);
}
