// Generated user-mode programs. A program is many blocks; each loads all registers from a table, runs random instructions, and
// appends all registers to a results area. It runs unchanged under qemu-user and on our machine: only the exit differs.
//
//   CODE_PA     prologue, blocks, exit stub          INPUT_PA    registers for each block (STATE_BYTES each)
//   SCRATCH_PA  4 KiB that loads and stores hit      OUTPUT_PA   registers after each block
import { assemble, encode, rowOf } from "../../src/isa/assemble.js";
import { COMPRESSED_ROWS } from "../../src/isa/rv64c.js";
import { ROWS } from "../../src/isa/rv64gc.js";
import type { CompressedRow, Operand, Row } from "../../src/isa/table.js";
import type { Random } from "./random.js";

export const CODE_PA = 0x80100000;
export const INPUT_PA = 0x81000000;
export const SCRATCH_PA = 0x82000000;
export const SCRATCH_BYTES = 4096;
export const OUTPUT_PA = 0x83000000;
/** x1 to x31, f0 to f31, fcsr. */
export const STATE_BYTES = 64 * 8;

const SP = 2; // the middle of the scratch area, for the stack-relative compressed instructions
const ADDRESS = 30; // an address made for one access
const BASE = 31; // the middle of the scratch area
const KEPT = new Set([0, SP, ADDRESS, BASE]);
const STORE_LIMIT = 2032;

const isMemory = (row: Row): boolean => row.kind === "mem" || row.kind === "fmem" || row.kind === "fmemr";
const USER_ROWS = ROWS.filter((row) => !["priv", "Svinval", "Zawrs", "Zicbom", "Zicboz", "Zifencei"].includes(row.extension) && !["ecall", "ebreak"].includes(row.name));

export interface Program {
  readonly code: Uint8Array;
  readonly input: Uint8Array;
  readonly blocks: number;
  /** Where the exit stub begins: what stands there is up to who runs it. */
  readonly exitPa: number;
  readonly instructions: number;
  /** First address of each block, for reports. */
  readonly blockPas: readonly number[];
}

class Writer {
  readonly halves: number[] = [];

  get pa(): number {
    return CODE_PA + this.halves.length * 2;
  }

  word(value: number): void {
    this.halves.push(value & 0xffff, value >>> 16);
  }

  half(value: number): void {
    this.halves.push(value);
  }
}

/** Instructions of kinds that `skip` names are left out: for a reference that lacks an extension. */
export function generateProgram(random: Random, blocks: number, blockInsns: number, skip: ReadonlySet<string>): Program {
  const rows = USER_ROWS.filter((row) => !skip.has(row.extension));
  const out = new Writer();
  const input = new DataView(new ArrayBuffer(blocks * STATE_BYTES));
  const blockPas: number[] = [];
  // x3 walks the input and output by way of memory: two words in front of the scratch area hold the cursors.
  for (let block = 0; block < blocks; block++) {
    fillState(input, block, random);
    loadState(out, block);
    blockPas.push(out.pa);
    for (let n = 0; n < blockInsns; n++) emitRandom(out, rows, random);
    for (let n = 0; n < 16; n++) out.half(0x0001); // where the last forward jumps land
    saveState(out, block);
  }
  const code = new Uint8Array(new Uint16Array(out.halves).buffer);
  return { code, input: new Uint8Array(input.buffer), blocks, exitPa: out.pa, instructions: blocks * blockInsns, blockPas };
}

function fillState(input: DataView, block: number, random: Random): void {
  const at = block * STATE_BYTES;
  for (let x = 1; x < 32; x++) input.setBigUint64(at + (x - 1) * 8, KEPT.has(x) ? BigInt(SCRATCH_PA + SCRATCH_BYTES / 2) : random.u64(), true);
  for (let f = 0; f < 32; f++) input.setBigUint64(at + (31 + f) * 8, random.float(), true);
  input.setBigUint64(at + 63 * 8, BigInt((random.below(5) << 5) | (random.chance(2) ? random.below(32) : 1)), true);
}

/** lui sign-extends, so that an address above 2 GiB needs its upper half cleared. */
function loadAddress(out: Writer, rd: number, pa: number): void {
  const low = ((pa & 0xfff) << 20) >> 20;
  out.word(assemble("lui", { rd, imm: pa - low }));
  out.word(assemble("addiw", { rd, rs1: rd, imm: low }));
  out.word(assemble("slli", { rd, rs1: rd, imm: 32 }));
  out.word(assemble("srli", { rd, rs1: rd, imm: 32 }));
}

function loadState(out: Writer, block: number): void {
  loadAddress(out, BASE, INPUT_PA + block * STATE_BYTES);
  out.word(assemble("ld", { rd: 1, rs1: BASE, imm: 63 * 8 }));
  out.word(assemble("csrrw", { rs1: 1, imm: 3 }));
  for (let f = 0; f < 32; f++) out.word(assemble("fld", { rd: f, rs1: BASE, imm: (31 + f) * 8 }));
  for (let x = 1; x < 32; x++) out.word(assemble("ld", { rd: x, rs1: BASE, imm: (x - 1) * 8 }));
}

function saveState(out: Writer, block: number): void {
  loadAddress(out, ADDRESS, OUTPUT_PA + block * STATE_BYTES);
  for (let x = 1; x < 32; x++) out.word(assemble("sd", { rs2: x, rs1: ADDRESS, imm: (x - 1) * 8 }));
  for (let f = 0; f < 32; f++) out.word(assemble("fsd", { rs2: f, rs1: ADDRESS, imm: (31 + f) * 8 }));
  out.word(assemble("csrrs", { rd: 1, imm: 3 }));
  out.word(assemble("sd", { rs2: 1, rs1: ADDRESS, imm: 63 * 8 }));
}

function anyRd(random: Random): number {
  const rd = random.below(32);
  return rd !== 0 && KEPT.has(rd) ? 5 : rd;
}

function emitRandom(out: Writer, rows: readonly Row[], random: Random): void {
  if (random.chance(3)) return emitCompressed(out, random.pick(COMPRESSED_ROWS), random);
  const row = random.pick(rows);
  if (row.kind === "jump") return emitJump(out, row, random);
  if (row.format === "AMO") return emitAmo(out, row, random);
  if (isMemory(row)) {
    const imm = random.below(2 * STORE_LIMIT) - STORE_LIMIT;
    const rd = row.kind === "mem" ? anyRd(random) : random.below(32);
    return out.word(encode(row, { rd, rs1: BASE, rs2: random.below(32), imm }));
  }
  if (row.extension === "Zicsr") {
    // A rounding mode that is not valid would make later instructions illegal.
    const rs1 = random.below(32);
    out.word(encode(row, { rd: anyRd(random), rs1, imm: 1 }));
    return;
  }
  const toFloat = row.kind.startsWith("fp") && !/^(feq|flt|fle|fclass|fmv\.x|fcvt\.[wl]u?\.)/.test(row.name);
  const rm = random.pick([0, 1, 2, 3, 4, 7]);
  const imm = row.format === "U" ? random.u32() | 0 : random.u32() & 0xfff;
  out.word(encode(row, { rd: toFloat ? random.below(32) : anyRd(random), rs1: random.below(32), rs2: random.below(32), rs3: random.below(32), imm, rm }));
}

/** Forward by a few halfwords: over whole instructions, each a full one. */
function emitJump(out: Writer, row: Row, random: Random): void {
  const skipped = 1 + random.below(3);
  const rd = anyRd(random);
  if (row.name === "jalr") {
    out.word(assemble("auipc", { rd: ADDRESS, imm: 0 }));
    out.word(encode(row, { rd, rs1: ADDRESS, imm: 8 + 4 * skipped + random.below(2) }));
  } else {
    out.word(encode(row, { rd, rs1: random.below(32), rs2: random.below(32), imm: 4 + 4 * skipped }));
  }
  for (let n = 0; n < skipped; n++) out.word(assemble("addi", { rd: 6, rs1: 6, imm: random.below(4096) }));
}

function emitAmo(out: Writer, row: Row, random: Random): void {
  const size = row.name.endsWith(".d") ? 8 : 4;
  const imm = (random.below(STORE_LIMIT) & -size) - (random.chance(2) ? 1024 : 0);
  out.word(assemble("addi", { rd: ADDRESS, rs1: BASE, imm }));
  // A store-conditional is only defined behind a load-reserved of the same place.
  if (row.name.startsWith("sc")) out.word(assemble(`lr.${size === 8 ? "d" : "w"}`, { rd: 7, rs1: ADDRESS }));
  out.word(encode(row, { rd: anyRd(random), rs1: ADDRESS, rs2: random.below(32) }));
}

// ------------------------------------------------------------------------------------------------------- compressed

function emitCompressed(out: Writer, row: CompressedRow, random: Random): void {
  const base = rowOf(row.base);
  if (["c.ebreak", "c.jr", "c.jalr", "c.addi16sp"].includes(row.name)) return out.half(0x0001);
  if (base.kind === "jump") return emitCompressedJump(out, row, random);
  if (isMemory(base) && typeof row.rs1 !== "number") out.word(assemble("addi", { rd: 8, rs1: BASE, imm: 0 }));
  for (let tries = 0; tries < 50; tries++) {
    const half = (row.match | (random.u32() & ~row.mask & 0xffff)) & 0xffff;
    if (acceptable(row, base, half)) return out.half(half);
  }
}

const field = (operand: Operand, half: number): number =>
  typeof operand === "number" ? operand : operand.bits === 5 ? (half >>> operand.at) & 31 : ((half >>> operand.at) & 7) + 8;

/** True for an encoding that is not reserved, keeps the kept registers, and stays in the scratch area. */
function acceptable(row: CompressedRow, base: Row, half: number): boolean {
  if (COMPRESSED_ROWS.find((one) => (half & one.mask) === one.match) !== row) return false;
  const imm = row.imm.reduce((sum, { from, width, to }) => sum | (((half >>> from) & (2 ** width - 1)) << to), 0);
  if (row.nonZero.includes("imm") && imm === 0) return false;
  if (row.nonZero.includes("rd") && ((half >>> 7) & 31) === 0) return false;
  const rd = field(row.rd, half);
  const writesInteger = base.kind === "alu" || base.kind === "mem";
  if (writesInteger && rd !== 0 && KEPT.has(rd)) return false;
  return !isMemory(base) || typeof row.rs1 === "number" || field(row.rs1, half) === 8;
}

/** Over one full instruction. */
function emitCompressedJump(out: Writer, row: CompressedRow, random: Random): void {
  const distance = 6;
  let half = row.match;
  for (const { from, width, to } of row.imm) half |= ((distance >>> to) & (2 ** width - 1)) << from;
  if (typeof row.rs1 !== "number") half |= random.below(8) << 7;
  out.half(half);
  out.word(assemble("xori", { rd: 6, rs1: 6, imm: random.below(4096) }));
}
