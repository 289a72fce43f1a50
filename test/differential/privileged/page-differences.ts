// Where QEMU 7.2 and the specification (or a freedom that it gives) part ways over an access. Privileged specification, 3.7.1, 12.3.
import { ACCESSES, type Access } from "./accesses.js";
import { ALL_PMP, type Case, CODE_PA, type Outcome } from "./case-record.js";
import type { Difference } from "./compare.js";
import { EBREAK_TVAL } from "./encodings.js";
import { PTE_N } from "./pages.js";

const LOAD_ACCESS = 5n;
const STORE_ACCESS = 7n;

const PAGE_FAULT_FOR = new Map([
  [1n, 12n],
  [LOAD_ACCESS, 13n],
  [STORE_ACCESS, 15n],
]);

const isAccessFault = (cause: bigint): boolean => cause === 1n || cause === LOAD_ACCESS || cause === STORE_ACCESS;
const hasPmp = (one: Case): boolean => one.pmpcfg0 !== ALL_PMP;

function accessOf(one: Case): Access | undefined {
  const offset = Number(one.entry & 0xfffn) + (CODE_PA & 0xfff);
  return ACCESSES.find((access) => access.offset === offset);
}

const A_AND_D = 0xc0n;

/** QEMU wrote A or D to an entry that has it not on ours. */
function onlyTheyUpdated(one: Case, ours: Outcome, theirs: Outcome): boolean {
  return one.writes.some((_, n) => {
    const [mine, other] = [ours.memory[n] ?? 0n, theirs.memory[n] ?? 0n];
    return mine !== other && (mine | other) === other && ((mine ^ other) & ~A_AND_D) === 0n;
  });
}

export const PAGE_DIFFERENCES: readonly Difference[] = [
  EBREAK_TVAL,
  {
    reason: "AMO where there is no memory: a store access fault, a load access fault in QEMU",
    applies: (one, ours, theirs, fields) =>
      fields.every((field) => ["cause", "handler", "status"].includes(field)) &&
      ours.cause === STORE_ACCESS &&
      theirs.cause === LOAD_ACCESS &&
      accessOf(one)?.kind === "atomic",
  },
  {
    reason: "misaligned load where there is no memory: tval is its address, in QEMU that of an aligned part",
    applies: (one, ours, theirs, fields) =>
      fields.join() === "tval" &&
      isAccessFault(ours.cause) &&
      ours.tval === one.a0 &&
      theirs.tval === (one.a0 & -BigInt(accessOf(one)?.sizeBytes ?? 1)),
  },
  {
    reason: "table where there is no memory: an access fault (12.3.2), a page fault in QEMU",
    applies: (_, ours, theirs, fields) =>
      fields.every((field) => ["cause", "handler", "status"].includes(field)) &&
      isAccessFault(ours.cause) &&
      theirs.cause === PAGE_FAULT_FOR.get(ours.cause),
  },
  {
    reason: "PMP that denies the access, or a write to the page table entry: neither A nor D is set then (12.3.2); QEMU sets them first",
    applies: (one, ours, theirs) => hasPmp(one) && isAccessFault(ours.cause) && onlyTheyUpdated(one, ours, theirs),
  },
  {
    reason: "leaf with a reserved NAPOT encoding: QEMU sets A and D before it refuses it",
    applies: (one, ours, theirs, fields) =>
      fields.every((field) => field.startsWith("memory")) &&
      one.writes.some(([, value]) => (value & PTE_N) !== 0n) &&
      onlyTheyUpdated(one, ours, theirs),
  },
];
