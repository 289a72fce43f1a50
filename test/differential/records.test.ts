// Loads and stores off one pointer, on every engine: that the translator looks for all of them at once must not show.
import { describe, it } from "vitest";
import { expectAgreement } from "./loops/agree.js";
import { records } from "./loops/records.js";
import { PROGRAMS_MS, runPrograms } from "./loops/programs.js";

const PROGRAMS = 80;
const ROUNDS = 300;

describe("records", () => {
  it("end alike on every engine", { timeout: PROGRAMS_MS }, () => {
    runPrograms("records", PROGRAMS, (random, replay) => expectAgreement(records(random, ROUNDS), [20_000], replay));
  });
});
