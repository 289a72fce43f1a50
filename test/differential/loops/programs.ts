// Generated guests, one a seed, and what they came to in all.
import { Random } from "../random.js";
import type { Finish } from "./agree.js";
import { replayOf, seeds } from "./settings.js";

/** How long a test of such guests may take, in milliseconds. */
export const PROGRAMS_MS = 3_600_000;

export interface Totals {
  readonly programs: number;
  readonly instructions: bigint;
  readonly traps: number;
  readonly interrupts: number;
}

/** Runs about `usual` guests, of which `run` is told how to see a failure again, and prints what they came to. */
export function runPrograms(what: string, usual: number, run: (random: Random, replay: string) => Finish): Totals {
  const ends = seeds(usual).map((seed) => run(new Random(seed), replayOf(seed)));
  const totals = {
    programs: ends.length,
    instructions: ends.reduce((sum, end) => sum + end.instructions, 0n),
    traps: ends.reduce((sum, end) => sum + end.traps, 0),
    interrupts: ends.reduce((sum, end) => sum + end.interrupts, 0),
  };
  console.log(`${what}:`, totals);
  return totals;
}
