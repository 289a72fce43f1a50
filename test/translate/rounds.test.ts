// Several rounds of a loop written as one, their accesses looked up together (assembly/machine/translate/trace.ts, guards.ts). The eager engine
// does that to every loop that is small enough.
import { describe, expect, it } from "vitest";
import type { Machine } from "../../src/machine/machine.js";
import { expectAgreement, type Guest, RAM_PA } from "../differential/loops/agree.js";
import { GuestCode } from "../differential/loops/guest-code.js";
import { powerOff } from "../differential/loops/power-off.js";
import { CSR, enterSupervisor, PageTables, RWX_S } from "../differential/loops/supervisor.js";
import { startBare } from "./bare.js";

const [SUM, AT, END, VALUE, LEFT, OUTER, TO, T] = [8, 9, 10, 11, 12, 13, 14, 15];
const PAGE_BYTES = 4096;
const DATA_PA = RAM_PA + 0x1000000;
const TABLES_PA = RAM_PA + 0x2000000;
const DATA_VA = 0x40000000;
const GIGABYTE = 2 ** 30;
const BUDGETS = [20_000, 97, 3, 257];
const REPLAY = "this guest is always the same";
const DATA = Uint8Array.from({ length: 2 * PAGE_BYTES }, (_, n) => (n * 37) >> 3);

function guest(write: (code: GuestCode) => void): Guest {
  const code = new GuestCode(RAM_PA);
  code.li(AT, DATA_PA);
  code.li(TO, DATA_PA + PAGE_BYTES - 40);
  code.li(OUTER, 24);
  write(code);
  powerOff(code, SUM);
  return {
    entryPa: RAM_PA,
    loads: [{ pa: RAM_PA, bytes: code.bytes() }, { pa: DATA_PA, bytes: DATA }], // prettier-ignore
    compared: [{ pa: DATA_PA, bytes: 3 * PAGE_BYTES }],
    maxInsns: 100_000,
  };
}

/** Adds the doubleword at AT to SUM, and moves on by `bytes`. */
function add(code: GuestCode, bytes = 8): void {
  code.op("ld", { rd: VALUE, rs1: AT });
  code.op("add", { rd: SUM, rs1: SUM, rs2: VALUE });
  code.op("addi", { rd: AT, rs1: AT, imm: bytes });
}

/** Ends a loop, whose rounds a register counts down. */
function again(code: GuestCode, label: string, left: number): void {
  code.op("addi", { rd: left, rs1: left, imm: -1 });
  code.to("bne", { rs1: left }, label);
}

/** Begins a loop in one whose rounds OUTER counts down, with as many rounds as that has left. */
function begin(code: GuestCode): void {
  code.label("outer");
  code.op("addi", { rd: LEFT, rs1: OUTER });
  code.label("loop");
  add(code);
}

const SHAPES: Readonly<Record<string, (code: GuestCode) => void>> = {
  "are left behind any of them"(code) {
    begin(code);
    again(code, "loop", LEFT);
    code.op("xor", { rd: SUM, rs1: SUM, rs2: AT });
    again(code, "outer", OUTER);
  },
  "are left in their middle"(code) {
    begin(code);
    code.op("addi", { rd: LEFT, rs1: LEFT, imm: -1 });
    code.to("beq", { rs1: LEFT }, "out");
    code.op("sd", { rs1: TO, rs2: SUM });
    code.op("addi", { rd: TO, rs1: TO, imm: 8 });
    code.op("andi", { rd: T, rs1: SUM, imm: 6 });
    code.to("bne", { rs1: T }, "loop");
    code.op("addi", { rd: SUM, rs1: SUM, imm: 5 });
    code.label("out");
    again(code, "outer", OUTER);
  },
  "write more registers than stay in locals"(code) {
    begin(code);
    for (let r = 16; r < 31; r++) code.op("slli", { rd: r, rs1: r === 16 ? SUM : r - 1, imm: 1 });
    code.to("beq", { rs1: 20 }, "out");
    for (let r = 16; r < 31; r += 2) code.op("xor", { rd: r, rs1: r, rs2: VALUE });
    again(code, "loop", LEFT);
    code.label("out");
    for (let r = 16; r < 31; r++) code.op("add", { rd: SUM, rs1: SUM, rs2: r });
    again(code, "outer", OUTER);
  },
  "read more registers of the one before than stay in locals"(code) {
    begin(code);
    for (let r = 16; r < 32; r++) code.op("add", { rd: r, rs1: r, rs2: r === 31 ? SUM : r + 1 });
    again(code, "loop", LEFT);
    code.op("xor", { rd: SUM, rs1: SUM, rs2: 16 });
    again(code, "outer", OUTER);
  },
  "come to pages that the table does not know"(code) {
    code.li(LEFT, 100);
    code.label("loop");
    for (let r = 16; r < 32; r++) code.op("addi", { rd: r, rs1: r === 16 ? SUM : r - 1, imm: r });
    code.op("slli", { rd: AT, rs1: LEFT, imm: 13 });
    code.op("add", { rd: AT, rs1: AT, rs2: TO });
    code.op("ld", { rd: VALUE, rs1: AT });
    code.op("sd", { rs1: AT, rs2: SUM, imm: 8 });
    code.op("add", { rd: SUM, rs1: SUM, rs2: VALUE });
    code.op("addi", { rd: SUM, rs1: SUM, imm: 3 });
    again(code, "loop", LEFT);
  },
  "come to pages that the one before leads to"(code) {
    code.li(LEFT, 100);
    code.li(END, PAGE_BYTES / 2);
    code.label("loop");
    for (let r = 16; r < 32; r++) code.op("addi", { rd: r, rs1: r === 16 ? SUM : r - 1, imm: r });
    code.op("ld", { rd: VALUE, rs1: AT });
    code.op("sd", { rs1: AT, rs2: SUM, imm: 8 });
    code.op("add", { rd: SUM, rs1: SUM, rs2: VALUE });
    code.op("xor", { rd: SUM, rs1: SUM, rs2: 31 });
    code.op("add", { rd: AT, rs1: AT, rs2: END });
    again(code, "loop", LEFT);
  },
  "follow a list from page to page"(code) {
    code.li(LEFT, 100);
    code.li(END, PAGE_BYTES / 2);
    code.label("link");
    code.op("add", { rd: VALUE, rs1: AT, rs2: END });
    code.op("sd", { rs1: AT, rs2: VALUE });
    code.op("addi", { rd: AT, rs1: VALUE });
    again(code, "link", LEFT);
    code.op("sfence.vma");
    code.li(AT, DATA_PA);
    code.li(LEFT, 98);
    code.label("loop");
    for (let r = 16; r < 32; r++) code.op("add", { rd: r, rs1: r, rs2: r === 31 ? LEFT : r + 1 });
    code.op("ld", { rd: AT, rs1: AT });
    again(code, "loop", LEFT);
    for (let r = 16; r < 32; r++) code.op("xor", { rd: SUM, rs1: SUM, rs2: r });
  },
  "move by more than a page"(code) {
    code.label("outer"); // the second time, all pages are known
    code.li(AT, DATA_PA);
    code.li(TO, DATA_PA);
    code.li(LEFT, 40);
    code.label("loop");
    add(code, 1504);
    for (let n = 0; n < 5; n++) code.op("addi", { rd: TO, rs1: TO, imm: 2040 });
    code.op("ld", { rd: VALUE, rs1: TO });
    code.op("xor", { rd: SUM, rs1: SUM, rs2: VALUE });
    again(code, "loop", LEFT);
    again(code, "outer", OUTER);
  },
  "begin in the middle of a loop"(code) {
    code.label("outer");
    code.op("addi", { rd: LEFT, rs1: OUTER });
    code.op("andi", { rd: T, rs1: OUTER, imm: 1 });
    code.to("bne", { rs1: T }, "middle");
    code.label("loop");
    add(code);
    code.to("beq", { rs1: LEFT }, "out");
    code.label("middle");
    code.op("sd", { rs1: AT, rs2: SUM, imm: 64 });
    code.op("addi", { rd: LEFT, rs1: LEFT, imm: -1 });
    code.jump("loop");
    code.label("out");
    again(code, "outer", OUTER);
  },
  "of a loop that begins where the one around it does"(code) {
    code.li(LEFT, 7);
    code.label("loop");
    add(code, 256);
    code.op("sd", { rs1: AT, rs2: SUM, imm: -248 });
    again(code, "loop", LEFT);
    code.op("addi", { rd: LEFT, rs1: OUTER });
    code.op("addi", { rd: AT, rs1: AT, imm: -1024 });
    again(code, "loop", OUTER);
  },
  "read what the one before wrote"(code) {
    code.li(LEFT, 100);
    code.label("loop");
    code.op("ld", { rd: VALUE, rs1: AT });
    code.op("sh1add", { rd: SUM, rs1: SUM, rs2: VALUE });
    code.op("sd", { rs1: AT, rs2: SUM, imm: 8 });
    code.op("addi", { rd: AT, rs1: AT, imm: 8 });
    again(code, "loop", LEFT);
  },
  "go where the last one says"(code) {
    code.li(LEFT, 100);
    code.label("loop");
    code.op("lhu", { rd: VALUE, rs1: AT });
    code.op("andi", { rd: VALUE, rs1: VALUE, imm: 0x7f8 });
    code.op("sd", { rs1: AT, rs2: LEFT, imm: 1024 });
    code.op("add", { rd: SUM, rs1: SUM, rs2: VALUE });
    code.li(AT, DATA_PA);
    code.op("add", { rd: AT, rs1: AT, rs2: VALUE });
    code.op("ld", { rd: VALUE, rs1: AT, imm: 16 });
    code.op("xor", { rd: SUM, rs1: SUM, rs2: VALUE });
    code.op("addi", { rd: AT, rs1: AT, imm: 8 });
    again(code, "loop", LEFT);
  },
};

/** A walk to the end of what is mapped, `bytes` a step, from `before` steps ahead of it; the instruction that faults, and where, is in END and T. */
function faults(bytes: number, before: number): Guest {
  const code = new GuestCode(RAM_PA);
  const tables = new PageTables(TABLES_PA);
  const root = tables.root();
  tables.map(root, 2 * GIGABYTE, 2 * GIGABYTE, RWX_S, 2);
  tables.map(root, 0x100000, 0x100000, RWX_S); // the finisher
  tables.map(root, DATA_VA, DATA_PA, RWX_S);
  enterSupervisor(code, tables.satp(root), "start");
  code.label("start");
  code.la(T, "handler");
  code.op("csrrw", { rs1: T, imm: CSR.stvec });
  code.li(AT, DATA_VA + PAGE_BYTES - before * bytes);
  code.label("loop");
  add(code, bytes);
  code.op("sw", { rs1: AT, rs2: SUM, imm: -4 });
  code.op("addi", { rd: LEFT, rs1: LEFT, imm: 1 });
  code.to("bne", { rs1: LEFT }, "loop");
  code.align(4);
  code.label("handler");
  code.op("csrrs", { rd: END, imm: CSR.sepc });
  code.op("csrrs", { rd: T, imm: CSR.stval });
  powerOff(code, SUM);
  return {
    entryPa: RAM_PA,
    loads: [...tables.loads(), { pa: RAM_PA, bytes: code.bytes() }, { pa: DATA_PA, bytes: DATA }],
    compared: [{ pa: DATA_PA, bytes: 2 * PAGE_BYTES }],
    maxInsns: 10_000,
  };
}

/** Loops that take all the time. */
const LOOPS: Readonly<Record<string, (code: GuestCode) => void>> = {
  "one block"(code) {
    work(code, 39);
    code.jump("loop");
  },
  "two blocks"(code) {
    work(code, 30);
    code.to("beq", { rs1: LEFT }, "out");
    work(code, 8);
    code.jump("loop");
    code.label("out");
  },
  "one block, where another loop begins, too"(code) {
    work(code, 30);
    again(code, "loop", LEFT);
    code.op("addi", { rd: LEFT, imm: 50 });
    code.jump("loop");
  },
};

function work(code: GuestCode, insns: number): void {
  for (let n = 0; n < insns; n++) code.op("xori", { rd: SUM, rs1: SUM, imm: n });
}

/** A machine in a loop. */
function looping(write: (code: GuestCode) => void): Machine {
  const code = new GuestCode(RAM_PA);
  code.li(LEFT, 50);
  code.label("loop");
  write(code);
  return startBare(code);
}

describe("rounds of a loop", () => {
  it.each(Object.entries(SHAPES))("%s", (_, write) => {
    expectAgreement(guest(write), BUDGETS, REPLAY);
  });

  it.each([[1, 9], [4, 6], [8, 1], [8, 2], [8, 3], [8, 4], [8, 5], [24, 7], [512, 6], [1504, 2]] as const)("fault where they would one by one, %i bytes a step, %i from the end", (bytes, before) => {
    expectAgreement(faults(bytes, before), [20_000], REPLAY);
  }); // prettier-ignore

  it.each(Object.entries(LOOPS))("are more instructions where it takes much time: %s", (_, write) => {
    const machine = looping(write);
    machine.run(1_000_000);
    expect(machine.counts.translator_regions).toBe(1);
    const first = machine.counts.translator_code_bytes;
    machine.run(10_000_000);
    expect(machine.counts.translator_regions).toBe(2);
    expect(machine.counts.translator_code_bytes - first).toBeGreaterThan(2 * first);
  });
});
