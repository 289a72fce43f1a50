// The programs that tests need from the host, and why a test is left out where they are missing.
import { spawnSync } from "node:child_process";

export const CROSS_COMPILER = `${process.env.CROSS_COMPILE ?? "riscv64-linux-gnu-"}gcc`;

/** Undefined where `program` can be run, else the reason for a skip; the reason is printed too. */
export function missing(program: string, what: string): string | undefined {
  if (spawnSync(program, ["--version"]).status === 0) return undefined;
  const reason = `skipped: ${what} need ${program}`;
  console.warn(reason);
  return reason;
}
