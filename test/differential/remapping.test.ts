// Code and data that are mapped anew while they run, on every engine: swapped pages, address spaces, rights, page faults in hot loops. A
// failure names its seed; WARDIAN_LOOPS says how many times the usual number of programs is run.
import { describe, it } from "vitest";
import { expectAgreement } from "./loops/agree.js";
import { remapping } from "./loops/remapping.js";
import { PROGRAMS_MS, runPrograms } from "./loops/programs.js";

const PROGRAMS = 4;
const BUDGETS = [97, 3, 257, 1009, 4099];
const MASKS = [7, 63, 511, 2047];

describe("code and data mapped anew", () => {
  it("end alike on every engine", { timeout: PROGRAMS_MS }, () => {
    runPrograms("mapped anew", PROGRAMS, (random, replay) => {
      const mask = random.pick(MASKS);
      const often = { remap: mask, space: random.pick([mask, ...MASKS]), rights: random.pick([mask, ...MASKS]) };
      const guest = remapping(random, often, mask < 63 ? 400 : 4000);
      return expectAgreement(guest, [20_000, random.pick(BUDGETS)], replay);
    });
  });
});
