// Generated kernel code: S-mode loops that turn interrupts off and on, raise one while they are off, clear blocks with cbo.zero, walk over pages
// of every kind, remap them, and jump by tables that change. A trap handler skips what faults; it and every interrupt at a known place go into
// the hash.
//
//   x2 stack   x9 rounds left   x19 the zone: pages of every kind   x20 its page table   x21 a table of addresses   x24 saved flags
//   x25 bits of sstatus   x26 x27 counter and pointer of short loops
import type { Random } from "../random.js";
import type { Guest } from "./agree.js";
import { GuestCode } from "./guest-code.js";
import { powerOff } from "./power-off.js";
import { CSR, enterSupervisor, PageTables, PTE, RWX_S } from "./supervisor.js";
import { DATA, HASH, T1, T2, WORK, Work } from "./work.js";

const CODE_PA = 0x80100000;
const DATA_PA = 0x81002000;
const DATA_BYTES = 0x5000;
const TABLES_PA = 0x81400000;
const ZONE_PA = 0x81800000;
const ZONE_VA = 0x40000000;
const ZONE_PAGES = 8;
const HANDLER_STACK_PA = 0x82800000;
const SP = 2;
const LEFT = 9;
const ZONE = 19;
const PTES = 20;
const CASES = 21;
const FLAGS = 24;
const BITS = 25;
const COUNTER = 26;
const POINTER = 27;
const T3 = 30;
const SIE = 2;
const SSIP = 2;
const SUM_BIT = 18;
const FS_SHIFT = 13;
const LOOK_NS = 2000n;
const CASE_COUNT = 4;
const MENVCFG_STCE = 1n << 63n;
const MENVCFG_ADUE = 1n << 61n;
const MENVCFG_CBZE = 1n << 7n;
const KINDS = [
  RWX_S,
  RWX_S,
  PTE.V | PTE.R | PTE.A,
  PTE.V | PTE.R | PTE.W | PTE.U | PTE.A | PTE.D,
  PTE.V | PTE.R | PTE.W, // the machine notes A and D
  0,
] as const;

class Kernel {
  readonly #code = new GuestCode(CODE_PA);
  readonly #work: Work;
  readonly #leaves: string[] = [];
  #names = 0;

  constructor(
    readonly random: Random,
    readonly timed: boolean,
  ) {
    this.#work = new Work(this.#code, random);
  }

  guest(rounds: number): Guest {
    const { random } = this;
    const code = this.#code;
    const tables = new PageTables(TABLES_PA);
    const root = tables.root();
    for (const va of [0, 0x80000000]) tables.map(root, va, va, RWX_S, 2);
    for (let page = 0; page < ZONE_PAGES; page++) {
      tables.map(root, ZONE_VA + page * 4096, ZONE_PA + random.below(ZONE_PAGES) * 4096, random.pick(KINDS));
    }
    const zeroes = random.chance(8) ? 0n : MENVCFG_CBZE;
    enterSupervisor(code, tables.satp(root), "start", MENVCFG_STCE | MENVCFG_ADUE | zeroes);
    this.#handler();
    this.#start(rounds, tables.entryPa(root, ZONE_VA));
    for (let n = 1 + random.below(3); n > 0; n--) this.#leaves.push(`leaf${n}`);
    code.label("round");
    for (let n = 3 + random.below(10); n > 0; n--) this.#item();
    code.op("addi", { rd: LEFT, rs1: LEFT, imm: -1 });
    code.op("beq", { rs1: LEFT, imm: 8 });
    code.jump("round");
    this.#end();
    for (const leaf of this.#leaves) this.#leaf(leaf);
    code.align(64);
    code.label("spare");
    code.skip(64);
    code.align(8);
    code.label("cases");
    for (let n = 0; n < CASE_COUNT; n++) code.pointer(`case${n}`);
    const data = new Uint8Array(DATA_BYTES);
    for (let n = 0; n < data.length; n++) data[n] = random.u32();
    const touched = random.chance(2) ? [{ pa: ZONE_PA, bytes: data }] : [];
    const bytes = code.bytes();
    return {
      entryPa: CODE_PA,
      loads: [{ pa: CODE_PA, bytes }, { pa: DATA_PA, bytes: data }, ...touched, ...tables.loads()],
      compared: [
        { pa: CODE_PA, bytes: bytes.length },
        { pa: DATA_PA, bytes: DATA_BYTES },
        { pa: ZONE_PA, bytes: ZONE_PAGES * 4096 },
        { pa: TABLES_PA, bytes: tables.bytes },
      ],
      maxInsns: rounds * 20_000 + 1_000_000,
      lookNs: this.timed ? LOOK_NS : 0n,
    }; // prettier-ignore
  }

  #name(): string {
    return `l${this.#names++}`;
  }

  /** Faults are skipped; what is skipped is always a full instruction. */
  #handler(): void {
    const code = this.#code;
    const saved = [T1, T2, T3];
    code.align(4);
    code.label("trap");
    code.op("csrrw", { rd: SP, rs1: SP, imm: CSR.sscratch });
    for (const [n, register] of saved.entries()) code.op("sd", { rs1: SP, rs2: register, imm: n * 8 });
    code.op("csrrs", { rd: T1, imm: CSR.scause });
    code.to("blt", { rs1: T1, rs2: 0 }, "interrupt");
    code.op("csrrs", { rd: T2, imm: CSR.sepc });
    code.op("csrrs", { rd: T3, imm: CSR.stval });
    code.op("rori", { rd: HASH, rs1: HASH, imm: 7 });
    for (const register of saved) code.op("add", { rd: HASH, rs1: HASH, rs2: register });
    code.op("addi", { rd: T2, rs1: T2, imm: 4 });
    code.op("csrrw", { rs1: T2, imm: CSR.sepc });
    code.label("back");
    for (const [n, register] of saved.entries()) code.op("ld", { rd: register, rs1: SP, imm: n * 8 });
    code.op("csrrw", { rd: SP, rs1: SP, imm: CSR.sscratch });
    code.op("sret");
    code.label("interrupt");
    code.op("andi", { rd: T1, rs1: T1, imm: 4 });
    code.to("bne", { rs1: T1 }, "timer");
    code.op("csrrci", { rs1: SSIP, imm: CSR.sip });
    code.op("csrrs", { rd: T2, imm: CSR.sepc });
    code.op("rori", { rd: HASH, rs1: HASH, imm: 9 });
    code.op("add", { rd: HASH, rs1: HASH, rs2: T2 });
    code.jump("back");
    code.label("timer");
    code.op("ld", { rd: T1, rs1: SP, imm: 64 });
    code.op("addi", { rd: T1, rs1: T1, imm: 1 });
    code.op("sd", { rs1: SP, rs2: T1, imm: 64 });
    this.#nextTick();
    code.jump("back");
  }

  #nextTick(): void {
    const code = this.#code;
    code.op("csrrs", { rd: T1, imm: CSR.time });
    code.op("addi", { rd: T1, rs1: T1, imm: this.random.pick([100, 300, 1000]) });
    code.op("csrrw", { rs1: T1, imm: CSR.stimecmp });
  }

  #start(rounds: number, ptesPa: number): void {
    const { random } = this;
    const code = this.#code;
    code.label("start");
    for (const register of WORK) code.li(register, random.u64());
    code.li(HASH, random.u64());
    code.li(DATA, DATA_PA + 0x2000);
    code.li(ZONE, ZONE_VA);
    code.li(PTES, ptesPa);
    code.la(CASES, "cases");
    code.li(LEFT, rounds);
    code.li(BITS, 1 << SUM_BIT);
    code.li(T1, HANDLER_STACK_PA);
    code.op("csrrw", { rs1: T1, imm: CSR.sscratch });
    code.la(T1, "trap");
    code.op("csrrw", { rs1: T1, imm: CSR.stvec });
    if (this.timed) this.#nextTick();
    code.li(T1, this.timed ? 0x22 : 2);
    code.op("csrrw", { rs1: T1, imm: CSR.sie });
    code.op("csrrsi", { rs1: SIE, imm: CSR.sstatus });
  }

  #end(): void {
    const code = this.#code;
    code.op("csrrci", { rs1: SIE, imm: CSR.sstatus });
    code.li(FLAGS, 0); // other bits of sstatus follow from when the last interrupt came
    powerOff(code, HASH);
    // The first cases stand here whether or not the program has a switch of its own.
    for (let n = 0; n < CASE_COUNT; n++) {
      code.label(`case${n}`);
      code.op("addi", { rd: HASH, rs1: HASH, imm: 17 + n });
      this.#work.items(this.random.below(4));
      if (this.random.chance(3)) this.#criticalSection();
      code.op("jalr", { rs1: T3 });
    }
  }

  #item(): void {
    const { random } = this;
    const any = [
      () => this.#work.items(1 + random.below(5)),
      () => this.#criticalSection(),
      () => this.#criticalSection(),
      () => this.#zoneAccess(),
      () => this.#withSum(() => this.#zoneAccess()),
      () => this.#shortLoop(),
      () => this.#shortLoop(),
      () => this.#switch(),
      () => this.#remap(),
      () => this.#call(),
      () => this.#clearSpare(),
      () => this.#readState(),
      () => this.#floats(),
      () => this.#floatState(),
    ];
    const item = random.pick(any);
    if (random.chance(3)) this.#sometimes(item);
    else item();
  }

  /** Only where some bits of the hash say so. */
  #sometimes(item: () => void): void {
    const code = this.#code;
    const [over, into] = [this.#name(), this.#name()];
    code.op("andi", { rd: T1, rs1: HASH, imm: this.random.pick([1, 3, 7, 63]) });
    code.to("beq", { rs1: T1 }, into);
    code.jump(over);
    code.label(into);
    item();
    code.label(over);
  }

  /** As local_irq_save and local_irq_restore; an interrupt may be raised meanwhile, and is taken when they are on again. */
  #criticalSection(): void {
    const { random } = this;
    const code = this.#code;
    const saves = random.chance(2);
    code.op("csrrci", { rd: saves || random.chance(3) ? FLAGS : 0, rs1: SIE, imm: CSR.sstatus });
    this.#work.items(random.below(3));
    if (random.chance(2)) this.#sometimes(() => code.op("csrrsi", { rs1: SSIP, imm: CSR.sip }));
    if (random.chance(4)) this.#zoneAccess();
    if (random.chance(4)) this.#shortLoop();
    if (!saves) return code.op("csrrsi", { rd: random.chance(4) ? T2 : 0, rs1: SIE, imm: CSR.sstatus });
    code.op("andi", { rd: FLAGS, rs1: FLAGS, imm: SIE });
    if (random.chance(2)) code.op("add", { rd: HASH, rs1: HASH, rs2: FLAGS });
    code.op("csrrs", { rd: random.pick([0, 0, FLAGS, T2]), rs1: FLAGS, imm: CSR.sstatus });
  }

  #withSum(item: () => void): void {
    const { random } = this;
    const code = this.#code;
    code.op("csrrs", { rd: random.chance(4) ? FLAGS : 0, rs1: BITS, imm: CSR.sstatus });
    item();
    if (random.chance(4)) this.#shortLoop();
    if (!random.chance(8)) code.op("csrrc", { rs1: BITS, imm: CSR.sstatus });
  }

  /** Leaves in `rd` an address in the zone that the hash decides. */
  #zoneAddress(rd: number): void {
    const { random } = this;
    const code = this.#code;
    code.op("slli", { rd, rs1: random.pick([HASH, HASH, ...WORK]), imm: random.below(49) });
    code.op("srli", { rd, rs1: rd, imm: 64 - 15 });
    if (!random.chance(8)) code.op("andi", { rd, rs1: rd, imm: -8 });
    code.op("add", { rd, rs1: rd, rs2: ZONE });
  }

  #zoneAccess(): void {
    this.#zoneAddress(T1);
    for (let n = 1 + this.random.below(4); n > 0; n--) this.#access(T1, 0);
  }

  /** One full instruction that may fault; it may write its own base register, if there is one left to read by. */
  #access(base: number, imm: number): void {
    const { random } = this;
    const code = this.#code;
    const rd = random.pick([...WORK, HASH]);
    const near = imm + 8 * random.below(8);
    switch (random.below(8)) {
      case 0:
        return code.op("cbo.zero", { rs1: base });
      case 1:
      case 2:
        return code.op(random.pick(["ld", "lw", "lbu", "lhu"]), { rd, rs1: base, imm: near });
      case 3:
      case 4:
        return code.op(random.pick(["sd", "sw", "sb", "sh"]), { rs1: base, rs2: rd, imm: near });
      case 5:
        return code.op(random.pick(["amoadd.d", "amoswap.d", "amoxor.w"]), { rd, rs1: base, rs2: random.pick(WORK) });
      case 6:
        code.op("addi", { rd, rs1: rd, imm: 1 });
        return code.op("ld", { rd, rs1: base, imm: near });
      default:
        code.op("xor", { rd: HASH, rs1: HASH, rs2: rd });
        return code.op("sd", { rs1: base, rs2: HASH, imm: near });
    }
  }

  /** A loop of one block, which the translator may write several times over; its pointer walks over pages of every kind. */
  #shortLoop(): void {
    const { random } = this;
    const code = this.#code;
    const head = this.#name();
    this.#zoneAddress(POINTER);
    code.li(COUNTER, 1 + random.below(random.chance(4) ? 200 : 30));
    code.label(head);
    for (let n = 1 + random.below(4); n > 0; n--) {
      const dice = random.below(10);
      if (dice < 5) this.#access(POINTER, 0);
      else if (dice < 8) code.op(random.pick(["add", "xor", "sub"]), { rd: HASH, rs1: HASH, rs2: random.pick(WORK) });
      else if (dice < 9 && random.chance(3)) this.#floats();
      else if (dice < 9) code.op(random.pick(["csrrsi", "csrrci"]), { rd: random.pick([0, 0, FLAGS]), rs1: SIE, imm: CSR.sstatus });
      else code.op("csrrsi", { rs1: SSIP, imm: CSR.sip });
    }
    code.op("addi", { rd: POINTER, rs1: POINTER, imm: random.pick([8, 8, 64, 264, 1000, -8, -512]) });
    code.op("addi", { rd: COUNTER, rs1: COUNTER, imm: -1 });
    code.to("bne", { rs1: COUNTER }, head);
    code.op("csrrsi", { rs1: SIE, imm: CSR.sstatus });
  }

  /** By a table whose entries change places. */
  #switch(): void {
    const { random } = this;
    const code = this.#code;
    if (random.chance(2)) {
      const [a, b] = [random.below(CASE_COUNT) * 8, random.below(CASE_COUNT) * 8];
      this.#sometimes(() => {
        code.op("ld", { rd: T1, rs1: CASES, imm: a });
        code.op("ld", { rd: T2, rs1: CASES, imm: b });
        code.op("sd", { rs1: CASES, rs2: T1, imm: b });
        code.op("sd", { rs1: CASES, rs2: T2, imm: a });
      });
    }
    const back = this.#name();
    code.la(T3, back);
    code.op("andi", { rd: T1, rs1: random.pick([HASH, ...WORK]), imm: CASE_COUNT - 1 });
    code.op("sh3add", { rd: T1, rs1: T1, rs2: CASES });
    code.op("ld", { rd: T1, rs1: T1 });
    code.op("jalr", { rs1: T1 });
    code.label(back);
  }

  /** Two pages of the zone change places; the tables are told, of both or of all. */
  #remap(): void {
    const { random } = this;
    const code = this.#code;
    const [a, b] = [random.below(ZONE_PAGES), random.below(ZONE_PAGES)];
    this.#sometimes(() => {
      code.op("ld", { rd: T1, rs1: PTES, imm: a * 8 });
      code.op("ld", { rd: T2, rs1: PTES, imm: b * 8 });
      code.op("sd", { rs1: PTES, rs2: T1, imm: b * 8 });
      code.op("sd", { rs1: PTES, rs2: T2, imm: a * 8 });
      if (random.chance(2)) return code.op("sfence.vma");
      for (const page of [a, b]) {
        code.li(T1, ZONE_VA + page * 4096);
        code.op("sfence.vma", { rs1: T1 });
      }
    });
  }

  #call(): void {
    this.#code.call(this.random.pick(this.#leaves));
  }

  /** A leaf may end a critical section, or come back behind the instruction that it was called from. */
  #leaf(name: string): void {
    const { random } = this;
    const code = this.#code;
    code.label(name);
    this.#work.items(random.below(3));
    if (random.chance(2)) this.#criticalSection();
    if (random.chance(2)) this.#shortLoop();
    code.op("jalr", { rs1: 1 });
  }

  /** Zeros into the page that runs. */
  #clearSpare(): void {
    const code = this.#code;
    code.la(T1, "spare");
    code.op("sd", { rs1: T1, rs2: HASH, imm: 0 });
    code.op("cbo.zero", { rs1: T1 });
    code.op("ld", { rd: T2, rs1: T1 });
    code.op("add", { rd: HASH, rs1: HASH, rs2: T2 });
  }

  /** Where floating point is off each of these traps. */
  #floats(): void {
    const { random } = this;
    const code = this.#code;
    for (let n = 1 + random.below(4); n > 0; n--) {
      const [rd, rs1, rs2] = [random.below(4), random.below(4), random.below(4)];
      const f = { rd, rs1, rs2, rm: random.pick([0, 7, 7, 7, 1]) };
      const imm = 8 * random.below(200);
      switch (random.below(6)) {
        case 0:
          code.op("fld", { rd, rs1: DATA, imm });
          break;
        case 1:
          code.op("fsd", { rs1: DATA, rs2, imm });
          break;
        case 2:
          code.op("fcvt.d.l", { rd, rs1: random.pick(WORK), rm: 7 });
          break;
        case 3:
          code.op("addi", { rd: T2 });
          code.op("fmv.x.d", { rd: T2, rs1 });
          code.op("xor", { rd: HASH, rs1: HASH, rs2: T2 });
          break;
        default:
          code.op(random.pick(["fadd.d", "fmul.d", "fsub.d", "fdiv.d"]), f);
      }
    }
  }

  /** FS becomes off, initial, clean or dirty; or the flags are forgotten, or rounding is another. */
  #floatState(): void {
    const { random } = this;
    const code = this.#code;
    if (random.chance(4)) return code.op("csrrwi", { rs1: random.pick([0, 0, 1, 1, 31]), imm: CSR.fflags });
    if (random.chance(4)) return code.op("csrrwi", { rd: T2, rs1: random.pick([0, 0, 0, 1, 4]), imm: CSR.frm });
    code.li(T1, 3 << FS_SHIFT);
    code.op("csrrc", { rs1: T1, imm: CSR.sstatus });
    const state = random.pick([0, 1, 2, 3, 3]);
    if (state === 0 && random.chance(2)) return;
    code.li(T1, Math.max(1, state) << FS_SHIFT);
    code.op("csrrs", { rs1: T1, imm: CSR.sstatus });
  }

  /** sstatus, and the instructions so far, which must be counted right at every place. */
  #readState(): void {
    const code = this.#code;
    const csr = this.timed ? CSR.sie : this.random.pick([CSR.sstatus, CSR.instret]);
    code.op("csrrs", { rd: T2, imm: csr });
    code.op("add", { rd: HASH, rs1: HASH, rs2: T2 });
  }
}

/** A kernel of `rounds` rounds. `timed`: with timer interrupts, too. */
export function kernel(random: Random, rounds: number, timed: boolean): Guest {
  return new Kernel(random, timed).guest(rounds);
}
