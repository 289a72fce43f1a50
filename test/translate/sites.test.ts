// Loops and functions that take much time keep the page of each access in a site (assembly/machine/hart/sites.ts); so does all code of the eager engine.
import { describe, expect, it } from "vitest";
import { assemble } from "../../src/isa/assemble.js";
import type { Machine } from "../../src/machine/machine.js";
import { expectAgreement, type Guest, RAM_PA } from "../differential/loops/agree.js";
import { GuestCode } from "../differential/loops/guest-code.js";
import { powerOff } from "../differential/loops/power-off.js";
import { enterSupervisor, PageTables, RWX_S } from "../differential/loops/supervisor.js";
import { startBare } from "./bare.js";

const [SUM, AT, END, VALUE, LEFT, CODE, STEP, LINK] = [8, 9, 10, 11, 12, 13, 14, 1];
const PAGE_BYTES = 4096;
const DATA_PA = RAM_PA + 0x1000000;
const TABLES_PA = RAM_PA + 0x2000000;
const DATA_VA = 0x4000000000; // the low 39 bits of it
const LAST_VA = BigInt.asIntN(39, BigInt(DATA_VA + PAGE_BYTES - 1));
const GIGABYTE = 2 ** 30;
const REPLAY = "this guest is always the same";

/** S-mode's space: all as it is, and at DATA_VA a page behind which one comes that lies before it in memory. */
function twoPages(): { satp: bigint; loads: Guest["loads"] } {
  const tables = new PageTables(TABLES_PA);
  const root = tables.root();
  tables.map(root, 2 * GIGABYTE, 2 * GIGABYTE, RWX_S, 2);
  tables.map(root, 0, 0, RWX_S, 2); // the finisher
  tables.map(root, DATA_VA, DATA_PA + PAGE_BYTES, RWX_S);
  tables.map(root, DATA_VA + PAGE_BYTES, DATA_PA, RWX_S);
  const data = Uint8Array.from({ length: 2 * PAGE_BYTES }, (_, n) => (n * 37) >> 3);
  return { satp: tables.satp(root), loads: [...tables.loads(), { pa: DATA_PA, bytes: data }] };
}

/** A walk, byte by byte, over the end of the first of them. */
function walk(loads: string, stores: string): Guest {
  const code = new GuestCode(RAM_PA);
  const tables = twoPages();
  enterSupervisor(code, tables.satp, "start");
  code.label("start");
  code.li(AT, LAST_VA - 63n);
  code.op("addi", { rd: END, rs1: AT, imm: 128 });
  code.label("loop");
  code.op(loads, { rd: VALUE, rs1: AT });
  code.op("sh1add", { rd: SUM, rs1: SUM, rs2: VALUE });
  code.op(stores, { rs1: AT, rs2: SUM });
  code.op("addi", { rd: AT, rs1: AT, imm: 1 });
  code.to("bne", { rs1: AT, rs2: END }, "loop");
  powerOff(code, SUM);
  return {
    entryPa: RAM_PA,
    loads: [...tables.loads, { pa: RAM_PA, bytes: code.bytes() }],
    compared: [{ pa: DATA_PA, bytes: 2 * PAGE_BYTES }],
    maxInsns: 10_000,
  };
}

/** A loop reads the last byte of a page; then its instruction becomes one that reads 8 bytes from there on. */
function widens(): Guest {
  const code = new GuestCode(RAM_PA);
  const tables = twoPages();
  enterSupervisor(code, tables.satp, "start");
  code.label("start");
  code.li(AT, LAST_VA);
  code.li(STEP, 0);
  code.label("again");
  code.li(LEFT, 20);
  code.label("loop");
  code.op("lbu", { rd: VALUE, rs1: AT });
  code.op("sh1add", { rd: SUM, rs1: SUM, rs2: VALUE });
  code.op("addi", { rd: LEFT, rs1: LEFT, imm: -1 });
  code.to("bne", { rs1: LEFT }, "loop");
  code.to("bne", { rs1: STEP }, "end");
  code.la(CODE, "loop");
  code.li(STEP, assemble("ld", { rd: VALUE, rs1: AT }));
  code.op("sw", { rs1: CODE, rs2: STEP });
  code.op("fence.i");
  code.jump("again");
  code.label("end");
  powerOff(code, SUM);
  return { entryPa: RAM_PA, loads: [...tables.loads, { pa: RAM_PA, bytes: code.bytes() }], compared: [], maxInsns: 10_000 };
}

/** A loop writes "addi x8, x8, n" to a page, again and again, and what it wrote last runs. */
function writesCode(): Guest {
  const code = new GuestCode(RAM_PA);
  code.li(CODE, DATA_PA);
  code.li(LEFT, 50);
  code.li(VALUE, 0x00140413);
  code.li(STEP, 0x00100000);
  code.li(AT, 0x00008067); // ret
  code.op("sw", { rs1: CODE, rs2: AT, imm: 4 });
  code.label("again");
  code.li(END, 10);
  code.label("loop");
  code.op("sw", { rs1: CODE, rs2: VALUE });
  code.op("addw", { rd: VALUE, rs1: VALUE, rs2: STEP });
  code.op("addi", { rd: END, rs1: END, imm: -1 });
  code.to("bne", { rs1: END }, "loop");
  code.op("fence.i");
  code.op("jalr", { rd: LINK, rs1: CODE });
  code.op("addi", { rd: LEFT, rs1: LEFT, imm: -1 });
  code.to("bne", { rs1: LEFT }, "again");
  powerOff(code, SUM);
  return { entryPa: RAM_PA, loads: [{ pa: RAM_PA, bytes: code.bytes() }], compared: [{ pa: DATA_PA, bytes: 8 }], maxInsns: 10_000 };
}

/** A machine in a loop that adds up doublewords, `bytes` from one to the next, of 64 KiB. */
function sums(bytes: number): Machine {
  const code = new GuestCode(RAM_PA);
  code.li(STEP, bytes);
  code.li(CODE, DATA_PA);
  code.li(END, 0xffff);
  code.label("loop");
  code.op("add", { rd: VALUE, rs1: CODE, rs2: AT });
  code.op("ld", { rd: VALUE, rs1: VALUE });
  code.op("add", { rd: SUM, rs1: SUM, rs2: VALUE });
  code.op("add", { rd: AT, rs1: AT, rs2: STEP });
  code.op("and", { rd: AT, rs1: AT, rs2: END });
  code.jump("loop");
  return startBare(code);
}

/** A machine in a loop of 1,000 rounds, which others follow behind so many instructions. */
function sumsBefore(insns: number): Machine {
  const code = new GuestCode(RAM_PA);
  code.li(CODE, DATA_PA);
  code.label("all");
  code.li(LEFT, 1000);
  code.label("loop");
  code.op("ld", { rd: VALUE, rs1: CODE });
  code.op("add", { rd: SUM, rs1: SUM, rs2: VALUE });
  code.op("addi", { rd: LEFT, rs1: LEFT, imm: -1 });
  code.to("bne", { rs1: LEFT }, "loop");
  for (let n = 0; n < insns; n++) code.op("addi", { rd: STEP, rs1: STEP, imm: 1 });
  code.jump("all");
  return startBare(code);
}

/** A machine that calls a function for ever, which calls itself, up to seven times deep; each has a frame of so many bytes. */
function recurses(frameBytes: number): Machine {
  const [DEPTH, SP] = [10, 2];
  const code = new GuestCode(RAM_PA);
  code.li(SP, DATA_PA + 16 * PAGE_BYTES);
  code.li(STEP, frameBytes);
  code.label("loop");
  code.op("addi", { rd: CODE, rs1: CODE, imm: 1 });
  code.op("andi", { rd: DEPTH, rs1: CODE, imm: 7 });
  code.op("addi", { rd: DEPTH, rs1: DEPTH, imm: 1 });
  code.to("jal", { rd: LINK }, "function");
  code.jump("loop");
  code.label("function");
  code.op("sub", { rd: SP, rs1: SP, rs2: STEP });
  code.op("sd", { rs1: SP, rs2: LINK, imm: 0 });
  code.op("sd", { rs1: SP, rs2: SUM, imm: 8 });
  code.op("addi", { rd: DEPTH, rs1: DEPTH, imm: -1 });
  code.to("beq", { rs1: DEPTH }, "end");
  code.to("jal", { rd: LINK }, "function");
  code.label("end");
  code.op("ld", { rd: LINK, rs1: SP, imm: 0 });
  code.op("ld", { rd: SUM, rs1: SP, imm: 8 });
  code.op("add", { rd: SP, rs1: SP, rs2: STEP });
  code.op("jalr", { rs1: LINK });
  return startBare(code);
}

const regionsAfter = (machine: Machine, insns: number): number => {
  machine.run(insns);
  return machine.counts.translator_regions;
};

describe("sites", () => {
  const sizes = [["lbu", "sb"], ["lh", "sh"], ["lw", "sw"], ["ld", "sd"]] as const; // prettier-ignore
  it.each(sizes)("are missed by what is not aligned: %s, %s", (loads, stores) => {
    expectAgreement(walk(loads, stores), [20_000], REPLAY);
  });

  it("do not know how wide what they were filled by was", () => {
    expectAgreement(widens(), [20_000], REPLAY);
  });

  it("do not lead to a page that instructions were fetched from", () => {
    expectAgreement(writesCode(), [20_000], REPLAY);
  });

  it("come with a second translation of what takes much time, and go with a third where they are missed too often", () => {
    const [steady, scattered] = [sums(8), sums(PAGE_BYTES + 8)];
    expect(regionsAfter(steady, 3_000_000)).toBe(1);
    expect(regionsAfter(scattered, 3_000_000)).toBe(1);
    expect(regionsAfter(steady, 7_000_000)).toBe(2);
    expect(regionsAfter(scattered, 3_500_000)).toBe(2);
    expect(regionsAfter(scattered, 8_000_000)).toBe(3);
    expect([regionsAfter(steady, 30_000_000), regionsAfter(scattered, 30_000_000)]).toEqual([2, 3]);
  });

  it("come the later the more there is to translate a second time", () => {
    const [short, long] = [sumsBefore(10), sumsBefore(140)];
    expect([regionsAfter(short, 7_000_000), regionsAfter(long, 7_000_000)]).toEqual([2, 1]);
    expect([regionsAfter(short, 3_000_000), regionsAfter(long, 3_000_000)]).toEqual([2, 2]);
  });

  it("come to a function that takes much time for two periods, and go where its frames are on many pages", () => {
    const [steady, scattered] = [recurses(32), recurses(PAGE_BYTES)];
    const first = regionsAfter(steady, 9_000_000);
    expect(regionsAfter(scattered, 9_000_000)).toBe(first);
    expect(regionsAfter(steady, 4_000_000)).toBe(first + 1);
    expect(regionsAfter(scattered, 4_000_000)).toBe(first + 1);
    expect(regionsAfter(steady, 50_000_000)).toBe(first + 1);
    expect(regionsAfter(scattered, 50_000_000)).toBe(first + 2);
  });
});
