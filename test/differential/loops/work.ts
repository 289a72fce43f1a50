// Straight-line work of generated loops: arithmetic, loads and stores, all of which end up in a running hash.
import { COMPRESSED_ROWS } from "../../../src/isa/rv64c.js";
import type { Random } from "../random.js";
import type { GuestCode } from "./guest-code.js";

/** The hash, the middle of a data area, the registers that work may write, and two for addresses. */
export const HASH = 8;
export const DATA = 18;
export const WORK: readonly number[] = [10, 11, 12, 13, 14, 15, 16, 17];
export const T1 = 28;
export const T2 = 29;
/** Bytes on each side of DATA that work reads and writes. */
export const DATA_REACH = 4096;

const TWO = [
  "add", "sub", "xor", "or", "and", "sll", "srl", "sra", "slt", "sltu", "addw", "subw", "sllw", "srlw", "sraw", "mul", "mulh", "mulhu", "mulhsu",
  "mulw", "div", "divu", "rem", "remu", "divw", "divuw", "remw", "remuw", "sh1add", "sh2add", "sh3add", "add.uw", "sh1add.uw", "sh3add.uw", "andn", "orn",
  "xnor", "max", "maxu", "min", "minu", "rol", "ror", "rolw", "rorw", "bclr", "bext", "binv", "bset", "czero.eqz", "czero.nez", "clmul", "clmulh",
] as const; // prettier-ignore
const ONE = ["clz", "ctz", "cpop", "clzw", "ctzw", "cpopw", "sext.b", "sext.h", "zext.h", "orc.b", "rev8"] as const;
const IMMEDIATE = ["addi", "xori", "ori", "andi", "slti", "sltiu", "addiw"] as const;
const SHIFT = ["slli", "srli", "srai", "rori", "bclri", "bexti", "binvi", "bseti"] as const;
const SHIFTW = ["slliw", "srliw", "sraiw", "roriw"] as const;
/** Of these some make words, that is sign-extended 32 bits, some do not, and some keep what was one. */
const WORDS = [
  "addw",
  "subw",
  "sllw",
  "srlw",
  "sraw",
  "mulw",
  "add",
  "sub",
  "and",
  "or",
  "xor",
  "and",
  "or",
  "xor",
  "slt",
  "sltu",
  "xnor",
] as const;
const WORD_IMMEDIATE = ["addi", "addiw", "andi", "xori", "ori", "slti", "sltiu"] as const;
const LOADS = [["lb", 1], ["lbu", 1], ["lh", 2], ["lhu", 2], ["lw", 4], ["lwu", 4], ["ld", 8]] as const; // prettier-ignore
const STORES = [["sb", 1], ["sh", 2], ["sw", 4], ["sd", 8]] as const; // prettier-ignore
const LOADS_OR_FLOAT = [...LOADS, ["flw", 4], ["fld", 8]] as const; // prettier-ignore
const STORES_OR_FLOAT = [...STORES, ["fsw", 4], ["fsd", 8]] as const; // prettier-ignore
const AMOS = ["amoadd", "amoswap", "amoxor", "amoand", "amoor", "amomin", "amomax", "amominu", "amomaxu"] as const;

export class Work {
  /** `pool` are the registers that it writes, with all of WORK. */
  constructor(
    readonly code: GuestCode,
    readonly random: Random,
    readonly pool: readonly number[] = WORK,
  ) {}

  rd(): number {
    return this.random.chance(20) ? 0 : this.random.pick(this.pool);
  }

  rs(): number {
    return this.random.chance(12) ? 0 : this.random.chance(6) ? HASH : this.random.pick(this.pool);
  }

  /** One to three instructions. */
  item(): void {
    const { code, random } = this;
    const dice = random.below(100);
    if (dice < 28) code.op(random.pick(TWO), { rd: this.rd(), rs1: this.rs(), rs2: this.rs() });
    else if (dice < 36) code.op(random.pick(ONE), { rd: this.rd(), rs1: this.rs() });
    else if (dice < 46) code.op(random.pick(IMMEDIATE), { rd: this.rd(), rs1: this.rs(), imm: random.below(4096) });
    else if (dice < 52) code.op(random.pick(SHIFT), { rd: this.rd(), rs1: this.rs(), imm: random.below(64) });
    else if (dice < 56) code.op(random.pick(SHIFTW), { rd: this.rd(), rs1: this.rs(), imm: random.below(32) });
    else if (dice < 58) code.op("lui", { rd: this.rd(), imm: random.u32() | 0 });
    else if (dice < 60) code.op("auipc", { rd: this.rd(), imm: random.u32() | 0 });
    else if (dice < 66) this.compressed();
    else if (dice < 78) this.load(DATA);
    else if (dice < 88) this.store(DATA);
    else if (dice < 92) this.computed();
    else if (dice < 96) this.wordsOrNot();
    else this.atomic();
    if (random.chance(3)) this.mix();
  }

  items(count: number): void {
    for (let n = 0; n < count; n++) this.item();
  }

  /** A work register goes into the hash. */
  mix(): void {
    const { code, random } = this;
    const from = random.pick(this.pool);
    if (random.chance(2)) code.op("rori", { rd: HASH, rs1: HASH, imm: 1 + random.below(63) });
    code.op(random.pick(["add", "xor", "sub"]), { rd: HASH, rs1: HASH, rs2: from });
  }

  /** Words and what is none meet in two registers. */
  wordsOrNot(): void {
    const { code, random } = this;
    const two = [random.pick(this.pool), random.pick(this.pool)];
    const one = (): number => (random.chance(9) ? 0 : random.pick(two));
    for (let n = 3 + random.below(4); n > 0; n--) {
      const rd = random.pick(two);
      const dice = random.below(14);
      if (dice >= 12) this.#shiftAndBack(two, one());
      else if (dice < 6) code.op(random.pick(WORDS), { rd, rs1: one(), rs2: one() });
      else if (dice < 8) code.op(random.pick(WORD_IMMEDIATE), { rd, rs1: one(), imm: random.pick([0, 0, 1, -1, random.below(4096)]) });
      else if (dice < 9) code.op(random.pick(["slliw", "srliw", "slli", "srli", "srai"]), { rd, rs1: one(), imm: random.below(32) });
      else if (dice < 10) code.op("lui", { rd, imm: random.u32() | 0 });
      else code.op(random.pick(["lw", "lwu", "lwu", "lbu", "ld"]), { rd, rs1: DATA, imm: 8 * random.below(100) });
    }
    this.mix();
  }

  /** To the left and back, as words, halfwords and bytes are extended, and otherwise; now and then something comes between. */
  #shiftAndBack(two: readonly number[], from: number): void {
    const { code, random } = this;
    const rd = random.pick(two);
    const left = random.pick([32, 32, 48, 48, 56, 40, 32 + random.below(32)]);
    const back = random.pick([left, left, left, 1 + random.below(63)]);
    code.op("slli", { rd, rs1: from, imm: left });
    if (random.chance(4))
      code.op(random.pick(["add", "sub", "addw"]), { rd: random.pick(two), rs1: random.pick(two), rs2: random.pick(two) });
    if (random.chance(8)) code.op("slli", { rd: random.pick(two), rs1: random.pick(two), imm: 32 + random.below(32) });
    code.op(random.pick(["srli", "srli", "srai"]), { rd: random.chance(3) ? random.pick(two) : rd, rs1: rd, imm: back });
    if (random.chance(4)) code.op(random.pick(["srli", "srai"]), { rd: random.pick(two), rs1: rd, imm: back });
  }

  /** c.li, c.addi, c.mv, c.add, c.xor and c.sub move what follows by a halfword. */
  compressed(): void {
    const { code, random } = this;
    const rd = random.pick(WORK);
    const rs2 = random.pick(WORK);
    const row = (name: string): number => COMPRESSED_ROWS.find((one) => one.name === name)?.match ?? 1;
    const near = ((random.below(6) + 2) << 7) | ((random.below(6) + 2) << 2); // a0 to a5
    switch (random.below(6)) {
      case 0:
        return code.half(row("c.li") | (rd << 7) | (random.below(32) << 2) | (random.below(2) << 12));
      case 1:
        return code.half(row("c.addi") | (rd << 7) | ((1 + random.below(31)) << 2));
      case 2:
        return code.half(row("c.mv") | (rd << 7) | (rs2 << 2));
      case 3:
        return code.half(row("c.add") | (rd << 7) | (rs2 << 2));
      case 4:
        return code.half(row("c.xor") | near);
      default:
        return code.half(row("c.sub") | near);
    }
  }

  /** An offset from DATA: mostly aligned, now and then such that the access lies on two pages. */
  offset(size: number): number {
    const { random } = this;
    if (random.chance(12)) return random.below(8) - 8; // DATA is a page's first byte
    const any = random.below(4000) - 2000;
    return random.chance(4) ? any : any & -size;
  }

  load(base: number): void {
    const [name, size] = this.random.pick(LOADS);
    this.code.op(name, { rd: this.rd(), rs1: base, imm: this.offset(size) });
  }

  store(base: number): void {
    const [name, size] = this.random.pick(STORES);
    this.code.op(name, { rs1: base, rs2: this.rs(), imm: this.offset(size) });
  }

  /** A load or store some bytes from a pointer, of f0 to f3, too: mostly aligned, if that is. */
  touch(pointer: number): void {
    const { code, random } = this;
    const isLoad = random.chance(2);
    const [name, bytes] = isLoad ? random.pick(LOADS_OR_FLOAT) : random.pick(STORES_OR_FLOAT);
    const imm = random.chance(12) ? random.below(400) - 200 : bytes * (random.below(Math.min(32, 128 / bytes)) - 4);
    const register = name.startsWith("f") ? random.below(4) : random.chance(10) ? 0 : random.pick(this.pool);
    code.op(name, isLoad ? { rd: register, rs1: pointer, imm } : { rs2: register, rs1: pointer, imm });
  }

  /** Accesses off an address that the data decide: the page may change from round to round, and the base register between two accesses. */
  computed(): void {
    const { code, random } = this;
    code.op("andi", { rd: T1, rs1: this.random.pick(WORK), imm: random.pick([0x7ff, 0x7f8, 0x7fc]) });
    code.op(random.pick(["add", "add", "sh1add"]), { rd: T1, rs1: T1, rs2: DATA });
    for (let n = 1 + random.below(4); n > 0; n--) {
      const [load, size] = random.pick(LOADS);
      const [store, storeSize] = random.pick(STORES);
      const near = (bytes: number): number =>
        (random.chance(4) ? random.below(64) : random.below(64) & -bytes) - (random.chance(2) ? 32 : 0);
      if (random.chance(2)) code.op(load, { rd: this.rd(), rs1: T1, imm: near(size) });
      else code.op(store, { rs1: T1, rs2: this.rs(), imm: near(storeSize) });
      if (random.chance(5)) code.op("addi", { rd: T1, rs1: T1, imm: random.pick([8, -8, 64, 1]) });
    }
    if (random.chance(4)) {
      // The base register is what a load gives.
      code.op("sd", { rs1: DATA, rs2: T1, imm: 16 });
      code.op("ld", { rd: T2, rs1: DATA, imm: 16 });
      code.op("ld", { rd: T2, rs1: T2, imm: 8 });
      code.op("add", { rd: HASH, rs1: HASH, rs2: T2 });
    }
  }

  atomic(): void {
    const { code, random } = this;
    const size = random.pick([4, 8]);
    const suffix = size === 8 ? "d" : "w";
    code.op("addi", { rd: T1, rs1: DATA, imm: (random.below(4000) - 2000) & -size });
    if (!random.chance(3)) return code.op(`${random.pick(AMOS)}.${suffix}`, { rd: this.rd(), rs1: T1, rs2: this.rs() });
    code.op(`lr.${suffix}`, { rd: this.rd(), rs1: T1 });
    if (random.chance(3)) this.store(DATA);
    if (random.chance(4)) code.op("addi", { rd: T1, rs1: T1, imm: size });
    code.op(`sc.${suffix}`, { rd: this.rd(), rs1: T1, rs2: this.rs() });
  }
}
