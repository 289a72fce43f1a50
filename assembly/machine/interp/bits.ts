// Bit manipulation that wasm has no instruction for. Unprivileged specification, chapter 30.

/** Every byte that is not 0 becomes 0xff. */
export function orcB(a: u64): u64 {
  const low = a & 0x7f7f7f7f7f7f7f7f;
  const high = ((low + 0x7f7f7f7f7f7f7f7f) | a) & 0x8080808080808080;
  return (high >>> 7) * 0xff;
}

/** Low half of the carry-less product. */
export function clmul(a: u64, b: u64): u64 {
  let result: u64 = 0;
  for (let rest = b; rest != 0; rest &= rest - 1) result ^= a << ctz(rest);
  return result;
}

/** High half of the carry-less product. */
export function clmulh(a: u64, b: u64): u64 {
  let result: u64 = 0;
  for (let rest = b & ~1; rest != 0; rest &= rest - 1) result ^= a >>> (64 - ctz(rest));
  return result;
}

/** Bits 126 to 63 of the carry-less product. */
export function clmulr(a: u64, b: u64): u64 {
  let result: u64 = 0;
  for (let rest = b; rest != 0; rest &= rest - 1) result ^= a >>> (63 - ctz(rest));
  return result;
}
