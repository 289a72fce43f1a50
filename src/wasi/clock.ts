// Time as containers have it: nanoseconds as two words, without a BigInt. May depend on nothing of ours.

const WORD = 2 ** 32;
const NS_PER_MS = 1e6;

/** What is told when asked for a clock's resolution. */
export const RESOLUTION_NS = 1n;

export class Clock {
  /** The last time that was asked for. */
  low = 0;
  high = 0;
  /** Realtime at the origin of performance.now(), in words. */
  readonly #originLow: number;
  readonly #originHigh: number;

  constructor() {
    const ns = BigInt(Math.round(performance.timeOrigin * 1000)) * 1000n;
    this.#originLow = Number(ns & 0xffff_ffffn);
    this.#originHigh = Number(ns >> 32n);
  }

  /** Monotonic, from the start of this thread's process. */
  readMonotonic(): void {
    const ns = Math.floor(performance.now() * NS_PER_MS);
    this.high = Math.floor(ns / WORD);
    this.low = ns % WORD;
  }

  readRealtime(): void {
    this.readMonotonic();
    const low = this.low + this.#originLow;
    this.high += this.#originHigh + (low >= WORD ? 1 : 0);
    this.low = low >= WORD ? low - WORD : low;
  }
}
