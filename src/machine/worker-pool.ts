// The process's worker threads: how many there may be, and which one a machine is placed on at its power-on, for good. Threads
// are made as they are needed. May depend on errors, module.ts and worker-thread.ts.
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { WardianError } from "../errors.js";
import { compileMachine } from "./module.js";
import { WorkerThread } from "./worker-thread.js";

const LINGER_MS = 1000;
const MAX_WORKERS = 1024;

/** The compiled entry: beside this file, or in dist/ where this file runs from source. */
function entryUrl(): URL {
  for (const path of ["./worker.cjs", "../../dist/src/machine/worker.cjs"]) {
    const url = new URL(path, import.meta.url);
    if (existsSync(fileURLToPath(url))) return url;
  }
  throw new WardianError("not-built", "the compiled worker is missing: run `npm run build`");
}

export class WorkerPool {
  readonly #threads = new Set<WorkerThread>();
  readonly #entry: URL | undefined;
  readonly #lingerMs: number;
  #limit: number;

  constructor({ count = availableParallelism(), entry, lingerMs = LINGER_MS }: { count?: number; entry?: URL; lingerMs?: number } = {}) {
    this.#limit = count;
    this.#entry = entry;
    this.#lingerMs = lingerMs;
  }

  /** How many threads there may be. */
  get limit(): number {
    return this.#limit;
  }

  /** How many there are. */
  get size(): number {
    return this.#threads.size;
  }

  /** How loaded each of them is: 1 for a machine that wants all of a thread. */
  get loads(): number[] {
    return [...this.#threads].map((thread) => thread.load);
  }

  /** Throws `bad-workers`, also where there are machines already. */
  configure(count: number): void {
    if (!Number.isInteger(count) || count < 1 || count > MAX_WORKERS)
      throw new WardianError("bad-workers", `the number of worker threads must be 1 to ${MAX_WORKERS}`);
    if (count !== this.#limit && [...this.#threads].some((thread) => thread.count > 0))
      throw new WardianError("bad-workers", "set the number of worker threads before the first machine is started");
    this.#limit = count;
  }

  /** Makes the next machine's thread ahead, so that it starts while the machine's files are read. */
  prepare(): void {
    if (this.#free() === undefined && this.#threads.size < this.#limit) this.#make();
  }

  /** The thread for a machine that enters it now, before anybody else is placed. */
  place(): WorkerThread {
    const free = this.#free();
    if (free !== undefined) return free;
    if (this.#threads.size < this.#limit) return this.#make();
    return [...this.#threads].reduce((least, thread) => (thread.load < least.load ? thread : least));
  }

  #free(): WorkerThread | undefined {
    return [...this.#threads].find((thread) => thread.count === 0);
  }

  #make(): WorkerThread {
    const thread = new WorkerThread({
      entry: this.#entry ?? entryUrl(),
      module: compileMachine(),
      lingerMs: this.#lingerMs,
      onGone: (gone) => this.#threads.delete(gone),
    });
    this.#threads.add(thread);
    return thread;
  }
}

/** The pool of this process. */
export const workerPool = new WorkerPool();

/** How many threads the machines of this process share; call it before the first machine starts. Default: one a CPU. */
export function configureWorkers(count: number): void {
  workerPool.configure(count);
}

/** How many worker threads there may be. */
export function workerCount(): number {
  return workerPool.limit;
}
