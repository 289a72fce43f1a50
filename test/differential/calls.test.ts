// Functions far apart that call one another so often that their regions are compiled together, on every engine: in M-mode, and under Sv39
// where they also change places. A failure names its seed; WARDIAN_LOOPS says how many times the usual number of programs is run.
import { describe, it } from "vitest";
import { expectAgreement } from "./loops/agree.js";
import { calls } from "./loops/calls.js";
import { PROGRAMS_MS, runPrograms } from "./loops/programs.js";

const PROGRAMS = 3;
const ROUNDS = 20_000;

describe.each([
  ["in M-mode", false],
  ["under Sv39, with functions that change places", true],
] as const)("calls %s", (_, paged) => {
  it("end alike on every engine", { timeout: PROGRAMS_MS }, () => {
    runPrograms("calls", PROGRAMS, (random, replay) => expectAgreement(calls(random, paged, ROUNDS), [20_000], replay));
  });
});
