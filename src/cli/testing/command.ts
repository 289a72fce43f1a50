// One command as a process of dist/, with what it said and how it ended.
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const MAIN = fileURLToPath(new URL("../../../dist/bundle/main.js", import.meta.url));

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Of the variables of ours only those of `env` are set. Output is read byte by byte (latin1) where that is asked for. */
export function beginCommand(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  encoding: "utf8" | "latin1" = "utf8",
): { readonly child: ChildProcess; readonly outcome: Promise<Outcome> } {
  const { NODE_OPTIONS: _options, WARDIAN_HOST: _host, WARDIAN_STATE: _state, ...own } = process.env;
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...own, ...env }, stdio: "pipe" });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (data: Buffer) => (stdout += data.toString(encoding)));
  child.stderr.on("data", (data: Buffer) => (stderr += data.toString(encoding)));
  child.stdin.on("error", () => {});
  return { child, outcome: new Promise((resolve) => child.on("close", (status) => resolve({ status, stdout, stderr }))) };
}
