// Floating point in hot loops on every engine: results, flags, rounding modes, FS, and traps where it is off. A failure names its seed;
// WARDIAN_LOOPS says how many times the usual number of programs is run.
import { describe, it } from "vitest";
import { expectAgreement } from "./loops/agree.js";
import { floatLoops } from "./loops/float-loops.js";
import { replayOf, seeds } from "./loops/settings.js";
import { Random } from "./random.js";

const TEST_MS = 3_600_000;
const PROGRAMS = 8;
const BUDGETS = [97, 3, 257, 1009, 4099];
const ROUNDS = [300, 1_500, 4_000];

describe("floating point in hot loops", () => {
  it("ends alike on every engine", { timeout: TEST_MS }, () => {
    let instructions = 0n;
    let traps = 0;
    const from = seeds(PROGRAMS);
    for (const seed of from) {
      const random = new Random(seed);
      const guest = floatLoops(random, random.pick(ROUNDS));
      const right = expectAgreement(guest, [20_000, random.pick(BUDGETS)], replayOf(seed));
      instructions += right.instructions;
      traps += right.traps;
    }
    console.log(`floating point: ${from.length} programs, ${instructions} instructions, ${traps} traps`);
  });
});
