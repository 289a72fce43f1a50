// Kernel code in hot loops, on every engine: interrupts turned off and on, faults and blocks cleared on pages of every kind. A failure names its
// seed; WARDIAN_LOOPS says how many times the usual number of programs is run.
import { describe, expect, it } from "vitest";
import { expectAgreement } from "./loops/agree.js";
import { kernel } from "./loops/kernel.js";
import { PROGRAMS_MS, runPrograms } from "./loops/programs.js";

const PROGRAMS = 3;
const BUDGETS = [97, 997, 4099, 20_000];
const ROUNDS = [150, 800];

describe.each([
  ["without a timer", false],
  ["with a timer", true],
] as const)("kernel loops %s", (_, timed) => {
  it("end alike on every engine", { timeout: PROGRAMS_MS }, () => {
    const { programs, interrupts } = runPrograms("kernel", PROGRAMS, (random, replay) => {
      const guest = kernel(random, random.pick(ROUNDS), timed);
      return expectAgreement(guest, [timed ? 997 : 20_000, random.pick(BUDGETS)], replay, { anyCount: timed });
    });
    if (programs > 3) expect(interrupts).toBeGreaterThan(0);
  });
});
