// The shape of the instruction table: one row an instruction. Depends on nothing.
// A row's pattern is its 32 (or 16) bits, most significant first: 0 and 1 are fixed, a dot is an operand bit.

/** How operands sit in the word; decides what the decoder packs into a slot (see assembly/machine/isa/insn.ts). */
export type Format = "R" | "I" | "S" | "B" | "U" | "J" | "SHIFT" | "SHIFTW" | "CSR" | "CSRI" | "AMO" | "FR" | "FR4" | "NONE";

/**
 * What the dispatcher does around the meaning:
 * - `alu`  gives nothing and cannot fail; with rd = x0 it is not executed at all
 * - `mem`  gives false where it trapped or must leave the run loop
 * - `jump` gives the next slot, or 0 where the run loop must look `pc` up
 * - `sys`  as `mem`, with the counters brought up to date first
 * - `fp`   writes floating point state; `fpr` only reads it; `fprm` has a rounding mode that must be valid;
 *   `fmem` is `mem` that needs floating point on and writes it, `fmemr` one that only reads it
 */
export type Kind = "alu" | "mem" | "jump" | "sys" | "fp" | "fpr" | "fprm" | "fmem" | "fmemr";

export interface Row {
  readonly name: string; // the specification's mnemonic
  readonly fn: string; // the function in assembly/machine/isa
  readonly mask: number; // unsigned 32 bit
  readonly match: number;
  readonly format: Format;
  readonly kind: Kind;
  readonly extension: string;
}

/** A compressed instruction: its pattern and the base instruction it stands for. */
export interface CompressedRow {
  readonly name: string;
  readonly mask: number;
  readonly match: number;
  readonly base: string; // mnemonic of a Row
  readonly rd: Operand;
  readonly rs1: Operand;
  readonly rs2: Operand;
  readonly imm: readonly Scatter[];
  readonly signed: boolean;
  /** Operand values for which the encoding is reserved: "rd" means rd must not be x0, "imm" that the immediate must not be 0. */
  readonly nonZero: readonly ("rd" | "rs2" | "imm")[];
}

/** A register number: fixed, or a 5-bit field at bit `at`, or a 3-bit field that names x8 to x15. */
export type Operand = number | { readonly at: number; readonly bits: 3 | 5 };

/** Instruction bits from `from` (lowest) of width `width` become immediate bits from `to`. */
export interface Scatter {
  readonly from: number;
  readonly width: number;
  readonly to: number;
}

/** Reads a pattern into mask and match. */
export function parsePattern(pattern: string, bits: 16 | 32): { mask: number; match: number } {
  const text = pattern.replaceAll(" ", "");
  if (text.length !== bits || /[^01.]/.test(text)) throw new Error(`pattern "${pattern}" is not ${bits} bits of 0, 1 and .`);
  const mask = Number.parseInt(text.replaceAll("0", "1").replaceAll(".", "0"), 2);
  const match = Number.parseInt(text.replaceAll(".", "0"), 2);
  return { mask, match };
}
