// More pages of code than are kept decoded, on every engine. With WARDIAN_LOOPS of 2 or more, also more functions than regions.
import { describe, it } from "vitest";
import { expectAgreement } from "./loops/agree.js";
import { manyPages } from "./loops/many-pages.js";
import { replayOf, seeds } from "./loops/settings.js";
import { Random } from "./random.js";

const TEST_MS = 3_600_000;
/** assembly/machine/bus/code.ts keeps 2,048 of them. */
const PAGES = 2200;
const ROUNDS = 2;

describe("more code than fits", () => {
  it("ends alike on every engine", { timeout: TEST_MS }, () => {
    for (const [n, seed] of seeds(1).entries()) {
      const random = new Random(seed);
      const right = expectAgreement(manyPages(random, PAGES, n === 0 ? 1 : 4, ROUNDS + n), [20_000], replayOf(seed));
      console.log(`many pages: ${right.instructions} instructions`);
    }
  });
});
