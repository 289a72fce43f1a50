// Programs that write over themselves while they run, on every engine: in M-mode, and under Sv39 where the same bytes stand at three
// addresses. A failure names its seed; WARDIAN_LOOPS says how many times the usual number of programs is run.
import { describe, it } from "vitest";
import { expectAgreement } from "./loops/agree.js";
import { selfModifying } from "./loops/self-modifying.js";
import { PROGRAMS_MS, runPrograms } from "./loops/programs.js";

const PROGRAMS = 5;
const BUDGETS = [97, 3, 257, 1009, 4099];
/** Rounds, and patches in them at each place that patches. */
const LENGTHS = [[60, 60], [2_000, 16], [8_000, 6], [16_000, 2]] as const; // prettier-ignore

describe.each([
  ["in M-mode", false],
  ["under Sv39, with aliases", true],
] as const)("self-modifying code %s", (_, paged) => {
  it("ends alike on every engine", { timeout: PROGRAMS_MS }, () => {
    runPrograms("self-modifying", PROGRAMS, (random, replay) => {
      const [rounds, patches] = random.pick(LENGTHS);
      const guest = selfModifying(random, paged, rounds, patches);
      return expectAgreement(guest, [20_000, random.pick(BUDGETS)], replay);
    });
  });
});
