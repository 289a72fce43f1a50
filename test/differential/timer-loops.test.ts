// Timer interrupts in hot loops, on every engine: whenever they come, the program that they interrupt must not notice. A failure names its
// seed; WARDIAN_LOOPS says how many times the usual number of programs is run.
import { describe, expect, it } from "vitest";
import { expectAgreement } from "./loops/agree.js";
import { controlFlow } from "./loops/control-flow.js";
import { PROGRAMS_MS, runPrograms } from "./loops/programs.js";

const PROGRAMS = 4;
/** The first is the interpreter's, too: there is a look at the clock, and so perhaps an interrupt, once a budget. */
const BUDGET = 997;
const BUDGETS = [97, 257, 4099, 20_000];
const FUEL = [15_000, 60_000];

describe.each(["M", "S"] as const)("timer interrupts in %s-mode", (timer) => {
  it("leave no trace on any engine", { timeout: PROGRAMS_MS }, () => {
    const { programs, interrupts } = runPrograms("timers", PROGRAMS, (random, replay) => {
      const guest = controlFlow(random, random.pick(FUEL), timer);
      return expectAgreement(guest, [BUDGET, random.pick(BUDGETS)], replay, { anyCount: true });
    });
    expect(interrupts).toBeGreaterThan(programs);
  });
});
