// Answers that are not what was asked for, as errors: problem details (RFC 9457) keep their code and message. May depend on errors.
import { WardianError } from "../errors.js";

/** A problem is short; what is longer is none of ours. */
export const PROBLEM_LIMIT_BYTES = 64 << 10;
const MESSAGE_LIMIT_CHARS = 4096;
const CODE_PATTERN = /^[a-z][a-z0-9-]{0,63}$/;

/** The error that a problem's members tell; undefined where they are none. */
export function errorOf(problem: unknown): WardianError | undefined {
  if (typeof problem !== "object" || problem === null) return undefined;
  const { code, detail, title, message } = problem as Readonly<Record<string, unknown>>;
  if (typeof code !== "string" || !CODE_PATTERN.test(code)) return undefined;
  const text = [detail, message, title, code].find((value) => typeof value === "string" && value !== "") as string;
  return new WardianError(code, oneLine(text));
}

/** For an answer with an error's status. `body` is what was read of it. */
export function problemError(shown: string, status: number, contentType: string, body: string): WardianError {
  if (/^application\/problem\+json\b/.test(contentType)) {
    const known = errorOf(parseJson(body));
    if (known !== undefined) return known;
  }
  return new WardianError("bad-answer", `the server at ${shown} answered with status ${status} and no reason; is it a Wardian server?`);
}

/** Undefined for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Control characters would reach a terminal. */
function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is taken out
  return text.slice(0, MESSAGE_LIMIT_CHARS).replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
}
