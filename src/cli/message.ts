// What people read on stderr: one line, always. May depend on errors.
import { WardianError } from "../errors.js";

/** In one line: control characters could come from a guest, a server or a file name. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is taken out
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ").trim();
}

export function sayError(message: string): void {
  process.stderr.write(`wardian: ${printable(message)}\n`);
}

/** One line for anything that was thrown. */
export function describeError(error: unknown): string {
  if (error instanceof WardianError) return error.message;
  const { code, message } = error instanceof Error ? (error as NodeJS.ErrnoException) : { code: undefined, message: String(error) };
  return `something went wrong inside Wardian (${code === undefined ? "" : `${code}: `}${message.split("\n")[0]}); this is a bug`;
}
