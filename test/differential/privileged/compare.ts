// Compares the outcomes of both machines, case by case, and excuses only what a named difference explains.
import { type Case, decodeOutcome, differingFields, type Outcome } from "./case-record.js";

/** A way in which both machines may differ, with the reason. */
export interface Difference {
  readonly reason: string;
  applies(one: Case, ours: Outcome, theirs: Outcome, fields: readonly string[]): boolean;
}

export interface Comparison {
  /** Reports of what nothing explains, the first few in full. */
  readonly unexplained: string[];
  readonly unexplainedCount: number;
  /** How often each difference was met. */
  readonly excused: ReadonlyMap<string, number>;
}

const MAX_REPORTS = 12;
const hex = (value: bigint): string => `0x${value.toString(16)}`;

export function compare(cases: readonly Case[], ours: Uint8Array, theirs: Uint8Array, differences: readonly Difference[]): Comparison {
  const unexplained: string[] = [];
  const excused = new Map<string, number>();
  let unexplainedCount = 0;
  for (const [index, one] of cases.entries()) {
    const mine = decodeOutcome(ours, index);
    const other = decodeOutcome(theirs, index);
    const fields = differingFields(mine, other);
    if (fields.length === 0) continue;
    const known = differences.find((difference) => difference.applies(one, mine, other, fields));
    if (known !== undefined) {
      excused.set(known.reason, (excused.get(known.reason) ?? 0) + 1);
    } else if (unexplainedCount++ < MAX_REPORTS) {
      unexplained.push(report(index, one, mine, other, fields));
    }
  }
  return { unexplained, unexplainedCount, excused };
}

function report(index: number, one: Case, ours: Outcome, theirs: Outcome, fields: readonly string[]): string {
  const value = (outcome: Outcome, field: string): bigint =>
    field.startsWith("memory") ? (outcome.memory[Number(field.slice(6))] ?? 0n) : (outcome[field as "cause"] as bigint);
  const lines = fields.map((field) => `  ${field}: ours ${hex(value(ours, field))}, QEMU ${hex(value(theirs, field))}`);
  return [`case ${index}: ${one.text}`, `  cause: ours ${hex(ours.cause)}, QEMU ${hex(theirs.cause)}`, ...lines].join("\n");
}
