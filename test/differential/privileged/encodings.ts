// Illegal-encoding sweep: each case runs one instruction in U-mode, where the PMP lets only its page be fetched and nothing be
// loaded or stored. Whatever the instruction is, its first trap tells whether it was legal: illegal ones give cause 2.
import { decode, disassemble } from "../../../src/isa/disassemble.js";
import { ROWS } from "../../../src/isa/rv64gc.js";
import type { Random } from "../random.js";
import { type Case, CODE_PA, FS_DIRTY, type Harness, plainCase } from "./case-record.js";
import type { Difference } from "./compare.js";
import type { Load } from "./run-cases.js";

const PAGE = 4096;
const SLOT_PA = CODE_PA + PAGE / 2;
const C_EBREAK = 0x9002;
const PMP_X_NAPOT = 0x1cn;
const TW = 1n << 21n; // makes wfi in U-mode illegal on both

/** The page around the slot: breakpoints, so that every jump ends. */
export function codePage(): Load {
  return { pa: CODE_PA, bytes: new Uint8Array(new Uint16Array(PAGE / 2).fill(C_EBREAK).buffer) };
}

export function encodingCase(harness: Harness, bits: number): Case {
  const full = (bits & 3) === 3;
  const [low, high] = full ? [bits & 0xffff, bits >>> 16] : [bits & 0xffff, C_EBREAK];
  const word = BigInt(low) | (BigInt(high) << 16n) | (BigInt(C_EBREAK) << 32n) | (BigInt(C_EBREAK) << 48n);
  return {
    ...plainCase(harness),
    writes: [[BigInt(SLOT_PA), word]],
    mstatus: FS_DIRTY | TW,
    entry: BigInt(SLOT_PA),
    pmpcfg0: PMP_X_NAPOT,
    pmpaddr: [BigInt((CODE_PA >>> 2) + PAGE / 8 - 1), 0n, 0n, 0n],
    a0: BigInt(CODE_PA),
    a1: BigInt(CODE_PA),
    text: `0x${(bits >>> 0).toString(16)} ${disassemble(bits)}`,
  };
}

/** A jump to itself would never end. */
function loops(bits: number): boolean {
  const one = decode(bits);
  return one !== undefined && (one.row.name === "jal" || one.row.format === "B") && one.imm === 0;
}

export function everyHalf(): number[] {
  const halves: number[] = [];
  for (let half = 0; half < 0x10000; half++) if ((half & 3) !== 3 && !loops(half)) halves.push(half);
  return halves;
}

/** Words near the rows of the table: a row with random operands and, half of the time, a few of its fixed bits flipped. */
export function someWord(random: Random): number {
  while (true) {
    const row = random.pick(ROWS);
    let word = (row.match | (random.u32() & ~row.mask)) >>> 0;
    for (let flips = random.below(4); flips > 0; flips--) word = (word ^ (1 << random.below(32))) >>> 0;
    if (random.chance(16)) word = random.u32();
    if ((word & 3) === 3 && (word & 0x1f) !== 0x1f && !loops(word)) return word >>> 0;
  }
}

const bitsOf = (one: Case): number => {
  const word = Number((one.writes[0]?.[1] ?? 0n) & 0xffffffffn);
  return (word & 3) === 3 ? word : word & 0xffff;
};
const extensionOf = (one: Case): string => decode(bitsOf(one))?.row.extension ?? "";
const ILLEGAL = 2n;
const BREAKPOINT = 3n;
const STORE_ACCESS = 7n;

/** For every test: what ebreak writes to mtval is free, 0 or its address (privileged specification, 3.1.16). */
export const EBREAK_TVAL: Difference = {
  reason: "ebreak: QEMU 7.2 leaves tval 0",
  applies: (_, ours, theirs, fields) =>
    fields.join() === "tval" && ours.cause === BREAKPOINT && theirs.tval === 0n && ours.tval === ours.epc,
};

export const NOT_IN_QEMU: Difference = {
  reason: "QEMU 7.2 has no Zicond, Zawrs, Zicbom, Zicboz",
  applies: (one, _, theirs) => theirs.cause === ILLEGAL && ["Zicond", "Zawrs", "Zicbom", "Zicboz"].includes(extensionOf(one)),
};

export const ENCODING_DIFFERENCES: readonly Difference[] = [
  NOT_IN_QEMU,
  EBREAK_TVAL,
  {
    reason: "Svinval's two fences in U-mode: illegal says its specification, QEMU 7.2 lets them pass",
    applies: (one, ours, theirs) => ours.cause === ILLEGAL && theirs.cause === BREAKPOINT && disassemble(bitsOf(one)).startsWith("sfence."),
  },
  {
    reason: "sinval.vma that is illegal: QEMU 7.2 leaves tval 0",
    applies: (one, ours, theirs, fields) =>
      fields.join() === "tval" && ours.cause === ILLEGAL && theirs.tval === 0n && disassemble(bitsOf(one)).startsWith("sinval."),
  },
  {
    reason: "sc without a reservation: QEMU fails it before it looks at the address",
    applies: (one, ours, theirs) =>
      ours.cause === STORE_ACCESS && theirs.cause === BREAKPOINT && disassemble(bitsOf(one)).startsWith("sc."),
  },
];
