// Threads for containers: warm ones wait for the next program, and are used again after a clean end. How many may wait is bounded,
// and so is how long. May depend on errors, kernel/ and its abi, wasi/ and thread.ts.
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { TICKER_PTR } from "../../assembly/kernel/abi.js";
import { WardianError } from "../errors.js";
import type { SharedKernel } from "../kernel/index.js";
import { clockModules } from "../wasi/clock-thunk.js";
import { ContainerThread } from "./thread.js";

const LINGER_MS = 30_000;

/** A compiled entry: beside this file, or in dist/ where this file runs from source. */
function entryUrl(name: "worker.cjs" | "ticker.js"): URL {
  for (const path of [`./${name}`, `../../dist/src/container/${name}`]) {
    const url = new URL(path, import.meta.url);
    if (existsSync(fileURLToPath(url))) return url;
  }
  throw new WardianError("not-built", "the compiled code of container threads is missing: run `npm run build`");
}

export interface PoolOptions {
  /** What every thread is given. */
  readonly data: () => SharedKernel;
  /** So many warm threads are made ahead; so many more may wait after use. */
  readonly spare?: number;
  readonly maxIdle?: number;
  readonly lingerMs?: number;
}

export interface PoolCounters {
  readonly threads: number;
  readonly idle: number;
  readonly made: number;
  /** Starts that found a warm thread. */
  readonly reused: number;
}

export class ThreadPool {
  readonly #idle: ContainerThread[] = [];
  readonly #all = new Set<ContainerThread>();
  readonly #options: Required<PoolOptions>;
  #entry: URL | undefined;
  #made = 0;
  #reused = 0;
  #timer: NodeJS.Timeout | undefined;
  #ticker: Worker | undefined;

  constructor(options: PoolOptions) {
    this.#options = { spare: 0, maxIdle: 2 * availableParallelism(), lingerMs: LINGER_MS, ...options };
  }

  get counters(): PoolCounters {
    return { threads: this.#all.size, idle: this.#idle.length, made: this.#made, reused: this.#reused };
  }

  /** A thread, warm where there is one. It comes back by giveBack(), or is ended. */
  take(): ContainerThread {
    const warm = this.#idle.pop();
    if (warm !== undefined) this.#reused += 1;
    if (this.#options.spare > this.#idle.length) setImmediate(() => this.warm()).unref();
    return warm ?? this.#make();
  }

  /** Makes threads ahead, up to the spare ones. */
  warm(count = this.#options.spare): void {
    while (this.#idle.length < Math.min(count, this.#options.maxIdle)) this.#idle.push(this.#make());
  }

  /** After a clean end of its program. */
  giveBack(thread: ContainerThread): void {
    if (thread.isGone) return;
    if (this.#idle.length >= this.#options.maxIdle) return void thread.end();
    this.#idle.push(thread);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.end(), this.#options.lingerMs).unref();
  }

  /** For programs that ask for the time over and over. */
  #startTicker(): void {
    const workerData = { buffer: this.#options.data().memory.buffer, ptr: TICKER_PTR };
    this.#ticker = new Worker(entryUrl("ticker.js"), { name: "wardian-ticker", execArgv: [], env: {}, workerData });
    this.#ticker.unref();
  }

  /** Ends those that wait, and the ticker. */
  async close(): Promise<void> {
    await Promise.all([this.end(), this.#ticker?.terminate()]);
  }

  /** Ends those that wait. */
  async end(): Promise<void> {
    clearTimeout(this.#timer);
    await Promise.all(this.#idle.splice(0).map((thread) => thread.end()));
  }

  #make(): ContainerThread {
    this.#made += 1;
    this.#entry ??= entryUrl("worker.cjs");
    const thread = new ContainerThread(
      this.#entry,
      { ...this.#options.data(), clockModules: clockModules() },
      () => this.#startTicker(),
      (gone) => this.#forget(gone),
    );
    this.#all.add(thread);
    return thread;
  }

  #forget(thread: ContainerThread): void {
    this.#all.delete(thread);
    const at = this.#idle.indexOf(thread);
    if (at >= 0) this.#idle.splice(at, 1);
  }
}
