// One case of the privileged differential tests: how the hart stands when the code of the case begins, and what came of it.
// The layout of both records is shared with harness.S.
//
//   case (256 bytes)      0 six writes (pa, value)   96 satp  104 mstatus  112 entry  120 medeleg  128 mideleg  136 mie  144 mip
//                       152 mtvec  160 stvec  168 sepc  176 pmpcfg0  184 pmpaddr0..3  216 a0  224 a1  232 menvcfg  240 stimecmp  248 flags
//   outcome (128 bytes)   0 handler  8 cause  16 epc  24 tval  32 status  40 a0  48 a1  56 a2  64 what the six places hold now  112 mip
export const CASE_BYTES = 256;
export const OUTCOME_BYTES = 128;
export const MAX_WRITES = 6;

export const HARNESS_PA = 0x80000000;
export const COUNT_PA = 0x80100000;
export const CASES_PA = 0x80200000;
export const RESULTS_PA = 0x84000000;
/** Page tables that stay; page tables and pages that cases write; the page with a case's code. */
export const TABLES_PA = 0x87000000;
export const PLAY_PA = 0x87100000;
export const CODE_PA = 0x87200000;
export const RAM_BYTES = 128 * 1024 * 1024;
export const MAX_CASES = 200_000;

export const PRIV_U = 0n;
export const PRIV_S = 1n;
export const PRIV_M = 3n;

export const FLAG_MSIP = 1n;
export const FLAG_MTIP = 2n;
/** Enter by a jump, in M-mode, with mstatus as it is given (MPRV). */
export const FLAG_JUMP = 4n;

export const ALL_PMP = 0x1fn << 56n; // entry 7: all of memory, NAPOT, RWX
export const STCE = 1n << 63n;
const NEVER = 0xffffffffffffffffn;

export interface Case {
  /** What is written before the case begins: code, page table entries, data. */
  writes: [pa: bigint, value: bigint][];
  satp: bigint;
  mstatus: bigint;
  entry: bigint;
  medeleg: bigint;
  mideleg: bigint;
  mie: bigint;
  mip: bigint;
  mtvec: bigint;
  stvec: bigint;
  sepc: bigint;
  pmpcfg0: bigint;
  pmpaddr: [bigint, bigint, bigint, bigint];
  a0: bigint;
  /** Every other register holds this one too. */
  a1: bigint;
  menvcfg: bigint;
  stimecmp: bigint;
  flags: bigint;
  /** For reports. */
  text: string;
}

/** Addresses in the harness. */
export interface Harness {
  readonly image: Uint8Array;
  readonly mVectors: bigint;
  readonly sVectors: bigint;
  readonly landing: bigint;
}

export const mpp = (priv: bigint): bigint => priv << 11n;
export const FS_DIRTY = 3n << 13n;

export function plainCase(harness: Harness): Case {
  return {
    writes: [], satp: 0n, mstatus: FS_DIRTY, entry: BigInt(CODE_PA), medeleg: 0n, mideleg: 0n, mie: 0n, mip: 0n,
    mtvec: harness.mVectors, stvec: harness.sVectors, sepc: harness.landing, pmpcfg0: ALL_PMP, pmpaddr: [0n, 0n, 0n, 0n],
    a0: 0n, a1: 0n, menvcfg: 0n, stimecmp: NEVER, flags: 0n, text: "",
  }; // prettier-ignore
}

export function encodeCases(cases: readonly Case[]): Uint8Array {
  const bytes = new Uint8Array(cases.length * CASE_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [index, one] of cases.entries()) {
    const words = [
      one.satp, one.mstatus, one.entry, one.medeleg, one.mideleg, one.mie, one.mip, one.mtvec, one.stvec, one.sepc, one.pmpcfg0,
      ...one.pmpaddr, one.a0, one.a1, one.menvcfg, one.stimecmp, one.flags,
    ]; // prettier-ignore
    const at = index * CASE_BYTES;
    if (one.writes.length > MAX_WRITES) throw new Error(`a case has ${one.writes.length} writes`);
    for (const [n, [pa, value]] of one.writes.entries()) {
      view.setBigUint64(at + n * 16, pa, true);
      view.setBigUint64(at + n * 16 + 8, value, true);
    }
    for (const [n, word] of words.entries()) view.setBigUint64(at + 96 + n * 8, word, true);
  }
  return bytes;
}

export interface Outcome {
  /** The mode that took the trap, plus 16 times the vector. */
  readonly handler: bigint;
  readonly cause: bigint;
  readonly epc: bigint;
  readonly tval: bigint;
  readonly status: bigint;
  readonly a0: bigint;
  readonly a1: bigint;
  readonly a2: bigint;
  readonly memory: readonly bigint[];
  readonly mip: bigint;
}

export function decodeOutcome(results: Uint8Array, index: number): Outcome {
  const view = new DataView(results.buffer, results.byteOffset + index * OUTCOME_BYTES, OUTCOME_BYTES);
  const word = (at: number): bigint => view.getBigUint64(at, true);
  return {
    handler: word(0), cause: word(8), epc: word(16), tval: word(24), status: word(32), a0: word(40), a1: word(48), a2: word(56),
    memory: Array.from({ length: MAX_WRITES }, (_, n) => word(64 + n * 8)), mip: word(112),
  }; // prettier-ignore
}

/** The names of what differs. */
export function differingFields(one: Outcome, other: Outcome): string[] {
  const names = (["handler", "cause", "epc", "tval", "status", "a0", "a1", "a2", "mip"] as const).filter(
    (name) => one[name] !== other[name],
  );
  const places = one.memory.flatMap((value, n) => (value === other.memory[n] ? [] : [`memory${n}`]));
  return [...names, ...places];
}
