// Generated code that changes itself: a hot loop whose instructions, and those of the functions that it calls, are written over while
// they run. Sites are words that change; each has some variants, among them jumps, calls and pairs of compressed instructions.
//
//   x9 rounds left   x20, x21 what is added to an address to reach the same bytes elsewhere   x23 round
import { assemble } from "../../../src/isa/assemble.js";
import type { Random } from "../random.js";
import type { Guest } from "./agree.js";
import { GuestCode } from "./guest-code.js";
import { powerOff } from "./power-off.js";
import { CSR, enterSupervisor, PageTables, RWX_S } from "./supervisor.js";
import { DATA, HASH, T1, T2, WORK, Work } from "./work.js";

const CODE_PA = 0x80100000;
const CODE_PAGES = 24;
const DATA_PA = 0x81002000;
const DATA_BYTES = 0x5000;
const TABLES_PA = 0x81400000;
const STACK_PA = 0x82400000;
const GIB = 0x40000000;
/** The code again, page after page, and with its pages in another order. */
const ALIAS_VA = GIB;
const SHUFFLED_VA = GIB + 0x1000000;
const LEFT = 9;
const DELTAS = [0, 20, 21] as const;
const ROUND = 23;
const VARIANT_COUNT = 8;
const LEAF_LINK = 5;

interface Site {
  readonly label: string;
  readonly table: string;
  readonly words: readonly number[];
}

class SelfModifying {
  readonly #code: GuestCode;
  readonly #work: Work;
  readonly #sites: Site[] = [];
  readonly #functions: string[] = [];
  readonly #cells: string[] = [];
  #names = 0;

  constructor(
    readonly random: Random,
    readonly paged: boolean,
  ) {
    this.#code = new GuestCode(CODE_PA);
    this.#work = new Work(this.#code, random);
  }

  guest(rounds: number, patches: number): Guest {
    const { random } = this;
    const code = this.#code;
    const tables = new PageTables(TABLES_PA);
    const root = tables.root();
    for (const [va, flags] of [[0, RWX_S], [2 * GIB, RWX_S]] as const) tables.map(root, va, va, flags, 2); // prettier-ignore
    for (let page = 0; page < CODE_PAGES; page++) {
      tables.map(root, ALIAS_VA + page * 4096, CODE_PA + page * 4096, RWX_S);
      tables.map(root, SHUFFLED_VA + page * 4096, CODE_PA + (page ^ 1) * 4096, RWX_S);
    }
    if (this.paged) enterSupervisor(code, tables.satp(root), "start");
    code.label("start");
    this.#start(rounds);
    if (random.chance(2)) code.toPageOffset(4096 - 2 * random.below(60));
    const patchesToWrite = this.#loop(2 ** Math.floor(Math.log2(rounds / patches)));
    this.#end();
    for (const name of this.#functions) this.#function(name);
    for (const write of patchesToWrite) write();
    this.#variants();
    const bytes = code.bytes();
    if (bytes.length > CODE_PAGES * 4096) throw new Error("too much code");
    const data = new Uint8Array(DATA_BYTES);
    for (let n = 0; n < data.length; n++) data[n] = random.u32();
    return {
      entryPa: CODE_PA,
      loads: [{ pa: CODE_PA, bytes }, { pa: DATA_PA, bytes: data }, ...tables.loads()],
      compared: [{ pa: DATA_PA, bytes: DATA_BYTES }, { pa: CODE_PA, bytes: bytes.length }, { pa: TABLES_PA, bytes: tables.bytes }],
      maxInsns: rounds * 3000 + 100_000,
    }; // prettier-ignore
  }

  #name(): string {
    return `l${this.#names++}`;
  }

  #start(rounds: number): void {
    const { random } = this;
    const code = this.#code;
    for (const register of WORK) code.li(register, random.u64());
    code.li(HASH, random.u64());
    code.li(DATA, DATA_PA + 0x2000);
    code.li(2, STACK_PA);
    code.li(LEFT, rounds);
    code.li(ROUND, 0);
    code.li(DELTAS[1], this.paged ? ALIAS_VA - CODE_PA : 0);
    code.li(DELTAS[2], this.paged ? SHUFFLED_VA - CODE_PA : 0);
    code.la(T1, "end");
    code.op("csrrw", { rs1: T1, imm: this.paged ? CSR.stvec : CSR.mtvec });
  }

  /** Patches come from inside the loop, before or behind what they change; every `every` rounds, at different times. */
  #loop(every: number): (() => void)[] {
    const { random } = this;
    const code = this.#code;
    for (let n = 1 + random.below(4); n > 0; n--) this.#functions.push(`f${n}`);
    code.label("loop");
    const parts = 3 + random.below(6);
    const patchesAt = Array.from({ length: parts }, () => random.chance(2));
    patchesAt[0] = true;
    const later: (() => void)[] = [];
    for (let part = 0; part < parts; part++) {
      this.#work.items(random.below(5));
      if (random.chance(2)) this.#site();
      if (random.chance(2)) this.#call(random.pick(this.#functions));
      if (random.chance(3)) this.#innerLoop();
      if (patchesAt[part] === true) later.push(this.#patch(every, random.below(every)));
      if (random.chance(2)) this.#site();
      if (random.chance(5)) this.#touchCell();
    }
    code.op("addi", { rd: ROUND, rs1: ROUND, imm: 1 });
    code.op("addi", { rd: LEFT, rs1: LEFT, imm: -1 });
    code.op("beq", { rs1: LEFT, imm: 8 });
    code.jump("loop");
    code.jump("end");
    return later;
  }

  #end(): void {
    const code = this.#code;
    code.label("leaf");
    code.op("addi", { rd: HASH, rs1: HASH, imm: 77 });
    code.op("jalr", { rs1: LEAF_LINK });
    code.align(4);
    code.label("end");
    powerOff(code, HASH);
  }

  /** A word that will change, and what it may become. Two words behind it are harmless to skip. */
  #site(): void {
    const { random } = this;
    const code = this.#code;
    if (random.chance(6)) {
      const skip = this.#name();
      code.jump(skip);
      code.toPageOffset(4094);
      code.label(skip);
    } else if (random.chance(4)) code.half(0x0001);
    const label = this.#name();
    const words = Array.from({ length: VARIANT_COUNT }, () => this.#variant());
    code.label(label);
    code.word(words[0] ?? 0x13);
    code.op("xori", { rd: HASH, rs1: HASH, imm: random.below(2048) });
    code.op("addi", { rd: HASH, rs1: HASH, imm: random.below(2048) });
    this.#sites.push({ label, table: `${label}t`, words });
  }

  #variant(): number {
    const { random } = this;
    const near = { rd: HASH, rs1: HASH };
    switch (random.below(9)) {
      case 0:
        return assemble("addi", { ...near, imm: random.below(4096) });
      case 1:
        return assemble("mul", { ...near, rs2: random.pick(WORK) });
      case 2:
        return assemble("ld", { rd: random.pick(WORK), rs1: DATA, imm: 8 * random.below(20) });
      case 3:
        return assemble("sd", { rs2: HASH, rs1: DATA, imm: 8 * random.below(20) });
      case 4:
        return assemble("jal", { rd: 0, imm: random.pick([4, 8, 12]) });
      case 5:
        return assemble("bne", { rs1: random.pick(WORK), rs2: 0, imm: random.pick([8, 12]) });
      case 6:
        return assemble("jal", { rd: LEAF_LINK, imm: random.pick([4, 8]) });
      case 7:
        return ((0x0405 << 16) | 0x0411) >>> 0; // c.addi x8, 1 behind c.addi x8, 4
      default:
        return random.chance(2) ? assemble("csrrs", { rd: random.pick(WORK), imm: CSR.instret }) : assemble("xor", { ...near, rs2: ROUND });
    }
  }

  /** A test of the round, and out of line, if it is time, the writing. */
  #patch(every: number, when: number): () => void {
    const { random } = this;
    const code = this.#code;
    const [write, back] = [this.#name(), this.#name()];
    code.li(T1, every - 1);
    code.op("and", { rd: T1, rs1: T1, rs2: ROUND });
    if (every > 2048) code.op("srli", { rd: T1, rs1: T1, imm: 2 });
    code.op("addi", { rd: T1, rs1: T1, imm: -(when % Math.min(every, 2048)) });
    code.op("bne", { rs1: T1, imm: 8 });
    code.jump(write);
    code.label(back);
    return () => {
      code.label(write);
      for (let n = 1 + random.below(3); n > 0; n--) this.#write();
      if (random.chance(3)) code.op("fence.i");
      code.jump(back);
    };
  }

  /** One of the variants of a site is stored, in one piece or several, here or through another mapping. */
  #write(): void {
    const { random } = this;
    const code = this.#code;
    const site = random.pick(this.#sites);
    const crosses = code.place(site.label) % 4096 > 4088;
    const delta = this.paged ? random.pick(crosses ? DELTAS.slice(0, 2) : DELTAS) : 0;
    code.op("srli", { rd: T2, rs1: HASH, imm: random.below(60) });
    code.op("andi", { rd: T2, rs1: T2, imm: VARIANT_COUNT - 1 });
    code.op("slli", { rd: T2, rs1: T2, imm: 2 });
    code.la(T1, site.table);
    code.op("add", { rd: T2, rs1: T2, rs2: T1 });
    code.op("lw", { rd: T2, rs1: T2 });
    // x30 is where it goes; every other page changes places with its neighbour in the third mapping.
    code.la(30, site.label);
    if (delta === DELTAS[2]) {
      code.op("lui", { rd: 31, imm: 0x1000 });
      code.op("xor", { rd: 30, rs1: 30, rs2: 31 });
    }
    if (delta !== 0) code.op("add", { rd: 30, rs1: 30, rs2: delta });
    const stores: readonly (() => void)[] = [
      () => code.op("sw", { rs1: 30, rs2: T2 }),
      () => this.#pieces("sh", 16),
      () => this.#pieces("sb", 8),
      () => {
        code.op("lwu", { rd: T1, rs1: 30, imm: 4 });
        code.op("slli", { rd: T1, rs1: T1, imm: 32 });
        code.op("zext.h", { rd: 31, rs1: T2 });
        code.op("srliw", { rd: T2, rs1: T2, imm: 16 });
        code.op("slli", { rd: T2, rs1: T2, imm: 16 });
        code.op("or", { rd: T2, rs1: T2, rs2: 31 });
        code.op("add.uw", { rd: T2, rs1: T2, rs2: T1 });
        code.op("sd", { rs1: 30, rs2: T2 });
      },
    ];
    random.pick(stores)();
    if (random.chance(8)) code.op("fence.i");
  }

  #pieces(store: string, bits: number): void {
    const code = this.#code;
    for (let at = 0; at < 32; at += bits) {
      code.op(store, { rs1: 30, rs2: T2, imm: at / 8 });
      code.op("srli", { rd: T2, rs1: T2, imm: bits });
    }
  }

  /** A store next to code: the page is code and data. */
  #touchCell(): void {
    const code = this.#code;
    if (this.#cells.length === 0 || this.random.chance(3)) this.#cells.push(this.#name());
    code.la(T1, this.random.pick(this.#cells));
    code.op("ld", { rd: T2, rs1: T1 });
    code.op("add", { rd: T2, rs1: T2, rs2: HASH });
    code.op("sd", { rs1: T1, rs2: T2 });
    code.op("xor", { rd: HASH, rs1: HASH, rs2: T2 });
  }

  #innerLoop(): void {
    const { random } = this;
    const code = this.#code;
    const head = this.#name();
    code.li(24, 1 + random.below(12));
    code.label(head);
    this.#work.items(1 + random.below(3));
    if (random.chance(2)) this.#site();
    code.op("addi", { rd: 24, rs1: 24, imm: -1 });
    code.op("beq", { rs1: 24, imm: 8 });
    code.jump(head);
  }

  /** Where it stands, or where it is mapped once more. */
  #call(label: string): void {
    const { random } = this;
    const code = this.#code;
    const delta = this.paged ? random.pick(DELTAS.slice(0, 2)) : 0;
    if (delta === 0 && random.chance(2)) return code.call(label);
    code.la(T1, label);
    if (delta !== 0) code.op("add", { rd: T1, rs1: T1, rs2: delta });
    code.op("jalr", { rd: 1, rs1: T1 });
  }

  #function(name: string): void {
    const { random } = this;
    const code = this.#code;
    const place = random.below(4);
    if (place === 1) code.toPageOffset(random.pick([0, 4096 - 20, 4096 - 2 * (1 + random.below(40))]));
    if (place === 2) code.skip(2048 + random.below(2048));
    if (place === 3) code.align(4);
    for (const cell of this.#cells.splice(0, random.below(3))) {
      code.align(8);
      code.label(cell);
      code.double(random.u64());
    }
    code.label(name);
    this.#work.items(random.below(4));
    this.#site();
    if (random.chance(2)) this.#innerLoop();
    if (random.chance(2)) this.#site();
    this.#work.items(random.below(3));
    code.op("jalr", { rs1: 1 });
  }

  #variants(): void {
    const code = this.#code;
    code.align(8);
    for (const cell of this.#cells) {
      code.label(cell);
      code.double(1n);
    }
    for (const { table, words } of this.#sites) {
      code.label(table);
      for (const word of words) code.word(word);
    }
  }
}

/** A program that runs `rounds` rounds of a loop, and writes over itself in about `patches` of them. */
export function selfModifying(random: Random, paged: boolean, rounds: number, patches: number): Guest {
  return new SelfModifying(random, paged).guest(rounds, patches);
}
