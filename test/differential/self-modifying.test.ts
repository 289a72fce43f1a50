// Programs that write over themselves while they run, on every engine: in M-mode, and under Sv39 where the same bytes stand at three
// addresses. A failure names its seed; WARDIAN_LOOPS says how many times the usual number of programs is run.
import { describe, it } from "vitest";
import { expectAgreement } from "./loops/agree.js";
import { selfModifying } from "./loops/self-modifying.js";
import { replayOf, seeds } from "./loops/settings.js";
import { Random } from "./random.js";

const TEST_MS = 3_600_000;
const PROGRAMS = 5;
const BUDGETS = [97, 3, 257, 1009, 4099];
/** Rounds, and patches in them at each place that patches. */
const LENGTHS = [[60, 60], [2_000, 16], [8_000, 6], [16_000, 2]] as const; // prettier-ignore

describe.each([
  ["in M-mode", false],
  ["under Sv39, with aliases", true],
] as const)("self-modifying code %s", (_, paged) => {
  it("ends alike on every engine", { timeout: TEST_MS }, () => {
    let instructions = 0n;
    const from = seeds(PROGRAMS);
    for (const seed of from) {
      const random = new Random(seed);
      const [rounds, patches] = random.pick(LENGTHS);
      const guest = selfModifying(random, paged, rounds, patches);
      instructions += expectAgreement(guest, [20_000, random.pick(BUDGETS)], replayOf(seed)).instructions;
    }
    console.log(`self-modifying: ${from.length} programs, ${instructions} instructions`);
  });
});
