// Emits the generated instructions of a block: single rows, compressed ones, pairs of the kind that compilers make (and our
// interpreter fuses), atomic sequences, forward jumps, calls, and loops with a bounded number of rounds.
import { assemble, encode, rowOf } from "../../src/isa/assemble.js";
import { decode } from "../../src/isa/disassemble.js";
import { FUSED } from "../../src/isa/fused.js";
import { COMPRESSED_ROWS } from "../../src/isa/rv64c.js";
import { ROWS } from "../../src/isa/rv64gc.js";
import type { CompressedRow, Row } from "../../src/isa/table.js";
import { ADDRESS, BASE, KEPT, OFFSET_LIMIT, ROUNDS, SP } from "./layout.js";
import { isMemory, OperandChooser, toFloat } from "./operands.js";
import type { Random } from "./random.js";
import { scatter, type Writer } from "./writer.js";

export type Skip = (row: Row) => boolean;

const NOT_FOR_USERS = new Set(["priv", "Svinval", "Zawrs", "Zicbom", "Zicboz", "Zicsr"]);
const OTHER_PAIRS: readonly (readonly [string, string])[] = [
  ["slt", "beq"], ["sltu", "beq"], ["slti", "bne"], ["sltiu", "bne"], ["xor", "sltiu"], ["sub", "sltiu"], ["slli", "add"], ["sh1add", "ld"],
  ["slli", "srai"], ["srai", "and"], ["mulhu", "mul"], ["mul", "add"], ["div", "rem"], ["ld", "add"], ["lw", "add"], ["lhu", "slli"], ["sext.b", "blt"],
  ["lui", "ori"], ["auipc", "ld"], ["zext.h", "or"], ["addi", "sw"], ["fld", "fadd.d"], ["fmul.d", "fadd.d"], ["flw", "fmul.s"],
]; // prettier-ignore
const LOOP_BRANCHES = ["bne", "blt", "bltu", "bge"];

export class Emitter {
  readonly #out: Writer;
  readonly #random: Random;
  readonly #choose: OperandChooser;
  readonly #rows: readonly Row[];
  readonly #pairs: readonly (readonly [Row, Row])[];
  #inLoop = false;

  constructor(out: Writer, random: Random, skip: Skip) {
    this.#out = out;
    this.#random = random;
    this.#choose = new OperandChooser(random);
    this.#rows = ROWS.filter((row) => !NOT_FOR_USERS.has(row.extension) && !["ecall", "ebreak"].includes(row.name) && !skip(row));
    this.#pairs = [...FUSED, ...OTHER_PAIRS].map(([first, second]) => [rowOf(first), rowOf(second)] as const);
  }

  /** About `count` instructions. */
  block(count: number): void {
    this.#choose.begin();
    this.#items(count);
    this.#out.landAll();
  }

  #items(count: number): void {
    const end = this.#out.instructions + count;
    while (this.#out.instructions < end) {
      this.#out.landing();
      this.#item(end - this.#out.instructions);
    }
  }

  #item(left: number): void {
    const dice = this.#random.below(100);
    if (dice < 28) this.#compressed(this.#random.pick(COMPRESSED_ROWS));
    else if (dice < 52) this.#pair(this.#random.pick(this.#pairs));
    else if (dice < 55) this.#reservation();
    else if (dice < 58) this.#floatState();
    else if (dice < 60 && !this.#inLoop && left > 12) this.#loop(4 + this.#random.below(8));
    else if (dice < 62) this.#call();
    else this.#row(this.#random.pick(this.#rows));
  }

  #row(row: Row): void {
    if (row.kind === "jump") this.#jump(row, this.#choose.rs());
    else if (row.name.startsWith("sc.")) this.#reservation();
    else if (row.format === "AMO") this.#atomic(row);
    else this.#out.word(encode(row, this.#choose.operands(row)));
  }

  // ---------------------------------------------------------------------------------------------------------- pairs

  /** Two instructions, the second on what the first gives; now and then a jump leads between them. */
  #pair([first, second]: readonly [Row, Row]): void {
    const { rd = 0 } = this.#single(first);
    const through = toFloat(first) ? this.#choose.fs() : this.#random.chance(4) ? this.#choose.rs() : rd;
    if (this.#random.chance(3)) this.#out.landing();
    if (second.kind === "jump") return this.#jump(second, through);
    if (isMemory(second)) {
      this.#out.word(encode(second, this.#choose.operands(second)));
      return;
    }
    const operands = this.#choose.operands(second);
    const same = rd !== 0 && this.#random.chance(2) ? { rd } : {};
    const shift = second.format === "SHIFT" && this.#random.chance(2) ? { imm: this.#random.pick([32, 48, 56]) } : {};
    const [rs1, rs2] = this.#random.chance(2) ? [through, operands.rs2 ?? 0] : [operands.rs1 ?? 0, through];
    this.#out.word(
      encode(second, { ...operands, rs1: second.format === "R" ? rs1 : through, rs2, ...(toFloat(second) ? {} : same), ...shift }),
    );
  }

  #single(row: Row): { rd?: number } {
    // What stands behind the code at hand is code too: a place to load from.
    if (row.name === "auipc" && this.#random.chance(2)) {
      this.#out.word(assemble("auipc", { rd: ADDRESS }));
      const rd = this.#choose.rd();
      this.#out.word(assemble(this.#random.pick(["ld", "lw", "lhu"]), { rd, rs1: ADDRESS, imm: this.#random.below(200) }));
      return { rd };
    }
    if (row.name === "addi" && this.#random.chance(4)) {
      this.#out.word(assemble("addi", { rd: ADDRESS, rs1: BASE, imm: this.#choose.offset() >> 1 }));
      const rd = this.#choose.rd();
      const store = this.#random.chance(2);
      const imm = this.#random.below(OFFSET_LIMIT) - OFFSET_LIMIT / 2;
      this.#out.word(assemble(store ? "sd" : "ld", { rd, rs1: ADDRESS, rs2: this.#choose.rs(), imm }));
      return { rd };
    }
    const operands = this.#choose.operands(row);
    this.#out.word(encode(row, operands));
    return operands;
  }

  // ------------------------------------------------------------------------------------------------------ memory

  #atomic(row: Row): void {
    const size = row.name.endsWith(".d") ? 8 : 4;
    this.#out.word(assemble("addi", { rd: ADDRESS, rs1: BASE, imm: this.#choose.offset() & -size }));
    this.#out.word(encode(row, { rs1: ADDRESS, rs2: this.#choose.rs(), rd: this.#choose.rd() }));
  }

  /**
   * Load-reserved, a few instructions, store-conditional; sometimes to another place, sometimes once more. Always of one size:
   * whether sc.w succeeds after lr.d is free.
   */
  #reservation(): void {
    const random = this.#random;
    const size = random.pick([4, 8]);
    const suffix = size === 8 ? "d" : "w";
    this.#out.word(assemble("addi", { rd: ADDRESS, rs1: BASE, imm: this.#choose.offset() & -size }));
    this.#out.word(assemble(`lr.${suffix}`, { rd: this.#choose.rd(), rs1: ADDRESS }));
    for (let n = random.below(3); n > 0; n--) this.#plain();
    if (random.chance(6)) this.#out.word(assemble("addi", { rd: ADDRESS, rs1: ADDRESS, imm: random.pick([-size, 64]) & -size }));
    for (let n = 1 + Number(random.chance(4)); n > 0; n--)
      this.#out.word(assemble(`sc.${suffix}`, { rd: this.#choose.rd(), rs1: ADDRESS, rs2: this.#choose.rs() }));
  }

  /** An integer instruction that touches nothing but registers. */
  #plain(): void {
    const row = rowOf(this.#random.pick(["add", "xor", "addi", "sub", "slli", "and", "addw", "sltu"]));
    this.#out.word(encode(row, this.#choose.operands(row)));
  }

  /** fflags, frm and fcsr, with rounding modes that exist. */
  #floatState(): void {
    const random = this.#random;
    const rd = this.#choose.rd();
    switch (random.below(4)) {
      case 0:
        this.#out.word(assemble("csrrwi", { rd, rs1: random.below(5), imm: 2 }));
        break;
      case 1:
        this.#out.word(assemble("addi", { rd: ADDRESS, rs1: 0, imm: (random.below(5) << 5) | random.below(32) }));
        this.#out.word(assemble("csrrw", { rd, rs1: ADDRESS, imm: 3 }));
        break;
      case 2:
        this.#out.word(assemble(random.pick(["csrrs", "csrrc", "csrrw"]), { rd, rs1: this.#choose.rs(), imm: 1 }));
        break;
      default:
        this.#out.word(assemble(random.pick(["csrrs", "csrrsi"]), { rd, rs1: 0, imm: random.pick([1, 2, 3]) }));
    }
  }

  // ----------------------------------------------------------------------------------------------------- control

  #jump(row: Row, rs1: number): void {
    const random = this.#random;
    if (row.name === "jal") {
      this.#out.jump(row, { rd: this.#choose.rd() }, 1 + random.below(4));
    } else if (row.name === "jalr") {
      // Over one to three instructions; bit 0 of the sum is dropped.
      const skipped = 1 + random.below(3);
      this.#out.word(assemble("auipc", { rd: ADDRESS }));
      this.#out.word(encode(row, { rd: this.#choose.rd(), rs1: ADDRESS, imm: 8 + 4 * skipped + random.below(2) }));
      for (let n = 0; n < skipped; n++) this.#plain();
    } else {
      this.#out.jump(row, { rs1, rs2: random.chance(3) ? 0 : this.#choose.rs() }, 1 + random.below(4));
    }
  }

  /** A function of a few instructions behind a jump, then a call back to it. */
  #call(): void {
    const random = this.#random;
    const link = random.pick([1, 5]);
    const out = this.#out;
    const over = out.halves.length;
    out.word(0);
    const entry = out.halves.length;
    for (let n = 1 + random.below(3); n > 0; n--) {
      const row = rowOf(random.pick(["add", "xori", "sub", "mul"]));
      const operands = this.#choose.operands(row);
      out.word(encode(row, { ...operands, rd: operands.rd === link ? 6 : (operands.rd ?? 0) }));
    }
    if (random.chance(2))
      out.half(0x8002 | (link << 7)); // c.jr
    else out.word(assemble("jalr", { rs1: link }));
    const skip = assemble("jal", { imm: (out.halves.length - over) * 2 });
    [out.halves[over], out.halves[over + 1]] = [skip & 0xffff, skip >>> 16];
    out.word(assemble("jal", { rd: link, imm: (entry - out.halves.length) * 2 }));
  }

  /** A body run two to five times. Open jumps land before it, and its own inside it. */
  #loop(bodyInsns: number): void {
    const random = this.#random;
    const out = this.#out;
    out.landAll();
    out.word(assemble("addi", { rd: ROUNDS, rs1: 0, imm: 2 + random.below(4) }));
    const head = out.halves.length;
    this.#inLoop = true;
    if (random.chance(2)) {
      // Every other round enters the pair behind it in the middle.
      out.word(assemble("andi", { rd: ADDRESS, rs1: ROUNDS, imm: 1 }));
      out.word(assemble("bne", { rs1: ADDRESS, rs2: 0, imm: 8 }));
      this.#plain();
    }
    this.#items(bodyInsns);
    this.#inLoop = false;
    out.landAll();
    const compressed = random.chance(3);
    if (random.chance(2))
      out.half(0x14fd); // c.addi x9, -1
    else out.word(assemble("addi", { rd: ROUNDS, rs1: ROUNDS, imm: -1 }));
    const back = (head - out.halves.length) * 2;
    const bnez = COMPRESSED_ROWS.find(({ name }) => name === "c.bnez");
    if (compressed && back > -250 && bnez !== undefined) out.half(bnez.match | ((ROUNDS - 8) << 7) | scatter(bnez, back));
    else this.#loopBranch(back);
  }

  #loopBranch(back: number): void {
    const name = this.#random.pick(LOOP_BRANCHES);
    // x0 < rounds, signed or not; rounds != 0; rounds >= rounds would never end, so bge asks for 0 >= rounds the other way round.
    if (name === "bge") {
      this.#out.word(assemble("bge", { rs1: 0, rs2: ROUNDS, imm: 8 }));
      this.#out.word(assemble("jal", { imm: back - 4 }));
    } else if (name === "bne") {
      this.#out.word(assemble("bne", { rs1: ROUNDS, rs2: 0, imm: back }));
    } else {
      this.#out.word(assemble(name, { rs1: 0, rs2: ROUNDS, imm: back }));
    }
  }

  // -------------------------------------------------------------------------------------------------- compressed

  #compressed(row: CompressedRow): void {
    const base = rowOf(row.base);
    if (row.name === "c.ebreak") return;
    if (row.name === "c.jr" || row.name === "c.jalr") return this.#compressedRegisterJump(row);
    if (base.kind === "jump") {
      const rs1 = typeof row.rs1 === "number" ? 0 : this.#random.below(8) << 7;
      return this.#out.jumpCompressed(row, row.match | rs1, 1 + this.#random.below(3));
    }
    if (isMemory(base) && typeof row.rs1 !== "number")
      this.#out.word(assemble("addi", { rd: 8, rs1: BASE, imm: -this.#random.below(260) }));
    for (let tries = 0; tries < 50; tries++) {
      const half = (row.match | (this.#random.u32() & ~row.mask & 0xffff)) & 0xffff;
      const decoded = decode(half);
      if (decoded?.compressed !== row) continue;
      const writes = base.kind === "alu" || (base.kind === "mem" && base.format === "I");
      if (row.name === "c.addi16sp") return this.#stackAdjust(half, decoded.imm);
      if (writes && KEPT.has(decoded.rd)) continue;
      if (isMemory(base) && typeof row.rs1 !== "number" && decoded.rs1 !== 8) continue;
      if (writes) this.#choose.note(decoded.rd);
      return this.#out.half(half);
    }
  }

  /** The stack pointer goes away and comes back. */
  #stackAdjust(half: number, imm: number): void {
    this.#out.half(half);
    this.#out.word(assemble("addi", { rd: SP, rs1: SP, imm: -imm }));
  }

  #compressedRegisterJump(row: CompressedRow): void {
    this.#out.word(assemble("auipc", { rd: ADDRESS }));
    this.#out.word(assemble("addi", { rd: ADDRESS, rs1: ADDRESS, imm: 14 }));
    this.#out.half(row.match | (ADDRESS << 7));
    if (row.name === "c.jalr") this.#choose.note(1);
    this.#plain();
  }
}
