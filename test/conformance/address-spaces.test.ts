// More address spaces than the machine sets aside, switched at random without fences, as Linux does with ASIDs; their pages are mapped
// anew, with fences of every kind, whichever space is in use. The program runs in M-mode and reaches the spaces by MPRV, as U-mode and as S-mode
// with SUM; a model of memory and page tables here says what every load must give.
import { describe, expect, it } from "vitest";
import { assemble as op } from "../../src/isa/assemble.js";
import type { Machine } from "../../src/machine/machine.js";
import { Random } from "../differential/random.js";
import { ENGINES } from "./engines.js";

const [CODE_PA, RESULT_PA, TOHOST_PA, TABLES_PA, PAGES_PA, SUPERPAGES_PA] = [
  0x80000000, 0x80100000, 0x80101000, 0x80110000, 0x80180000, 0x80400000,
];
const RAM_BYTES = 16 * 2 ** 20;
const VA = 0x40000000;
const SUPERPAGE_BYTES = 2 ** 21;
const [SPACES, VIRTUAL_PAGES, PAGES, OPERATIONS] = [10, 4, 16, 8000];
const [LEAF, POINTER, SV39] = [0xdf, 1, 8n];
const [MSTATUS, SATP, PMPCFG0, PMPADDR0] = [0x300, 0x180, 0x3a0, 0x3b0];
/** Of all memory, in one entry: read, write, execute. */
const PMP_ALL = 0x1f;
const [MPRV, SUM, MPP, MPP_S] = [1 << 17, 1 << 18, 3 << 11, 1 << 11];
/** In a page, behind the data. */
const CODE_OFFSET = 0x800;
const MANY_PAGES = 2500;
/** Missed fences make a space be forgotten from some number on. */
const MANY_FENCES = 1500;
const [RA, T0, T1, T2, S0, A0] = [1, 5, 6, 7, 8, 10];

class Guest {
  readonly words: number[] = [];
  readonly random: Random;
  /** What stands at a physical address, and what the checksum is. */
  readonly #memory = new Map<number, bigint>();
  checksum = 0n;
  /** Of each space: the page behind each virtual page, and behind the superpage. */
  readonly #mapped = Array.from({ length: SPACES }, () => ({ pages: Array.from({ length: VIRTUAL_PAGES }, (_, k) => k), superpage: 0 }));
  readonly #code = new Map<number, number>();
  #space = 0;

  constructor(seed: number) {
    this.random = new Random(seed);
    this.words.push(op("addi", { rd: T0, imm: -1 }), op("csrrw", { rs1: T0, imm: PMPADDR0 }));
    this.words.push(op("addi", { rd: T0, imm: PMP_ALL }), op("csrrw", { rs1: T0, imm: PMPCFG0 }));
    for (let space = 0; space < SPACES; space++) {
      const root = tableOf(space);
      for (const place of [8, 16]) this.#store(root + place, BigInt(((root + 0x1000) >>> 12) * 1024 + POINTER)); // at VA, and at CODE_PA once more
      this.#store(root + 0x1000, BigInt(((root + 0x2000) >>> 12) * 1024 + POINTER));
      for (let k = 0; k < VIRTUAL_PAGES; k++) this.map(space, k, k);
      this.#mapSuperpage(space, space % 2);
    }
    this.enter(0);
  }

  /** The checksum goes to memory, and the machine off. */
  end(): void {
    this.#li(T0, BigInt(RESULT_PA));
    this.words.push(op("sd", { rs1: T0, rs2: S0 }));
    this.#li(T0, BigInt(TOHOST_PA));
    this.words.push(op("addi", { rd: T1, imm: 1 }), op("sd", { rs1: T0, rs2: T1 }), op("jal", { imm: 0 }));
  }

  /** Code runs late, so that there are pages that it is known from only once many spaces write to them. */
  operate(runs: boolean): void {
    const { random } = this;
    const [space, k, page] = [random.below(SPACES), random.below(VIRTUAL_PAGES), random.below(PAGES)];
    if (random.chance(6)) this.enter(space);
    else if (random.chance(8)) {
      this.map(space, k, page);
      this.#fence(space, VA + k * 4096);
    } else if (random.chance(15)) {
      this.#mapSuperpage(space, random.below(2));
      this.#fence(space, VA + SUPERPAGE_BYTES + random.below(512) * 4096);
    } else if (random.chance(12)) this.writeCode(random.below(VIRTUAL_PAGES));
    else if (runs && random.chance(11)) this.runCode();
    else if (random.chance(500)) this.fenceOften();
    else this.#access();
  }

  #li(rd: number, value: bigint): void {
    this.words.push(op("lui", { rd, imm: Number(BigInt.asIntN(32, (value & ~0xfffn) + (value & 0x800n ? 0x1000n : 0n))) }));
    this.words.push(op("addiw", { rd, rs1: rd, imm: Number(BigInt.asIntN(12, value)) }));
    if (value >> 31n === 0n) return;
    this.words.push(op("slli", { rd, rs1: rd, imm: 32 }), op("srli", { rd, rs1: rd, imm: 32 }));
    if (value >> 32n === 0n) return;
    this.#liHigh(rd, value >> 32n);
  }

  /** The upper half, over T2. */
  #liHigh(rd: number, high: bigint): void {
    this.#li(T2, high);
    this.words.push(op("slli", { rd: T2, rs1: T2, imm: 32 }), op("or", { rd, rs1: rd, rs2: T2 }));
  }

  /** To a physical address. */
  #store(pa: number, value: bigint): void {
    this.#li(T0, BigInt(pa));
    this.#li(T1, value);
    this.words.push(op("sd", { rs1: T0, rs2: T1 }));
  }

  map(space: number, k: number, page: number): void {
    const mapped = this.#mapped[space];
    if (mapped !== undefined) mapped.pages[k] = page;
    this.#store(tableOf(space) + 0x2000 + 8 * k, BigInt((pagePa(page) >>> 12) * 1024 + LEAF));
  }

  #mapSuperpage(space: number, n: number): void {
    const mapped = this.#mapped[space];
    if (mapped !== undefined) mapped.superpage = n;
    this.#store(tableOf(space) + 0x1000 + 8, BigInt((superpagePa(n) >>> 12) * 1024 + LEAF));
  }

  enter(space: number): void {
    this.#space = space;
    this.#li(T0, satpOf(space));
    this.words.push(op("csrrw", { rs1: T0, imm: SATP }));
    if (asidOf(space) !== SPACES - 1) return;
    // Two share this one.
    this.#li(T1, BigInt(asidOf(space)));
    this.words.push(op("sfence.vma", { rs2: T1 }));
  }

  /** Enough of one for what has changed in `space` at `va`. */
  #fence(space: number, va: number): void {
    this.#li(T0, BigInt(va));
    this.#li(T1, BigInt(asidOf(space)));
    if (this.random.chance(60)) this.fenceAll();
    else this.words.push(op("sfence.vma", this.random.pick([{ rs1: T0 }, { rs1: T0, rs2: T1 }, { rs2: T1 }])));
  }

  /** Nothing is translated; what satp holds besides the mode changes, and changes back. */
  leaveAll(): void {
    this.words.push(
      op("csrrw", { imm: SATP }),
      op("addi", { rd: T0, imm: 1 }),
      op("csrrw", { rs1: T0, imm: SATP }),
      op("csrrw", { imm: SATP }),
    );
  }

  fenceAll(): void {
    this.words.push(op("sfence.vma"));
  }

  fencePage(k: number): void {
    this.#li(T0, BigInt(VA + k * 4096));
    this.words.push(op("sfence.vma", { rs1: T0 }));
  }

  /** The space in use gets all RAM as one superpage of 1 GiB, and many entries of the TLB by it. */
  touchMany(): void {
    this.#store(tableOf(this.#space) + 16, BigInt((CODE_PA >>> 12) * 1024 + LEAF));
    this.#li(T0, BigInt(SUPERPAGES_PA));
    this.#li(T1, BigInt(MANY_PAGES));
    this.#li(T2, BigInt(MPRV));
    this.words.push(op("csrrs", { rs1: T2, imm: MSTATUS }), op("lui", { rd: T2, imm: 4096 }));
    this.words.push(op("ld", { rs1: T0 }), op("add", { rd: T0, rs1: T0, rs2: T2 }), op("addi", { rd: T1, rs1: T1, imm: -1 }));
    this.words.push(op("bne", { rs1: T1, imm: -12 }));
    this.#li(T2, BigInt(MPRV));
    this.words.push(op("csrrc", { rs1: T2, imm: MSTATUS }));
  }

  /** To and fro between two spaces, for ever. */
  switchForEver(one: number, other: number): void {
    this.#li(T0, satpOf(one));
    this.#li(T1, satpOf(other));
    this.words.push(op("csrrw", { rs1: T0, imm: SATP }), op("csrrw", { rs1: T1, imm: SATP }), op("jal", { imm: -8 }));
  }

  /** For an address that nothing uses. */
  fenceOften(): void {
    this.#li(T0, BigInt(MANY_FENCES));
    this.#li(T1, BigInt(VA + 300 * 4096));
    this.words.push(op("sfence.vma", { rs1: T1 }), op("addi", { rd: T0, rs1: T0, imm: -1 }), op("bne", { rs1: T0, imm: -8 }));
  }

  /** A virtual address of the space in use, and where it leads. */
  #place(): [va: number, pa: number] {
    const mapped = this.#mapped[this.#space];
    if (mapped === undefined) throw new Error("no such space");
    const offset = 8 * this.random.below(4);
    if (this.random.chance(5)) {
      const within = 4096 * this.random.below(3) + offset;
      return [VA + SUPERPAGE_BYTES + within, superpagePa(mapped.superpage) + within];
    }
    const k = this.random.below(VIRTUAL_PAGES);
    return [VA + k * 4096 + offset, pagePa(mapped.pages[k] ?? 0) + offset];
  }

  /** An access at T0, of U-mode or of S-mode with SUM. */
  #borrow(access: number): void {
    this.#li(T2, BigInt(MPP));
    this.words.push(op("csrrc", { rs1: T2, imm: MSTATUS }));
    this.#li(T2, BigInt(this.random.chance(3) ? MPRV | SUM | MPP_S : MPRV));
    this.words.push(op("csrrs", { rs1: T2, imm: MSTATUS }), access);
    this.#li(T2, BigInt(MPRV));
    this.words.push(op("csrrc", { rs1: T2, imm: MSTATUS }));
  }

  #access(): void {
    const [va, pa] = this.#place();
    if (this.random.chance(2)) this.load(va, pa);
    else this.store(va, pa);
  }

  load(va: number, pa: number): void {
    this.#li(T0, BigInt(va));
    this.#borrow(op("ld", { rd: T1, rs1: T0 }));
    this.#add(T1, this.#memory.get(pa) ?? 0n);
  }

  /** Where nothing is translated. */
  loadOwnCode(): void {
    this.#li(T0, BigInt(CODE_PA));
    this.#borrow(op("ld", { rd: T1, rs1: T0 }));
    this.#add(T1, new BigUint64Array(Uint32Array.from(this.words.slice(0, 2)).buffer)[0] ?? 0n);
  }

  store(va: number, pa: number): void {
    const value = BigInt(this.random.below(0x7fffffff));
    this.#li(T0, BigInt(va));
    this.#li(T1, value);
    this.#borrow(op("sd", { rs1: T0, rs2: T1 }));
    this.#memory.set(pa, value);
  }

  /** A function that gives a number, through the space in use. */
  writeCode(k: number): void {
    const value = this.random.below(2000);
    this.#li(T0, BigInt(VA + k * 4096 + CODE_OFFSET));
    this.#li(T1, (BigInt(op("jalr", { rs1: RA }) >>> 0) << 32n) | BigInt(op("addi", { rd: A0, imm: value }) >>> 0));
    this.#borrow(op("sd", { rs1: T0, rs2: T1 }));
    this.#code.set(this.#mapped[this.#space]?.pages[k] ?? 0, value);
  }

  /** Calls one of these by its physical address. */
  runCode(): void {
    if (this.#code.size === 0) return;
    const [page, value] = this.random.pick([...this.#code]);
    this.#li(T0, BigInt(pagePa(page) + CODE_OFFSET));
    this.words.push(op("fence.i"), op("jalr", { rd: RA, rs1: T0 }));
    this.#add(A0, BigInt(value));
  }

  #add(rs: number, value: bigint): void {
    this.words.push(
      op("slli", { rd: T2, rs1: S0, imm: 5 }),
      op("sub", { rd: S0, rs1: T2, rs2: S0 }),
      op("add", { rd: S0, rs1: S0, rs2: rs }),
    );
    this.checksum = BigInt.asUintN(64, this.checksum * 31n + value);
  }
}

const tableOf = (space: number): number => TABLES_PA + space * 0x3000;
const pagePa = (page: number): number => PAGES_PA + page * 4096;
const superpagePa = (n: number): number => SUPERPAGES_PA + n * SUPERPAGE_BYTES;
/** The last two spaces share one. */
const asidOf = (space: number): number => Math.min(space + 1, SPACES - 1);
const satpOf = (space: number): bigint => (SV39 << 60n) | (BigInt(asidOf(space)) << 44n) | BigInt(tableOf(space) >>> 12);

describe.each(ENGINES)("address spaces, $name", (engine) => {
  const load = (guest: Guest): Machine => {
    const machine = engine.make({ ramBytes: RAM_BYTES, onSerial() {} });
    const bytes = new Uint8Array(Uint32Array.from(guest.words).buffer);
    if (bytes.length > RESULT_PA - CODE_PA) throw new Error("the program is too long");
    machine.start({
      loads: [{ pa: CODE_PA, bytes }],
      entryPa: CODE_PA,
      a0: 0,
      a1: 0,
      a2: 0,
      mode: "M",
      firmware: "none",
      tohostPa: TOHOST_PA,
    });
    return machine;
  };
  const check = (guest: Guest): void => {
    guest.end();
    const machine = load(guest);
    expect(machine.run(10_000_000)).toEqual({ kind: "poweroff", status: 0 });
    const result = machine.readRam(RESULT_PA, 8);
    expect(new DataView(result.buffer, result.byteOffset).getBigUint64(0, true)).toBe(guest.checksum);
  };

  it.each([1, 2, 3])("know what was mapped anew while others were in use, seed %i", (seed) => {
    const guest = new Guest(seed);
    for (let n = 0; n < OPERATIONS; n++) guest.operate(n > OPERATIONS / 3);
    check(guest);
  });

  it.each([
    ["one fence of all", (guest: Guest) => guest.fenceAll()],
    ["one fence for the page, then more than are kept in mind", (guest: Guest) => [guest.fencePage(0), guest.fenceOften()]],
  ])("hear of %s when they come back", (_, fence) => {
    const guest = new Guest(1);
    guest.store(VA, pagePa(0));
    guest.store(VA + 4096, pagePa(1));
    for (let n = 0; n < 4; n++) {
      guest.load(VA, pagePa(n % 2)); // as U-mode or as S-mode
      guest.enter(1);
      guest.map(0, 0, (n + 1) % 2);
      fence(guest);
      guest.enter(0);
    }
    check(guest);
  });

  it("are not there where nothing is translated", () => {
    const guest = new Guest(1);
    for (const space of [0, 1, 2]) {
      guest.enter(space);
      for (let n = 0; n < 4; n++) guest.load(CODE_PA, pagePa(0)); // as U-mode and as S-mode
    }
    guest.leaveAll();
    for (let n = 0; n < 4; n++) guest.loadOwnCode();
    check(guest);
  });

  it("do not keep the host from its turn when they are switched all the time", () => {
    const guest = new Guest(1);
    for (const space of [0, 1]) {
      guest.enter(space);
      guest.touchMany();
    }
    guest.switchForEver(0, 1);
    const machine = load(guest);
    machine.run(2 * MANY_PAGES * 4); // they are touched by now, or nearly
    const tookMs = Array.from({ length: 5 }, () => {
      const began = performance.now();
      machine.run(1_000_000_000, 4);
      return performance.now() - began;
    });
    expect(Math.min(...tookMs)).toBeLessThan(50); // this host has other things to do, too
  });

  it("see that a page is code by now when they come back", () => {
    const guest = new Guest(1);
    for (let n = 0; n < 4; n++) {
      guest.writeCode(0);
      guest.enter(1);
      guest.runCode();
      guest.enter(0);
    }
    check(guest);
  });
});
