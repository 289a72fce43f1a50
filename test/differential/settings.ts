// What a run of the differential tests is made of. The seed is fixed so that two runs of the same tree do the same; set
// WARDIAN_SEED to look elsewhere, and WARDIAN_DIFF_INSNS, WARDIAN_DIFF_EVENTS, WARDIAN_DIFF_WORDS to look longer.
const number = (name: string, otherwise: number): number => {
  const value = Number(process.env[name] ?? otherwise);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${name} must be a whole number above 0, not ${process.env[name]}`);
  return value;
};

export const SEED = number("WARDIAN_SEED", 20261123);
/** Instructions that the user-mode programs are generated with. */
export const INSNS = number("WARDIAN_DIFF_INSNS", 1_100_000);
/** Cases of the privileged tests, each of which is one trap and all that leads to it. */
export const EVENTS = number("WARDIAN_DIFF_EVENTS", 110_000);
/** 32-bit words of the sweep over encodings. */
export const WORDS = number("WARDIAN_DIFF_WORDS", 200_000);
