// Floating point in hot loops: all operations on operands of all kinds, with flags and rounding modes that change, and floating point
// itself off, initial, clean and dirty. Every round ends with fcsr and FS going into the hash; what traps is noted and stepped over.
//
//   x9 rounds left   x18 operands   x19 where to keep floats   x8 hash   x26 hash of traps   x20, x21 masks of mstatus.FS
import { encode } from "../../../src/isa/assemble.js";
import { ROWS } from "../../../src/isa/rv64gc.js";
import type { Row } from "../../../src/isa/table.js";
import { toFloat } from "../operands.js";
import type { Random } from "../random.js";
import type { Guest } from "./agree.js";
import { GuestCode } from "./guest-code.js";
import { powerOff } from "./power-off.js";
import { CSR } from "./supervisor.js";
import { DATA, HASH, T1, T2, WORK } from "./work.js";

const CODE_PA = 0x80100000;
const DATA_PA = 0x81002000;
const OPERANDS = 512;
const KEEP_PA = 0x81010000;
const KEEP = 19;
const FS_OFF = 20;
const LEFT = 9;
const TRAPS = 26;
const FS_SHIFT = 13;
const FLOATS = 16;
const OPS: readonly Row[] = ROWS.filter((row) => row.kind.startsWith("f") && !row.kind.startsWith("fmem"));
const FAVOURITES = /^f(add|sub|mul|div|sqrt|madd|msub|nmadd|nmsub|cvt|min|max|sgnj)/;
const ROUNDINGS = [7, 7, 7, 7, 7, 7, 0, 0, 0, 1, 1, 2, 3, 4];

/** What a program tends to. */
interface Manner {
  /** Of the registers' contents. */
  readonly boxing: "any" | "boxed" | "double" | "nearly";
  readonly plain: boolean;
  /** One round in so many, a power of two, begins with other flags or another rounding mode; with another FS. */
  readonly flagsEvery: number;
  readonly stateEvery: number;
  readonly favourites: boolean;
}

class FloatLoops {
  readonly #code = new GuestCode(CODE_PA);
  readonly #manner: Manner;
  #names = 0;

  constructor(readonly random: Random) {
    this.#manner = {
      boxing: random.pick(["any", "boxed", "double", "double", "nearly"] as const),
      plain: random.chance(3),
      flagsEvery: random.pick([1, 4, 32, 256]),
      stateEvery: random.pick([4, 64, 256]),
      favourites: random.chance(2),
    };
  }

  guest(rounds: number): Guest {
    const { random } = this;
    const code = this.#code;
    this.#start(rounds);
    code.label("loop");
    this.#begin();
    for (let part = 2 + random.below(4); part > 0; part--) {
      this.#loads(1 + random.below(5));
      this.#operations(3 + random.below(12));
      if (random.chance(3)) this.#skip();
      if (random.chance(4)) this.#inner();
      if (random.chance(4)) code.call("function");
    }
    this.#endRound();
    this.#end();
    code.label("function");
    this.#operations(1 + random.below(6));
    if (random.chance(3)) this.#flags();
    code.op("jalr", { rs1: 1 });
    const data = new DataView(new ArrayBuffer(OPERANDS * 8));
    for (let n = 0; n < OPERANDS; n++) data.setBigUint64(n * 8, this.#operand(), true);
    return {
      entryPa: CODE_PA,
      loads: [{ pa: CODE_PA, bytes: code.bytes() }, { pa: DATA_PA, bytes: new Uint8Array(data.buffer) }],
      compared: [{ pa: KEEP_PA, bytes: 4096 }, { pa: DATA_PA, bytes: OPERANDS * 8 }],
      maxInsns: rounds * 20_000 + 100_000,
    }; // prettier-ignore
  }

  /** Numbers of a size, so that sums and products stay ordinary, or anything. */
  #operand(): bigint {
    const { random } = this;
    if (!this.#manner.plain || random.chance(20)) return random.float(this.#manner.boxing);
    const value = new DataView(new ArrayBuffer(8));
    const number = (random.u32() / 2 ** 31 - 1) * random.pick([1, 1, 1000, 0.001]);
    if (this.#manner.boxing === "boxed") {
      value.setFloat32(0, number, true);
      value.setUint32(4, 0xffffffff, true);
    } else value.setFloat64(0, random.chance(8) ? Math.round(number) : number, true);
    return value.getBigUint64(0, true);
  }

  #name(): string {
    return `l${this.#names++}`;
  }

  #start(rounds: number): void {
    const { random } = this;
    const code = this.#code;
    for (const register of WORK) code.li(register, random.u64());
    code.li(HASH, random.u64());
    code.li(TRAPS, 1);
    code.li(DATA, DATA_PA + 2048);
    code.li(KEEP, KEEP_PA);
    code.li(LEFT, rounds);
    code.li(FS_OFF, 3 << FS_SHIFT);
    code.op("csrrs", { rs1: FS_OFF, imm: CSR.mstatus });
    code.la(T1, "trap");
    code.op("csrrw", { rs1: T1, imm: CSR.mtvec });
    for (let f = 0; f < 32; f++) code.op("fld", { rd: f, rs1: DATA, imm: 8 * random.below(250) });
  }

  /** Does `what` in one of `every` rounds. */
  #sometimes(every: number, what: () => void): void {
    const code = this.#code;
    const over = this.#name();
    if (every > 1) {
      code.op("andi", { rd: T1, rs1: LEFT, imm: every - 1 });
      code.op("addi", { rd: T1, rs1: T1, imm: -this.random.below(every) });
      code.to("bne", { rs1: T1 }, over);
    }
    what();
    code.label(over);
  }

  #begin(): void {
    const { random } = this;
    const code = this.#code;
    this.#sometimes(this.#manner.flagsEvery, () => this.#flags());
    // FS is what two bits of the hash say; 0 is off, and every operation traps.
    this.#sometimes(this.#manner.stateEvery, () => {
      code.op("csrrc", { rs1: FS_OFF, imm: CSR.mstatus });
      code.op("srli", { rd: T1, rs1: HASH, imm: random.below(50) });
      code.op("andi", { rd: T1, rs1: T1, imm: 3 });
      code.op("slli", { rd: T1, rs1: T1, imm: FS_SHIFT });
      code.op("csrrs", { rs1: T1, imm: CSR.mstatus });
    });
    // At the latest half as many rounds later it is on again.
    this.#sometimes(Math.max(2, this.#manner.stateEvery / 2), () => code.op("csrrs", { rs1: FS_OFF, imm: CSR.mstatus }));
  }

  /** fflags, frm or fcsr; mostly inexact only and to nearest, which is what host operations can do. */
  #flags(): void {
    const { random } = this;
    const code = this.#code;
    switch (random.below(6)) {
      case 0:
        return code.op("csrrwi", { rd: random.pick(WORK), rs1: random.below(32), imm: CSR.fflags });
      case 1:
        return code.op("csrrwi", { rd: random.pick(WORK), rs1: random.below(random.chance(8) ? 8 : 5), imm: CSR.frm });
      case 2:
        code.op("andi", { rd: T1, rs1: HASH, imm: random.pick([0x1f, 0x3f, 0x7f, 0xff]) });
        return code.op("csrrw", { rs1: T1, imm: CSR.fcsr });
      case 3:
        return code.op("csrrsi", { rd: random.pick(WORK), rs1: random.below(32), imm: CSR.fflags });
      default:
        return code.op("csrrwi", { rd: random.pick(WORK), rs1: 1, imm: CSR.fcsr });
    }
  }

  #loads(count: number): void {
    const { random } = this;
    const code = this.#code;
    code.op("srli", { rd: T2, rs1: HASH, imm: random.below(50) });
    code.op("andi", { rd: T2, rs1: T2, imm: 0x3f8 });
    code.op("add", { rd: T2, rs1: T2, rs2: DATA });
    for (let n = 0; n < count; n++) {
      const name = this.#manner.boxing === "boxed" ? "flw" : random.pick(["fld", "fld", "flw"]);
      code.op(name, { rd: random.below(FLOATS), rs1: T2, imm: 8 * random.below(120) });
    }
  }

  #operations(count: number): void {
    const { random } = this;
    const code = this.#code;
    const rows = this.#manner.favourites ? OPS.filter(({ name }) => FAVOURITES.test(name)) : OPS;
    for (let n = 0; n < count; n++) {
      const row = random.pick(rows);
      const fromInteger = /^(fmv\.[wd]\.x|fcvt\.[sd]\.[wl])/.test(row.name);
      const rd = toFloat(row) ? random.below(FLOATS) : random.chance(20) ? 0 : random.pick(WORK);
      const rs1 = fromInteger ? random.pick([0, HASH, LEFT, ...WORK]) : random.below(FLOATS);
      const rm = random.chance(60) ? random.pick([5, 6]) : random.pick(ROUNDINGS);
      code.word(encode(row, { rd, rs1, rs2: random.below(FLOATS), rs3: random.below(FLOATS), rm }));
      if (!random.chance(2)) continue;
      if (toFloat(row)) this.#fold(rd);
      else code.op("add", { rd: HASH, rs1: HASH, rs2: rd });
    }
  }

  /** A float goes into the hash, by a move or by memory. */
  #fold(f: number): void {
    const { random } = this;
    const code = this.#code;
    if (random.chance(3)) {
      const store = random.pick(["fsd", "fsw"]);
      const imm = random.chance(6) ? 61 : 64;
      code.op(store, { rs1: KEEP, rs2: f, imm });
      code.op("ld", { rd: T1, rs1: KEEP, imm });
    } else {
      code.op(random.pick(["fmv.x.d", "fmv.x.w"]), { rd: T1, rs1: f });
    }
    code.op("rori", { rd: HASH, rs1: HASH, imm: 1 + random.below(63) });
    code.op("xor", { rd: HASH, rs1: HASH, rs2: T1 });
  }

  #skip(): void {
    const { random } = this;
    const over = this.#name();
    const compare = random.pick(["feq.d", "flt.d", "fle.d", "feq.s", "flt.s", "fle.s"]);
    this.#code.op(compare, { rd: T1, rs1: random.below(FLOATS), rs2: random.below(FLOATS) });
    this.#code.to(random.pick(["beq", "bne"]), { rs1: T1 }, over);
    this.#operations(1 + random.below(3));
    this.#code.label(over);
  }

  #inner(): void {
    const { random } = this;
    const code = this.#code;
    const head = this.#name();
    code.li(24, 1 + random.below(20));
    code.label(head);
    this.#operations(1 + random.below(4));
    code.op("addi", { rd: 24, rs1: 24, imm: -1 });
    code.to("bne", { rs1: 24 }, head);
  }

  #endRound(): void {
    const code = this.#code;
    const csrs = this.random.pick([[CSR.fcsr], [CSR.fflags, CSR.mstatus], [CSR.mstatus, CSR.fcsr], [CSR.instret, CSR.fcsr]]);
    for (const csr of csrs) {
      code.op("csrrs", { rd: T1, imm: csr });
      code.op("rori", { rd: HASH, rs1: HASH, imm: 17 });
      code.op("add", { rd: HASH, rs1: HASH, rs2: T1 });
    }
    code.op("addi", { rd: LEFT, rs1: LEFT, imm: -1 });
    code.op("beq", { rs1: LEFT, imm: 8 });
    code.jump("loop");
  }

  #end(): void {
    const code = this.#code;
    code.op("csrrs", { rs1: FS_OFF, imm: CSR.mstatus });
    for (let f = 0; f < 32; f++) code.op("fsd", { rs1: KEEP, rs2: f, imm: 128 + f * 8 });
    code.op("sd", { rs1: KEEP, rs2: TRAPS, imm: 8 });
    powerOff(code, HASH);
    code.align(4);
    code.label("trap");
    for (const csr of [CSR.mcause, CSR.mepc, CSR.mtval, CSR.mstatus, CSR.instret]) {
      code.op("csrrs", { rd: 3, imm: csr });
      code.op("rori", { rd: TRAPS, rs1: TRAPS, imm: 9 });
      code.op("add", { rd: TRAPS, rs1: TRAPS, rs2: 3 });
    }
    code.op("csrrs", { rd: 3, imm: CSR.mepc });
    code.op("addi", { rd: 3, rs1: 3, imm: 4 });
    code.op("csrrw", { rs1: 3, imm: CSR.mepc });
    code.op("mret");
  }
}

/** A program that runs `rounds` rounds of a loop over some dozens of operations. */
export function floatLoops(random: Random, rounds: number): Guest {
  return new FloatLoops(random).guest(rounds);
}
