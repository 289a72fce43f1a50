// The disassembler undoes the assembler, row by row; the compressed forms mean what they say.
import { describe, expect, it } from "vitest";
import { assemble, encode, type Operands } from "./assemble.js";
import { decode, disassemble, listing } from "./disassemble.js";
import { ROWS } from "./rv64gc.js";
import type { Format } from "./table.js";

const IMMEDIATES: Partial<Record<Format, readonly number[]>> = {
  I: [0, 1, -1, 2047, -2048],
  S: [0, 1, -1, 2047, -2048],
  B: [0, 2, -2, 4094, -4096],
  U: [0, 0x1000, -0x80000000, 0x7ffff000],
  J: [0, 2, -2, 1048574, -1048576],
  SHIFT: [0, 1, 31, 32, 63],
  SHIFTW: [0, 1, 31],
  CSR: [0x001, 0x180, 0xf14],
  CSRI: [0x001, 0x180, 0xf14],
};

const SOURCES: Partial<Record<Format, readonly (keyof Operands)[]>> = {
  R: ["rd", "rs1", "rs2"], I: ["rd", "rs1", "imm"], S: ["rs1", "rs2", "imm"], B: ["rs1", "rs2", "imm"], U: ["rd", "imm"], J: ["rd", "imm"],
  SHIFT: ["rd", "rs1", "imm"], SHIFTW: ["rd", "rs1", "imm"], CSR: ["rd", "rs1", "imm"], CSRI: ["rd", "rs1", "imm"], AMO: ["rd", "rs1", "rs2"],
  FR: ["rd", "rs1", "rs2", "rm"], FR4: ["rd", "rs1", "rs2", "rs3", "rm"],
}; // prettier-ignore
const FIELD_AT: Partial<Record<keyof Operands, number>> = { rd: 7, rs1: 15, rs2: 20 };

describe("decode", () => {
  for (const row of ROWS) {
    it(`undoes encode for ${row.name}`, () => {
      for (const imm of IMMEDIATES[row.format] ?? [0]) {
        const operands: Operands = { rd: 21, rs1: 10, rs2: 13, rs3: 18, imm, rm: 3 };
        const decoded = decode(encode(row, operands));
        expect(decoded?.row.name).toBe(row.name);
        for (const key of SOURCES[row.format] ?? []) {
          const at = FIELD_AT[key];
          const fixed = at !== undefined && (row.mask & (31 << at)) !== 0;
          if (!fixed) expect(decoded?.[key], key).toBe(operands[key]);
        }
      }
    });
  }

  it("knows the reserved encodings", () => {
    for (const bits of [0x0000, 0x2001, 0x4002, 0x6002, 0x8002, 0x6001, 0x0000_0013 | (5 << 12) | (0x7f << 25), 0x0000_5053, 0xffff_ffff]) {
      expect(decode(bits), bits.toString(16)).toBeUndefined();
    }
  });
});

describe("disassemble", () => {
  it.each([
    [assemble("addi", { rd: 5, rs1: 6, imm: -1 }), "addi x5, x6, -1"],
    [assemble("sd", { rs1: 2, rs2: 8, imm: 16 }), "sd x8, 16(x2)"],
    [assemble("beq", { rs1: 1, rs2: 2, imm: -8 }), "beq x1, x2, .-8"],
    [assemble("lui", { rd: 3, imm: 0x12345000 }), "lui x3, 0x12345"],
    [assemble("fcvt.l.d", { rd: 3, rs1: 4, rm: 1 }), "fcvt.l.d x3, f4, rtz"],
    [assemble("fmadd.s", { rd: 1, rs1: 2, rs2: 3, rs3: 4, rm: 7 }), "fmadd.s f1, f2, f3, f4, dyn"],
    [assemble("fsd", { rs1: 2, rs2: 9, imm: 8 }), "fsd f9, 8(x2)"],
    [assemble("lr.d", { rd: 7, rs1: 8 }), "lr.d x7, (x8)"],
    [assemble("csrrwi", { rd: 7, rs1: 9, imm: 0x300 }), "csrrwi x7, 0x300, 9"],
    [assemble("clz", { rd: 7, rs1: 9 }), "clz x7, x9"],
    [assemble("mret"), "mret"],
    [0x8082, "c.jr x0, 0(x1)"],
    [0x1141, "c.addi x2, x2, -16"],
    [0xe406, "c.sdsp x1, 8(x2)"],
    [0x7179, "c.addi16sp x2, x2, -48"],
    [0x0000, "illegal 0x0000"],
    [0xffffffff, "illegal 0xffffffff"],
  ])("0x%s", (bits, text) => expect(disassemble(bits)).toBe(text));

  it("lists mixed lengths", () => {
    const code = new Uint8Array(
      new Uint16Array([0x1141, ...new Uint16Array(new Uint32Array([assemble("addi", { rd: 1 })]).buffer), 0x8082]).buffer,
    );
    expect(listing(code, 0x1000)).toEqual([
      "1000: 1141      c.addi x2, x2, -16",
      "1002: 00000093  addi x1, x0, 0",
      "1006: 8082      c.jr x0, 0(x1)",
    ]);
  });
});
