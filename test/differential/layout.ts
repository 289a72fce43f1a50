// Where a generated user-mode program and its data stand, and which registers it keeps for itself.
//
//   CODE_PA     blocks, then the exit stub             INPUT_PA    registers for each block (STATE_BYTES each)
//   SCRATCH_PA  two pages that loads and stores hit    OUTPUT_PA   registers after each block, then a copy of the scratch area
export const CODE_PA = 0x80100000;
export const INPUT_PA = 0x82000000;
export const SCRATCH_PA = 0x83000000;
export const SCRATCH_BYTES = 8192;
/** Between the two pages. */
export const SCRATCH_MIDDLE_PA = SCRATCH_PA + 4096;
export const OUTPUT_PA = 0x84000000;
/** x1 to x31, f0 to f31, fcsr. */
export const STATE_BYTES = 64 * 8;

/** Such that stack-relative accesses of every size can cross from one page to the other. */
export const SP = 2;
export const SP_PA = SCRATCH_MIDDLE_PA - 254;
/** Counts the rounds of a loop; c.bnez can name it. */
export const ROUNDS = 9;
/** An address made for one access. */
export const ADDRESS = 30;
/** The middle of the scratch area. */
export const BASE = 31;
/** What generated instructions do not write. */
export const KEPT: ReadonlySet<number> = new Set([SP, ROUNDS, ADDRESS, BASE]);
/** Of offsets from BASE, so that 8 bytes stay inside. */
export const OFFSET_LIMIT = 2040;
