// Generated programs whose functions stand far apart and call one another often: so often that the translator calls them directly. They
// recurse, return elsewhere than to their call, jump out of several calls at once, are written over, and (under Sv39) change places.
//
//   x9 rounds left   x20 what is added to an address to reach the same bytes elsewhere   x23 round   x25 recursions left in this round   x27 stack of the loop
import { assemble } from "../../../src/isa/assemble.js";
import type { Random } from "../random.js";
import type { Guest } from "./agree.js";
import { GuestCode } from "./guest-code.js";
import { powerOff } from "./power-off.js";
import { CSR, enterSupervisor, PageTables, RWX_S } from "./supervisor.js";
import { DATA, HASH, T1, T2, WORK, Work } from "./work.js";

const CODE_PA = 0x80100000;
const FUNCTIONS = 7;
/** More than the translator looks at around a place. */
const APART_BYTES = 0x9000;
const CODE_PAGES = ((FUNCTIONS + 1) * APART_BYTES) / 4096;
const DATA_PA = 0x81002000;
const DATA_BYTES = 0x5000;
const TABLES_PA = 0x81400000;
const STACK_PA = 0x82400000;
const GIB = 0x40000000;
const LEFT = 9;
const DELTA = 20;
const ROUND = 23;
const COUNT = 24;
const RECURSIONS = 25;
const INNER = 26;
const STACK = 27;
const VARIANTS = 4;
const FRAME_BYTES = 32;
/** No round begins after so many instructions, as a power of 2. */
const FUEL_BITS = 24;

class Calls {
  readonly #code = new GuestCode(CODE_PA);
  readonly #work: Work;
  readonly #tables = new PageTables(TABLES_PA);
  readonly #root: number;
  #names = 0;

  constructor(
    readonly random: Random,
    readonly paged: boolean,
  ) {
    this.#work = new Work(this.#code, random);
    this.#root = this.#tables.root();
  }

  guest(rounds: number): Guest {
    const code = this.#code;
    const tables = this.#tables;
    for (const va of [0, 2 * GIB]) tables.map(this.#root, va, va, RWX_S, 2);
    for (let page = 0; page < CODE_PAGES; page++) tables.map(this.#root, GIB + page * 4096, CODE_PA + page * 4096, RWX_S);
    if (this.paged) enterSupervisor(code, tables.satp(this.#root), "start");
    code.label("start");
    this.#start(rounds);
    this.#loop();
    this.#end();
    for (let index = 0; index < FUNCTIONS; index++) this.#function(index);
    const bytes = code.bytes();
    const data = new Uint8Array(DATA_BYTES);
    for (let n = 0; n < data.length; n++) data[n] = this.random.u32();
    return {
      entryPa: CODE_PA,
      loads: [{ pa: CODE_PA, bytes }, { pa: DATA_PA, bytes: data }, ...tables.loads()],
      compared: [{ pa: DATA_PA, bytes: DATA_BYTES }, { pa: CODE_PA, bytes: bytes.length }, { pa: TABLES_PA, bytes: tables.bytes }],
      maxInsns: 2 ** (FUEL_BITS + 2),
    }; // prettier-ignore
  }

  #name(): string {
    return `l${this.#names++}`;
  }

  #start(rounds: number): void {
    const code = this.#code;
    for (const register of WORK) code.li(register, this.random.u64());
    code.li(HASH, this.random.u64());
    code.li(DATA, DATA_PA + 0x2000);
    code.li(2, STACK_PA);
    code.li(STACK, STACK_PA);
    code.li(LEFT, rounds);
    code.li(ROUND, 0);
    code.li(DELTA, this.paged ? GIB - CODE_PA : 0);
    code.la(T1, "end");
    code.op("csrrw", { rs1: T1, imm: this.paged ? CSR.stvec : CSR.mtvec });
    code.la(T1, "loop");
    code.op("add", { rd: T1, rs1: T1, rs2: DELTA });
    code.op("jalr", { rs1: T1 });
  }

  #loop(): void {
    const { random } = this;
    const code = this.#code;
    code.label("loop");
    code.li(RECURSIONS, random.below(6));
    for (let n = 1 + random.below(3); n > 0; n--) {
      this.#call(random.below(FUNCTIONS));
      this.#work.items(random.below(3));
    }
    code.label("caught");
    for (let n = 1 + random.below(3); n > 0; n--) this.#sometimes(random.pick([512, 1024, 2048]), () => this.#write());
    if (this.paged) this.#sometimes(2048, () => this.#swap());
    code.op("addi", { rd: ROUND, rs1: ROUND, imm: 1 });
    code.op("addi", { rd: LEFT, rs1: LEFT, imm: -1 });
    code.to("beq", { rs1: LEFT }, "end");
    code.op("csrrs", { rd: T1, imm: CSR.instret });
    code.op("srli", { rd: T1, rs1: T1, imm: FUEL_BITS });
    code.op("bne", { rs1: T1, imm: 8 });
    code.jump("loop");
  }

  #end(): void {
    const code = this.#code;
    code.align(4);
    code.label("end");
    powerOff(code, HASH);
  }

  /** In one round of `every`. */
  #sometimes(every: number, write: () => void): void {
    const code = this.#code;
    const not = this.#name();
    code.li(T1, every - 1);
    code.op("and", { rd: T1, rs1: T1, rs2: ROUND });
    code.op("addi", { rd: T1, rs1: T1, imm: -this.random.below(Math.min(every, 2000)) });
    code.op("beq", { rs1: T1, imm: 8 });
    code.jump(not);
    write();
    code.label(not);
  }

  /** By jal, or by auipc and jalr. What comes back may skip the instruction behind it. */
  #call(index: number): void {
    const code = this.#code;
    if (this.random.chance(3)) {
      code.la(1, `f${index}`); // auipc and addi: not known to the translator as a call of this place
      code.op("jalr", { rd: 1, rs1: 1 });
    } else code.call(`f${index}`);
    code.op("xori", { rd: HASH, rs1: HASH, imm: this.random.below(2048) });
  }

  /** Function `index` calls only those of higher numbers, and itself; the last two call nobody, and may change places. */
  #function(index: number): void {
    const { random } = this;
    const code = this.#code;
    const place = CODE_PA + (index + 1) * APART_BYTES;
    if (code.pa > place) throw new Error("too much code");
    code.skip((place - code.pa) / 2);
    code.label(`f${index}`);
    code.op("addi", { rd: 2, rs1: 2, imm: -FRAME_BYTES });
    code.op("sd", { rs1: 2, rs2: 1 });
    code.op("sd", { rs1: 2, rs2: COUNT, imm: 8 });
    this.#work.items(1 + random.below(4));
    this.#site(index);
    if (random.chance(2)) this.#innerLoop(index);
    if (random.chance(2)) this.#tangle();
    if (index < FUNCTIONS - 2) this.#callsOf(index);
    code.op("ld", { rd: 1, rs1: 2 });
    code.op("ld", { rd: COUNT, rs1: 2, imm: 8 });
    code.op("addi", { rd: 2, rs1: 2, imm: FRAME_BYTES });
    if (random.chance(3)) this.#sometimes(random.pick([2, 64, 1024]), () => code.op("addi", { rd: 1, rs1: 1, imm: 4 }));
    code.op("jalr", { rs1: 1 });
    code.align(4);
    code.label(`t${index}`);
    for (let n = 0; n < VARIANTS; n++) code.word(this.#variant());
  }

  #callsOf(index: number): void {
    const { random } = this;
    const code = this.#code;
    for (let n = random.below(3); n > 0; n--) {
      const not = this.#name();
      if (random.chance(2)) {
        code.op("andi", { rd: T1, rs1: random.pick(WORK), imm: 1 + random.below(3) });
        code.op("beq", { rs1: T1, imm: 8 });
        code.jump(not);
      }
      this.#call(index + 1 + random.below(FUNCTIONS - index - 1));
      code.label(not);
    }
    if (random.chance(3)) this.#recurse(index);
    if (random.chance(3)) this.#sometimes(random.pick([256, 1024]), () => this.#throw());
  }

  #recurse(index: number): void {
    const code = this.#code;
    const not = this.#name();
    code.op("bne", { rs1: RECURSIONS, imm: 8 });
    code.jump(not);
    code.op("addi", { rd: RECURSIONS, rs1: RECURSIONS, imm: -1 });
    this.#call(index);
    code.label(not);
  }

  /** Out of all calls, back into the loop. */
  #throw(): void {
    const code = this.#code;
    code.op("addi", { rd: 2, rs1: STACK });
    code.la(T1, "caught");
    code.op("jalr", { rs1: T1 });
  }

  #innerLoop(index: number): void {
    const { random } = this;
    const code = this.#code;
    const head = this.#name();
    code.li(COUNT, 1 + random.below(5));
    code.label(head);
    this.#work.items(1 + random.below(3));
    if (index < FUNCTIONS - 2 && random.chance(2)) this.#call(FUNCTIONS - 1 - random.below(2));
    code.op("addi", { rd: COUNT, rs1: COUNT, imm: -1 });
    code.op("beq", { rs1: COUNT, imm: 8 });
    code.jump(head);
  }

  /** A loop in a loop, which is also entered in its middle. */
  #tangle(): void {
    const { random } = this;
    const code = this.#code;
    const [outer, head, middle] = [this.#name(), this.#name(), this.#name()];
    code.li(COUNT, 1 + random.below(4));
    code.label(outer);
    code.li(INNER, 1 + random.below(4));
    code.op("andi", { rd: T1, rs1: random.pick(WORK), imm: 1 + random.below(3) });
    code.to("beq", { rs1: T1 }, middle);
    code.label(head);
    this.#work.items(1 + random.below(3));
    code.label(middle);
    this.#work.items(1 + random.below(3));
    code.op("addi", { rd: INNER, rs1: INNER, imm: -1 });
    code.to("bne", { rs1: INNER }, head);
    code.op("addi", { rd: COUNT, rs1: COUNT, imm: -1 });
    code.to("bne", { rs1: COUNT }, outer);
  }

  #site(index: number): void {
    this.#code.label(`s${index}`);
    this.#code.word(this.#variant());
  }

  #variant(): number {
    const { random } = this;
    const near = { rd: HASH, rs1: HASH };
    if (random.chance(4)) return assemble("ld", { rd: random.pick(WORK), rs1: DATA, imm: 8 * random.below(20) });
    if (random.chance(4)) return assemble("add", { ...near, rs2: ROUND });
    return assemble("addi", { ...near, imm: random.below(4096) });
  }

  /** An instruction of a function becomes another one; written where it runs, or where the same bytes are mapped once more. */
  #write(): void {
    const { random } = this;
    const code = this.#code;
    const index = random.below(FUNCTIONS);
    const moves = index >= FUNCTIONS - 2; // where it runs, another one may stand by now
    code.op("andi", { rd: T2, rs1: HASH, imm: VARIANTS - 1 });
    code.la(T1, `t${index}`);
    if (moves) code.op("sub", { rd: T1, rs1: T1, rs2: DELTA });
    code.op("sh2add", { rd: T2, rs1: T2, rs2: T1 });
    code.op("lw", { rd: T2, rs1: T2 });
    code.la(T1, `s${index}`);
    if (moves || random.chance(2)) code.op("sub", { rd: T1, rs1: T1, rs2: DELTA });
    code.op("sw", { rs1: T1, rs2: T2 });
    if (random.chance(2)) code.op("fence.i");
  }

  /** The last two functions change places. */
  #swap(): void {
    const code = this.#code;
    const [a, b] = [FUNCTIONS - 1, FUNCTIONS].map((n) => this.#tables.entryPa(this.#root, GIB + n * APART_BYTES));
    code.li(T1, a ?? 0);
    code.li(30, b ?? 0);
    code.op("ld", { rd: T2, rs1: T1 });
    code.op("ld", { rd: 31, rs1: 30 });
    code.op("sd", { rs1: T1, rs2: 31 });
    code.op("sd", { rs1: 30, rs2: T2 });
    code.op("sfence.vma", { rs1: 0, rs2: 0 });
  }
}

/** A program that runs `rounds` rounds of a loop of calls. */
export function calls(random: Random, paged: boolean, rounds: number): Guest {
  return new Calls(random, paged).guest(rounds);
}
