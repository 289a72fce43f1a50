// Two sides run the same program in turn: how many iterations take about the wished time on each, then the best of the rounds. Their
// checksums must be the same. Depends on errors and the files beside it.
import { WardianError } from "../src/errors.js";
import type { BenchOptions } from "./options.js";
import type { Timing } from "./programs.js";
import { geometricMean, moreIsBetter, type Row } from "./report.js";

export interface Sample extends Timing {
  readonly iterations: number;
  /** Our machine's; 0 where nobody counts. */
  readonly instructions: number;
}

export type Side = (iterations: number) => Promise<Sample>;

const MOST_ITERATIONS = 100_000_000;
const FASTER = 8;

/** So many iterations take about `seconds`: the last try has taken half of it, for a side that warms up runs slower in a short one. */
async function calibrate(side: Side, seconds: number): Promise<number> {
  for (let iterations = 8; ;) {
    const sample = await side(iterations);
    const fitting = Math.min(MOST_ITERATIONS, Math.max(1, Math.round((iterations * seconds) / sample.seconds)));
    if (sample.seconds >= seconds / 2 || iterations >= MOST_ITERATIONS) return fitting;
    iterations = Math.min(fitting, iterations * FASTER);
  }
}

const best = (samples: readonly Sample[]): Sample =>
  samples.reduce((a, b) => (b.iterations / b.seconds > a.iterations / a.seconds ? b : a));

export async function compare(name: string, ours: Side, theirs: Side, options: BenchOptions): Promise<Row> {
  const seconds = options.quick ? 0.25 : 1;
  const rounds = options.quick ? 1 : 3;
  const counts = [await calibrate(ours, seconds), await calibrate(theirs, seconds)];
  const samples: [Sample[], Sample[]] = [[], []];
  for (let n = 0; n < rounds; n++) {
    for (const [index, side] of [ours, theirs].entries()) samples[index]?.push(await side(counts[index] ?? 1));
  }
  const sums = new Set(samples.flat().map((sample) => sample.checksum));
  if (sums.size !== 1) throw new WardianError("bench-checksum", `the program ${name} computes different results: ${[...sums].join(", ")}`);
  const [our, their] = [best(samples[0]), best(samples[1])];
  options.onProgress(`${name} done`);
  const row = moreIsBetter(name, our.iterations / our.seconds, their.iterations / their.seconds, "iterations/s");
  return { ...row, oursMips: Number((our.instructions / our.seconds / 1e6).toFixed(1)) };
}

export function meanRow(title: string, rows: readonly Row[]): Row {
  const mean = (value: (row: Row) => number): number => geometricMean(rows.map(value));
  const row = moreIsBetter(title, mean((it) => it.ours), mean((it) => it.theirs), "iterations/s"); // prettier-ignore
  return { ...row, oursMips: Number(mean((it) => it.oursMips ?? Number.NaN).toFixed(1)) };
}
