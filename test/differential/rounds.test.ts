// Small loops with pointers that move, on every engine: that the translator writes several rounds of them as one must not show.
import { describe, it } from "vitest";
import { expectAgreement } from "./loops/agree.js";
import { rounds } from "./loops/rounds.js";
import { PROGRAMS_MS, runPrograms } from "./loops/programs.js";

const PROGRAMS = 60;
const OUTER_ROUNDS = 60;

describe("rounds", () => {
  it("end alike on every engine", { timeout: PROGRAMS_MS }, () => {
    runPrograms("rounds", PROGRAMS, (random, replay) => expectAgreement(rounds(random, OUTER_ROUNDS), [20_000, 97], replay));
  });
});
