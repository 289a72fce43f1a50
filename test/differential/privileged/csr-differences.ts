// Where the CSRs of QEMU 7.2 and ours differ: freedoms that WARL gives, and places where QEMU does not do what the specification
// says. Privileged specification, chapters 2, 3 and 12.
import type { Case, Outcome } from "./case-record.js";
import type { Difference } from "./compare.js";
import { csrOf } from "./csrs.js";

const ILLEGAL = 2n;
const ALL = 0xffffffffffffffffn;
const EXTRA_STATUS = (3n << 9n) | (0xffn << 32n) | (1n << 63n);
const VALUES = ["a0", "a1", "a2"] as const;

type Match = number | readonly [first: number, last: number];

const isOneOf = (csr: number, matches: readonly Match[]): boolean =>
  matches.some((match) => (typeof match === "number" ? csr === match : csr >= match[0] && csr <= match[1]));

/** What these registers read may differ in the bits of `mask`. */
function bits(reason: string, matches: readonly Match[], mask: bigint): Difference {
  return {
    reason,
    applies: (one: Case, ours: Outcome, theirs: Outcome, fields) =>
      isOneOf(csrOf(one), matches) &&
      fields.every((field) => VALUES.some((name) => name === field)) &&
      VALUES.every((name) => ((ours[name] ^ theirs[name]) & ~mask) === 0n),
  };
}

/** These registers are there for us and are not for QEMU, or the other way round. */
function presence(reason: string, matches: readonly Match[], illegalForUs: boolean): Difference {
  return {
    reason,
    applies: (one, ours, theirs) => {
      const [lacking, having] = illegalForUs ? [ours, theirs] : [theirs, ours];
      return (
        isOneOf(csrOf(one), matches) &&
        lacking.cause === ILLEGAL &&
        lacking.epc === one.entry &&
        (having.cause !== ILLEGAL || having.epc !== one.entry)
      );
    },
  };
}

export const CSR_DIFFERENCES: readonly Difference[] = [
  bits("counters count what each machine counts", [0xb00, 0xb02, [0xc00, 0xc02]], ALL),
  bits("mhpmevent: read-only zero for us", [[0x323, 0x33f]], ALL),
  presence(
    "mhpmcounter3 to 31 must be there, if only as zero (3.1.10); without a PMU QEMU has none",
    [
      [0xb03, 0xb1f],
      [0xc03, 0xc1f],
    ],
    false,
  ),
  bits("debug triggers: none for us", [[0x7a0, 0x7a3]], ALL),
  presence("the triggers' tinfo and their context: none for us", [[0x7a4, 0x7af]], true),
  bits("pmpaddr holds address bits 55:2 (3.7.1); QEMU keeps all 64", [[0x3b0, 0x3bf]], 0x3ffn << 54n),
  bits("pmpcfg: reserved bits are 0 and W without R is not kept; QEMU keeps both", [[0x3a0, 0x3a3]], 0x6262626262626262n),
  bits("who made the hart", [[0xf11, 0xf13]], ALL),
  bits("mcounteren and scounteren have 32 bits; QEMU keeps 64", [0x106, 0x306], 0xffffffffn << 32n),
  bits("mcountinhibit: cycle and instret alone for us", [0x320], ~5n),
  bits("mstatus: VS, GVA and MPV without the V and H extensions, UXL and SXL: QEMU keeps them", [0x100, 0x300], EXTRA_STATUS),
  {
    reason: "mstatus.MPP = 2 is reserved and leaves the field as it was; QEMU takes it",
    applies: (one, ours, theirs, fields) =>
      csrOf(one) === 0x300 &&
      fields.join() === "a1" &&
      ((theirs.a1 >> 11n) & 3n) === 2n &&
      ((ours.a1 ^ theirs.a1) & ~(EXTRA_STATUS | (3n << 11n))) === 0n,
  },
  bits("senvcfg.CBIE = 2 is reserved and reads as 0; QEMU keeps it", [0x10a], 0x20n),
  bits("mideleg, mie, mip: QEMU has the hypervisor's interrupts and counter overflow", [0x303, 0x304, 0x344], 0x3444n),
  bits("medeleg: QEMU has the hypervisor's exceptions and ecall from M-mode", [0x302], 0xf00c00n),
  bits("menvcfg: QEMU 7.2 has PBMTE and no ADUE, and keeps the reserved CBIE = 2", [0x30a], (3n << 61n) | 0x20n),
  {
    reason: "satp that names a table where there is no memory: an access fault (12.3.2), a page fault in QEMU",
    applies: (one, ours, theirs, fields) => csrOf(one) === 0x180 && fields.join() === "cause" && ours.cause === 1n && theirs.cause === 12n,
  },
  {
    reason: "csrrs and csrrc with a register that holds 0 are writes all the same (Zicsr); QEMU lets a read-only CSR pass",
    applies: (one, ours) => csrOf(one) >> 10 === 3 && one.a1 === 0n && ours.cause === ILLEGAL,
  },
  bits("bit 0 of an exception pc is always 0 (3.1.14); QEMU keeps it", [0x141, 0x341], 1n),
];
