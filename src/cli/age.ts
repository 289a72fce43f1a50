// Times as people say them: "3 minutes", and times as they write them. May depend on errors and arguments.ts.
import { WardianError } from "../errors.js";
import { parseDuration } from "./arguments.js";

// prettier-ignore
const SPANS: readonly (readonly [unit: string, seconds: number])[] = [
  ["year", 365 * 86_400], ["month", 30 * 86_400], ["week", 7 * 86_400], ["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1],
];
/** Below that many of a unit, the next smaller one is said. */
const LEAST_COUNT = 2;

/** "3 minutes", "1 second", "less than a second". */
export function formatSpan(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (!(seconds >= 1)) return "less than a second";
  const [unit, length] = SPANS.find(([name, span]) => seconds >= span * (name === "second" ? 1 : LEAST_COUNT)) ?? ["second", 1];
  const count = Math.floor(seconds / length);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** "3 minutes ago"; of clocks that disagree, "less than a second ago". */
export function formatAge(at: string, nowMs: number = Date.now()): string {
  const atMs = Date.parse(at);
  return Number.isNaN(atMs) ? "at an unknown time" : `${formatSpan(nowMs - atMs)} ago`;
}

const ISO_TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/;

/** Milliseconds since 1970 in "2026-11-23T10:00:00Z", "1795428000" (seconds since 1970), or "10m" (so long ago). */
export function parseTime(text: string, nowMs: number = Date.now()): number {
  if (/^\d{1,12}(\.\d{1,9})?$/.test(text)) return Math.floor(Number(text) * 1000);
  if (/^[\d.]+[a-z]+$/.test(text)) return nowMs - parseDuration(text);
  const ms = ISO_TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  throw new WardianError(
    "bad-time",
    `${JSON.stringify(text)} is not a point in time: write 2026-11-23T10:00:00Z, seconds since 1970, or how long ago, such as 10m`,
  );
}
