// Test operands for floating point, biased to where implementations go wrong: edges of the formats, neighbours of powers of
// two, integers at conversion bounds, results at the overflow and underflow bounds, cancellation, fused products that
// nearly cancel. The same seed gives the same cases. Depends on nothing.

export interface FpCase {
  op: number;
  rm: number;
  a: bigint;
  b: bigint;
  c: bigint;
}

/** The fields of one format; `bits` is its width. */
interface Format {
  readonly bits: bigint;
  readonly fraction: bigint;
  readonly maxExponent: bigint;
  readonly bias: bigint;
  readonly toNumber: (bits: bigint) => number;
  readonly fromNumber: (value: number) => bigint;
}

const scratch = new DataView(new ArrayBuffer(8));

const F64: Format = {
  bits: 64n,
  fraction: 52n,
  maxExponent: 0x7ffn,
  bias: 1023n,
  toNumber: (bits) => (scratch.setBigUint64(0, bits), scratch.getFloat64(0)),
  fromNumber: (value) => (scratch.setFloat64(0, value), scratch.getBigUint64(0)),
};

const F32: Format = {
  bits: 32n,
  fraction: 23n,
  maxExponent: 0xffn,
  bias: 127n,
  toNumber: (bits) => (scratch.setUint32(0, Number(bits)), scratch.getFloat32(0)),
  fromNumber: (value) => (scratch.setFloat32(0, value), BigInt(scratch.getUint32(0))),
};

const INTEGER_EDGES = [0n, 7n, 8n, 15n, 16n, 23n, 24n, 25n, 31n, 32n, 52n, 53n, 54n, 62n, 63n, 64n];

export class CaseSource {
  private state: bigint;

  constructor(
    seed: number,
    private readonly names: readonly string[],
  ) {
    this.state = BigInt(seed);
  }

  next(): FpCase {
    const op = this.below(this.names.length);
    const name = this.names[op] ?? "";
    const rm = this.below(5);
    if (name.startsWith("mul") || name.includes("_from_")) return { op, rm, a: this.integer(), b: this.integer(), c: 0n };
    const format = name.startsWith("f64") ? F64 : F32;
    if (name === "f64_to_f32") return { op, rm, a: this.chance(2) ? this.nearF32() : this.value(F64), b: 0n, c: 0n };
    if (name.includes("_to_")) return { op, rm, a: this.chance(3) ? this.value(format) : this.nearInteger(format), b: 0n, c: 0n };
    if (this.chance(8)) return { op, rm, a: this.special(format), b: this.special(format), c: this.special(format) };
    if (this.chance(6)) return { op, rm, ...this.boundaryPair(format, name), c: this.chance(2) ? 0n : this.special(format) };
    const a = this.value(format);
    const b = this.partner(format, a, name);
    const c = name.endsWith("fma") ? this.addend(format, a, b) : 0n;
    return { op, rm, a, b, c };
  }

  /** splitmix64 */
  private random(): bigint {
    this.state = BigInt.asUintN(64, this.state + 0x9e3779b97f4a7c15n);
    let z = this.state;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  }

  private below(limit: number): number {
    return Number(this.random() % BigInt(limit));
  }

  /** True once in `n`. */
  private chance(n: number): boolean {
    return this.below(n) === 0;
  }

  private small(): bigint {
    return BigInt(this.below(9) - 4);
  }

  private pack(format: Format, exponent: bigint, fraction: bigint): bigint {
    const max = format.maxExponent - 1n;
    const field = exponent < 0n ? 0n : exponent > max ? max : exponent;
    const sign = this.random() & 1n;
    return (sign << (format.bits - 1n)) | (field << format.fraction) | BigInt.asUintN(Number(format.fraction), fraction);
  }

  /** Random, or all zeros or ones but for a few places, or a few leading places only. */
  private fraction(format: Format): bigint {
    const random = this.random();
    const kind = this.below(4);
    if (kind === 0) return this.small();
    if (kind === 1) return random << BigInt(this.below(Number(format.fraction)));
    if (kind === 2) return (1n << BigInt(this.below(Number(format.fraction)))) + this.small();
    return random;
  }

  private value(format: Format): bigint {
    const exponent = this.random() % format.maxExponent;
    switch (this.below(8)) {
      case 0:
        return this.special(format);
      case 1: // near one end of the normal range
        return this.pack(
          format,
          this.chance(2) ? BigInt(this.below(3)) : format.maxExponent - BigInt(this.below(4)),
          this.fraction(format),
        );
      case 2: // near one: results are ordinary
      case 3:
      case 4:
        return this.pack(format, format.bias + BigInt(this.below(81) - 40), this.fraction(format));
      case 5:
        return this.nearInteger(format);
      default:
        return this.pack(format, exponent, this.fraction(format));
    }
  }

  private special(format: Format): bigint {
    const infinity = format.maxExponent << format.fraction;
    const quiet = 1n << (format.fraction - 1n);
    const payload = this.random() % quiet;
    const smallestNormal = 1n << format.fraction;
    const choices = [0n, 0n, 1n, 2n, payload, smallestNormal - 1n, smallestNormal, smallestNormal + 1n, smallestNormal * 2n];
    choices.push(infinity - 1n, infinity - 2n, infinity, infinity, infinity + quiet, infinity + quiet + payload);
    choices.push(infinity + 1n, infinity + quiet - 1n, infinity + (payload || 1n));
    const sign = (this.random() & 1n) << (format.bits - 1n);
    return sign | (choices[this.below(choices.length)] ?? 0n);
  }

  private integer(): bigint {
    if (this.chance(4)) return this.random() >> BigInt(this.below(64));
    const edge = INTEGER_EDGES[this.below(INTEGER_EDGES.length)] ?? 0n;
    let value = (1n << edge) + this.small();
    if (this.chance(2)) value += 1n << BigInt(this.below(64)); // a second one: ties, when it is far enough off
    return BigInt.asUintN(64, this.chance(2) ? -value : value);
  }

  /** An integer at a conversion bound, or that and about a half. */
  private nearInteger(format: Format): bigint {
    const whole = Number(BigInt.asIntN(64, this.integer())) * (this.chance(4) ? 2 : 1);
    const part = [0, 0, 0.5, -0.5, 0.25, 0.75][this.below(6)] ?? 0;
    return this.step(format, format.fromNumber(whole + part), this.chance(2) ? this.small() : 0n);
  }

  /** `ulps` places up or down in magnitude. */
  private step(format: Format, bits: bigint, ulps: bigint): bigint {
    return BigInt.asUintN(Number(format.bits), bits + ulps);
  }

  /** A binary64 at or next to a binary32 or half way between two, subnormal ones too. */
  private nearF32(): bigint {
    const bits = this.chance(3) ? this.pack(F32, BigInt(this.below(3)), this.fraction(F32)) : this.value(F32);
    const wide = F64.fromNumber(F32.toNumber(bits));
    const half = this.chance(2) ? 1n << BigInt(28 + this.below(24)) : 0n;
    return this.step(F64, wide, half + this.small());
  }

  private partner(format: Format, a: bigint, name: string): bigint {
    const kind = this.below(6);
    const exponentA = (a >> format.fraction) & format.maxExponent;
    const sign = (this.random() & 1n) << (format.bits - 1n);
    if (kind === 0) return this.step(format, a, this.small()) ^ sign; // cancellation, equality
    if (kind === 1) return this.pack(format, exponentA + this.small(), this.fraction(format));
    if (kind === 2) return this.pack(format, exponentA + BigInt(this.below(141) - 70), this.fraction(format));
    if (kind === 3) {
      // A product or quotient at the bound of underflow or of overflow.
      const target = (this.chance(3) ? format.maxExponent : -BigInt(this.below(Number(format.fraction) + 4)) + 2n) + this.small();
      const exponent = name.endsWith("div") ? exponentA - target + format.bias : target - exponentA + format.bias;
      return this.pack(format, exponent, this.fraction(format));
    }
    return this.value(format);
  }

  /** Neighbours of powers of two whose product or quotient is a neighbour of the smallest normal or of the overflow bound. */
  private boundaryPair(format: Format, name: string): { a: bigint; b: bigint } {
    const target = (this.chance(4) ? format.maxExponent : 1n) + BigInt(this.below(4) - 2);
    const exponent = format.bias + BigInt(this.below(81) - 40);
    const other = name.endsWith("div") ? exponent - target + format.bias : target - exponent + format.bias;
    const fraction = (): bigint => (this.chance(2) ? -BigInt(this.below(3)) : BigInt(this.below(3)));
    return { a: this.pack(format, exponent, fraction()), b: this.pack(format, other, fraction()) };
  }

  private addend(format: Format, a: bigint, b: bigint): bigint {
    const kind = this.below(5);
    if (kind === 0) return this.value(format);
    const product = format.fromNumber(format.toNumber(a) * format.toNumber(b));
    if (kind < 3) return this.step(format, product, this.small()) ^ (1n << (format.bits - 1n));
    const exponent = (product >> format.fraction) & format.maxExponent;
    return this.pack(format, exponent + BigInt(this.below(kind === 3 ? 9 : 261) - (kind === 3 ? 4 : 130)), this.fraction(format));
  }
}
