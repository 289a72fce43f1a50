// Kernel code in hot loops, on every engine: interrupts turned off and on, faults and blocks cleared on pages of every kind. A failure names its
// seed; WARDIAN_LOOPS says how many times the usual number of programs is run.
import { describe, expect, it } from "vitest";
import { expectAgreement } from "./loops/agree.js";
import { kernel } from "./loops/kernel.js";
import { replayOf, seeds } from "./loops/settings.js";
import { Random } from "./random.js";

const TEST_MS = 3_600_000;
const PROGRAMS = 3;
const BUDGETS = [97, 997, 4099, 20_000];
const ROUNDS = [150, 800];

describe.each([
  ["without a timer", false],
  ["with a timer", true],
] as const)("kernel loops %s", (_, timed) => {
  it("end alike on every engine", { timeout: TEST_MS }, () => {
    let instructions = 0n;
    let interrupts = 0;
    const from = seeds(PROGRAMS);
    for (const seed of from) {
      const random = new Random(seed);
      const guest = kernel(random, random.pick(ROUNDS), timed);
      const right = expectAgreement(guest, [timed ? 997 : 20_000, random.pick(BUDGETS)], replayOf(seed), { anyCount: timed });
      instructions += right.instructions;
      interrupts += right.interrupts;
    }
    console.log(`kernel: ${from.length} programs, ${instructions} instructions, ${interrupts} interrupts`);
    if (from.length > 3) expect(interrupts).toBeGreaterThan(0);
  });
});
