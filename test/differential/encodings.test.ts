// Which encodings are legal: every 16-bit one and many 32-bit ones near the rows of the table, against qemu-system-riscv64.
import { beforeAll, describe, expect, it } from "vitest";
import { ENGINES } from "../conformance/engines.js";
import { CROSS_COMPILER, missing } from "../conformance/toolchain.js";
import type { Harness } from "./privileged/case-record.js";
import { compare } from "./privileged/compare.js";
import { codePage, ENCODING_DIFFERENCES, encodingCase, everyHalf, someWord } from "./privileged/encodings.js";
import { buildHarness, runOnOurs, runOnQemu } from "./privileged/run-cases.js";
import { Random } from "./random.js";
import { SEED, WORDS } from "./settings.js";

const TEST_MS = 300_000;
const BATCH = 50_000;
const skip = missing("qemu-system-riscv64", "the tests of encodings") ?? missing(CROSS_COMPILER, "the tests of encodings");

describe.skipIf(skip)(`legal and illegal encodings against QEMU, seed ${SEED}`, () => {
  let harness: Harness;

  beforeAll(() => {
    harness = buildHarness();
  });

  function sweep(encodings: readonly number[]): void {
    for (let from = 0; from < encodings.length; from += BATCH) {
      const cases = encodings.slice(from, from + BATCH).map((bits) => encodingCase(harness, bits));
      const theirs = runOnQemu(harness, cases, [codePage()]);
      for (const engine of ENGINES) {
        const some = cases.slice(0, Math.ceil(cases.length / engine.oneIn));
        const ours = runOnOurs(engine, harness, some, [codePage()]);
        const { unexplained, unexplainedCount, excused } = compare(some, ours, theirs, ENCODING_DIFFERENCES);
        console.log(`${engine.name}: ${some.length} encodings`, Object.fromEntries(excused));
        expect(unexplainedCount, unexplained.join("\n")).toBe(0);
      }
    }
  }

  it("every 16-bit one", { timeout: TEST_MS }, () => sweep(everyHalf()));

  it(`${WORDS} words`, { timeout: TEST_MS }, () => {
    const random = new Random(SEED);
    sweep(Array.from({ length: WORDS }, () => someWord(random)));
  });
});
