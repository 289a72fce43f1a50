// Chooses registers and values for generated instructions, so that one often reads what the last ones wrote.
import type { Operands } from "../../src/isa/assemble.js";
import type { Row } from "../../src/isa/table.js";
import { BASE, KEPT, OFFSET_LIMIT } from "./layout.js";
import type { Random } from "./random.js";

const RECENT = 4;
const ANY_ROUNDING = [0, 1, 2, 3, 4, 7, 7, 7];

export const isMemory = (row: Row): boolean => row.kind === "mem" || row.kind.startsWith("fmem");
/** True where rd is an f register. */
export const toFloat = (row: Row): boolean => row.kind.startsWith("f") && !/^(feq|flt|fle|fclass|fmv\.x|fcvt\.[wl]u?\.)/.test(row.name);

export class OperandChooser {
  #recent: number[] = [];
  #recentFloats: number[] = [];
  /** The registers that a block favours. */
  #pool: readonly number[] = [];
  /** One source in so many is a register written just before. */
  #reuse = 2;

  constructor(readonly random: Random) {}

  /** A new block: a long chain through few registers, or something looser. */
  begin(): void {
    const { random } = this;
    const size = random.pick([3, 8, 32]);
    const registers = Array.from({ length: 31 }, (_, n) => n + 1).filter((x) => !KEPT.has(x));
    this.#pool = size === 32 ? registers : Array.from({ length: size }, () => random.pick(registers));
    this.#reuse = random.pick([1, 2, 4]);
    this.#recent = [];
    this.#recentFloats = [];
  }

  /** A destination, x0 now and then; never a kept register. */
  rd(): number {
    const rd = this.random.chance(24) ? 0 : this.random.pick(this.#pool);
    this.note(rd);
    return rd;
  }

  /** `rd` is about to be written. */
  note(rd: number): void {
    this.#recent = [rd, ...this.#recent].slice(0, RECENT);
  }

  rs(): number {
    const { random } = this;
    if (this.#recent.length > 0 && (this.#reuse === 1 || random.chance(this.#reuse)))
      return this.#recent[random.below(Math.min(2, this.#recent.length))] ?? 0;
    return random.chance(8) ? random.below(32) : random.pick(this.#pool);
  }

  fd(): number {
    const fd = this.random.below(this.#pool.length < 32 ? 6 : 32);
    this.#recentFloats = [fd, ...this.#recentFloats].slice(0, RECENT);
    return fd;
  }

  fs(): number {
    const { random } = this;
    if (this.#recentFloats.length > 0 && random.chance(3)) return random.pick(this.#recentFloats);
    return random.below(32);
  }

  /** An offset from BASE, often such that an access of `sizeBytes` crosses the pages' border; aligned where it asks. */
  offset(): number {
    const { random } = this;
    if (random.chance(4)) return random.below(16) - 8;
    const offset = random.below(2 * OFFSET_LIMIT) - OFFSET_LIMIT;
    return random.chance(2) ? offset & -8 : offset;
  }

  /** Operands for a row that neither jumps nor is atomic. */
  operands(row: Row): Operands {
    const { random } = this;
    const float = row.kind.startsWith("f");
    if (isMemory(row)) {
      const rs2 = row.name.startsWith("f") ? this.fs() : this.rs();
      const rd = row.format === "S" ? 0 : row.name.startsWith("f") ? this.fd() : this.rd();
      return { rd, rs1: BASE, rs2, imm: this.offset() };
    }
    const fromInteger = /^(fmv\.[wd]\.x|fcvt\.[sd]\.[wl])/.test(row.name);
    const rs1 = float && !fromInteger ? this.fs() : this.rs();
    const rs2 = float ? this.fs() : this.rs();
    const rs3 = float ? this.fs() : 0;
    const rd = toFloat(row) ? this.fd() : this.rd();
    return { rd, rs1, rs2, rs3, imm: this.immediate(row), rm: random.pick(ANY_ROUNDING) };
  }

  immediate(row: Row): number {
    const { random } = this;
    if (row.format === "U") return random.chance(2) ? random.u32() | 0 : (random.below(64) - 32) << 12;
    return random.chance(3) ? random.pick([0, 1, 2, 4, 8, 31, 32, 63, -1, -2, -8, 255, 2047, -2048]) & 0xfff : random.u32() & 0xfff;
  }
}
