// Test support: a small seeded generator (xorshift32), so that a fuzz run can be repeated. Depends on nothing.

export class Random {
  private state: number;
  private readonly pool: Uint8Array;

  constructor(seed: number) {
    this.state = seed >>> 0 || 1;
    this.pool = Uint8Array.from({ length: 65_536 }, () => this.next());
  }

  next(): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x >>> 0;
    return this.state;
  }

  /** 0 to `limit` - 1. */
  below(limit: number): number {
    return limit > 0 ? this.next() % limit : 0;
  }

  /** Up to 32 KiB, cut from a pool made once, since tests draw many megabytes. */
  bytes(length: number): Uint8Array {
    const start = this.below(this.pool.length - length);
    return this.pool.slice(start, start + length);
  }
}
