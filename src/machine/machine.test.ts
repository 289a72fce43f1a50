import { describe, expect, it } from "vitest";
import { RAM_BASE } from "../../assembly/machine/abi.js";
import { FUSED } from "../isa/fused.js";
import { assemble } from "../isa/assemble.js";
import { Machine } from "./machine.js";
import { STATE_NAMES } from "./state-names.js";

const TOHOST_PA = RAM_BASE + 0x10000;
const RAM_BYTES = 16 * 1024 * 1024;

/** Runs words in M-mode from the start of RAM; x31 holds the address of tohost. */
function start(words: readonly number[], onSerial: (byte: number) => void = () => {}): Machine {
  const machine = new Machine({ ramBytes: RAM_BYTES, onSerial });
  const bytes = new Uint8Array(new Uint32Array(words).buffer);
  machine.start({
    entryPa: RAM_BASE,
    mode: "M",
    a0: 0,
    a1: 0,
    a2: 0,
    firmware: "none",
    tohostPa: TOHOST_PA,
    fromhostPa: TOHOST_PA + 64,
    loads: [{ pa: RAM_BASE, bytes }],
  });
  return machine;
}

/** Instructions that end the run with the value of x`rs` (kept below 2^30) as its status. */
function finish(rs: number): number[] {
  return [
    assemble("slli", { rd: 30, rs1: rs, imm: 1 }),
    assemble("ori", { rd: 30, rs1: 30, imm: 1 }),
    assemble("auipc", { rd: 31, imm: 0x10000 }),
    assemble("andi", { rd: 31, rs1: 31, imm: -2048 }),
    assemble("sd", { rs1: 31, rs2: 30, imm: 0 }),
    assemble("jal", { imm: 0 }),
  ];
}

describe("Machine", () => {
  it("runs a bare-metal program to its end", () => {
    const machine = start([assemble("addi", { rd: 5, imm: 42 }), ...finish(5)]);
    expect(machine.run(100)).toEqual({ kind: "poweroff", status: 42 });
    expect(machine.instructions).toBe(6n);
  });

  it("comes back from an endless loop when the budget is used up", () => {
    const machine = start([assemble("jal", { imm: 0 })]);
    expect(machine.run(1000)).toEqual({ kind: "budget" });
    expect(machine.instructions).toBe(1000n);
  });

  it("is idle without a deadline in wfi when nothing can wake it", () => {
    const machine = start([assemble("wfi"), assemble("jal", { imm: -4 })]);
    expect(machine.run(1000)).toEqual({ kind: "idle", sleepMs: Number.POSITIVE_INFINITY });
  });

  it("costs what it touches", () => {
    const machine = new Machine({ ramBytes: 1024 * 1024 * 1024, onSerial() {} });
    machine.writeRam(RAM_BASE + 0x3fff_f000, new Uint8Array(4096));
    expect(machine.residentBytes).toBe(4096);
  });

  it("gives no memory to a page that only zeros were written to", () => {
    const body = [
      assemble("auipc", { rd: 10, imm: 0x400000 }),
      assemble("sd", { rs1: 10, rs2: 0, imm: 8 }),
      assemble("cbo.zero", { rs1: 10 }),
      assemble("auipc", { rd: 11, imm: 0x500000 }),
      assemble("sd", { rs1: 11, rs2: 0, imm: 0 }),
      assemble("sd", { rs1: 11, rs2: 11, imm: 8 }), // touches this page after all
      assemble("sb", { rs1: 11, rs2: 0, imm: 9 }), // and a zero there is a zero
      assemble("lbu", { rd: 5, rs1: 11, imm: 10 }), // 0x50 of the address 0x8050_000c
      ...finish(5),
    ];
    const machine = start(body);
    expect(machine.run(100)).toEqual({ kind: "poweroff", status: 0x50 });
    expect(machine.residentBytes).toBe(3 * 4096); // code, tohost, and the one page
    expect([...machine.readRam(RAM_BASE + 0x50000c + 8, 8)]).toEqual([0x0c, 0, 0x50, 0x80, 0, 0, 0, 0]);
  });

  it("shows its state under the names of its parts, and only pages that something touched", () => {
    const words = [
      assemble("addi", { rd: 5, imm: 77 }),
      assemble("lui", { rd: 6, imm: 0x2000 }),
      assemble("csrrs", { rs1: 6, imm: 0x300 }), // FS on
      assemble("fcvt.d.w", { rd: 31, rs1: 5, rm: 0 }),
      assemble("csrrw", { rs1: 5, imm: 0x140 }),
      assemble("auipc", { rd: 7, imm: 0x3000 }),
      assemble("andi", { rd: 7, rs1: 7, imm: -2048 }),
      assemble("lr.d", { rd: 8, rs1: 7 }),
      assemble("lui", { rd: 8, imm: 0x40000000 }),
      assemble("csrrw", { rs1: 8, imm: 0x3b0 }),
      assemble("jal", { imm: 0 }),
    ];
    const machine = start(words);
    machine.run(20);
    const state = machine.state();
    expect(state.length).toBe(STATE_NAMES.length);
    const valueOf = (name: string): bigint | undefined => state[STATE_NAMES.indexOf(name)];
    expect(valueOf("instructions")).toBe(machine.instructions);
    expect([valueOf("pc"), valueOf("x5"), valueOf("sscratch"), valueOf("privilege")]).toEqual([machine.pc, 77n, 77n, 3n]);
    expect([valueOf("f31"), valueOf("pmpaddr0")]).toEqual([0x4053400000000000n, 0x40000000n]);
    expect([valueOf("reservedPa"), valueOf("reservedValue"), valueOf("mtimeOffset")]).toEqual([BigInt(RAM_BASE + 0x3000), 0n, 0n]);
    expect(machine.page(0)?.subarray(0, 4)).toEqual(new Uint8Array(Uint32Array.of(words[0] ?? 0).buffer));
    expect([machine.page(0x20), machine.page(RAM_BYTES / 4096)]).toEqual([undefined, undefined]);
  });

  it("answers HTIF console characters and write calls through fromhost", () => {
    const said: number[] = [];
    const tohost = [assemble("auipc", { rd: 31, imm: 0x10000 }), assemble("andi", { rd: 31, rs1: 31, imm: -2048 })];
    const awaited = [
      assemble("ld", { rd: 6, rs1: 31, imm: 64 }),
      assemble("beq", { rs1: 6, rs2: 0, imm: -4 }),
      assemble("sd", { rs1: 31, imm: 64 }),
    ];
    const machine = start(
      [
        ...tohost,
        assemble("lui", { rd: 5, imm: 0x01010000 }),
        assemble("slli", { rd: 5, rs1: 5, imm: 32 }),
        assemble("addi", { rd: 5, rs1: 5, imm: 0x41 }),
        assemble("sd", { rs1: 31, rs2: 5 }),
        ...awaited,
        assemble("addi", { rd: 7, rs1: 31, imm: 128 }), // write(1, x31 + 192, 2)
        assemble("addi", { rd: 5, imm: 64 }),
        assemble("sd", { rs1: 7, rs2: 5, imm: 0 }),
        assemble("addi", { rd: 5, imm: 1 }),
        assemble("sd", { rs1: 7, rs2: 5, imm: 8 }),
        assemble("addi", { rd: 8, rs1: 31, imm: 192 }),
        assemble("sd", { rs1: 7, rs2: 8, imm: 16 }),
        assemble("addi", { rd: 5, imm: 2 }),
        assemble("sd", { rs1: 7, rs2: 5, imm: 24 }),
        assemble("lui", { rd: 5, imm: 0x4000 }),
        assemble("addi", { rd: 5, rs1: 5, imm: 0x342 }), // "B" and "C"
        assemble("sd", { rs1: 8, rs2: 5 }),
        assemble("sd", { rs1: 31, rs2: 7 }),
        ...awaited,
        assemble("ld", { rd: 5, rs1: 7 }),
        ...finish(5),
      ],
      (byte) => said.push(byte),
    );
    expect(machine.run(1000)).toEqual({ kind: "poweroff", status: 2 });
    expect(Buffer.from(said).toString()).toBe("ABC");
  });

  it("refuses addresses outside RAM", () => {
    const machine = start([]);
    expect(() => machine.writeRam(RAM_BASE + RAM_BYTES - 1, new Uint8Array(2))).toThrow("is not in the machine's memory");
    expect(() => machine.writeRam(0, new Uint8Array(1))).toThrow("is not in the machine's memory");
  });

  // A pair's second half must survive a write to what stands behind it, and follow a write to itself.
  it.each(FUSED.filter(([first, second]) => first === "addi" && ["addi", "add", "addiw"].includes(second)))(
    "keeps %s + %s right when code around the pair is rewritten",
    (first, second) => {
      const patched = assemble("addi", { rd: 7, rs1: 7, imm: 100 });
      const pair = [assemble(first, { rd: 5, rs1: 5, imm: 1 }), assemble(second, { rd: 6, rs1: 5, rs2: 0, imm: 0 })];
      const body = [
        assemble("auipc", { rd: 10, imm: 0 }), // x10 = address of this word
        assemble("lw", { rd: 11, rs1: 10, imm: 4 * 20 }), // the new instruction
        assemble("addi", { rd: 12, imm: 3 }), // rounds
        ...pair, // words 3, 4
        assemble("addi", { rd: 7, rs1: 7, imm: 1 }), // word 5, rewritten in each round
        assemble("sw", { rs1: 10, rs2: 11, imm: 4 * 5 }),
        assemble("fence.i"),
        assemble("addi", { rd: 12, rs1: 12, imm: -1 }),
        assemble("bne", { rs1: 12, rs2: 0, imm: -4 * 6 }),
        assemble("add", { rd: 5, rs1: 6, rs2: 7 }), // 3 rounds: x6 = 3, x7 = 1 + 100 + 100
        ...finish(5),
      ];
      while (body.length < 20) body.push(assemble("addi"));
      expect(start([...body, patched]).run(200)).toEqual({ kind: "poweroff", status: 204 });
    },
  );

  it("runs the second half of a pair once when the first half writes over it", () => {
    const body = [
      assemble("auipc", { rd: 10, imm: 0 }),
      assemble("ld", { rd: 11, rs1: 10, imm: 16 }), // the second half and what follows, as they are
      assemble("addi"),
      assemble("sd", { rs1: 10, rs2: 11, imm: 16 }), // word 3: a pair with word 4
      assemble("addi", { rd: 6, rs1: 6, imm: 1 }),
      assemble("addi"),
      ...finish(6),
    ];
    const machine = start(body);
    expect(machine.run(200)).toEqual({ kind: "poweroff", status: 1 });
    expect(machine.instructions).toBe(11n);
  });

  it("comes back from a guest whose every instruction traps", () => {
    expect(start([0]).run(10_000)).toEqual({ kind: "budget" }); // mtvec is 0, where there is no memory
  });

  it("follows a write to the second half of a pair", () => {
    const body = [
      assemble("auipc", { rd: 10, imm: 0 }),
      assemble("lw", { rd: 11, rs1: 10, imm: 4 * 20 }),
      assemble("addi", { rd: 12, imm: 2 }),
      assemble("addi", { rd: 5, rs1: 5, imm: 1 }),
      assemble("addi", { rd: 6, rs1: 6, imm: 1 }), // word 4
      assemble("sw", { rs1: 10, rs2: 11, imm: 4 * 4 }),
      assemble("fence.i"),
      assemble("addi", { rd: 12, rs1: 12, imm: -1 }),
      assemble("bne", { rs1: 12, rs2: 0, imm: -4 * 5 }),
      ...finish(6),
    ];
    while (body.length < 20) body.push(assemble("addi"));
    expect(start([...body, assemble("addi", { rd: 6, rs1: 6, imm: 50 })]).run(200)).toEqual({ kind: "poweroff", status: 51 });
  });
});
