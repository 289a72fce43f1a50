// One thread for containers as the main thread sees it. It runs one program at a time; a thread whose program was killed is ended.
// Keeps the process alive only while a program runs. May depend on errors and messages.ts.
import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { WardianError } from "../errors.js";
import type { FromThread, ProgramEnd, RunMessage, ThreadData } from "./messages.js";

/** What V8 may take for JavaScript there: thunks, no more. A program's memory and code are not part of it. */
const HEAP = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 1, stackSizeMb: 4 } as const;
const NS = 1e-9;

export interface Running {
  trace(line: string): void;
  /** Called once. A thread that was ended, or that broke, gives an error. */
  over(end: ProgramEnd | WardianError): void;
}

export class ContainerThread {
  readonly #worker: Worker;
  #running: Running | undefined;
  #tid: number | undefined;
  #isGone = false;
  readonly #gone: Promise<void>;
  #cpuAtStart = 0;
  #cpuAtEnd: number | undefined;

  constructor(
    entry: URL,
    data: ThreadData,
    private readonly onTickerWanted: () => void,
    private readonly onGone: (thread: ContainerThread) => void,
  ) {
    this.#worker = new Worker(entry, { name: "wardian-container", execArgv: [], env: {}, workerData: data, resourceLimits: HEAP });
    this.#worker.on("message", (message: FromThread) => this.#receive(message));
    this.#worker.on("error", (error) => this.#lose(threadFault(error)));
    this.#gone = new Promise((resolve) => {
      this.#worker.on("exit", () => {
        this.#lose(new WardianError("thread-ended", "the program's thread was ended"));
        resolve();
      });
    });
    this.#worker.unref();
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  run(message: RunMessage, running: Running): void {
    this.#running = running;
    this.#cpuAtStart = this.#cpuSeconds();
    this.#cpuAtEnd = undefined;
    this.#worker.ref();
    this.#worker.postMessage(message);
  }

  /** Of the program that runs, or ran last. */
  get cpuSeconds(): number {
    return Math.max(0, (this.#cpuAtEnd ?? this.#cpuSeconds()) - this.#cpuAtStart);
  }

  /** Ends it wherever it is; resolves when it is gone. Only where its process is DEAD in the kernel. */
  async end(): Promise<void> {
    this.#cpuAtEnd ??= this.#cpuSeconds();
    void this.#worker.terminate();
    await this.#gone;
  }

  #receive(message: FromThread): void {
    if (message.kind === "ready") this.#tid = message.tid;
    else if (message.kind === "ticker") this.onTickerWanted();
    else if (message.kind === "trace") this.#running?.trace(message.line);
    else this.#finish(message.end);
  }

  #finish(end: ProgramEnd | WardianError): void {
    const running = this.#running;
    this.#running = undefined;
    if (!this.#isGone) this.#worker.unref();
    running?.over(end);
  }

  #lose(error: WardianError): void {
    if (!this.#isGone) {
      this.#isGone = true;
      this.onGone(this);
    }
    this.#finish(error);
  }

  /** On its CPU, since the thread began, as Linux tells it; 0 where it does not. */
  #cpuSeconds(): number {
    if (this.#tid === undefined) return 0;
    try {
      return Number(readFileSync(`/proc/self/task/${this.#tid}/schedstat`, "latin1").split(" ")[0]) * NS;
    } catch {
      return 0;
    }
  }
}

function threadFault(error: Error): WardianError {
  const isMemory = (error as NodeJS.ErrnoException).code === "ERR_WORKER_OUT_OF_MEMORY";
  if (isMemory) return new WardianError("out-of-memory", "the program's thread ran out of memory", { cause: error });
  const text = error.message.split("\n")[0];
  return new WardianError("worker-crash", `the program's thread ended by itself (${text}); this is a bug in Wardian`, { cause: error });
}
