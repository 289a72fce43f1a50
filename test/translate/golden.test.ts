// What the translator emits for a few small pieces of code, as WebAssembly text: a change is seen in review. `-u` writes the files anew.
import { describe, expect, it } from "vitest";
import { RAM_BASE } from "../../assembly/machine/abi.js";
import { textOf } from "../../bench/emitted.js";
import { assemble as op } from "../../src/isa/assemble.js";
import { hasFusedMultiplyAdd } from "../../src/machine/fused-multiply-add.js";
import { Machine } from "../../src/machine/machine.js";

const [ZERO, RA, A0, A1, A2] = [0, 1, 10, 11, 12];
const EBREAK = op("ebreak");

/** The module of the region that begins at `offset` bytes of the program, which begins at `entry`. */
function emitted(words: readonly number[], offset = 0, entry = offset): Uint8Array {
  let module: Uint8Array | undefined;
  const machine = new Machine({
    ramBytes: 2 ** 24,
    engine: "eager",
    onSerial() {},
    onModule(pc, bytes) {
      if (pc === BigInt(RAM_BASE + offset)) module ??= bytes.slice();
    },
  });
  const bytes = new Uint8Array(Uint32Array.from(words).buffer);
  machine.start({ loads: [{ pa: RAM_BASE, bytes }], entryPa: RAM_BASE + entry, a0: 0, a1: 0, a2: 0, mode: "M", firmware: "none" });
  for (let n = 0; n < 4 && module === undefined; n++) machine.run(1);
  if (module === undefined) throw new Error("nothing was translated");
  return module;
}

// prettier-ignore
const CASES: Readonly<Record<string, readonly number[]>> = {
  "sum-loop": [ // a0 = sum of a1 doublewords at a0
    op("addi", { rd: A2, rs1: ZERO, imm: 0 }),
    op("lw", { rd: RA, rs1: A0, imm: 0 }), op("add", { rd: A2, rs1: A2, rs2: RA }), op("addi", { rd: A0, rs1: A0, imm: 4 }),
    op("addi", { rd: A1, rs1: A1, imm: -1 }), op("bne", { rs1: A1, rs2: ZERO, imm: -16 }),
    EBREAK,
  ],
  "call": [op("jal", { rd: RA, imm: 12 }), op("addi", { rd: A0, rs1: A0, imm: 1 }), EBREAK, op("addi", { rd: A1, rs1: ZERO, imm: 2 }), op("jalr", { rd: ZERO, rs1: RA })],
  "loops-of-one-head": [ // both begin with the load; only the outer one has a call
    op("lw", { rd: 6, rs1: A0, imm: 0 }), op("beq", { rs1: 6, rs2: ZERO, imm: 8 }), op("add", { rd: A2, rs1: A2, rs2: 6 }),
    op("addi", { rd: A0, rs1: A0, imm: 4 }), op("bne", { rs1: A0, rs2: A1, imm: -16 }),
    op("jal", { rd: RA, imm: 12 }), op("bne", { rs1: A2, rs2: ZERO, imm: -24 }),
    EBREAK,
    op("addi", { rd: A1, rs1: A1, imm: 64 }), op("jalr", { rd: ZERO, rs1: RA }),
  ],
  "two-stores": [op("sd", { rs1: A0, rs2: A1, imm: 0 }), op("sd", { rs1: A0, rs2: A2, imm: 8 }), EBREAK],
  "rotate": [op("srliw", { rd: A1, rs1: A0, imm: 7 }), op("slliw", { rd: A2, rs1: A0, imm: 25 }), op("or", { rd: A0, rs1: A1, rs2: A2 }), EBREAK],
  "fused": [op("fmadd.d", { rd: 1, rs1: 2, rs2: 3, rs3: 4, rm: 7 }), op("fadd.s", { rd: 5, rs1: 6, rs2: 7, rm: 0 }), EBREAK],
};

describe("what is emitted", () => {
  for (const [name, words] of Object.entries(CASES)) {
    // Where the processor has no fused multiply-add a helper is called instead.
    it.skipIf(name === "fused" && !hasFusedMultiplyAdd())(name, async () => {
      await expect(textOf(emitted(words))).toMatchFileSnapshot(`./golden/${name}.wat`);
    });
  }

  // V8 then compiles it once for all machines of a process.
  it("follows from the code, not from what was translated before it", () => {
    const far = 0x8000; // outside of what the first region may reach
    const words = [op("jal", { rd: ZERO, imm: far }), ...Array.from({ length: far / 4 - 1 }, () => EBREAK), ...(CASES["rotate"] ?? [])];
    expect(emitted(words, far, 0)).toEqual(emitted(words, far));
  });
});
