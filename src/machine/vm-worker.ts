// One power-on of a machine as the main thread sees it: its messages to and from its thread, and every way it can end, as one
// value. May depend on errors, counters.ts, worker-messages.ts and worker-thread.ts.
import { WardianError } from "../errors.js";
import type { CounterBlock } from "./counters.js";
import type { FromWorker, MachineEnd, StartMessage, ToWorker } from "./worker-messages.js";
import type { Resident, WorkerThread } from "./worker-thread.js";

export type WorkerEnd = MachineEnd | { readonly kind: "failed"; readonly error: WardianError };

export type Told = Exclude<FromWorker, { kind: "end" | "failed" | "done" }>;

/** A thread that does not answer a stop in this time is stuck, and ended from outside: a slice takes 4 ms, a slow disk's flush seconds. */
const STOP_TIMEOUT_MS = 5000;
/** Smaller buffers may be part of a pool that other bytes live in; they are copied. */
const TRANSFER_MIN_BYTES = 1 << 20;
/** Demand is measured over at least this time. */
const DEMAND_WINDOW_MS = 250;

export interface VmWorkerOptions {
  readonly counters: CounterBlock;
  onMessage(message: Told): void;
  readonly stopTimeoutMs?: number;
}

export class VmWorker implements Resident {
  readonly end: Promise<WorkerEnd>;
  readonly #thread: WorkerThread;
  readonly #id: number;
  readonly #options: VmWorkerOptions;
  readonly #settle: (end: WorkerEnd) => void;
  readonly #requests = new Map<number, () => void>();
  #nextRequest = 1;
  #isOver = false;
  #isStopping = false;
  #demand = 1; // it is about to boot
  #wantedSeconds: number;
  #lookedMs = performance.now();

  /** Powers the machine on, on `thread`. */
  constructor(thread: WorkerThread, start: StartMessage, options: VmWorkerOptions) {
    let settle: (end: WorkerEnd) => void = () => {};
    this.end = new Promise((resolve) => {
      settle = resolve;
    });
    this.#settle = settle;
    this.#options = options;
    this.#wantedSeconds = this.#wanted();
    this.#thread = thread;
    this.#id = thread.enter(this);
    try {
      thread.post(this.#id, start, buffersOf(start));
    } catch (error) {
      thread.leave(this.#id);
      throw error;
    }
  }

  get demand(): number {
    const elapsedMs = performance.now() - this.#lookedMs;
    if (elapsedMs < DEMAND_WINDOW_MS) return this.#demand;
    const wanted = this.#wanted();
    this.#demand = Math.min(1, Math.max(0, ((wanted - this.#wantedSeconds) * 1000) / elapsedMs));
    this.#wantedSeconds = wanted;
    this.#lookedMs += elapsedMs;
    return this.#demand;
  }

  /** Time that it had or would have taken. */
  #wanted(): number {
    const { counters } = this.#options;
    return counters.get("cpu_busy_seconds") + counters.get("cpu_waiting_seconds");
  }

  receive(message: FromWorker): void {
    switch (message.kind) {
      case "end":
        return this.#finish(message.end);
      case "failed":
        return this.#finish({ kind: "failed", error: new WardianError(message.code, message.message) });
      case "done":
        this.#requests.get(message.request)?.();
        this.#requests.delete(message.request);
        return;
      default:
        this.#options.onMessage(message);
    }
  }

  lose(error: WardianError): void {
    this.#finish(this.#isStopping ? { kind: "stopped" } : { kind: "failed", error });
  }

  send(message: ToWorker, transfer: readonly ArrayBuffer[] = []): void {
    if (!this.#isOver) this.#thread.post(this.#id, message, transfer);
  }

  /** Resolves when it is so, or the machine is over. */
  async request(kind: "pause" | "resume"): Promise<void> {
    if (this.#isOver) return;
    const request = this.#nextRequest++;
    const done = new Promise<void>((resolve) => this.#requests.set(request, resolve));
    this.send({ kind, request });
    await done;
  }

  /** Resolves when the machine is gone. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.send({ kind: "stop" });
    const timer = setTimeout(() => void this.#thread.end(stuckNeighbour()), this.#options.stopTimeoutMs ?? STOP_TIMEOUT_MS);
    await this.end;
    clearTimeout(timer);
  }

  #finish(end: WorkerEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#thread.leave(this.#id);
    for (const resolve of this.#requests.values()) resolve();
    this.#requests.clear();
    this.#settle(end);
  }
}

/** Large buffers of the plan change hands instead of being copied. */
function buffersOf(start: StartMessage): ArrayBuffer[] {
  const buffers = start.plan.loads.map(({ bytes }) => bytes.buffer).filter((buffer) => buffer.byteLength >= TRANSFER_MIN_BYTES);
  return [...new Set(buffers)] as ArrayBuffer[];
}

function stuckNeighbour(): WardianError {
  return new WardianError(
    "thread-stuck",
    "the machine's thread was ended because another machine on it did not answer; start this one again",
  );
}
