// High halves of 64 x 64 bit products, from four 32 bit multiplies: AssemblyScript has no 128 bit type and wasm no
// widening multiply. The low half is the plain product. Depends on nothing.
// RISC-V unprivileged specification, M extension: MULHU, MULH, MULHSU.

/** Upper 64 bits of the unsigned product. */
export function mulhu(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >> 32;
  const low = aLow * bLow;
  // Neither sum can overflow: (2^32-1)^2 + 2 * (2^32-1) = 2^64 - 1.
  const middle = aHigh * bLow + (low >> 32);
  const cross = aLow * bHigh + (middle & 0xffffffff);
  return aHigh * bHigh + (middle >> 32) + (cross >> 32);
}

/** Upper 64 bits of the signed product. */
export function mulh(a: u64, b: u64): u64 {
  return mulhu(a, b) - ((<u64>((<i64>a) >> 63)) & b) - ((<u64>((<i64>b) >> 63)) & a);
}

/** Upper 64 bits of signed `a` times unsigned `b`. */
export function mulhsu(a: u64, b: u64): u64 {
  return mulhu(a, b) - ((<u64>((<i64>a) >> 63)) & b);
}

/** Upper half of (high:low) >> n, for n from 0 to 127. */
// @ts-ignore: decorator
@inline
export function shiftRightHigh(high: u64, n: u32): u64 {
  return n < 64 ? high >> n : 0;
}

/** Lower half of (high:low) >> n, for any n, where a one that falls off the end is kept in bit 0. */
export function shiftRightLowJam(high: u64, low: u64, n: u32): u64 {
  if (n == 0) return low;
  if (n < 64) return (high << (64 - n)) | (low >> n) | (<u64>(low << (64 - n) != 0));
  if (n == 64) return high | (<u64>(low != 0));
  if (n < 128) return (high >> (n - 64)) | (<u64>(((high << (128 - n)) | low) != 0));
  return <u64>((high | low) != 0);
}
