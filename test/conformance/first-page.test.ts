// The page at virtual address 0, whose tag in the tables of translations (assembly/machine/hart/tables.ts) is what a place that was never used
// holds: accesses there must fault where nothing is mapped, and work where something is, beside the page 1 GiB above, which
// has the same place in the tables. The program runs in M-mode and reaches the space by MPRV, as U-mode.
import { describe, expect, it } from "vitest";
import { assemble as op } from "../../src/isa/assemble.js";
import { ENGINES } from "./engines.js";

const [CODE_PA, TOHOST_PA, TABLE_PA, PAGES_PA] = [0x80000000, 0x80101000, 0x80110000, 0x80180000];
const RESULT_PA = 0x80100000;
const RAM_BYTES = 4 * 2 ** 20;
const HIGH_VA = 0x40000000;
const SUPERPAGE_PA = 0x80200000;
const [LEAF, POINTER, SV39] = [0xdf, 1, 8];
const [MSTATUS, MTVEC, MEPC, SATP, PMPCFG0, PMPADDR0] = [0x300, 0x305, 0x341, 0x180, 0x3a0, 0x3b0];
const PMP_ALL = 0x1f;
const MPRV = 1 << 17;
const ROUNDS = 4000;
const [T0, T1, T2, S0, S1, S2, S3] = [5, 6, 7, 8, 9, 18, 19];

/** lui and addi, for values that they reach. */
const li = (rd: number, value: number): number[] => [
  op("lui", { rd, imm: ((value + 0x800) & ~0xfff) | 0 }),
  op("addiw", { rd, rs1: rd, imm: (value << 20) >> 20 }),
  op("slli", { rd, rs1: rd, imm: 32 }),
  op("srli", { rd, rs1: rd, imm: 32 }),
];
const store = (pa: number, value: number): number[] => [...li(T0, pa), ...li(T1, value), op("sd", { rs1: T0, rs2: T1 })];
const pte = (pa: number, flags: number): number => (pa >>> 12) * 1024 + flags;
const mprv = (name: "csrrs" | "csrrc"): number[] => [...li(T2, MPRV), op(name, { rs1: T2, imm: MSTATUS })];
/** Runs `words` ROUNDS times; they may use all but T2 and S0. */
const often = (words: number[]): number[] => [
  ...li(S0, ROUNDS),
  ...words,
  op("addi", { rd: S0, rs1: S0, imm: -1 }),
  op("bne", { rs1: S0, imm: -4 * (words.length + 1) }),
];
/** Loads of every size and stores at 0: nine of them. */
const ACCESSES = [
  ...(["lb", "lhu", "lw", "ld", "fld"] as const).map((name) => op(name, { rd: name === "fld" ? 1 : T1 })),
  ...(["sb", "sh", "sw", "sd"] as const).map((name) => op(name, {})),
];
const MAP = [
  ...store(TABLE_PA, pte(TABLE_PA + 0x1000, POINTER)),
  ...store(TABLE_PA + 8, pte(TABLE_PA + 0x2000, POINTER)), // HIGH_VA
  ...store(TABLE_PA + 0x1000, pte(TABLE_PA + 0x3000, POINTER)),
  ...store(TABLE_PA + 0x2000, pte(TABLE_PA + 0x4000, POINTER)),
  ...store(TABLE_PA + 0x3000, pte(PAGES_PA, LEAF)),
  ...store(TABLE_PA + 0x4000, pte(PAGES_PA + 0x1000, LEAF)),
  ...li(T0, SV39),
  op("slli", { rd: T0, rs1: T0, imm: 60 }),
  ...li(T1, TABLE_PA >>> 12),
  op("or", { rd: T0, rs1: T0, rs2: T1 }),
  op("csrrw", { rs1: T0, imm: SATP }),
  op("sfence.vma"),
];
const UNMAP = [...store(TABLE_PA + 0x3000, 0), op("addi", { rd: T1 }), op("sfence.vma", { rs1: T1 })];
/** The first page as one of a superpage. */
const MAP_LARGE = [...store(TABLE_PA + 0x1000, pte(SUPERPAGE_PA, LEAF)), op("sfence.vma")];
/** With a fence for the second page. */
const UNMAP_LARGE = [...store(TABLE_PA + 0x1000, 0), ...li(T1, 0x1000), op("sfence.vma", { rs1: T1 })];
/** Fills 0 and HIGH_VA with 1 and 2, then adds up in S2 what is read there. */
const TO_AND_FRO = [
  ...li(T0, HIGH_VA),
  op("addi", { rd: T1, imm: 1 }),
  op("sd", { rs2: T1 }),
  op("addi", { rd: T1, imm: 2 }),
  op("sd", { rs1: T0, rs2: T1 }),
  ...often([
    op("ld", { rd: T1 }),
    op("add", { rd: S2, rs1: S2, rs2: T1 }),
    op("ld", { rd: S3, rs1: T0 }),
    op("add", { rd: S2, rs1: S2, rs2: S3 }),
    op("sd", { rs2: T1, imm: 8 }),
    op("sd", { rs1: T0, rs2: S3, imm: 8 }),
  ]),
];
/** Counts in S1, and goes on behind the instruction. */
const HANDLER = [
  op("csrrs", { rd: T2, imm: MEPC }),
  op("addi", { rd: T2, rs1: T2, imm: 4 }),
  op("csrrw", { rs1: T2, imm: MEPC }),
  op("addi", { rd: S1, rs1: S1, imm: 1 }),
  op("mret"),
];

/** Gives how often the program trapped, and S2. */
function run(engine: (typeof ENGINES)[number], body: number[]): [traps: number, sum: number] {
  const start = [
    ...li(T0, CODE_PA + 4),
    op("csrrw", { rs1: T0, imm: MTVEC }),
    op("addi", { rd: T0, imm: -1 }),
    op("csrrw", { rs1: T0, imm: PMPADDR0 }),
    ...li(T0, PMP_ALL),
    op("csrrw", { rs1: T0, imm: PMPCFG0 }),
    ...li(T0, 3 << 13), // FS
    op("csrrs", { rs1: T0, imm: MSTATUS }),
  ];
  const end = [
    ...mprv("csrrc"),
    ...li(T0, RESULT_PA),
    op("sd", { rs1: T0, rs2: S1 }),
    op("sd", { rs1: T0, rs2: S2, imm: 8 }),
    ...li(T0, TOHOST_PA),
    op("addi", { rd: T1, imm: 1 }),
    op("sd", { rs1: T0, rs2: T1 }),
    op("jal", { imm: 0 }),
  ];
  const words = [op("jal", { imm: 4 * (HANDLER.length + 1) }), ...HANDLER, ...start, ...body, ...end];
  const machine = engine.make({ ramBytes: RAM_BYTES, onSerial() {} });
  const loads = [{ pa: CODE_PA, bytes: new Uint8Array(Uint32Array.from(words).buffer) }];
  machine.start({ loads, entryPa: CODE_PA, a0: 0, a1: 0, a2: 0, mode: "M", firmware: "none", tohostPa: TOHOST_PA });
  expect(machine.run(10_000_000)).toEqual({ kind: "poweroff", status: 0 });
  const result = machine.readRam(RESULT_PA, 16);
  const view = new DataView(result.buffer, result.byteOffset);
  return [Number(view.getBigUint64(0, true)), Number(view.getBigUint64(8, true))];
}

describe.each(ENGINES)("the first page, $name", (engine) => {
  it("faults where there is no memory, from power-on on", () => {
    expect(run(engine, often(ACCESSES))[0]).toBe(ROUNDS * ACCESSES.length);
  });

  it("is told from the page that has the same place in the tables", () => {
    expect(run(engine, [...MAP, ...mprv("csrrs"), ...TO_AND_FRO])).toEqual([0, ROUNDS * 3]);
  });

  it("faults again when it is not mapped any more", () => {
    const body = [...MAP, ...mprv("csrrs"), ...TO_AND_FRO, ...mprv("csrrc"), ...UNMAP, ...mprv("csrrs"), ...often(ACCESSES)];
    expect(run(engine, body)).toEqual([ROUNDS * ACCESSES.length, ROUNDS * 3]);
  });

  it("faults again when a superpage is not mapped any more", () => {
    const large = [...MAP, ...MAP_LARGE, ...mprv("csrrs"), ...TO_AND_FRO];
    const body = [...large, ...mprv("csrrc"), ...UNMAP_LARGE, ...mprv("csrrs"), ...often(ACCESSES)];
    expect(run(engine, body)).toEqual([ROUNDS * ACCESSES.length, ROUNDS * 3]);
  });
});
