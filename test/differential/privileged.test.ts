// Generated privileged programs against qemu-system-riscv64: page tables, traps and interrupts, CSRs. A difference fails the test
// unless a named rule explains it; how often each rule was met is printed.
import { beforeAll, describe, expect, it } from "vitest";
import { ENGINES } from "../conformance/engines.js";
import { CROSS_COMPILER, missing } from "../conformance/toolchain.js";
import { accessPage } from "./privileged/accesses.js";
import type { Case, Harness } from "./privileged/case-record.js";
import { compare, type Difference } from "./privileged/compare.js";
import { CSR_DIFFERENCES } from "./privileged/csr-differences.js";
import { csrCase } from "./privileged/csrs.js";
import { PAGE_DIFFERENCES } from "./privileged/page-differences.js";
import { pageCase, pageLoads } from "./privileged/pages.js";
import { buildHarness, type Load, QEMU_CPU, runOnOurs, runOnQemu } from "./privileged/run-cases.js";
import { ecallPage, instructionCase, interruptCase, TRAP_DIFFERENCES } from "./privileged/traps.js";
import { Random } from "./random.js";
import { EVENTS, SEED } from "./settings.js";

const TEST_MS = 180_000;

interface Kind {
  readonly name: string;
  /** Of all events. */
  readonly share: number;
  readonly loads: () => Load[];
  readonly differences: readonly Difference[];
  readonly cpu?: string;
  make(harness: Harness, random: Random): Case;
}

const WITHOUT_SVNAPOT = QEMU_CPU.replace("svnapot=true", "svnapot=false");
const pages = (): Load[] => [accessPage(), ...pageLoads()];

const KINDS: readonly Kind[] = [
  {
    name: "page tables",
    share: 0.3,
    loads: pages,
    differences: PAGE_DIFFERENCES,
    cpu: WITHOUT_SVNAPOT,
    make: (harness, random) => pageCase(harness, random, { napot: false }),
  },
  {
    name: "page tables with Svnapot",
    share: 0.15,
    loads: pages,
    differences: PAGE_DIFFERENCES,
    make: (harness, random) => pageCase(harness, random, { napot: true }),
  },
  { name: "instructions that trap", share: 0.2, loads: () => [ecallPage()], differences: TRAP_DIFFERENCES, make: instructionCase },
  { name: "interrupts", share: 0.15, loads: () => [ecallPage()], differences: TRAP_DIFFERENCES, make: interruptCase },
  { name: "CSRs", share: 0.2, loads: () => [ecallPage()], differences: CSR_DIFFERENCES, make: csrCase },
];

const skip =
  missing("qemu-system-riscv64", "the privileged differential tests") ?? missing(CROSS_COMPILER, "the privileged differential tests");

describe.skipIf(skip)(`privileged programs against QEMU, seed ${SEED}`, () => {
  let harness: Harness;

  beforeAll(() => {
    harness = buildHarness();
  });

  for (const kind of KINDS) {
    it(kind.name, { timeout: TEST_MS }, () => {
      const random = new Random(SEED);
      const cases = Array.from({ length: Math.ceil(EVENTS * kind.share) }, () => kind.make(harness, random));
      const theirs = runOnQemu(harness, cases, kind.loads(), kind.cpu);
      for (const engine of ENGINES) {
        const some = cases.slice(0, Math.ceil(cases.length / engine.oneIn));
        const ours = runOnOurs(engine, harness, some, kind.loads());
        const { unexplained, unexplainedCount, excused } = compare(some, ours, theirs, kind.differences);
        console.log(`${kind.name}, ${engine.name}: ${some.length} events, seed ${SEED}`, Object.fromEntries(excused));
        expect(unexplainedCount, unexplained.join("\n")).toBe(0);
      }
    });
  }
});
