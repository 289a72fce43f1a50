// Functions far apart that call one another so often that their regions are compiled together, on every engine: in M-mode, and under Sv39
// where they also change places. A failure names its seed; WARDIAN_LOOPS says how many times the usual number of programs is run.
import { describe, it } from "vitest";
import { expectAgreement } from "./loops/agree.js";
import { calls } from "./loops/calls.js";
import { replayOf, seeds } from "./loops/settings.js";
import { Random } from "./random.js";

const TEST_MS = 3_600_000;
const PROGRAMS = 3;
const ROUNDS = 20_000;

describe.each([
  ["in M-mode", false],
  ["under Sv39, with functions that change places", true],
] as const)("calls %s", (_, paged) => {
  it("end alike on every engine", { timeout: TEST_MS }, () => {
    let instructions = 0n;
    const from = seeds(PROGRAMS);
    for (const seed of from) {
      instructions += expectAgreement(calls(new Random(seed), paged, ROUNDS), [20_000], replayOf(seed)).instructions;
    }
    console.log(`calls: ${from.length} programs, ${instructions} instructions`);
  });
});
