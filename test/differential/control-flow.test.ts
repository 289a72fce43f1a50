// Programs of random control flow on every engine, with budgets that end in the middle of everything. A failure names its seed;
// WARDIAN_LOOPS says how many times the usual number of programs is run.
import { describe, it } from "vitest";
import { expectAgreement } from "./loops/agree.js";
import { controlFlow } from "./loops/control-flow.js";
import { replayOf, seeds } from "./loops/settings.js";
import { Random } from "./random.js";

const TEST_MS = 3_600_000;
const PROGRAMS = 20;
const BUDGETS = [97, 3, 257, 1009, 4099];
const FUEL = [3_000, 15_000, 60_000];

describe("random control flow", () => {
  it("ends alike on every engine", { timeout: TEST_MS }, () => {
    let instructions = 0n;
    const from = seeds(PROGRAMS);
    for (const seed of from) {
      const random = new Random(seed);
      const guest = controlFlow(random, random.pick(FUEL));
      const budgets = [20_000, random.pick(BUDGETS)];
      instructions += expectAgreement(guest, budgets, replayOf(seed)).instructions;
    }
    console.log(`control flow: ${from.length} programs, ${instructions} instructions`);
  });
});
