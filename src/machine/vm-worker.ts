// A machine's worker thread as the main thread sees it: one power-on, its messages, and every way it can end, as one
// value. May depend on errors and worker-messages.ts.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { WardianError } from "../errors.js";
import type { FromWorker, MachineEnd, StartMessage, ToWorker } from "./worker-messages.js";

export type WorkerEnd = MachineEnd | { readonly kind: "failed"; readonly error: WardianError };

type Told = Exclude<FromWorker, { kind: "end" | "failed" }>;

/** A worker that does not answer a stop in this time is ended from outside. */
const STOP_TIMEOUT_MS = 1000;
/** Smaller buffers may be part of a pool that other bytes live in; they are copied. */
const TRANSFER_MIN_BYTES = 1 << 20;

/** The compiled entry: beside this file, or in dist/ where this file runs from source. */
function entryUrl(): URL {
  for (const path of ["./worker.js", "../../dist/src/machine/worker.js"]) {
    const url = new URL(path, import.meta.url);
    if (existsSync(fileURLToPath(url))) return url;
  }
  throw new WardianError("not-built", "the compiled worker is missing: run `npm run build`");
}

export class VmWorker {
  readonly end: Promise<WorkerEnd>;
  readonly #worker: Worker;
  readonly #settle: (end: WorkerEnd) => void;
  #isOver = false;

  constructor(start: StartMessage, onMessage: (message: Told) => void) {
    let settle: (end: WorkerEnd) => void = () => {};
    this.end = new Promise((resolve) => {
      settle = resolve;
    });
    this.#settle = settle;
    this.#worker = new Worker(entryUrl(), { name: "wardian-machine", execArgv: [] });
    this.#worker.on("message", (message: FromWorker) => {
      if (this.#isOver) return;
      if (message.kind === "end") this.#finish(message.end);
      else if (message.kind === "failed") this.#finish({ kind: "failed", error: new WardianError(message.code, message.message) });
      else onMessage(message);
    });
    this.#worker.on("error", (error) => this.#finish({ kind: "failed", error: workerFault(error) }));
    this.#worker.on("exit", (code) => this.#finish({ kind: "failed", error: workerFault(new Error(`it exited with ${code}`)) }));
    this.#worker.postMessage(start, buffersOf(start));
  }

  send(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    if (!this.#isOver) this.#worker.postMessage(message, transfer);
  }

  /** Resolves when the thread is gone. */
  async stop(): Promise<void> {
    this.send({ kind: "stop" });
    const timer = setTimeout(() => this.#finish({ kind: "stopped" }), STOP_TIMEOUT_MS);
    await this.end;
    clearTimeout(timer);
    await this.#worker.terminate();
  }

  #finish(end: WorkerEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#worker.terminate().then(
      () => this.#settle(end),
      () => this.#settle(end),
    );
  }
}

/** Large buffers of the plan change hands instead of being copied. */
function buffersOf(start: StartMessage): ArrayBuffer[] {
  const buffers = start.plan.loads.map(({ bytes }) => bytes.buffer).filter((buffer) => buffer.byteLength >= TRANSFER_MIN_BYTES);
  return [...new Set(buffers)] as ArrayBuffer[];
}

function workerFault(error: Error): WardianError {
  if ((error as NodeJS.ErrnoException).code === "ERR_WORKER_OUT_OF_MEMORY") {
    return new WardianError("out-of-memory", "the machine's thread ran out of memory: give it less with -m", { cause: error });
  }
  return new WardianError(
    "worker-crash",
    `the machine's thread ended by itself (${error.message.split("\n")[0]}); this is a bug in Wardian`,
    { cause: error },
  );
}
