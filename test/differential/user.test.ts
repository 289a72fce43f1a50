// Generated user-mode programs against qemu-riscv64: integer, M, A, F, D, C, B and the floating point CSRs. A difference names
// the seed, the block, the registers, and shows the block.
import { describe, expect, it } from "vitest";
import { listing } from "../../src/isa/disassemble.js";
import type { Row } from "../../src/isa/table.js";
import { ENGINES } from "../conformance/engines.js";
import { missing } from "../conformance/toolchain.js";
import { CODE_PA, SCRATCH_PA, STATE_BYTES } from "./layout.js";
import { generateProgram, type Program } from "./program.js";
import { Random } from "./random.js";
import { runOurs, runReference } from "./run.js";
import { INSNS, SEED } from "./settings.js";

const CPU = "rv64,zba=true,zbb=true,zbc=true,zbs=true";
const PROGRAM_BLOCKS = 600;
const BLOCK_INSNS = 60;
const TEST_MS = 300_000;
const MAX_REPORTS = 4;

/**
 * What QEMU 7.2 cannot be asked about: it has no Zicond, and its ctzw counts past bit 31 where the low word is 0.
 * test/conformance/vectors.test.ts covers these.
 */
const skipped = (row: Row): boolean => row.extension === "Zicond" || row.name === "ctzw";

const nameOf = (register: number): string => (register < 31 ? `x${register + 1}` : register < 63 ? `f${register - 31}` : "fcsr");

function differences(program: Program, seed: number, ours: Uint8Array, theirs: Uint8Array): string[] {
  const words = (bytes: Uint8Array): BigUint64Array => new BigUint64Array(bytes.slice().buffer);
  const [mine, other] = [words(ours), words(theirs)];
  const perBlock = STATE_BYTES / 8;
  const reports: string[] = [];
  for (let at = 0; at < mine.length && reports.length < MAX_REPORTS; at++) {
    if (mine[at] === other[at]) continue;
    const block = Math.floor(at / perBlock);
    const values = `ours 0x${mine[at]?.toString(16)}, QEMU 0x${other[at]?.toString(16)}`;
    if (block >= program.blocks) {
      reports.push(`seed ${seed}, memory at 0x${(SCRATCH_PA + (at - program.blocks * perBlock) * 8).toString(16)}: ${values}`);
      continue;
    }
    const [first, end] = program.blockPas[block] ?? [CODE_PA, CODE_PA];
    const code = listing(program.code.subarray(first - CODE_PA, end - CODE_PA), first);
    reports.push([`seed ${seed}, block ${block}, ${nameOf(at % perBlock)}: ${values}`, ...code].join("\n"));
    at = (block + 1) * perBlock - 1;
  }
  return reports;
}

const skip = missing("qemu-riscv64", "the user-mode differential tests");

describe.skipIf(skip)(`user-mode programs against QEMU, seed ${SEED}`, () => {
  it(`${INSNS} instructions`, { timeout: TEST_MS }, () => {
    let done = 0;
    for (let seed = SEED; done < INSNS; seed++) {
      const program = generateProgram(new Random(seed), PROGRAM_BLOCKS, BLOCK_INSNS, skipped);
      const theirs = runReference(program, CPU);
      for (const engine of ENGINES.filter(({ oneIn }) => seed % oneIn === 0)) {
        const reports = differences(program, seed, runOurs(engine, program), theirs);
        expect(reports.length, `${engine.name}:\n${reports.join("\n")}`).toBe(0);
      }
      done += program.instructions;
    }
    console.log(`${done} instructions from seed ${SEED} on`);
  });
});
