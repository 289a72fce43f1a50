// Loads and stores off one pointer, on every engine: that the translator looks for all of them at once must not show.
import { describe, it } from "vitest";
import { expectAgreement } from "./loops/agree.js";
import { records } from "./loops/records.js";
import { replayOf, seeds } from "./loops/settings.js";
import { Random } from "./random.js";

const TEST_MS = 3_600_000;
const PROGRAMS = 80;
const ROUNDS = 300;

describe("records", () => {
  it("end alike on every engine", { timeout: TEST_MS }, () => {
    let instructions = 0n;
    const from = seeds(PROGRAMS);
    for (const seed of from) instructions += expectAgreement(records(new Random(seed), ROUNDS), [20_000], replayOf(seed)).instructions;
    console.log(`records: ${from.length} programs, ${instructions} instructions`);
  });
});
