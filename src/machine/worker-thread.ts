// One worker thread as the main thread sees it: who lives on it, their messages, and its end, which is the end of all of them.
// Keeps the process alive only while somebody lives on it. May depend on errors and worker-messages.ts.
import { Worker } from "node:worker_threads";
import { WardianError } from "../errors.js";
import type { Envelope, FromWorker, ThreadData, ToWorker } from "./worker-messages.js";

/** A machine that lives on a thread. */
export interface Resident {
  /** What part of a thread it has wanted of late, 0 to 1. */
  readonly demand: number;
  receive(message: FromWorker): void;
  /** The thread is gone. */
  lose(error: WardianError): void;
}

export interface ThreadOptions extends ThreadData {
  readonly entry: URL;
  /** A thread on which nobody has lived for so long ends. */
  readonly lingerMs: number;
  /** It takes nobody any more. */
  onGone(thread: WorkerThread): void;
}

/** What an idle machine counts, so that idle machines spread, too. */
const PRESENCE = 0.05;

export class WorkerThread {
  readonly #worker: Worker;
  readonly #options: ThreadOptions;
  readonly #residents = new Map<number, Resident>();
  #nextId = 1;
  #linger: NodeJS.Timeout | undefined;
  #isGone = false;

  constructor(options: ThreadOptions) {
    this.#options = options;
    const data: ThreadData = { module: options.module };
    this.#worker = new Worker(options.entry, { name: "wardian-machines", execArgv: [], workerData: data });
    this.#worker.on("message", ({ machine, body }: Envelope<FromWorker>) => this.#residents.get(machine)?.receive(body));
    this.#worker.on("error", (error) => this.#lose(threadFault(error)));
    this.#worker.on("exit", (code) => this.#lose(threadFault(new Error(`it exited with ${code}`))));
    this.#wait();
  }

  get count(): number {
    return this.#residents.size;
  }

  get load(): number {
    let load = 0;
    for (const { demand } of this.#residents.values()) load += demand + PRESENCE;
    return load;
  }

  /** Gives the number by which the thread knows the resident. */
  enter(resident: Resident): number {
    clearTimeout(this.#linger);
    this.#worker.ref();
    const id = this.#nextId++;
    this.#residents.set(id, resident);
    return id;
  }

  leave(id: number): void {
    if (this.#residents.delete(id) && this.#residents.size === 0 && !this.#isGone) this.#wait();
  }

  /** For somebody to enter. */
  #wait(): void {
    this.#worker.unref();
    this.#linger = setTimeout(() => void this.end(), this.#options.lingerMs).unref();
  }

  post(id: number, body: ToWorker, transfer: readonly ArrayBuffer[] = []): void {
    if (!this.#isGone) this.#worker.postMessage({ machine: id, body } satisfies Envelope<ToWorker>, transfer);
  }

  /** Ends it at once, and with it whoever still lives on it; they are told `error`. */
  async end(error = new WardianError("thread-ended", "the machine's thread was ended")): Promise<void> {
    this.#lose(error);
    await this.#worker.terminate();
  }

  #lose(error: WardianError): void {
    if (this.#isGone) return;
    this.#isGone = true;
    clearTimeout(this.#linger);
    this.#options.onGone(this);
    for (const resident of this.#residents.values()) resident.lose(error);
    this.#residents.clear();
  }
}

function threadFault(error: Error): WardianError {
  if ((error as NodeJS.ErrnoException).code === "ERR_WORKER_OUT_OF_MEMORY") {
    return new WardianError("out-of-memory", "the machine's thread ran out of memory: run fewer machines at a time, or more threads", {
      cause: error,
    });
  }
  return new WardianError(
    "worker-crash",
    `the machine's thread ended by itself (${error.message.split("\n")[0]}); this is a bug in Wardian`,
    { cause: error },
  );
}
