// From instruction bits back to text, by the same tables that make the decoder. For reports and tests: registers are
// numbered, immediates decimal, and branch targets are byte offsets. Depends on the tables beside it.
import { COMPRESSED_ROWS } from "./rv64c.js";
import { ROWS } from "./rv64gc.js";
import type { CompressedRow, Format, Operand, Row } from "./table.js";

/** A decoded instruction: `row` is what it means, `compressed` the row of its 16-bit form. */
export interface Decoded {
  readonly row: Row;
  readonly compressed?: CompressedRow;
  readonly lengthBytes: 2 | 4;
  readonly rd: number;
  readonly rs1: number;
  readonly rs2: number;
  readonly rs3: number;
  /** As assemble() takes it. */
  readonly imm: number;
  readonly rm: number;
}

const bitCount = (mask: number): number => mask.toString(2).replaceAll("0", "").length;
const MOST_FIXED_FIRST = [...ROWS].sort((one, other) => bitCount(other.mask) - bitCount(one.mask));
const BY_MAJOR = Array.from({ length: 32 }, (_, major) => MOST_FIXED_FIRST.filter(({ match }) => ((match >>> 2) & 31) === major));
const BY_NAME = new Map(ROWS.map((row) => [row.name, row]));

const IMMEDIATE: Partial<Record<Format, (word: number) => number>> = {
  I: (word) => word >> 20,
  S: (word) => ((word >> 25) << 5) | ((word >>> 7) & 31),
  B: (word) => ((word >> 31) << 12) | ((word & 0x80) << 4) | ((word >>> 20) & 0x7e0) | ((word >>> 7) & 0x1e),
  U: (word) => word & 0xfffff000,
  J: (word) => ((word >> 31) << 20) | (word & 0xff000) | ((word >>> 9) & 0x800) | ((word >>> 20) & 0x7fe),
  SHIFT: (word) => (word >>> 20) & 63,
  SHIFTW: (word) => (word >>> 20) & 31,
  CSR: (word) => word >>> 20,
  CSRI: (word) => word >>> 20,
};

const roundingIsReserved = (row: Row, rm: number): boolean => (row.format === "FR" || row.format === "FR4") && (rm === 5 || rm === 6);

/** What `bits` (16 or 32 of them, the rest ignored) is; undefined for an illegal instruction. */
export function decode(bits: number): Decoded | undefined {
  if ((bits & 3) !== 3) return decodeHalf(bits & 0xffff);
  const row = BY_MAJOR[(bits >>> 2) & 31]?.find(({ mask, match }) => (bits & mask) >>> 0 === match);
  if (row === undefined) return undefined;
  const rm = (bits >>> 12) & 7;
  if (roundingIsReserved(row, rm)) return undefined;
  const registers = { rd: (bits >>> 7) & 31, rs1: (bits >>> 15) & 31, rs2: (bits >>> 20) & 31, rs3: bits >>> 27 };
  return { row, lengthBytes: 4, ...registers, imm: IMMEDIATE[row.format]?.(bits) ?? 0, rm };
}

const register = (operand: Operand, half: number): number =>
  typeof operand === "number" ? operand : operand.bits === 5 ? (half >>> operand.at) & 31 : ((half >>> operand.at) & 7) + 8;

/** The immediate that the scattered fields of a compressed instruction make up. */
export function compressedImmediate(row: CompressedRow, half: number): number {
  const value = row.imm.reduce((sum, { from, width, to }) => sum | (((half >>> from) & (2 ** width - 1)) << to), 0);
  const top = Math.max(0, ...row.imm.map(({ width, to }) => width + to));
  return row.signed && top > 0 ? (value << (32 - top)) >> (32 - top) : value;
}

function decodeHalf(half: number): Decoded | undefined {
  const compressed = COMPRESSED_ROWS.find(({ mask, match }) => (half & mask) === match);
  const row = compressed && BY_NAME.get(compressed.base);
  if (compressed === undefined || row === undefined) return undefined;
  const imm = compressedImmediate(compressed, half);
  if (compressed.nonZero.includes("imm") && imm === 0) return undefined;
  if (compressed.nonZero.includes("rd") && ((half >>> 7) & 31) === 0) return undefined;
  const [rd, rs1, rs2] = [compressed.rd, compressed.rs1, compressed.rs2].map((operand) => register(operand, half)) as [
    number,
    number,
    number,
  ];
  return { row, compressed, lengthBytes: 2, rd, rs1, rs2, rs3: 0, imm, rm: 0 };
}

/** True where operand `at` of a floating point instruction is an f register. */
function isFloat(row: Row, at: "rd" | "rs1" | "rs2"): boolean {
  if (!row.kind.startsWith("f")) return false;
  if (row.kind.startsWith("fmem")) return at !== "rs1";
  if (at === "rd") return !/^(feq|flt|fle|fclass|fmv\.x|fcvt\.[wl]u?\.)/.test(row.name);
  return at === "rs2" || !/^(fmv\.[wd]\.x|fcvt\.[sd]\.[wl])/.test(row.name);
}

const ROUNDING = ["rne", "rtz", "rdn", "rup", "rmm", "", "", "dyn"];
/** An operand field that the row's pattern fixes is not an operand. */
const free = (row: Row, at: number): boolean => (row.mask & (31 << at)) >>> 0 !== (31 << at) >>> 0;

function operandTexts(one: Decoded): string[] {
  const { row, imm } = one;
  const name = (at: "rd" | "rs1" | "rs2"): string => `${isFloat(row, at) ? "f" : "x"}${one[at]}`;
  switch (row.format) {
    case "NONE":
      return [];
    case "I":
      return row.kind === "alu" ? [name("rd"), name("rs1"), `${imm}`] : [name("rd"), `${imm}(${name("rs1")})`];
    case "S":
      return [name("rs2"), `${imm}(${name("rs1")})`];
    case "B":
      return [name("rs1"), name("rs2"), offset(imm)];
    case "U":
      return [name("rd"), `0x${(imm >>> 12).toString(16)}`];
    case "J":
      return [name("rd"), offset(imm)];
    case "SHIFT":
    case "SHIFTW":
      return [name("rd"), name("rs1"), `${imm}`];
    case "CSR":
      return [name("rd"), `0x${imm.toString(16)}`, name("rs1")];
    case "CSRI":
      return [name("rd"), `0x${imm.toString(16)}`, `${one.rs1}`];
    case "AMO":
      return [name("rd"), ...(free(row, 20) ? [name("rs2")] : []), `(${name("rs1")})`];
    default: {
      const texts = [...(free(row, 7) ? [name("rd")] : []), name("rs1"), ...(free(row, 20) ? [name("rs2")] : [])];
      if (row.format === "FR4") texts.push(`f${one.rs3}`);
      return row.format === "R" ? texts : [...texts, ROUNDING[one.rm] ?? ""];
    }
  }
}

const offset = (bytes: number): string => (bytes < 0 ? `.${bytes}` : `.+${bytes}`);

/** "addi x5, x6, -1"; a compressed instruction has its own name and the operands of what it stands for. */
export function disassemble(bits: number): string {
  const one = decode(bits);
  if (one === undefined)
    return (bits & 3) === 3
      ? `illegal 0x${(bits >>> 0).toString(16).padStart(8, "0")}`
      : `illegal 0x${(bits & 0xffff).toString(16).padStart(4, "0")}`;
  return `${one.compressed?.name ?? one.row.name} ${operandTexts(one).join(", ")}`.trim();
}

/** One line an instruction: address, bits, text. */
export function listing(code: Uint8Array, pa: number): string[] {
  const lines: string[] = [];
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  for (let at = 0; at + 2 <= code.length;) {
    const half = view.getUint16(at, true);
    const full = (half & 3) === 3 && at + 4 <= code.length;
    const bits = full ? view.getUint32(at, true) : half;
    lines.push(
      `${(pa + at).toString(16)}: ${bits
        .toString(16)
        .padStart(full ? 8 : 4, "0")
        .padEnd(8)}  ${disassemble(bits)}`,
    );
    at += full ? 4 : 2;
  }
  return lines;
}
