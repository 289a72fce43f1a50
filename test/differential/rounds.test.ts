// Small loops with pointers that move, on every engine: that the translator writes several rounds of them as one must not show.
import { describe, it } from "vitest";
import { expectAgreement } from "./loops/agree.js";
import { rounds } from "./loops/rounds.js";
import { replayOf, seeds } from "./loops/settings.js";
import { Random } from "./random.js";

const TEST_MS = 3_600_000;
const PROGRAMS = 60;
const OUTER_ROUNDS = 60;

describe("rounds", () => {
  it("end alike on every engine", { timeout: TEST_MS }, () => {
    let instructions = 0n;
    const from = seeds(PROGRAMS);
    for (const seed of from)
      instructions += expectAgreement(rounds(new Random(seed), OUTER_ROUNDS), [20_000, 97], replayOf(seed)).instructions;
    console.log(`rounds: ${from.length} programs, ${instructions} instructions`);
  });
});
