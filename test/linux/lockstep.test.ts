// The first instructions of Debian's kernel on two machines, one interpreting and one translating, compared at every step: hart, devices,
// RAM. `npm run soak:lockstep` goes on for as long as it is told, under a mixed load.
import { describe, expect, it } from "vitest";
import { Pair, RAM_BYTES } from "../soak/lockstep-pair.js";
import { fetchLinux, planLinux } from "./linux.js";

const files = await fetchLinux();
const TEST_MS = 600_000;
const SEED = 20261123;

/** Gives the share of instructions that translated code ran. */
function runAlike(pair: Pair, insns: number): number {
  while (pair.interpreting.instructions < insns) pair.step();
  const { instructions, translated_instructions } = pair.translating.counts;
  return translated_instructions / instructions;
}

describe.skipIf(files === undefined)("Debian's kernel in lockstep", () => {
  if (files === undefined) return;

  const usual = { ramBytes: RAM_BYTES, board: { rngSeed: new Uint8Array(32) }, init: "poweroff -f" };

  it("is the same translated as interpreted", { timeout: TEST_MS }, () => {
    // Much of what runs first clears memory that nothing has touched, which is the interpreter's.
    expect(runAlike(new Pair(planLinux(files, usual), "translate", SEED), 100_000_000)).toBeGreaterThan(0.3);
  });

  it("on OpenSBI is the same translated at first sight", { timeout: TEST_MS }, () => {
    const plan = planLinux(files, { ...usual, bios: files.firmware });
    expect(runAlike(new Pair(plan, "eager", SEED), 4_000_000)).toBeGreaterThan(0.9);
  });
});
