// A seeded generator of numbers (xorshift128+ on BigInt would be slow: this is sfc32), with the values that break arithmetic.

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #n = 1;

  constructor(readonly seed: number) {
    this.#a = seed | 0;
    this.#b = Math.imul(seed, 0x9e3779b9) | 0;
    this.#c = 0x243f6a88;
    for (let round = 0; round < 12; round++) this.u32();
  }

  u32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#n) | 0;
    this.#n = (this.#n + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** 0 to below `limit`. */
  below(limit: number): number {
    return this.u32() % limit;
  }

  chance(oneIn: number): boolean {
    return this.below(oneIn) === 0;
  }

  pick<T>(from: readonly T[]): T {
    const one = from[this.below(from.length)];
    if (one === undefined) throw new Error("nothing to pick from");
    return one;
  }

  /** The ends of the ranges. */
  extreme(): bigint {
    return this.pick([
      0n,
      1n,
      0xffffffffffffffffn,
      0x8000000000000000n,
      0x7fffffffffffffffn,
      0xffffffff80000000n,
      0x7fffffffn,
      0x80000000n,
      0xffffffffn,
    ]);
  }

  /** 64 bits, often near a power of two or all the same. */
  u64(): bigint {
    const any = (BigInt(this.u32()) << 32n) | BigInt(this.u32());
    switch (this.below(8)) {
      case 0:
        return this.extreme();
      case 1:
        return BigInt.asUintN(64, (1n << BigInt(this.below(64))) + BigInt(this.below(5) - 2));
      case 2:
        return BigInt.asUintN(64, BigInt.asIntN(32, any));
      case 3:
        return any & 0xffn;
      default:
        return any;
    }
  }

  /** The bits of a floating point register: doubles and boxed singles, ordinary and odd, or what only looks like a boxed one. */
  float(boxing: "any" | "boxed" | "double" | "nearly" = "any"): bigint {
    const single = BigInt(this.#single());
    if (boxing === "nearly" && this.chance(2))
      return (BigInt(this.pick([0, 0xfffffffe, 0x7fffffff, 0xffff7fff, 0xfffffff0])) << 32n) | single;
    if (boxing === "boxed" || boxing === "nearly" || (boxing === "any" && this.chance(2))) return 0xffffffff00000000n | single;
    return this.#double();
  }

  #double(): bigint {
    const sign = BigInt(this.below(2)) << 63n;
    const exponent = this.pick([
      0n,
      1n,
      0x7ffn,
      0x7fen,
      0x3ffn,
      0x3fen,
      0x433n,
      0x41en,
      BigInt(this.below(2048)),
      BigInt(0x3e0 + this.below(64)),
      BigInt(0x3e0 + this.below(64)),
    ]);
    const fraction = this.pick([0n, 1n, 0x8000000000000n, 0xfffffffffffffn, this.u64() & 0xfffffffffffffn, this.u64() & 0xfffff00000000n]);
    return sign | (exponent << 52n) | fraction;
  }

  #single(): number {
    const exponent = this.pick([0, 1, 255, 254, 127, 126, 150, 158, this.below(256), 100 + this.below(50), 100 + this.below(50)]);
    const fraction = this.pick([0, 1, 0x400000, 0x7fffff, this.u32() & 0x7fffff]);
    return ((this.below(2) << 31) | (exponent << 23) | fraction) >>> 0;
  }
}
