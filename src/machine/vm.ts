// A machine that runs on one of the process's worker threads: streams, pause, counters, and one promise for how it ended. A
// reboot is a fresh machine from a fresh plan. May depend on abi, errors, metrics/catalog, boot/ and the files beside it.
import type { Duplex } from "node:stream";
import { RAM_MAX_BYTES, RAM_MIN_BYTES } from "../../assembly/machine/abi.js";
import { WardianError } from "../errors.js";
import type { CounterSample } from "../metrics/catalog.js";
import type { BootPlan } from "./boot/plan.js";
import { CounterBlock, deviceNames } from "./counters.js";
import type { DiskSpec } from "./disk.js";
import type { EngineName } from "./engine-name.js";
import { findPanic, LineTail } from "./line-tail.js";
import { Uptime } from "./uptime.js";
import { VmStream } from "./vm-stream.js";
import { type Told, VmWorker, type WorkerEnd } from "./vm-worker.js";
import { SERIAL_CHANNEL, type StartMessage } from "./worker-messages.js";
import { workerPool } from "./worker-pool.js";

export { TIMEBASE_HZ } from "../../assembly/machine/abi.js";
export type { DiskSpec } from "./disk.js";
export { configureWorkers, workerCount } from "./worker-pool.js";

export type VmExit =
  | { readonly kind: "poweroff"; readonly status: number }
  | { readonly kind: "reboot" }
  /** The guest reported a system failure, or its kernel panicked; `reason` is its own last word on it. */
  | { readonly kind: "crash"; readonly reason: string }
  | { readonly kind: "stopped" }
  | { readonly kind: "failed"; readonly error: WardianError };

export interface VmOptions {
  readonly ramBytes: number;
  /** What to boot; asked anew for each boot, because the plan's large buffers move to the machine's thread. */
  plan(): Promise<BootPlan> | BootPlan;
  readonly disks?: readonly DiskSpec[];
  /** Names of the console ports; the first is the virtio console itself (hvc0). */
  readonly ports?: readonly string[];
  readonly transport?: number;
  /** How guest code is run; auto unless told. */
  readonly engine?: EngineName | undefined;
  /** On a reboot: start again, or end with the exit `reboot` (the default). */
  readonly reboot?: "restart" | "end";
  readonly signal?: AbortSignal | undefined;
  /** Hard cap on its host time, as a part of one CPU, above 0; 1 and undefined are none. */
  readonly cpus?: number | undefined;
  /** Its share of a thread against the others on it; 100 unless told. */
  readonly cpuWeight?: number | undefined;
}

/** For parseSize. */
export const MEMORY_BOUNDS = { what: "memory size", minBytes: RAM_MIN_BYTES, maxBytes: RAM_MAX_BYTES } as const;

/** So many boots in a row, none of them longer than this and none with a word from the host, are a loop. */
const LOOP_BOOTS = 5;
const LOOP_BOOT_MS = 60_000;

export class VirtualMachine implements AsyncDisposable {
  /** The UART. Must be read: while nobody does, the machine stands still. */
  readonly serial: Duplex;
  /** Settles once, and never rejects. */
  readonly exit: Promise<VmExit>;

  readonly #options: VmOptions;
  readonly #streams = new Map<number, VmStream>();
  readonly #tail = new LineTail();
  readonly #counters: CounterBlock;
  readonly #uptime = new Uptime();
  #worker: VmWorker | undefined;
  #consoleSize: readonly [number, number] | undefined;
  #onStarted: (() => void) | undefined;
  #isStopping = false;
  #hasInput = false;
  #boots = 0;
  #isOver = false;
  #lastSample: CounterSample | undefined;

  private constructor(options: VmOptions) {
    this.#options = options;
    this.#counters = new CounterBlock(deviceNames(options.disks?.length ?? 0, options.ports ?? []));
    this.serial = this.#addStream(SERIAL_CHANNEL);
    for (const index of (options.ports ?? []).keys()) this.#addStream(index);
    const onAbort = (): void => void this.stop();
    options.signal?.addEventListener("abort", onAbort, { once: true });
    this.exit = this.#run().then((exit) => {
      options.signal?.removeEventListener("abort", onAbort);
      this.#release();
      return exit;
    });
  }

  /** Resolves when the machine has its files and runs. Throws a WardianError for files or disks that are not usable. */
  static async start(options: VmOptions): Promise<VirtualMachine> {
    if (options.signal?.aborted === true)
      throw new WardianError("aborted", "the machine was stopped before it started", { cause: options.signal.reason });
    checkShare(options);
    const vm = new VirtualMachine(options);
    const started = new Promise<undefined>((resolve) => {
      vm.#onStarted = () => resolve(undefined);
    });
    const early = await Promise.race([started, vm.exit]);
    if (early?.kind === "failed") throw early.error;
    return vm;
  }

  /** A console port's stream. */
  port(name: string): Duplex {
    const stream = this.#streams.get(this.#options.ports?.indexOf(name) ?? -2);
    if (stream === undefined) throw new WardianError("no-port", `the machine has no console port named ${JSON.stringify(name)}`);
    return stream;
  }

  /** The size of the virtio console's terminal. */
  setConsoleSize(cols: number, rows: number): void {
    this.#consoleSize = [cols, rows];
    this.#worker?.send({ kind: "resize", cols, rows });
  }

  /** Resolves when no instruction is executed any more; the guest's time stands until resume(). */
  async pause(): Promise<void> {
    if (this.#isOver) return;
    this.#uptime.pause();
    await this.#worker?.request("pause");
  }

  async resume(): Promise<void> {
    this.#uptime.resume();
    await this.#worker?.request("resume");
  }

  /** The counters as of the machine's latest slice, without asking its thread; undefined when it is over. */
  sample(): CounterSample | undefined {
    return this.#isOver ? undefined : this.#readCounters();
  }

  /** Where the counters stood when the machine ended; undefined before. */
  get lastSample(): CounterSample | undefined {
    return this.#lastSample;
  }

  #readCounters(): CounterSample {
    return this.#counters.sample({ up_seconds: this.#uptime.upSeconds, paused_seconds: this.#uptime.pausedSeconds });
  }

  /** Switches it off, whatever the guest does; resolves when nothing of it is left. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#worker?.stop();
    await this.exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** What the guest said last on its serial console, for messages. */
  get lastLine(): string {
    return this.#tail.last;
  }

  #addStream(channel: number): VmStream {
    const stream = new VmStream();
    this.#streams.set(channel, stream);
    return stream;
  }

  async #run(): Promise<VmExit> {
    try {
      for (;;) {
        const beganMs = performance.now();
        const end = await this.#boot();
        const panic = findPanic(this.#tail.lines);
        const isPanic = panic !== undefined && (end.kind === "reboot" || this.#tail.hasEarlyPanic);
        if (end.kind === "crash" || isPanic) return { kind: "crash", reason: panic ?? this.#tail.last };
        if (end.kind !== "reboot" || this.#options.reboot !== "restart" || this.#isStopping) return end;
        this.#countBoot(performance.now() - beganMs);
        this.#tail.clear();
      }
    } catch (error) {
      return { kind: "failed", error: asWardianError(error) };
    }
  }

  #countBoot(lastedMs: number): void {
    this.#boots = lastedMs < LOOP_BOOT_MS && !this.#hasInput ? this.#boots + 1 : 0;
    this.#hasInput = false;
    if (this.#boots >= LOOP_BOOTS) {
      throw new WardianError(
        "reboot-loop",
        `the guest restarted ${LOOP_BOOTS} times in a row without anybody's doing; look at what it prints last`,
      );
    }
  }

  /** One power-on, to its end. */
  async #boot(): Promise<WorkerEnd> {
    const { ramBytes, disks = [], ports = [], transport, engine, cpus, cpuWeight } = this.#options;
    workerPool.prepare();
    const plan = await this.#options.plan();
    if (this.#isStopping) return { kind: "stopped" };
    const start: StartMessage = {
      kind: "start",
      plan,
      ramBytes,
      disks,
      ports,
      ...(transport === undefined ? {} : { transport }),
      engine,
      ...(this.#consoleSize === undefined ? {} : { consoleSize: this.#consoleSize }),
      counters: this.#counters.buffer,
      share: { cpus, weight: cpuWeight },
      paused: this.#uptime.isPaused,
    };
    const worker = new VmWorker(workerPool.place(), start, { counters: this.#counters, onMessage: (message) => this.#receive(message) });
    this.#worker = worker;
    for (const [channel, stream] of this.#streams) {
      stream.connect({
        input: (bytes) => {
          this.#hasInput = true;
          worker.send({ kind: "input", channel, bytes }, [bytes.buffer]);
        },
        read: (count) => worker.send({ kind: "read", channel, count }),
      });
    }
    const end = await worker.end;
    this.#worker = undefined;
    for (const stream of this.#streams.values()) stream.disconnect();
    return end;
  }

  #receive(message: Told): void {
    switch (message.kind) {
      case "started":
        this.#uptime.start();
        this.#onStarted?.();
        return;
      case "output":
        if (message.channel === SERIAL_CHANNEL) this.#tail.add(message.bytes);
        this.#streams.get(message.channel)?.receive(message.bytes);
        if (this.#tail.hasEarlyPanic) void this.#worker?.stop();
        return;
      case "taken":
        this.#streams.get(message.channel)?.taken(message.count);
    }
  }

  #release(): void {
    for (const stream of this.#streams.values()) stream.finish();
    this.#uptime.end();
    this.#lastSample = this.#readCounters();
    this.#isOver = true;
  }
}

/** The scheduler divides by both. */
function checkShare({ cpus, cpuWeight }: VmOptions): void {
  if (cpus !== undefined && !(cpus > 0)) throw new WardianError("bad-cpus", "the CPU limit must be above 0, such as 0.5");
  if (cpuWeight !== undefined && !(cpuWeight > 0 && Number.isFinite(cpuWeight)))
    throw new WardianError("bad-cpus", "the CPU weight must be a number above 0; 100 is usual");
}

function asWardianError(error: unknown): WardianError {
  if (error instanceof WardianError) return error;
  if (error instanceof RangeError)
    return new WardianError("out-of-memory", "the host has no memory left for this machine: give it less with -m", { cause: error });
  const text = error instanceof Error ? error.message : String(error);
  return new WardianError("start-failed", `the machine could not be started (${text.split("\n")[0]})`, { cause: error });
}
