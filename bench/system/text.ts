// Text for the packers: words of a made-up language, the frequent ones short and frequent, in lines; the same bytes each time.
// Depends on nothing.
const WORDS = 4096;
const LINE_CHARS = 72;

/** xorshift32. */
function* numbers(): Generator<number, never> {
  for (let x = 0x9e3779b9; ;) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    yield x >>> 0;
  }
}

export function makeText(sizeBytes: number): Buffer {
  const random = numbers();
  const words = Array.from({ length: WORDS }, (_none, rank) =>
    Array.from({ length: 2 + Math.round(Math.log2(rank + 1) / 2) + (random.next().value % 3) }, () =>
      String.fromCharCode(97 + (random.next().value % 26)),
    ).join(""),
  );
  const text = Buffer.alloc(sizeBytes);
  for (let at = 0, column = 0; at < sizeBytes;) {
    // A power of the uniform: about as uneven as the words of a language.
    const word = words[Math.floor(WORDS * (random.next().value / 2 ** 32) ** 4)] ?? "";
    column = column + word.length > LINE_CHARS ? 0 : column + word.length + 1;
    at += text.write(word + (column === 0 ? "\n" : " "), at, "latin1");
  }
  return text;
}
