// The names of the choices of tier.ts, which the command line reads without loading the rest. May depend on errors.
import { WardianError } from "../errors.js";

/**
 * start: baseline code at first; functions that are called often are optimized. peak: all is optimized before it starts. auto: functions
 * with loops are optimized when they are first called, the others as with start.
 */
export const TIERS = ["start", "peak", "auto"] as const;
export type Tier = (typeof TIERS)[number];

export function parseTier(text: string): Tier {
  const tier = TIERS.find((known) => known === text);
  if (tier === undefined) throw new WardianError("bad-option", `there is no tier ${JSON.stringify(text)}: use ${TIERS.join(", ")}`);
  return tier;
}
