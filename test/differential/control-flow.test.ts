// Programs of random control flow on every engine, with budgets that end in the middle of everything. A failure names its seed;
// WARDIAN_LOOPS says how many times the usual number of programs is run.
import { describe, it } from "vitest";
import { expectAgreement } from "./loops/agree.js";
import { controlFlow } from "./loops/control-flow.js";
import { PROGRAMS_MS, runPrograms } from "./loops/programs.js";

const PROGRAMS = 20;
const BUDGETS = [97, 3, 257, 1009, 4099];
const FUEL = [3_000, 15_000, 60_000];

describe("random control flow", () => {
  it("ends alike on every engine", { timeout: PROGRAMS_MS }, () => {
    runPrograms("control flow", PROGRAMS, (random, replay) => {
      const guest = controlFlow(random, random.pick(FUEL));
      return expectAgreement(guest, [20_000, random.pick(BUDGETS)], replay);
    });
  });
});
