// Floating point in hot loops on every engine: results, flags, rounding modes, FS, and traps where it is off. A failure names its seed;
// WARDIAN_LOOPS says how many times the usual number of programs is run.
import { describe, it } from "vitest";
import { expectAgreement } from "./loops/agree.js";
import { floatLoops } from "./loops/float-loops.js";
import { PROGRAMS_MS, runPrograms } from "./loops/programs.js";

const PROGRAMS = 8;
const BUDGETS = [97, 3, 257, 1009, 4099];
const ROUNDS = [300, 1_500, 4_000];

describe("floating point in hot loops", () => {
  it("ends alike on every engine", { timeout: PROGRAMS_MS }, () => {
    runPrograms("floating point", PROGRAMS, (random, replay) => {
      const guest = floatLoops(random, random.pick(ROUNDS));
      return expectAgreement(guest, [20_000, random.pick(BUDGETS)], replay);
    });
  });
});
