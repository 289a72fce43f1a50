// Encodes instructions of the table. Unprivileged specification, 2.3. Depends on the tables beside it.
import { ROWS } from "./rv64gc.js";
import type { Format, Row } from "./table.js";

export interface Operands {
  readonly rd?: number;
  readonly rs1?: number;
  readonly rs2?: number;
  readonly rs3?: number;
  /** Formats U and J take the value itself (a byte offset, bits 31:12), CSR formats the CSR number. */
  readonly imm?: number;
  readonly rm?: number;
}

const BY_NAME = new Map(ROWS.map((row) => [row.name, row]));

/** The row of a mnemonic; throws where there is none. */
export function rowOf(name: string): Row {
  const row = BY_NAME.get(name);
  if (row === undefined) throw new Error(`there is no instruction ${name}`);
  return row;
}

const IMMEDIATE: Partial<Record<Format, (imm: number) => number>> = {
  I: (imm) => (imm & 0xfff) << 20,
  S: (imm) => ((imm & 0x1f) << 7) | ((imm & 0xfe0) << 20),
  B: (imm) => ((imm & 0x800) >> 4) | ((imm & 0x1e) << 7) | ((imm & 0x7e0) << 20) | ((imm & 0x1000) << 19),
  U: (imm) => imm & 0xfffff000,
  J: (imm) => (imm & 0xff000) | ((imm & 0x800) << 9) | ((imm & 0x7fe) << 20) | ((imm & 0x100000) << 11),
  SHIFT: (imm) => (imm & 0x3f) << 20,
  SHIFTW: (imm) => (imm & 0x1f) << 20,
  CSR: (imm) => (imm & 0xfff) << 20,
  CSRI: (imm) => (imm & 0xfff) << 20,
};

/** The word of an instruction; operands that its pattern fixes are left alone. */
export function encode(row: Row, { rd = 0, rs1 = 0, rs2 = 0, rs3 = 0, imm = 0, rm = 0 }: Operands): number {
  let fields = ((rd & 31) << 7) | ((rs1 & 31) << 15) | (IMMEDIATE[row.format]?.(imm) ?? 0);
  if (row.format === "S" || row.format === "B") fields = ((rs1 & 31) << 15) | (IMMEDIATE[row.format]?.(imm) ?? 0);
  if (["R", "S", "B", "AMO", "FR", "FR4"].includes(row.format)) fields |= (rs2 & 31) << 20;
  if (row.format === "FR4") fields |= (rs3 & 31) << 27;
  if (row.format === "FR" || row.format === "FR4") fields |= (rm & 7) << 12;
  if (row.format === "U" || row.format === "J") fields = ((rd & 31) << 7) | (IMMEDIATE[row.format]?.(imm) ?? 0);
  return ((fields & ~row.mask) | row.match) >>> 0;
}

export function assemble(name: string, operands: Operands = {}): number {
  return encode(rowOf(name), operands);
}
