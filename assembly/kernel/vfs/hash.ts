// The hash of a name: SipHash-1-3 (Aumasson and Bernstein, 2012) under the kernel's random key, so that nobody can choose names that
// collide. Depends on state only.
import { vfs } from "./state";

export function hashName(ptr: usize, len: u32): u32 {
  const state = vfs();
  let v0: u64 = state.key0 ^ 0x736f6d6570736575;
  let v1: u64 = state.key1 ^ 0x646f72616e646f6d;
  let v2: u64 = state.key0 ^ 0x6c7967656e657261;
  let v3: u64 = state.key1 ^ 0x7465646279746573;
  const words = len >> 3;
  // One round for each word and one for the rest, then three to finish.
  for (let at: u32 = 0; at < words + 4; at++) {
    let word: u64 = 0;
    if (at < words) word = load<u64>(ptr + ((<usize>at) << 3));
    else if (at == words) word = lastWord(ptr + ((<usize>words) << 3), len);
    else if (at == words + 1) v2 ^= 0xff;
    v3 ^= word;
    v0 += v1;
    v1 = rotl<u64>(v1, 13) ^ v0;
    v0 = rotl<u64>(v0, 32);
    v2 += v3;
    v3 = rotl<u64>(v3, 16) ^ v2;
    v0 += v3;
    v3 = rotl<u64>(v3, 21) ^ v0;
    v2 += v1;
    v1 = rotl<u64>(v1, 17) ^ v2;
    v2 = rotl<u64>(v2, 32);
    v0 ^= word;
  }
  const hash = v0 ^ v1 ^ v2 ^ v3;
  return <u32>(hash ^ (hash >> 32));
}

/** The bytes that fill no word, and the length in the top one. */
function lastWord(ptr: usize, len: u32): u64 {
  let word: u64 = (<u64>len) << 56;
  for (let at: u32 = 0; at < (len & 7); at++) word |= (<u64>load<u8>(ptr + at)) << (at << 3);
  return word;
}

/** Whether `len` bytes are the same. */
export function sameBytes(a: usize, b: usize, len: u32): bool {
  let at: u32 = 0;
  for (; at + 8 <= len; at += 8) if (load<u64>(a + at) != load<u64>(b + at)) return false;
  for (; at < len; at++) if (load<u8>(a + at) != load<u8>(b + at)) return false;
  return true;
}
