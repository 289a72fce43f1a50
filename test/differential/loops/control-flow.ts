// Generated control flow: functions that are random graphs of blocks, which call each other in every way there is. Fuel, taken where a
// path goes back and where a function begins, ends each round by a jump out of whatever is running; the next one starts afresh.
//
//   x1 x5 x6 links   x2 stack   x8 hash   x9 fuel   x18 data   x19 tables of addresses   x20 fuel for later rounds   x21 calls that may still recur
import type { Random } from "../random.js";
import type { Guest } from "./agree.js";
import { GuestCode } from "./guest-code.js";
import { powerOff } from "./power-off.js";
import { CSR, enterSupervisor, PageTables, RWX_S } from "./supervisor.js";
import { DATA, HASH, T1, T2, WORK, Work } from "./work.js";

const CODE_PA = 0x80100000;
const DATA_PA = 0x81002000;
const DATA_BYTES = 0x5000;
const STACK_PA = 0x82400000;
const SP = 2;
const FUEL = 9;
const TABLES = 19;
const RESERVE = 20;
const GRANTED = 24;
const RECURSION = 21;
const LINKS = [1, 5, 6] as const;
const BRANCHES = ["beq", "bne", "blt", "bge", "bltu", "bgeu"] as const;
const OPPOSITE: Readonly<Record<string, string>> = { beq: "bne", bne: "beq", blt: "bge", bge: "blt", bltu: "bgeu", bgeu: "bltu" };
const FRAME_BYTES = 32;

/** Where a program takes timer interrupts: nowhere, in M-mode by mtimecmp, in S-mode by stimecmp. */
export type Timer = "none" | "M" | "S";

const TABLES_PA = 0x81400000;
const HANDLER_STACK_PA = 0x82800000;
const HANDLER_FRAME_BYTES = 256;
const MTIMECMP_PA = 0x2004000;
const MTIME_PA = 0x200bff8;
/** Looks at the clock move it by LOOK_NS, 20 ticks; an interrupt follows some of them later, so that the program gets on. */
const LOOK_NS = 2000n;
const TICKS = [100, 300, 1000];
/** CSRs and bits that differ between the two modes. */
const TIMERS = {
  M: { tvec: CSR.mtvec, scratch: CSR.mscratch, ie: CSR.mie, bit: 1 << 7, status: CSR.mstatus, enable: 1 << 3, back: "mret" },
  S: { tvec: CSR.stvec, scratch: CSR.sscratch, ie: CSR.sie, bit: 1 << 5, status: CSR.sstatus, enable: 1 << 1, back: "sret" },
} as const;

interface Shape {
  readonly functions: number;
  readonly blocks: readonly number[];
  readonly links: readonly number[];
  /** Blocks of the function lie far apart. */
  readonly spread: readonly boolean[];
}

class ControlFlow {
  readonly #code: GuestCode;
  readonly #work: Work;
  readonly #tables: string[] = [];
  readonly #shape: Shape;
  #names = 0;
  #heads = new Set<string>();

  constructor(
    readonly random: Random,
    readonly timer: Timer,
  ) {
    this.#code = new GuestCode(CODE_PA + 2 * random.below(2048));
    this.#work = new Work(this.#code, random);
    const functions = 3 + random.below(6);
    const each = <T>(make: (n: number) => T): T[] => Array.from({ length: functions }, (_, n) => make(n));
    this.#shape = {
      functions,
      blocks: each(() => random.pick([1, 3, 5, 8, 12, 20])),
      links: each((n) => (n === 0 ? 1 : random.pick([1, 1, 1, ...LINKS]))),
      spread: each(() => random.chance(5)),
    };
  }

  guest(fuel: number): Guest {
    const { random } = this;
    const code = this.#code;
    const entryPa = code.pa;
    const tables = new PageTables(TABLES_PA);
    if (this.timer !== "none") this.#startTimer(tables);
    this.#driver(fuel);
    for (const n of this.#order()) {
      if (random.chance(3)) code.skip(random.below(3000));
      if (random.chance(8)) code.skip(random.below(20_000));
      if (random.chance(3)) code.toPageOffset(4096 - 2 * (1 + random.below(8)));
      this.#function(n);
    }
    code.align(8);
    code.label("tables");
    for (const label of this.#tables) code.pointer(label);
    const data = new Uint8Array(DATA_BYTES);
    for (let n = 0; n < data.length; n++) data[n] = random.u32();
    const loads = [{ pa: code.base, bytes: code.bytes() }, { pa: DATA_PA, bytes: data }, ...tables.loads()]; // prettier-ignore
    const lookNs = this.timer === "none" ? 0n : LOOK_NS;
    return { entryPa, loads, compared: [{ pa: DATA_PA, bytes: DATA_BYTES }], maxInsns: fuel * 20_000 + 1_000_000, lookNs };
  }

  #order(): number[] {
    const order = Array.from({ length: this.#shape.functions }, (_, n) => n);
    for (let n = order.length - 1; n > 0; n--) {
      const other = this.random.below(n + 1);
      [order[n], order[other]] = [order[other] ?? 0, order[n] ?? 0];
    }
    return order;
  }

  #name(): string {
    return `l${this.#names++}`;
  }

  /** The handler stands in front of the program; it saves every register, works in a loop and a function of its own, and counts. */
  #startTimer(tables: PageTables): void {
    const { random } = this;
    const code = this.#code;
    const t = this.timer === "S" ? TIMERS.S : TIMERS.M;
    if (this.timer === "S") {
      const root = tables.root();
      for (const va of [0, 0x80000000]) tables.map(root, va, va, RWX_S, 2);
      enterSupervisor(code, tables.satp(root), "timed");
    }
    code.label("timed");
    code.la(T1, "tick");
    code.op("csrrw", { rs1: T1, imm: t.tvec });
    code.li(T1, HANDLER_STACK_PA);
    code.op("csrrw", { rs1: T1, imm: t.scratch });
    this.#nextTick(100);
    code.li(T1, t.bit);
    code.op("csrrs", { rs1: T1, imm: t.ie });
    code.op("csrrsi", { rs1: t.enable, imm: t.status });
    code.jump("driver");
    code.align(4);
    code.label("tick");
    code.op("csrrw", { rd: SP, rs1: SP, imm: t.scratch });
    code.op("addi", { rd: SP, rs1: SP, imm: -HANDLER_FRAME_BYTES });
    const saved = Array.from({ length: 32 }, (_, n) => n).filter((n) => n !== 0 && n !== SP);
    for (const register of saved) code.op("sd", { rs1: SP, rs2: register, imm: register * 8 });
    code.op("ld", { rd: 10, rs1: SP, imm: 0 });
    code.op("addi", { rd: 10, rs1: 10, imm: 1 });
    code.op("sd", { rs1: SP, rs2: 10, imm: 0 });
    code.li(11, 1 + random.below(80));
    code.label("tick-loop");
    code.op("mul", { rd: 12, rs1: 12, rs2: 11 });
    code.op("ld", { rd: 13, rs1: SP, imm: 64 });
    code.op("add", { rd: 12, rs1: 12, rs2: 13 });
    if (random.chance(2)) code.call("tick-leaf");
    code.op("addi", { rd: 11, rs1: 11, imm: -1 });
    code.to("bne", { rs1: 11 }, "tick-loop");
    this.#nextTick(random.pick(TICKS));
    for (const register of saved) code.op("ld", { rd: register, rs1: SP, imm: register * 8 });
    code.op("addi", { rd: SP, rs1: SP, imm: HANDLER_FRAME_BYTES });
    code.op("csrrw", { rd: SP, rs1: SP, imm: t.scratch });
    code.op(t.back);
    code.label("tick-leaf");
    code.op("xor", { rd: 14, rs1: 12, rs2: 13 });
    code.op("jalr", { rs1: 1 });
    code.label("driver");
  }

  #nextTick(ticks: number): void {
    const code = this.#code;
    if (this.timer === "S") {
      code.op("csrrs", { rd: T1, imm: CSR.time });
      code.op("addi", { rd: T1, rs1: T1, imm: ticks });
      code.op("csrrw", { rs1: T1, imm: CSR.stimecmp });
      return;
    }
    code.li(T1, MTIME_PA);
    code.op("ld", { rd: T1, rs1: T1 });
    code.op("addi", { rd: T1, rs1: T1, imm: ticks });
    code.li(T2, MTIMECMP_PA);
    code.op("sd", { rs1: T2, rs2: T1 });
  }

  #driver(fuel: number): void {
    const { random } = this;
    const code = this.#code;
    for (const register of WORK) code.li(register, random.u64());
    code.li(HASH, random.u64());
    code.li(DATA, DATA_PA + 0x2000);
    code.la(TABLES, "tables");
    code.li(RESERVE, fuel);
    code.label("round");
    code.li(SP, STACK_PA);
    code.op("andi", { rd: FUEL, rs1: HASH, imm: 2047 });
    code.op("slli", { rd: FUEL, rs1: FUEL, imm: random.below(4) });
    code.op("addi", { rd: FUEL, rs1: FUEL, imm: 300 });
    code.op("addi", { rd: GRANTED, rs1: FUEL });
    code.op("andi", { rd: RECURSION, rs1: HASH, imm: random.pick([0, 7, 2047]) });
    code.call("f0");
    code.label("out");
    code.op("sub", { rd: GRANTED, rs1: GRANTED, rs2: FUEL });
    code.op("sub", { rd: RESERVE, rs1: RESERVE, rs2: GRANTED });
    code.op("addi", { rd: RESERVE, rs1: RESERVE, imm: -10 });
    code.op("bge", { rs2: RESERVE, imm: 8 });
    code.jump("round");
    powerOff(code, HASH);
  }

  #takeFuel(): void {
    this.#code.op("addi", { rd: FUEL, rs1: FUEL, imm: -1 });
    this.#code.op("blt", { rs1: 0, rs2: FUEL, imm: 8 });
    this.#code.jump("out");
  }

  /** The stack has the links, the recursion that was left, and nothing else of the function. */
  #function(n: number): void {
    const code = this.#code;
    const count = this.#shape.blocks[n] ?? 1;
    const link = this.#shape.links[n] ?? 1;
    code.label(`f${n}`);
    this.#takeFuel();
    code.op("addi", { rd: SP, rs1: SP, imm: -FRAME_BYTES });
    code.op("sd", { rs1: SP, rs2: link, imm: 8 });
    code.op("sd", { rs1: SP, rs2: HASH, imm: 0 });
    this.#heads = new Set();
    // Which blocks are gone back to is settled first: those take fuel.
    const edges = Array.from({ length: count }, (_, at) => this.#edges(n, at, count));
    for (const [at, targets] of edges.entries()) {
      for (const to of targets) if (to <= at) this.#heads.add(`f${n}b${to}`);
    }
    for (const [at, targets] of edges.entries()) this.#block(n, at, targets);
    code.label(`f${n}b${count}`);
    this.#leave(n);
  }

  /** Blocks that may follow block `at`: ahead, back, into the middle of loops. */
  #edges(_: number, at: number, count: number): number[] {
    const { random } = this;
    const any = (): number => {
      if (random.chance(3)) return random.below(count + 1);
      return random.chance(3) ? Math.max(0, at - random.below(4)) : Math.min(count, at + 1 + random.below(3));
    };
    return Array.from({ length: random.pick([1, 2, 2, 2, 2, 4, 8]) }, any);
  }

  #block(n: number, at: number, targets: readonly number[]): void {
    const { random } = this;
    const code = this.#code;
    const spread = this.#shape.spread[n] === true;
    if (spread && random.chance(2)) {
      code.skip(random.below(2500));
      if (random.chance(2)) code.toPageOffset(4096 - 2 * (1 + random.below(6)));
    }
    code.label(`f${n}b${at}`);
    if (this.#heads.has(`f${n}b${at}`)) this.#takeFuel();
    this.#work.items(random.below(7));
    if (random.chance(3)) this.#call(n);
    if (random.chance(6)) this.#overlap();
    if (random.chance(6)) this.#innerLoop();
    this.#work.items(random.below(4));
    this.#end(n, at, targets, spread);
  }

  #end(n: number, at: number, targets: readonly number[], spread: boolean): void {
    const { random } = this;
    const code = this.#code;
    const name = (to: number): string => `f${n}b${to}`;
    const [first = at + 1, second = at + 1] = targets;
    if (targets.length > 2) return this.#switch(targets.map(name));
    if (targets.length === 2) {
      const branch = random.pick(BRANCHES);
      const [rs1, rs2] = [this.#work.rs(), this.#work.rs()];
      const small = random.chance(2);
      if (small) code.op("andi", { rd: T1, rs1, imm: random.pick([1, 3, 7]) });
      const operands = small ? { rs1: T1, rs2: 0 } : { rs1, rs2 };
      if (spread || random.chance(10)) {
        code.op(OPPOSITE[branch] ?? "bne", { ...operands, imm: 8 });
        code.jump(name(first));
      } else {
        code.to(branch, operands, name(first));
      }
    }
    const last = targets.length === 2 ? second : first;
    if (spread || last !== at + 1 || random.chance(8)) code.jump(name(last));
  }

  /** Through a table of addresses, one for each value of the hash's low bits. */
  #switch(labels: readonly string[]): void {
    const { random } = this;
    const code = this.#code;
    const at = this.#tables.length * 8;
    this.#tables.push(...labels);
    code.op("andi", { rd: T1, rs1: random.pick([HASH, ...WORK]), imm: labels.length - 1 });
    code.op("sh3add", { rd: T1, rs1: T1, rs2: TABLES });
    code.li(T2, at);
    code.op("add", { rd: T1, rs1: T1, rs2: T2 });
    code.op("ld", { rd: T1, rs1: T1 });
    code.op("jalr", { rs1: T1, imm: random.chance(8) ? 1 : 0 });
  }

  #call(n: number): void {
    const { random } = this;
    const code = this.#code;
    const { functions, links } = this.#shape;
    const dice = random.below(10);
    if (dice < 3) return this.#leaf();
    const callee = dice < 5 || n + 1 >= functions ? random.below(n + 1) : n + 1 + random.below(functions - n - 1);
    const link = links[callee] ?? 1;
    const after = this.#name();
    if (callee <= n) {
      code.op("addi", { rd: RECURSION, rs1: RECURSION, imm: -1 });
      code.op("bge", { rs1: RECURSION, imm: 8 });
      code.jump(after);
    }
    this.#callOf(`f${callee}`, link);
    code.label(after);
  }

  #callOf(label: string, link: number): void {
    const { random } = this;
    const code = this.#code;
    if (random.chance(2)) return code.call(label, link);
    const through = random.pick([T1, link]);
    code.la(through, label);
    code.op("jalr", { rd: link, rs1: through });
  }

  /** A function of a few instructions behind a jump; it may come back one instruction late, or through another register. */
  #leaf(): void {
    const { random } = this;
    const code = this.#code;
    const [leaf, over] = [this.#name(), this.#name()];
    const link = random.pick(LINKS);
    code.jump(over);
    code.label(leaf);
    this.#work.items(random.below(3));
    const late = random.chance(4);
    if (random.chance(5)) {
      code.op("addi", { rd: T2, rs1: link, imm: late ? 4 : 0 });
      code.op("jalr", { rs1: T2 });
    } else {
      code.op("jalr", { rs1: link, imm: late ? 4 : random.chance(8) ? 1 : 0 });
    }
    code.label(over);
    this.#callOf(leaf, link);
    code.op("xori", { rd: HASH, rs1: HASH, imm: 0x55 });
    code.op("addi", { rd: HASH, rs1: HASH, imm: 3 });
  }

  /** A jump into the middle of an instruction: its upper half is c.nop. */
  #overlap(): void {
    const { random } = this;
    const label = this.#name();
    const code = this.#code;
    code.op("andi", { rd: T1, rs1: this.#work.rs(), imm: 1 });
    code.to("bne", { rs1: T1 }, label, 2);
    code.label(label);
    code.word(((0x0001 << 16) | (random.pick(WORK) << 7) | 0x37 | (random.below(8) << 12)) >>> 0);
    code.op("addi", { rd: HASH, rs1: HASH, imm: random.below(100) });
  }

  #innerLoop(): void {
    const { random } = this;
    const code = this.#code;
    const head = this.#name();
    const counter = 22 + random.below(2);
    code.li(counter, 1 + random.below(random.chance(4) ? 60 : 12));
    code.label(head);
    this.#work.items(1 + random.below(4));
    code.op("addi", { rd: counter, rs1: counter, imm: -1 });
    code.to("bne", { rs1: counter }, head);
  }

  /** The end of a function: a return, now and then a jump to another function, or out of everything. */
  #leave(n: number): void {
    const { random } = this;
    const code = this.#code;
    const link = this.#shape.links[n] ?? 1;
    if (random.chance(8)) {
      const stay = this.#name();
      code.op("andi", { rd: T1, rs1: HASH, imm: 63 });
      code.to("bne", { rs1: T1 }, stay);
      code.jump("out");
      code.label(stay);
    }
    code.op("ld", { rd: link, rs1: SP, imm: 8 });
    code.op("ld", { rd: T1, rs1: SP, imm: 0 });
    code.op("xor", { rd: HASH, rs1: HASH, rs2: T1 });
    code.op("addi", { rd: SP, rs1: SP, imm: FRAME_BYTES });
    const tail = n + 1 + random.below(4);
    if (tail < this.#shape.functions && this.#shape.links[tail] === link && random.chance(2)) {
      if (random.chance(2)) return code.jump(`f${tail}`);
      code.la(T2, `f${tail}`);
      code.op("jalr", { rs1: T2 });
      return;
    }
    if (link === 1 && random.chance(2)) code.half(0x8082);
    else code.op("jalr", { rs1: link });
  }
}

/** A program of random control flow; it ends when `fuel` loop heads and functions were entered. */
export function controlFlow(random: Random, fuel: number, timer: Timer = "none"): Guest {
  return new ControlFlow(random, timer).guest(fuel);
}
