// From M-mode into S-mode with Sv39: page tables made by the test, and the instructions that leave M-mode behind.
import type { GuestCode } from "./guest-code.js";

export const PTE = { V: 1, R: 2, W: 4, X: 8, U: 16, G: 32, A: 64, D: 128 } as const;
/** Present, global permissions for S-mode, accessed and dirty already: no engine has to note that. */
export const RWX_S = PTE.V | PTE.R | PTE.W | PTE.X | PTE.A | PTE.D;
export const CSR = {
  fflags: 1, frm: 2, fcsr: 3, instret: 0xc02, sstatus: 0x100, sie: 0x104, stvec: 0x105, scounteren: 0x106, sscratch: 0x140, sepc: 0x141, scause: 0x142,
  stval: 0x143, sip: 0x144, stimecmp: 0x14d, satp: 0x180, mstatus: 0x300, medeleg: 0x302, mideleg: 0x303, mie: 0x304, mtvec: 0x305,
  mcounteren: 0x306, menvcfg: 0x30a, mscratch: 0x340, mepc: 0x341, mcause: 0x342, mtval: 0x343, mip: 0x344, pmpcfg0: 0x3a0, pmpaddr0: 0x3b0, time: 0xc01,
} as const; // prettier-ignore
const SV39 = 8n << 60n;
const PAGE_BYTES = 4096;

export class PageTables {
  readonly #pages = new Map<number, BigUint64Array>();
  #next: number;

  constructor(readonly pa: number) {
    this.#next = pa;
  }

  /** An empty root table. */
  root(): number {
    return this.#table();
  }

  satp(root: number, asid = 0): bigint {
    return SV39 | (BigInt(asid) << 44n) | BigInt(root / PAGE_BYTES);
  }

  /** Maps the page at `va`; `level` 2 is a gigabyte. */
  map(root: number, va: number, pa: number, flags: number, level = 0): void {
    this.#set(this.entryPa(root, va, level), (BigInt(pa / PAGE_BYTES) << 10n) | BigInt(flags));
  }

  /** Where the entry of `va` stands; makes the tables above it. */
  entryPa(root: number, va: number, level = 0): number {
    let table = root;
    for (let at = 2; at > level; at--) {
      const entryPa = table + this.#index(va, at) * 8;
      if (this.#get(entryPa) === 0n) this.#set(entryPa, (BigInt(this.#table() / PAGE_BYTES) << 10n) | 1n);
      table = Number(this.#get(entryPa) >> 10n) * PAGE_BYTES;
    }
    return table + this.#index(va, level) * 8;
  }

  loads(): { pa: number; bytes: Uint8Array }[] {
    return [...this.#pages].map(([pa, words]) => ({ pa, bytes: new Uint8Array(words.buffer) }));
  }

  get bytes(): number {
    return this.#next - this.pa;
  }

  #index(va: number, level: number): number {
    return Math.floor(va / 2 ** (12 + 9 * level)) % 512;
  }

  #table(): number {
    const pa = this.#next;
    this.#pages.set(pa, new BigUint64Array(512));
    this.#next += PAGE_BYTES;
    return pa;
  }

  #get(pa: number): bigint {
    return this.#pages.get(pa - (pa % PAGE_BYTES))?.[(pa % PAGE_BYTES) / 8] ?? 0n;
  }

  #set(pa: number, value: bigint): void {
    const page = this.#pages.get(pa - (pa % PAGE_BYTES));
    if (page === undefined) throw new Error("that is not a page of tables");
    page[(pa % PAGE_BYTES) / 8] = value;
  }
}

const T = 28;
/** STCE and ADUE. */
const MENVCFG = (1n << 63n) | (1n << 61n);

/** Writes `value` to a CSR, by way of x28. */
export function writeCsr(code: GuestCode, csr: number, value: bigint | number): void {
  code.li(T, value);
  code.op("csrrw", { rs1: T, imm: csr });
}

/** All of memory for S- and U-mode, exceptions and interrupts delegated, then on at `label` in S-mode with `satp`. Floating point is initial. */
export function enterSupervisor(code: GuestCode, satp: bigint, label: string, menvcfg = MENVCFG): void {
  writeCsr(code, CSR.pmpaddr0, 0x3fffffffffffffn);
  writeCsr(code, CSR.pmpcfg0, 0x1f);
  writeCsr(code, CSR.medeleg, 0xb1ff);
  writeCsr(code, CSR.mideleg, 0x222);
  writeCsr(code, CSR.mcounteren, 7);
  writeCsr(code, CSR.menvcfg, menvcfg);
  writeCsr(code, CSR.satp, satp);
  writeCsr(code, CSR.mstatus, 0x2800);
  code.la(T, label);
  code.op("csrrw", { rs1: T, imm: CSR.mepc });
  code.op("mret");
}
