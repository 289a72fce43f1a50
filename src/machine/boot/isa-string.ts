// The names of a hart's extensions in canonical order, and the `riscv,isa` string made of them.
// Unprivileged specification, "ISA Extension Naming Conventions". May depend on errors.
import { WardianError } from "../../errors.js";

const SINGLE_LETTER_ORDER = "imafdqlcbkjtpvnh";
const EXTENSION_NAME = /^([a-z]|[zsx][a-z][a-z0-9]*)$/;

/** Single letters first, then z* by the letter they belong to, then s*, then x*; repeated names once. */
export function orderExtensions(names: readonly string[]): string[] {
  for (const name of names) {
    if (!EXTENSION_NAME.test(name))
      throw new WardianError("bad-device-tree", `${JSON.stringify(name)} is not the name of a RISC-V extension`);
  }
  return [...new Set(names)].sort((a, b) => compareKeys(sortKey(a), sortKey(b)));
}

/** "rv64imafdc_zicsr_..."; `ordered` comes from orderExtensions. */
export function isaString(ordered: readonly string[]): string {
  const letters = ordered.filter((name) => name.length === 1).join("");
  return [`rv64${letters}`, ...ordered.filter((name) => name.length > 1)].join("_");
}

type SortKey = [group: number, letter: number, name: string];

function sortKey(name: string): SortKey {
  if (name.length === 1) return [0, letterRank(name), name];
  const group = 1 + "zsx".indexOf(name.charAt(0));
  return [group, group === 1 ? letterRank(name.charAt(1)) : 0, name];
}

function letterRank(letter: string): number {
  const rank = SINGLE_LETTER_ORDER.indexOf(letter);
  return rank < 0 ? SINGLE_LETTER_ORDER.length + letter.charCodeAt(0) : rank;
}

function compareKeys(a: SortKey, b: SortKey): number {
  return a[0] - b[0] || a[1] - b[1] || (a[2] < b[2] ? -1 : a[2] > b[2] ? 1 : 0);
}
