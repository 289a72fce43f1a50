// How often values of each size were seen, in fixed buckets. Depends on types of view.ts.
import type { Histogram as HistogramView } from "./view.js";

/** Seconds; a trivial machine starts in milliseconds, Linux in seconds, on a busy host in minutes. */
export const START_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
export const REQUEST_BOUNDS = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #count = 0;
  #sum = 0;

  /** `bounds` ascend; what is above the last is in `count` alone. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  /** Not a number, and less than nothing, is not counted. */
  observe(value: number): void {
    if (!(value >= 0)) return;
    const bucket = this.#bounds.findIndex((bound) => value <= bound);
    if (bucket >= 0) this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count++;
    this.#sum += value;
  }

  view(): HistogramView {
    let below = 0;
    const buckets = this.#bounds.map((le, bucket) => ({ le, count: (below += this.#counts[bucket] ?? 0) }));
    return { count: this.#count, sum: this.#sum, buckets };
  }
}
