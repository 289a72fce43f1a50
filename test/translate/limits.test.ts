// Guests that go for the translator's limits: its tables, the host's stack, the queue of what the host is to compile.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import type { Machine } from "../../src/machine/machine.js";
import { ENGINES } from "../conformance/engines.js";
import { differences, FINISHER_PA, finish, type Guest, RAM_PA } from "../differential/loops/agree.js";
import { GuestCode } from "../differential/loops/guest-code.js";
import { startBare } from "./bare.js";

const T1 = 28;
const T2 = 29;
const A0 = 10;
const LINK = 5;
const DATA_PA = RAM_PA + 0x1000000;

/** Ends the guest well. */
function powerOff(code: GuestCode): void {
  code.li(T2, FINISHER_PA);
  code.li(T1, 0x5555);
  code.op("sw", { rs1: T2, rs2: T1 });
  code.label("end");
  code.jump("end");
}

function guestOf(code: GuestCode, maxInsns: number): Guest {
  return {
    entryPa: code.base,
    loads: [{ pa: code.base, bytes: code.bytes() }],
    compared: [{ pa: code.base, bytes: code.halves.length * 2 }, { pa: DATA_PA, bytes: 4096 }],
    maxInsns,
  }; // prettier-ignore
}

/** Where the eager engine, which translates all there is, differs from the interpreter. */
function differencesOf(guest: Guest): string[] {
  const [interpreter, , eager] = ENGINES;
  if (interpreter === undefined || eager === undefined) throw new Error("there is no engine");
  const right = finish(interpreter, guest, 20_000);
  expect(right.end).toMatch(/^poweroff/);
  return differences(guest, right, finish(eager, guest, 20_000));
}

/** The instances of modules that are made while `run` runs. */
function instancesIn(run: () => void): WeakRef<WebAssembly.Instance>[] {
  const made: WeakRef<WebAssembly.Instance>[] = [];
  const { Instance } = WebAssembly;
  WebAssembly.Instance = function (module: WebAssembly.Module, imports?: WebAssembly.Imports) {
    const instance = new Instance(module, imports);
    made.push(new WeakRef(instance));
    return instance;
  } as unknown as typeof Instance;
  try {
    run();
  } finally {
    WebAssembly.Instance = Instance;
  }
  return made;
}

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}

describe("the table of entries", () => {
  it("holds when regions with many entries take the place of regions with one", { timeout: 600_000 }, () => {
    const code = new GuestCode(RAM_PA);
    // 60 functions of one block, then calls upon calls: 500 entries to a region.
    code.li(11, 3);
    code.label("again");
    for (let n = 0; n < 60; n++) code.call(`small${n}`, LINK);
    code.jump("calls");
    for (let n = 0; n < 60; n++) {
      code.label(`small${n}`);
      code.op("jal", { imm: 4 }); // the interpreter lets go behind it
      code.op("addi", { rd: 10, rs1: 10, imm: 1 });
      code.op("jalr", { rs1: LINK });
    }
    code.label("calls");
    for (let n = 0; n < 65 * 500; n++) code.op("jal", { rd: 1, imm: 4 });
    code.op("addi", { rd: 11, rs1: 11, imm: -1 });
    code.op("beq", { rs1: 11, imm: 8 });
    code.jump("again");
    powerOff(code);
    expect(differencesOf(guestOf(code, 10_000_000)).join("\n")).toBe("");
  });
});

describe("a function that begins with an instruction on two pages", () => {
  it("is entered as others are", () => {
    const code = new GuestCode(RAM_PA);
    code.li(A0, 500_000);
    code.la(T1, "function");
    code.label("again");
    code.op("jalr", { rd: 1, rs1: T1 });
    code.op("addi", { rd: A0, rs1: A0, imm: -1 });
    code.to("bne", { rs1: A0 }, "again");
    powerOff(code);
    code.toPageOffset(4096 - 2);
    code.label("function");
    code.op("addi", { rd: T2, rs1: T2, imm: 1 });
    code.op("jalr", { rs1: 1 });
    const machine = startBare(code);
    expect(machine.run(20_000_000)).toMatchObject({ kind: "poweroff" });
    const { instructions, translated_instructions: translated } = machine.counts;
    expect(translated / instructions).toBeGreaterThan(0.8);
  });
});

describe("a way that is taken only later on", () => {
  it("is translated, even where it is a single instruction before other regions", () => {
    const code = new GuestCode(RAM_PA);
    code.li(A0, 400_000);
    code.li(T1, 200_000);
    code.label("again");
    code.to("beq", { rs1: A0 }, "over");
    code.op("addi", { rd: A0, rs1: A0, imm: -1 });
    code.to("bltu", { rs1: T1, rs2: A0 }, "first");
    code.jump("again");
    code.label("first");
    for (let n = 0; n < 60; n++) code.op("addi", { rd: T2, rs1: T2, imm: 1 });
    code.jump("again");
    code.label("over");
    powerOff(code);
    const machine = startBare(code);
    expect(machine.run(20_000_000)).toMatchObject({ kind: "poweroff" });
    expect(machine.counts.translator_missing_exits).toBeLessThan(2000);
  });
});

describe("regions that often go on to one another", () => {
  it("are compiled a second time, in one module", { timeout: 600_000 }, () => {
    const code = new GuestCode(RAM_PA);
    code.li(A0, 7_000_000);
    code.la(LINK, "table");
    code.jump("far0");
    code.align(8);
    code.label("table");
    for (let n = 0; n < 8; n++) code.pointer(`far${n}`);
    code.label("over");
    powerOff(code);
    for (let n = 0; n < 8; n++) {
      code.skip(20_000); // so that each is a region of its own
      code.label(`far${n}`);
      code.op("addi", { rd: A0, rs1: A0, imm: -1 });
      code.op("bne", { rs1: A0, imm: 8 });
      code.jump("over");
      code.op("slli", { rd: 1, rs1: 1, imm: 1 });
      code.op("xori", { rd: 1, rs1: 1, imm: n + 1 });
      code.op("addi", { rd: T2, rs1: T2, imm: 3 });
      code.op("andi", { rd: T1, rs1: T2, imm: 7 });
      code.op("slli", { rd: T1, rs1: T1, imm: 3 });
      code.op("add", { rd: T1, rs1: T1, rs2: LINK });
      code.op("ld", { rd: T1, rs1: T1, imm: 0 });
      code.op("jalr", { rs1: T1 });
    }
    let bundles = 0;
    const guest: Guest = { ...guestOf(code, 120_000_000), between: (machine) => (bundles = machine.counts.translator_bundles) };
    const [interpreter, translate] = ENGINES;
    if (interpreter === undefined || translate === undefined) throw new Error("there is no engine");
    const right = finish(interpreter, guest, 1_000_000);
    expect(right.end).toMatch(/^poweroff/);
    expect(differences(guest, right, finish(translate, guest, 1_000_000)).join("\n")).toBe("");
    expect(bundles).toBeGreaterThan(0);
  });
});

describe("code that the guest writes over", () => {
  it("is freed by the host", { timeout: 600_000 }, async () => {
    const code = new GuestCode(RAM_PA);
    code.li(A0, 400);
    code.la(LINK, "loop");
    code.op("lw", { rd: T1, rs1: LINK });
    code.label("again");
    code.op("sw", { rs1: LINK, rs2: T1 });
    code.op("fence.i");
    code.call("function");
    code.op("addi", { rd: A0, rs1: A0, imm: -1 });
    code.to("bne", { rs1: A0 }, "again");
    powerOff(code);
    code.skip(20_000); // so that the function is a region of its own
    code.label("function");
    code.op("addi", { rd: T2, imm: 3 });
    code.label("loop");
    code.op("addi", { rd: T2, rs1: T2, imm: -1 });
    code.to("bne", { rs1: T2 }, "loop");
    code.op("jalr", { rs1: 1 });
    let machine: Machine | undefined;
    const made = instancesIn(() => {
      machine = startBare(code, { engine: "eager" });
      expect(machine.run(20_000_000)).toMatchObject({ kind: "poweroff" });
    });
    expect(made.length).toBeGreaterThan(300);
    for (let n = 0; n < 5; n++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      collectGarbage();
    }
    expect(made.filter((it) => it.deref() !== undefined).length).toBeLessThan(50);
    expect(machine?.counts.translator_live_regions).toBeGreaterThan(0); // the machine is there still
  });
});

describe("a machine that is gone", () => {
  it("is not kept by what the host compiles for it", { timeout: 600_000 }, async () => {
    const code = new GuestCode(RAM_PA);
    code.label("loop");
    code.jump("loop");
    const made = instancesIn(() => {
      const machine = startBare(code, { compile: "background" });
      machine.run(1_000_000);
      expect(machine.counts.translator_regions).toBe(1); // asked for, and never looked for
    });
    expect(made.length).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    collectGarbage();
    expect(made.filter((it) => it.deref() !== undefined).length).toBe(0);
  });
});

describe("the host's stack", () => {
  it("holds a deep recursion through code that has every register in a few instructions", { timeout: 600_000 }, () => {
    const code = new GuestCode(RAM_PA);
    code.li(T1, 0x2000);
    code.op("csrrs", { rs1: T1, imm: 0x300 });
    code.op("csrrwi", { rs1: 1, imm: 3 });
    code.li(2, 20_000);
    code.li(30, 30);
    code.label("again");
    code.li(2, 20_000);
    code.call("deep");
    code.label("out");
    code.op("addi", { rd: 30, rs1: 30, imm: -1 });
    code.to("bne", { rs1: 30 }, "again");
    code.jump("over");
    code.skip(20_000); // so that the function is a region of its own
    code.label("deep");
    code.op("addi", { rd: 2, rs1: 2, imm: -1 });
    code.op("bne", { rs1: 2, imm: 8 });
    code.jump("out");
    for (let n = 0; n < 32; n += 4) code.op("fmadd.d", { rd: n, rs1: n + 1, rs2: n + 2, rs3: n + 3, rm: 7 });
    for (let n = 3; n < 28; n += 3) code.op("add", { rd: n, rs1: n + 1, rs2: n + 2 });
    code.call("deep");
    code.jump("deep");
    code.label("over");
    powerOff(code);
    expect(differencesOf(guestOf(code, 100_000_000)).join("\n")).toBe("");
  });
});

describe("what the host is to compile", () => {
  it("does not pile up when the guest writes over what it is busy with", { timeout: 600_000 }, () => {
    const code = new GuestCode(RAM_PA);
    code.li(A0, 100);
    code.label("again");
    code.la(T1, "loop");
    code.op("lw", { rd: T2, rs1: T1 });
    code.op("sw", { rs1: T1, rs2: T2 });
    code.li(T2, 200_000);
    code.label("loop");
    code.op("addi", { rd: T2, rs1: T2, imm: -1 });
    code.to("bne", { rs1: T2 }, "loop");
    code.op("addi", { rd: A0, rs1: A0, imm: -1 });
    code.to("bne", { rs1: A0 }, "again");
    powerOff(code);
    let modules = 0;
    const machine = startBare(code, { compile: "background", onModule: () => modules++ });
    expect(machine.run(100_000_000).kind).toBe("poweroff");
    expect(modules).toBeGreaterThan(0);
    expect(modules, "none was answered meanwhile").toBeLessThanOrEqual(4);
  });
});

describe("a record on two pages", () => {
  it("is not left to the interpreter for ever", () => {
    const code = new GuestCode(RAM_PA);
    code.li(A0, DATA_PA + 4096 - 16);
    code.li(T2, 1_000_000);
    code.label("again");
    code.op("ld", { rd: T1, rs1: A0 });
    code.op("addi", { rd: T1, rs1: T1, imm: 3 });
    code.op("sd", { rs1: A0, rs2: T1 });
    code.op("ld", { rd: T1, rs1: A0, imm: 24 });
    code.op("addi", { rd: T1, rs1: T1, imm: 5 });
    code.op("sd", { rs1: A0, rs2: T1, imm: 24 });
    code.op("addi", { rd: T2, rs1: T2, imm: -1 });
    code.to("bne", { rs1: T2 }, "again");
    powerOff(code);
    const machine = startBare(code);
    expect(machine.run(20_000_000)).toMatchObject({ kind: "poweroff" });
    const view = new DataView(machine.readRam(DATA_PA + 4096 - 16, 32).slice().buffer);
    expect([view.getBigUint64(0, true), view.getBigUint64(24, true)]).toEqual([3_000_000n, 5_000_000n]);
    const { instructions, translated_instructions: translated, translator_interpreter_exits: exits } = machine.counts;
    expect(exits).toBeLessThan(2_000);
    expect(translated / instructions).toBeGreaterThan(0.9);
  });
});

describe("what was translated", () => {
  it("is translated again when its region ended because of another page", { timeout: 600_000 }, () => {
    const code = new GuestCode(RAM_PA);
    code.li(A0, 0);
    code.li(12, 2);
    code.jump("again");
    code.toPageOffset(0);
    code.label("again");
    code.li(T2, 1_000_000);
    code.label("loop");
    code.to("bne", { rs1: A0 }, "short");
    code.jump("far");
    code.label("short");
    code.op("addi", { rd: 11, rs1: 11, imm: 3 });
    code.op("addi", { rd: T2, rs1: T2, imm: -1 });
    code.to("bne", { rs1: T2 }, "loop");
    code.la(T1, "far"); // what is on the next page changes, and is not gone to any more
    code.op("lw", { rd: T2, rs1: T1 });
    code.op("sw", { rs1: T1, rs2: T2 });
    code.op("addi", { rd: A0, imm: 1 });
    code.op("addi", { rd: 12, rs1: 12, imm: -1 });
    code.to("bne", { rs1: 12 }, "again");
    powerOff(code);
    code.toPageOffset(0);
    code.label("far");
    code.op("addi", { rd: 11, rs1: 11, imm: 5 });
    code.jump("short");
    const machine = startBare(code);
    expect(machine.run(100_000_000).kind).toBe("poweroff");
    const { instructions, translated_instructions, translator_regions } = machine.counts;
    expect(translator_regions).toBeGreaterThan(1);
    expect(translated_instructions / instructions).toBeGreaterThan(0.9);
  });
});
