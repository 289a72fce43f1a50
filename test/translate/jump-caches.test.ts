// What jump caches know (assembly/machine/translate/jumps.ts) while regions come, under one address or several.
import { describe, expect, it } from "vitest";
import { assemble } from "../../src/isa/assemble.js";
import type { EngineName } from "../../src/machine/engine-name.js";
import type { MachineCounts } from "../../src/machine/machine-counts.js";
import { type Guest, RAM_PA } from "../differential/loops/agree.js";
import { GuestCode } from "../differential/loops/guest-code.js";
import { powerOff } from "../differential/loops/power-off.js";
import { enterSupervisor, PageTables, RWX_S } from "../differential/loops/supervisor.js";
import { startBare } from "./bare.js";

const [LINK, SUM, TABLE, END, FUNCTION, COUNT, AT, STEP] = [1, 8, 9, 10, 11, 12, 13, 14];
const GIGABYTE = 2 ** 30;
const TABLES_PA = RAM_PA + 0x2000000;
const CODE_PA = RAM_PA + 0x1000000;
/** Two addresses of one page, of different entries of a jump cache. */
const ALIASES = [0x4000000000, 0x4000001000] as const;

type Loads = Guest["loads"];

/** What a guest has counted that has added up `sum` at its end. */
function countsOf(loads: Loads, engine: EngineName, sum: number): MachineCounts {
  const machine = startBare(loads, { engine });
  expect(machine.run(50_000_000).kind).toBe("poweroff");
  expect(machine.register(SUM)).toBe(BigInt(sum));
  return machine.counts;
}

/** Functions that each add 1, and from "table" to "end" where they begin. */
function addFunctions(code: GuestCode, functions: number): void {
  for (let n = 0; n < functions; n++) {
    code.label(`entry${n}`);
    code.op("jal", { imm: 4 }); // the interpreter lets go behind it
    code.label(`function${n}`);
    code.op("addi", { rd: SUM, rs1: SUM, imm: 1 });
    code.op("jalr", { rs1: LINK });
  }
  code.label("table");
  for (let n = 0; n < functions; n++) code.pointer(`entry${n}`);
  code.label("end");
}

/** Calls one function; then that and another one; then those and a third; and so on. */
function callsMoreAndMore(functions: number): Loads {
  const code = new GuestCode(RAM_PA);
  code.la(TABLE, "table");
  code.op("addi", { rd: END, rs1: TABLE, imm: 8 });
  code.li(COUNT, functions);
  code.label("more");
  code.op("addi", { rd: AT, rs1: TABLE });
  code.label("next");
  code.op("ld", { rd: FUNCTION, rs1: AT });
  code.op("jalr", { rd: LINK, rs1: FUNCTION });
  code.op("addi", { rd: AT, rs1: AT, imm: 8 });
  code.to("bne", { rs1: AT, rs2: END }, "next");
  code.op("addi", { rd: END, rs1: END, imm: 8 });
  code.op("addi", { rd: COUNT, rs1: COUNT, imm: -1 });
  code.to("bne", { rs1: COUNT }, "more");
  powerOff(code, SUM);
  addFunctions(code, functions);
  return [{ pa: RAM_PA, bytes: code.bytes() }];
}

/** Calls many functions; then one of them is another one; then calls all once more. */
function callsManyTwice(functions: number): Loads {
  const code = new GuestCode(RAM_PA);
  code.li(COUNT, 2);
  code.label("again");
  code.la(AT, "table");
  code.la(END, "end");
  code.label("next");
  code.op("ld", { rd: FUNCTION, rs1: AT });
  code.op("jalr", { rd: LINK, rs1: FUNCTION });
  code.op("addi", { rd: AT, rs1: AT, imm: 8 });
  code.to("bne", { rs1: AT, rs2: END }, "next");
  code.la(AT, `function${functions - 1}`);
  code.li(STEP, assemble("addi", { rd: SUM, rs1: SUM, imm: 1001 }));
  code.op("sw", { rs1: AT, rs2: STEP });
  code.op("fence.i");
  code.op("addi", { rd: COUNT, rs1: COUNT, imm: -1 });
  code.to("bne", { rs1: COUNT }, "again");
  powerOff(code, SUM);
  addFunctions(code, functions);
  return [{ pa: RAM_PA, bytes: code.bytes() }];
}

/** Runs loops from their heads on, and then from before them on. */
function entersLoops(loops: number): Loads {
  const code = new GuestCode(RAM_PA);
  for (let n = 0; n < loops; n++) {
    for (const place of [`loop${n}`, `before${n}`]) {
      code.li(COUNT, 3);
      code.call(place);
    }
  }
  powerOff(code, SUM);
  for (let n = 0; n < loops; n++) {
    code.label(`before${n}`);
    code.op("jal", { imm: 4 });
    code.op("addi", { rd: SUM, rs1: SUM, imm: 1 });
    code.label(`loop${n}`);
    code.op("addi", { rd: COUNT, rs1: COUNT, imm: -1 });
    code.to("bne", { rs1: COUNT }, `loop${n}`);
    code.op("jalr", { rs1: LINK });
  }
  return [{ pa: RAM_PA, bytes: code.bytes() }];
}

/** Calls a function at each of its addresses in turn. */
function callsAliases(times: number): Loads {
  const tables = new PageTables(TABLES_PA);
  const root = tables.root();
  tables.map(root, 2 * GIGABYTE, 2 * GIGABYTE, RWX_S, 2);
  tables.map(root, 0, 0, RWX_S, 2); // the finisher
  for (const va of ALIASES) tables.map(root, va, CODE_PA, RWX_S);
  const code = new GuestCode(RAM_PA);
  enterSupervisor(code, tables.satp(root), "start");
  code.label("start");
  const [first, second] = ALIASES.map((va) => BigInt.asIntN(39, BigInt(va)));
  code.li(FUNCTION, first ?? 0n);
  code.li(STEP, (first ?? 0n) ^ (second ?? 0n));
  code.li(COUNT, times);
  code.label("loop");
  code.op("jalr", { rd: LINK, rs1: FUNCTION });
  code.op("xor", { rd: FUNCTION, rs1: FUNCTION, rs2: STEP });
  code.op("addi", { rd: COUNT, rs1: COUNT, imm: -1 });
  code.to("bne", { rs1: COUNT }, "loop");
  powerOff(code, SUM);
  const called = new GuestCode(CODE_PA);
  called.op("addi", { rd: SUM, rs1: SUM, imm: 1 });
  called.op("jalr", { rs1: LINK });
  return [{ pa: RAM_PA, bytes: code.bytes() }, { pa: CODE_PA, bytes: called.bytes() }, ...tables.loads()];
}

describe("jump caches", () => {
  it("know what they knew when a region is added", () => {
    const functions = 150;
    const counts = countsOf(callsMoreAndMore(functions), "eager", (functions * (functions + 1)) / 2);
    expect(counts.translator_regions).toBeGreaterThan(functions);
    expect(counts.translator_jump_misses).toBeLessThan(6 * functions);
  });

  it("forget all of many places when code has changed", () => {
    const functions = 1300; // more than a cache has a list of
    const counts = countsOf(callsManyTwice(functions), "eager", 2 * functions + 1000);
    expect(counts.translator_regions).toBeGreaterThan(functions);
  });

  it("learn of a region that was made for another address of its code", () => {
    const times = 1_000_000;
    const counts = countsOf(callsAliases(times), "translate", times);
    expect(counts.translator_missing_exits).toBeLessThan(times / 100);
    expect(counts.translated_instructions).toBeGreaterThan(0.95 * counts.instructions);
  });
});

describe("a region whose last entry another one took", () => {
  it("goes, if not at once", () => {
    const loops = 200;
    const counts = countsOf(entersLoops(loops), "eager", loops);
    expect(counts.translator_regions).toBeGreaterThan(2 * loops);
    const gone = counts.translator_regions - counts.translator_live_regions;
    expect(gone).toBeGreaterThan(loops - 40);
    expect(gone).toBeLessThanOrEqual(loops);
  });
});
