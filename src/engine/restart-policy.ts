// Whether an instance that has ended starts again, and when. May depend on instance/.
import type { InstanceRecord } from "../instance/record.js";

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 60_000;
/** A run of this length counts as a success: the next delay is the first again. */
export const SETTLED_MS = 10_000;

/** After the end of a run that nobody asked for. */
export function shouldRestart({ spec, end, wanted, restarts }: InstanceRecord): boolean {
  if (wanted === "stopped" || end === undefined) return false;
  const { policy, maxRetries } = spec.restart;
  switch (policy) {
    case "no":
      return false;
    case "on-failure":
      return end.status !== 0 && (maxRetries === undefined || restarts < maxRetries);
    case "always":
    case "unless-stopped":
      return true;
  }
}

export function restartDelayMs(restarts: number): number {
  return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(restarts, 30));
}
