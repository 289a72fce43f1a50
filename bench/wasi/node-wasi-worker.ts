// A worker in which node:wasi runs one program after the other: what ours is measured against. Depends on nothing of ours.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WASI } from "node:wasi";
import { parentPort } from "node:worker_threads";

export interface NodeWasiTask {
  readonly path: string;
  readonly args: readonly string[];
}

const modules = new Map<string, WebAssembly.Module>();

function moduleOf(path: string): WebAssembly.Module {
  const known = modules.get(path) ?? new WebAssembly.Module(readFileSync(path));
  modules.set(path, known);
  return known;
}

/** With a folder of its own at "/", which is gone afterwards. Gives what it wrote to standard output. */
function run({ path, args }: NodeWasiTask): string {
  const folder = mkdtempSync(join(tmpdir(), "wardian-node-wasi-"));
  const out = join(folder, "stdout");
  const stdout = openSync(out, "w");
  try {
    const wasi = new WASI({ version: "preview1", args: ["program", ...args], preopens: { "/": folder }, stdout, returnOnExit: true });
    const instance = new WebAssembly.Instance(moduleOf(path), wasi.getImportObject() as WebAssembly.Imports);
    const status = wasi.start(instance);
    if (status !== 0) throw new Error(`node:wasi: ${args.join(" ")} ended with ${status}`);
    return readFileSync(out, "utf8");
  } finally {
    closeSync(stdout);
    rmSync(folder, { recursive: true, force: true });
  }
}

parentPort?.on("message", (task: NodeWasiTask) => {
  try {
    parentPort?.postMessage({ stdout: run(task) });
  } catch (error) {
    parentPort?.postMessage({ error: String(error) });
  }
});
