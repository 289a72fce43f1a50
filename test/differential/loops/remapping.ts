// A kernel in S-mode that runs loops in pages which it maps anew, protects and takes away all the time, in three address spaces. What
// it calls are code pages with the same layout and different code: a function at 0x100, and a straddling instruction that leads from the
// end of one page into the tail of the next. Loops walk through data pages of all kinds; a trap handler takes the trap's every detail, and
// the number of instructions retired, into a hash.
//
//   x1 where to come back   x3 x4 x30 x31 the kernel's   x8 x10-x18 x28 x29 work   x9 rounds of a loop   x24 pages to hop
//   x22 x26 hashes   x23 rounds left   x25, x27 where the entries of the code and data windows stand
import type { Random } from "../random.js";
import type { Guest } from "./agree.js";
import { GuestCode } from "./guest-code.js";
import { powerOff } from "./power-off.js";
import { CSR, enterSupervisor, PageTables, PTE, RWX_S } from "./supervisor.js";
import { DATA, HASH, T1, WORK, Work } from "./work.js";

const KERNEL_PA = 0x80100000;
const CODE_PA = 0x80200000;
const DATA_PA = 0x81000000;
const TABLES_PA = 0x81400000;
const GIB = 0x40000000;
const CODE_VA = GIB;
const DATA_VA = GIB + 0x1000000;
const CODE_PAGES = 6;
const EXIT_PA = CODE_PA + CODE_PAGES * 4096;
const WINDOW_PAGES = 16;
const USER_PAGES = 8; // from here on, pages of the code window are for U-mode
const DATA_WINDOW_PAGES = 64;
const DATA_PAGES = 8;
const SPACES = 3;
const RA = 1;
const X3 = 3;
const X4 = 4;
const ROUNDS = 9;
const NOISE = 22;
const LEFT = 23;
const HOPS = 24;
const CODE_ENTRIES = 25;
const SEEN = 26;
const DATA_ENTRIES = 27;
const FUNCTION = 0x100;
const LAST = 4080;
const SUM = 1 << 18;
const MXR = 1 << 19;
const SPP = 1 << 8;
const U_ECALL = 8;
const LOAD_PAGE = 13;
const STORE_PAGE = 15;

const RWX_U = RWX_S | PTE.U;
const ODD_FLAGS = [
  0,
  PTE.V | PTE.R | PTE.A,
  PTE.V | PTE.X | PTE.A,
  PTE.V | PTE.R | PTE.X | PTE.A | PTE.D,
  PTE.V | PTE.X | PTE.U | PTE.A,
] as const;
const DATA_FLAGS = [
  RWX_S, RWX_U, RWX_S, RWX_U, RWX_S & ~PTE.W, RWX_U & ~PTE.W, RWX_S & ~(PTE.R | PTE.W), RWX_U & ~(PTE.R | PTE.W), 0, RWX_U & ~PTE.X,
] as const; // prettier-ignore

/** How often, of `mask` + 1 rounds, something changes. */
export interface Restlessness {
  readonly remap: number;
  readonly space: number;
  readonly rights: number;
}

class Remapping {
  readonly #code = new GuestCode(KERNEL_PA);
  readonly #tables = new PageTables(TABLES_PA);
  #names = 0;

  constructor(
    readonly random: Random,
    readonly often: Restlessness,
  ) {}

  guest(rounds: number): Guest {
    const { random } = this;
    const code = this.#code;
    const spaces = Array.from({ length: SPACES }, (_, n) => this.#space(n));
    enterSupervisor(code, spaces[0]?.satp ?? 0n, "start");
    code.label("start");
    this.#start(rounds);
    this.#round();
    this.#handler();
    code.align(16);
    code.label("spaces");
    for (const { satp, codeEntries, dataEntries } of spaces)
      for (const value of [satp, codeEntries, dataEntries, 0]) code.double(BigInt(value));
    code.label("entries");
    for (let n = 0; n < 64; n++) code.double(BigInt(this.#entry(n)));
    code.label("rights");
    for (const flags of DATA_FLAGS) code.double(BigInt(flags));
    for (let n = DATA_FLAGS.length; n < 16; n++) code.double(BigInt(RWX_U));
    const loads = [{ pa: KERNEL_PA, bytes: code.bytes() }];
    for (let k = 0; k < CODE_PAGES; k++) loads.push({ pa: CODE_PA + k * 4096, bytes: this.#codePage() });
    loads.push({ pa: EXIT_PA, bytes: new Uint8Array([0x73, 0, 0, 0]) });
    const data = new Uint8Array(DATA_PAGES * 4096);
    for (let n = 0; n < data.length; n++) data[n] = random.u32();
    loads.push({ pa: DATA_PA, bytes: data }, ...this.#tables.loads());
    return {
      entryPa: KERNEL_PA,
      loads,
      compared: [{ pa: DATA_PA, bytes: data.length }, { pa: TABLES_PA, bytes: this.#tables.bytes }, { pa: CODE_PA, bytes: CODE_PAGES * 4096 }],
      maxInsns: rounds * 20_000 + 1_000_000,
    }; // prettier-ignore
  }

  #name(): string {
    return `l${this.#names++}`;
  }

  #space(n: number): { satp: bigint; codeEntries: number; dataEntries: number } {
    const { random } = this;
    const tables = this.#tables;
    const root = tables.root();
    for (const va of [0, 2 * GIB]) tables.map(root, va, va, RWX_S, 2);
    for (let page = 0; page < WINDOW_PAGES; page++) {
      const pa = page === WINDOW_PAGES - 1 ? EXIT_PA : CODE_PA + random.below(CODE_PAGES) * 4096;
      tables.map(root, CODE_VA + page * 4096, pa, page < USER_PAGES ? RWX_S : RWX_U);
    }
    for (let page = 0; page < DATA_WINDOW_PAGES; page++)
      tables.map(root, DATA_VA + page * 4096, DATA_PA + random.below(DATA_PAGES) * 4096, random.pick(DATA_FLAGS));
    return {
      satp: tables.satp(root, n + 1),
      codeEntries: tables.entryPa(root, CODE_VA),
      dataEntries: tables.entryPa(root, DATA_VA),
    };
  }

  /** Entries for the code window: 32 for S-mode, 32 for U-mode. */
  #entry(n: number): number {
    const { random } = this;
    const flags = random.chance(10) ? random.pick(ODD_FLAGS) : n < 32 ? RWX_S : RWX_U;
    return (((CODE_PA / 4096 + random.below(random.chance(2) ? 2 : CODE_PAGES)) << 10) | flags) >>> 0;
  }

  #start(rounds: number): void {
    const { random } = this;
    const code = this.#code;
    for (const register of WORK) code.li(register, random.u64());
    for (const register of [HASH, NOISE, SEEN]) code.li(register, random.u64());
    code.li(LEFT, rounds);
    code.la(X3, "spaces");
    code.op("ld", { rd: CODE_ENTRIES, rs1: X3, imm: 8 });
    code.op("ld", { rd: DATA_ENTRIES, rs1: X3, imm: 16 });
    code.la(X3, "handler");
    code.op("csrrw", { rs1: X3, imm: CSR.stvec });
    code.la(X3, "stop");
    code.op("csrrw", { rd: X4, rs1: 0, imm: CSR.sscratch });
  }

  /** Bits of the noise into a register. */
  #noise(rd: number, mask: number): void {
    this.#code.op("srli", { rd, rs1: NOISE, imm: 3 + this.random.below(48) });
    this.#code.op("andi", { rd, rs1: rd, imm: mask });
  }

  /** Does `what` in one of `mask` + 1 rounds. */
  #sometimes(mask: number, what: () => void): void {
    const code = this.#code;
    const [go, over] = [this.#name(), this.#name()];
    this.#noise(X3, mask);
    code.to("beq", { rs1: X3 }, go);
    code.jump(over);
    code.label(go);
    what();
    code.label(over);
  }

  #round(): void {
    const { random, often } = this;
    const code = this.#code;
    code.label("round");
    code.li(X3, random.u64() | 1n);
    code.op("mul", { rd: NOISE, rs1: NOISE, rs2: X3 });
    code.op("xor", { rd: NOISE, rs1: NOISE, rs2: SEEN });
    code.op("rori", { rd: NOISE, rs1: NOISE, imm: 23 });
    code.op("add", { rd: NOISE, rs1: NOISE, rs2: LEFT });
    this.#sometimes(often.remap, () => this.#remapCode());
    this.#sometimes(often.remap, () => this.#remapData());
    this.#sometimes(often.space, () => this.#switchSpace());
    this.#sometimes(often.rights, () => this.#switchRights());
    code.li(DATA, DATA_VA);
    this.#noise(X3, 31);
    code.op("addi", { rd: X3, rs1: X3, imm: 2 });
    code.op("slli", { rd: X3, rs1: X3, imm: 12 });
    code.op("add", { rd: DATA, rs1: DATA, rs2: X3 });
    this.#noise(HOPS, 3);
    this.#call();
    code.align(4);
    code.label("resume");
    code.op("xor", { rd: SEEN, rs1: SEEN, rs2: HASH });
    code.op("addi", { rd: LEFT, rs1: LEFT, imm: -1 });
    code.op("beq", { rs1: LEFT, imm: 8 });
    code.jump("round");
    powerOff(code, SEEN, X3, X4);
  }

  /** A page of the code window becomes another one. */
  #remapCode(): void {
    const code = this.#code;
    this.#noise(X3, 15);
    const keep = this.#name();
    code.li(X4, WINDOW_PAGES - 1);
    code.to("beq", { rs1: X3, rs2: X4 }, keep);
    code.op("andi", { rd: X4, rs1: X3, imm: 8 });
    code.op("slli", { rd: X4, rs1: X4, imm: 2 });
    this.#noise(30, 31);
    code.op("add", { rd: X4, rs1: X4, rs2: 30 });
    code.la(30, "entries");
    code.op("sh3add", { rd: X4, rs1: X4, rs2: 30 });
    code.op("ld", { rd: X4, rs1: X4 });
    code.op("sh3add", { rd: 30, rs1: X3, rs2: CODE_ENTRIES });
    code.op("sd", { rs1: 30, rs2: X4 });
    code.op("slli", { rd: X3, rs1: X3, imm: 12 });
    code.li(30, CODE_VA);
    code.op("add", { rd: X3, rs1: X3, rs2: 30 });
    this.#fence(X3);
    code.label(keep);
  }

  /** A page of the data window gets other rights. */
  #remapData(): void {
    const code = this.#code;
    this.#noise(X3, 63);
    this.#noise(X4, 15);
    code.la(30, "rights");
    code.op("sh3add", { rd: X4, rs1: X4, rs2: 30 });
    code.op("ld", { rd: X4, rs1: X4 });
    code.op("sh3add", { rd: 30, rs1: X3, rs2: DATA_ENTRIES });
    code.op("ld", { rd: 31, rs1: 30 });
    code.op("srli", { rd: 31, rs1: 31, imm: 10 });
    code.op("slli", { rd: 31, rs1: 31, imm: 10 });
    code.op("or", { rd: X4, rs1: X4, rs2: 31 });
    code.op("sd", { rs1: 30, rs2: X4 });
    code.op("slli", { rd: X3, rs1: X3, imm: 12 });
    code.li(30, DATA_VA);
    code.op("add", { rd: X3, rs1: X3, rs2: 30 });
    this.#fence(X3);
  }

  #fence(va: number): void {
    const { random } = this;
    const code = this.#code;
    if (random.chance(3)) return code.op("sfence.vma");
    if (random.chance(3)) return code.op("sfence.vma", { rs1: va });
    code.op("csrrs", { rd: 31, imm: CSR.satp });
    code.op("srli", { rd: 31, rs1: 31, imm: 44 });
    code.op("zext.h", { rd: 31, rs1: 31 });
    code.op("sfence.vma", { rs1: random.chance(3) ? 0 : va, rs2: 31 });
  }

  #switchSpace(): void {
    const { random } = this;
    const code = this.#code;
    this.#noise(X3, 255);
    code.li(X4, SPACES);
    code.op("remu", { rd: X3, rs1: X3, rs2: X4 });
    code.op("slli", { rd: X3, rs1: X3, imm: 5 });
    code.la(X4, "spaces");
    code.op("add", { rd: X4, rs1: X4, rs2: X3 });
    code.op("ld", { rd: X3, rs1: X4 });
    code.op("csrrw", { rs1: X3, imm: CSR.satp });
    code.op("ld", { rd: CODE_ENTRIES, rs1: X4, imm: 8 });
    code.op("ld", { rd: DATA_ENTRIES, rs1: X4, imm: 16 });
    if (random.chance(2)) code.op("sfence.vma");
  }

  #switchRights(): void {
    const code = this.#code;
    code.li(X4, SUM | MXR);
    code.op("csrrc", { rs1: X4, imm: CSR.sstatus });
    this.#noise(X3, 3);
    code.op("slli", { rd: X3, rs1: X3, imm: 18 });
    code.op("csrrs", { rs1: X3, imm: CSR.sstatus });
  }

  /** A function, or the last instructions, of a page of the window: in S-mode by a call, in U-mode by sret. */
  #call(): void {
    const code = this.#code;
    const [user, last] = [this.#name(), this.#name()];
    this.#noise(X4, 7);
    this.#noise(X3, 15);
    code.li(31, USER_PAGES);
    code.op("slli", { rd: X3, rs1: X3, imm: 12 });
    code.li(30, CODE_VA + FUNCTION);
    code.to("bne", { rs1: X4 }, last);
    code.li(30, CODE_VA + LAST);
    code.label(last);
    code.op("add", { rd: X3, rs1: X3, rs2: 30 });
    // The mode that the page is for, but for one time in 32.
    code.op("srli", { rd: X4, rs1: X3, imm: 15 });
    code.op("andi", { rd: X4, rs1: X4, imm: 1 });
    this.#noise(31, 31);
    code.op("sltiu", { rd: 31, rs1: 31, imm: 1 });
    code.op("xor", { rd: X4, rs1: X4, rs2: 31 });
    code.to("bne", { rs1: X4 }, user);
    code.la(RA, "resume");
    code.op("jalr", { rs1: X3 });
    code.label(user);
    code.li(RA, CODE_VA + (WINDOW_PAGES - 1) * 4096);
    code.op("csrrw", { rs1: X3, imm: CSR.sepc });
    code.li(X4, SPP);
    code.op("csrrc", { rs1: X4, imm: CSR.sstatus });
    code.op("sret");
  }

  /** Everything about the trap goes into the hash; then back, over the instruction, once more with the page made better, or out. */
  #handler(): void {
    const code = this.#code;
    code.align(4);
    code.label("handler");
    for (const csr of [CSR.scause, CSR.sepc, CSR.stval, CSR.instret, CSR.sstatus]) {
      code.op("csrrs", { rd: X3, imm: csr });
      this.#fold(X3);
    }
    for (const register of [HASH, ...WORK, DATA, T1, 29, ROUNDS, HOPS, RA]) this.#fold(register);
    code.op("csrrs", { rd: X3, imm: CSR.scause });
    code.li(X4, U_ECALL);
    code.to("beq", { rs1: X3, rs2: X4 }, "out");
    code.li(X4, LOAD_PAGE);
    code.to("beq", { rs1: X3, rs2: X4 }, "data");
    code.li(X4, STORE_PAGE);
    code.to("beq", { rs1: X3, rs2: X4 }, "data");
    code.label("out");
    code.li(X4, SPP);
    code.op("csrrs", { rs1: X4, imm: CSR.sstatus });
    code.la(X3, "resume");
    code.op("csrrw", { rs1: X3, imm: CSR.sepc });
    code.op("sret");
    code.label("data");
    code.op("srli", { rd: X3, rs1: SEEN, imm: 9 });
    code.op("andi", { rd: X3, rs1: X3, imm: 15 });
    code.to("beq", { rs1: X3 }, "out");
    code.op("andi", { rd: X3, rs1: X3, imm: 3 });
    code.to("beq", { rs1: X3 }, "better");
    code.op("csrrs", { rd: X3, imm: CSR.sepc });
    code.op("addi", { rd: X3, rs1: X3, imm: 4 });
    code.op("csrrw", { rs1: X3, imm: CSR.sepc });
    code.op("sret");
    code.label("better");
    code.op("csrrs", { rd: X3, imm: CSR.stval });
    code.op("srli", { rd: X4, rs1: X3, imm: 12 });
    code.op("andi", { rd: X4, rs1: X4, imm: 511 });
    code.op("sh3add", { rd: X4, rs1: X4, rs2: DATA_ENTRIES });
    code.op("ld", { rd: 30, rs1: X4 });
    code.op("ori", { rd: 30, rs1: 30, imm: RWX_S });
    code.op("sd", { rs1: X4, rs2: 30 });
    code.op("sfence.vma", { rs1: X3 });
    code.op("sret");
  }

  #fold(register: number): void {
    this.#code.op("rori", { rd: SEEN, rs1: SEEN, imm: 11 });
    this.#code.op("add", { rd: SEEN, rs1: SEEN, rs2: register });
  }

  // ---------------------------------------------------------------------------------------------------- code pages

  /** Offset 0 is the upper half of the instruction that stands in the last halfword of the page in front. */
  #codePage(): Uint8Array {
    const { random } = this;
    const code = new GuestCode(CODE_VA);
    const work = new Work(code, random);
    code.half((random.below(2048) << 4) | (HASH >> 1));
    this.#loop(code, work, "tail");
    if (random.chance(2)) this.#loop(code, work, "second");
    // On to the next page while there are hops left.
    code.op("addi", { rd: HOPS, rs1: HOPS, imm: -1 });
    code.op("bge", { rs1: 0, rs2: HOPS, imm: 8 });
    code.to("jal", {}, "last");
    code.op("jalr", { rs1: RA });
    if (code.pa - CODE_VA > FUNCTION) return this.#codePage();
    code.toPageOffset(FUNCTION);
    this.#loop(code, work, "function");
    if (random.chance(2)) this.#loop(code, work, "more");
    code.op("addi", { rd: HOPS, rs1: HOPS, imm: -1 });
    code.op("bge", { rs1: 0, rs2: HOPS, imm: 8 });
    code.to("jal", {}, random.pick(["last", "tail"]));
    code.op("jalr", { rs1: RA });
    if (code.pa - CODE_VA > LAST) return this.#codePage();
    code.toPageOffset(LAST);
    code.label("last");
    for (let n = 0; n < 3; n++) code.op("addi", { rd: random.pick(WORK), rs1: random.pick(WORK), imm: random.below(4096) });
    code.half(0x0001);
    code.half((HASH << 7) | 0x13 | ((HASH & 1) << 15)); // addi x8, x8, what the next page says
    return code.bytes();
  }

  /** Walks through data pages; its first block is gone back to. */
  #loop(code: GuestCode, work: Work, label: string): void {
    const { random } = this;
    code.label(label);
    code.li(ROUNDS, 2 + random.below(random.pick([8, 40])));
    code.label(`${label}-head`);
    work.items(1 + random.below(4));
    if (random.chance(3)) {
      // A branch over an access: faults come in some rounds only.
      code.op("andi", { rd: T1, rs1: HASH, imm: 1 });
      code.op("beq", { rs1: T1, imm: 8 });
      code.op("ld", { rd: random.pick(WORK), rs1: DATA, imm: 8 * random.below(100) });
    }
    code.op("add", { rd: HASH, rs1: HASH, rs2: random.pick(WORK) });
    if (random.chance(2)) {
      code.op("andi", { rd: T1, rs1: HASH, imm: random.pick([0x3f8, 0x7f8]) });
      code.op("add", { rd: DATA, rs1: DATA, rs2: T1 });
    }
    code.op("addi", { rd: ROUNDS, rs1: ROUNDS, imm: -1 });
    code.to("bne", { rs1: ROUNDS }, `${label}-head`);
  }
}

/** A program that calls into its windows `rounds` times. */
export function remapping(random: Random, often: Restlessness, rounds: number): Guest {
  return new Remapping(random, often).guest(rounds);
}
