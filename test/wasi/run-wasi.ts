// How tests run a WASI program as a user does: `wardian run`, compiled, in a process of its own. Nothing waits for ever.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { MAIN } from "../../src/cli/testing/command.js";

const FIXTURES = fileURLToPath(new URL("../../fixtures/wasi/", import.meta.url));
const KILL_AFTER_MS = 120_000;

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Options of `wardian run`, before the program. */
  readonly options?: readonly string[];
  readonly args?: readonly string[];
  /** Passed on, piece by piece, with -i. */
  readonly stdin?: string | readonly string[];
}

/** `name` below fixtures/wasi/bin, without ".wasm". */
export const fixture = (name: string): string => `${FIXTURES}bin/${name}.wasm`;
export const fixtureSource = (path: string): string => `${FIXTURES}${path}`;

export function runWasi(program: string, { options = [], args = [], stdin }: RunOptions = {}): Promise<Outcome> {
  const child = spawn(process.execPath, [MAIN, "run", ...(stdin === undefined ? [] : ["-i"]), ...options, program, ...args], {
    stdio: [stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    timeout: KILL_AFTER_MS,
    killSignal: "SIGKILL",
  });
  const outcome = { stdout: "", stderr: "" };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (outcome.stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (outcome.stderr += text));
  child.stdin?.on("error", () => {}); // a program need not read what it is given
  for (const piece of typeof stdin === "string" ? [stdin] : (stdin ?? [])) child.stdin?.write(piece);
  child.stdin?.end();
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => resolve({ status, ...outcome }));
  });
}
