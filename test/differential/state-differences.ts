// Where two machines that should be alike are not: hart and interrupts, devices, RAM. The first is the one that is right.
import { RAM_BASE } from "../../assembly/machine/abi.js";
import type { Machine } from "../../src/machine/machine.js";
import { STATE_NAMES } from "../../src/machine/state-names.js";

const hex = (value: bigint | number | undefined): string => `0x${(value ?? 0).toString(16)}`;

/** For each value of Machine.state() that differs: its name, and a line that says so. */
export function stateDifferences(right: BigUint64Array, other: BigUint64Array): [name: string, line: string][] {
  return STATE_NAMES.flatMap((name, n): [string, string][] =>
    right[n] === other[n] ? [] : [[name, `${name}: ${hex(other[n])}, interpreted ${hex(right[n])}`]],
  );
}

export function deviceDifferences(right: Machine, other: Machine): string[] {
  return bytesFrom("device state", 0, right.deviceState(), other.deviceState());
}

const ZEROS = new Uint8Array(4096);

/** A line for each page. */
export function ramDifferences(right: Machine, other: Machine, ramBytes: number): string[] {
  const lines: string[] = [];
  for (let index = 0; index < ramBytes / ZEROS.length; index++) {
    const [mine, theirs] = [right.page(index), other.page(index)];
    if (mine === undefined && theirs === undefined) continue;
    lines.push(...bytesFrom("memory", RAM_BASE + index * ZEROS.length, mine ?? ZEROS, theirs ?? ZEROS));
  }
  return lines;
}

/** The first eight bytes that differ, or what there is of them. */
function bytesFrom(what: string, at: number, mine: Uint8Array, theirs: Uint8Array): string[] {
  if (Buffer.compare(mine, theirs) === 0) return [];
  const first = mine.findIndex((byte, n) => byte !== theirs[n]);
  const some = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(first, first + 8)).toString("hex");
  return [`${what} at ${hex(at + first)}: ${some(theirs)}, interpreted ${some(mine)}`];
}
