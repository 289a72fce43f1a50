// For the fuzz tests beside the loaders: a seeded source of numbers and the ways in which a file can be damaged.
// Not part of the program. Depends on nothing.

/** Numbers in [0, 2^32), the same for the same seed (xorshift32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

const TELLING_WORDS = [0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff];

/** A damaged copy: cut short, with bytes changed, or with words replaced by those that break arithmetic. */
export function mutate(bytes: Uint8Array, random: () => number, headBytes = 512): Uint8Array {
  const kind = random() % 8;
  if (kind === 0) return bytes.slice(0, random() % (bytes.length + 1));
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  const changes = 1 + (random() % 4);
  for (let change = 0; change < changes; change++) {
    // Headers lie at the front, so most of the damage is done there.
    const reach = random() % 4 === 0 ? copy.length : Math.min(copy.length, headBytes);
    const offset = random() % Math.max(1, reach);
    if (kind < 4) copy[offset] = random() & 0xff;
    else if (offset + 4 <= copy.length) {
      const word = random() % 2 === 0 ? (TELLING_WORDS[random() % TELLING_WORDS.length] ?? 0) : random() % (copy.length * 2);
      view.setUint32(offset & ~3, word, kind < 6);
    }
  }
  return copy;
}
