// Words and doublewords that are none, on every engine: what the translator does in 32 bits must not show.
import { describe, it } from "vitest";
import { expectAgreement } from "./loops/agree.js";
import { PROGRAMS_MS, runPrograms } from "./loops/programs.js";
import { words } from "./loops/words.js";

const PROGRAMS = 100;
const ROUNDS = 60;

describe("words and doublewords", () => {
  it("end alike on every engine", { timeout: PROGRAMS_MS }, () => {
    runPrograms("words", PROGRAMS, (random, replay) => expectAgreement(words(random, ROUNDS), [20_000], replay));
  });
});
