// Words and doublewords that are none, on every engine: what the translator does in 32 bits must not show.
import { describe, it } from "vitest";
import { expectAgreement } from "./loops/agree.js";
import { replayOf, seeds } from "./loops/settings.js";
import { words } from "./loops/words.js";
import { Random } from "./random.js";

const TEST_MS = 3_600_000;
const PROGRAMS = 100;
const ROUNDS = 60;

describe("words and doublewords", () => {
  it("end alike on every engine", { timeout: TEST_MS }, () => {
    let instructions = 0n;
    const from = seeds(PROGRAMS);
    for (const seed of from) instructions += expectAgreement(words(new Random(seed), ROUNDS), [20_000], replayOf(seed)).instructions;
    console.log(`words: ${from.length} programs, ${instructions} instructions`);
  });
});
