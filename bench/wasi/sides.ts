// Both sides of the WASI benchmarks: a program in a container of ours, and the same file in a thread with node:wasi. Depends on errors,
// container/ and the files beside it.
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { Container, type ContainerOptions } from "../../src/container/container.js";
import { WardianError } from "../../src/errors.js";
import { projectFile } from "../folder.js";
import type { NodeWasiTask } from "./node-wasi-worker.js";

const files = new Map<string, Buffer>();

export const guestPath = (name: string): string => projectFile(`fixtures/wasi/bin/${name}.wasm`);

export function guestModule(name: string): Buffer {
  const known = files.get(name) ?? readFileSync(guestPath(name));
  files.set(name, known);
  return known;
}

/** What it wrote to standard output. */
export async function runOurs(name: string, args: readonly string[], options: Partial<ContainerOptions> = {}): Promise<string> {
  const container = await Container.start({ module: guestModule(name), args, ...options });
  const [out, said, end] = await Promise.all([text(container.stdout), text(container.stderr), container.exited]);
  if (end.status !== 0) throw new WardianError("bench-wasi", `${name} ${args.join(" ")}: ${end.message}; ${said}`);
  return out;
}

/** A thread with node:wasi, used for one program after the other. */
export class NodeWasi implements AsyncDisposable {
  readonly #worker = new Worker(fileURLToPath(new URL("./node-wasi-worker.js", import.meta.url)), { execArgv: ["--no-warnings"] });

  run(name: string, args: readonly string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#worker.once("message", ({ stdout, error }: { stdout?: string; error?: string }) => {
        if (stdout === undefined) reject(new WardianError("bench-wasi", error ?? "node:wasi ended"));
        else resolve(stdout);
      });
      const task: NodeWasiTask = { path: guestPath(name), args };
      this.#worker.postMessage(task);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}
