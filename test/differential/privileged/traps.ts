// Generated traps: system instructions, illegal ones and interrupts in every mode, under random delegation, trap vectors and
// mstatus bits (TVM, TW, TSR, FS, the stacks of interrupt enables). The outcome is the first trap that comes of it.
import { assemble } from "../../../src/isa/assemble.js";
import { decode, disassemble } from "../../../src/isa/disassemble.js";
import type { Random } from "../random.js";
import {
  type Case,
  CODE_PA,
  FLAG_JUMP,
  FLAG_MSIP,
  FLAG_MTIP,
  type Harness,
  mpp,
  plainCase,
  PRIV_M,
  PRIV_S,
  PRIV_U,
  STCE,
} from "./case-record.js";
import type { Difference } from "./compare.js";
import { EBREAK_TVAL, NOT_IN_QEMU, someWord } from "./encodings.js";
import type { Load } from "./run-cases.js";

const SLOT_PA = CODE_PA + 2048;
const SPP = 1n << 8n;
const TVM = 1n << 20n;
const TW = 1n << 21n;
const TSR = 1n << 22n;
const SIE = 1n << 1n;
const SPIE = 1n << 5n;
const MPIE = 1n << 7n;
const STATUS_BITS = [SIE, SPIE, MPIE, SPP, TVM, TW, TSR, 1n << 13n, 1n << 14n, 1n << 18n, 1n << 19n];
const SSIP = 1n << 1n;
const STIP = 1n << 5n;
const SEIP = 1n << 9n;
const INTERRUPTS = 0xaaan;
const DELEGABLE_INTERRUPTS = 0x222n;
/** Without ecall from S-mode, which the harness reports with, and faults of a fetch, which the S-mode handler would repeat. */
const DELEGABLE = 0xa1f5n;
const CSR_SATP = 0x180;
const X5 = 5;
const C_EBREAK = 0x9002;

const SYSTEM = [
  assemble("ecall"), assemble("ebreak"), C_EBREAK, assemble("mret"), assemble("sret"), assemble("wfi"), assemble("sfence.vma"),
  assemble("sfence.vma", { rs1: X5, rs2: X5 }), assemble("csrrs", { rd: X5, imm: CSR_SATP }), assemble("csrrc", { rs1: 0, rd: X5, imm: CSR_SATP }),
  assemble("csrrs", { rd: X5, imm: 3 }), assemble("csrrwi", { rs1: 1, imm: 3 }), assemble("fadd.d", { rd: 1 }), assemble("fmv.x.d", { rd: 6 }),
  assemble("fmul.s", { rd: 1, rm: 5 }), assemble("fence.i"), 0, 0xffffffff, 0xffff, assemble("csrrs", { rd: X5, imm: 0x300 }),
  assemble("csrrs", { rd: X5, imm: 0xc00 }), assemble("csrrw", { rs1: X5, imm: 0xc00 }), assemble("csrrs", { rd: X5, imm: 0x14d }),
]; // prettier-ignore
const WFI = assemble("wfi");

/** Wherever a case's instruction leads on its page, an ecall stands. */
export function ecallPage(): Load {
  return { pa: CODE_PA, bytes: new Uint8Array(new Uint32Array(1024).fill(assemble("ecall")).buffer) };
}

function base(harness: Harness, random: Random): Case {
  const one = plainCase(harness);
  one.entry = BigInt(SLOT_PA);
  one.mstatus = STATUS_BITS.reduce((bits, bit) => (random.chance(2) ? bits | bit : bits), 0n);
  one.medeleg = random.pick([0n, DELEGABLE, random.u64() & DELEGABLE]);
  if (random.chance(2)) one.mtvec |= 1n;
  if (random.chance(2)) one.stvec |= 1n;
  one.a0 = one.a1 = BigInt(CODE_PA);
  return one;
}

function put(one: Case, bits: number): void {
  const ecall = BigInt(assemble("ecall"));
  const full = (bits & 3) === 3;
  const word = full ? BigInt(bits) | (ecall << 32n) : BigInt(bits & 0xffff) | (ecall << 16n) | (BigInt(C_EBREAK) << 48n);
  one.writes.push([BigInt(SLOT_PA), word]);
}

function enter(one: Case, mode: bigint, random: Random): void {
  if (mode === PRIV_M && random.chance(2)) {
    one.flags |= FLAG_JUMP;
    one.mstatus |= mpp(random.pick([PRIV_U, PRIV_S, PRIV_M]));
  } else {
    one.mstatus |= mpp(mode);
  }
}

function describe(one: Case, mode: bigint, bits: number): void {
  const hex = (value: bigint): string => `0x${value.toString(16)}`;
  one.text = `${disassemble(bits)} in ${mode}, mstatus ${hex(one.mstatus)}, medeleg ${hex(one.medeleg)}, mideleg ${hex(one.mideleg)}, mie ${hex(one.mie)}, mip ${hex(one.mip)}, mtvec ${hex(one.mtvec)}, stvec ${hex(one.stvec)}, stimecmp ${hex(one.stimecmp)}, flags ${one.flags}`;
}

/** A system instruction, a random one that touches no memory, or an illegal one. */
export function instructionCase(harness: Harness, random: Random): Case {
  const one = base(harness, random);
  const chosen = random.chance(2);
  const mode = random.pick(chosen ? [PRIV_U, PRIV_S, PRIV_M] : [PRIV_U, PRIV_S]);
  const bits = chosen ? random.pick(SYSTEM) : quietWord(random);
  put(one, bits);
  enter(one, mode, random);
  if (bits === WFI) {
    one.mip = one.mie = SSIP; // it must not wait, and SIE off keeps the interrupt from being taken
    one.mideleg = SSIP;
    one.mstatus = (one.mstatus & ~(SIE | MPIE)) | (mode === PRIV_U ? TW : 0n);
  }
  describe(one, mode, bits);
  return one;
}

/** An instruction, legal or not, that neither jumps nor touches memory, nor changes what the harness needs. */
function quietWord(random: Random): number {
  while (true) {
    const bits = someWord(random);
    const one = decode(bits);
    if (one === undefined || ["alu", "fp", "fpr", "fprm"].includes(one.row.kind)) return bits;
  }
}

export function interruptCase(harness: Harness, random: Random): Case {
  const one = base(harness, random);
  const mode = random.pick([PRIV_U, PRIV_S, PRIV_M]);
  const bits = assemble("addi", {});
  put(one, bits);
  one.mie = random.chance(3) ? INTERRUPTS : random.u64() & INTERRUPTS;
  one.mideleg = random.chance(3) ? DELEGABLE_INTERRUPTS : random.u64() & DELEGABLE_INTERRUPTS;
  one.mip = random.u64() & (SSIP | STIP | SEIP);
  if (random.chance(3)) one.flags |= FLAG_MSIP;
  if (random.chance(3)) one.flags |= FLAG_MTIP;
  if (random.chance(4)) {
    one.menvcfg = STCE;
    one.mip &= ~STIP;
    if (random.chance(2)) one.stimecmp = 0n;
  }
  one.mstatus |= mpp(mode);
  describe(one, mode, bits);
  return one;
}

const FS = 3n << 13n;
const SD = 1n << 63n;

const wordOf = (one: Case): number => Number((one.writes[0]?.[1] ?? 0n) & 0xffffffffn);

/** First to last (3.1.9). */
const PRIORITY = [11n, 3n, 7n, 9n, 1n, 5n];
const INTERRUPT = 1n << 63n;
const comesFirst = (one: bigint, other: bigint): boolean => PRIORITY.indexOf(one ^ INTERRUPT) < PRIORITY.indexOf(other ^ INTERRUPT);

export const TRAP_DIFFERENCES: readonly Difference[] = [
  {
    reason: "of several interrupts QEMU 7.2 takes that with the lowest number",
    applies: (_, ours, theirs, fields) =>
      fields.every((field) => field === "cause" || field === "handler") &&
      ((ours.handler ^ theirs.handler) & 15n) === 0n &&
      theirs.cause < ours.cause &&
      comesFirst(ours.cause, theirs.cause),
  },
  EBREAK_TVAL,
  NOT_IN_QEMU,
  {
    reason: "FS after an instruction that gives an integer and may set flags: dirty for us (it may be reported imprecisely, 3.1.6.6)",
    applies: (one, ours, theirs, fields) => {
      const row = decode(wordOf(one))?.row;
      return fields.join() === "status" && row?.kind.startsWith("fp") === true && ours.status === (theirs.status | FS | SD);
    },
  },
];
