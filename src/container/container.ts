// A container: one program in a thread of its own, with a process in the shared kernel. Streams, limits, an end. May depend on errors,
// config, kernel/, wasi/ and the files beside it.
import { Readable, Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { OPEN_OUTPUT, OPEN_TERMINAL, STATE_USER } from "../../assembly/kernel/abi.js";
import { EXIT_STATUS } from "../config.js";
import { WardianError } from "../errors.js";
import type { HostDirectoryLimits } from "../host-directory/index.js";
import type { Kernel } from "../kernel/index.js";
import { signalName } from "../machine/agent/signal.js";
import { CALL_COUNTERS, MEMORY_BYTES } from "../wasi/call.js";
import { Control } from "./control.js";
import type { HostMount, ProgramEnd } from "./messages.js";
import type { Program } from "./program.js";
import type { ContainerPipe } from "./pipe.js";
import { type ContainerRuntime, sharedRuntime } from "./runtime.js";
import { type GivenSocket, giveSockets, socketVariables } from "./socket.js";
import { InputStream, OutputStream } from "./stdio.js";
import type { ContainerThread } from "./thread.js";
import type { Tier } from "./tier-name.js";
import type { GivenVolume } from "./volume.js";

export interface ContainerLimits {
  /** Of its linear memory. */
  readonly memoryBytes?: number | undefined;
  readonly tableElements?: number | undefined;
  readonly descriptors?: number | undefined;
  /** In folders of the host: the size of a file, all that it writes, and how many files it makes. */
  readonly fileBytes?: number | undefined;
  readonly writtenBytes?: number | undefined;
  readonly createdFiles?: number | undefined;
  /** Of stdout and stderr together; past it the program is ended. */
  readonly outputBytes?: number | undefined;
  /** From its start. */
  readonly timeMs?: number | undefined;
  /** On a CPU. */
  readonly cpuTimeMs?: number | undefined;
  /** A part of a CPU that it gets no more of. */
  readonly cpus?: number | undefined;
  /** About so many instructions, exactly the same for every run that does the same. */
  readonly fuel?: number | undefined;
}

export interface ContainerOptions {
  /** The program's file. */
  readonly module: Uint8Array;
  /** Without the name of the program, which is `name`. */
  readonly args?: readonly string[];
  /** args[0] for the program. */
  readonly name?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly mounts?: readonly HostMount[];
  /** Folders in memory. */
  readonly volumes?: readonly GivenVolume[];
  /** Its descriptors come behind those of the folders; docs/WASI.md says how the program finds them. */
  readonly sockets?: readonly GivenSocket[];
  /** Otherwise its stdin is at its end. */
  readonly stdin?: boolean;
  /** Pipes to other containers in place of stdin and stdout. */
  readonly connect?: { readonly stdin?: ContainerPipe; readonly stdout?: ContainerPipe };
  /** Its streams say that they are a terminal. */
  readonly tty?: boolean;
  readonly limits?: ContainerLimits;
  readonly tier?: Tier;
  /** It can be paused. What pauses, and limits of `cpus` and `fuel`, cost it some speed. */
  readonly pausable?: boolean;
  /** Is told each system call as a line. */
  readonly onTrace?: ((line: string) => void) | undefined;
  readonly runtime?: ContainerRuntime;
}

/** `timeout` is wall time. */
export type ContainerReason = "exited" | "trapped" | "killed" | "timeout" | "cpu-time" | "output-limit" | "out-of-fuel" | "failed";

export interface ContainerEnd {
  readonly reason: ContainerReason;
  /** As a shell would report it. */
  readonly status: number;
  /** One line for people. */
  readonly message: string;
  /** What went wrong on our side, where the reason is `failed`. */
  readonly error?: WardianError;
}

export interface ContainerUsage {
  readonly cpuSeconds: number;
  readonly upSeconds: number;
  /** In which its share of a CPU held it back; 0 without one. */
  readonly throttledSeconds: number;
  /** Of its linear memory. */
  readonly memoryBytes: number;
  /** Undefined where it was not metered. */
  readonly fuel: number | undefined;
  /** System calls by group, and bytes: CALL_COUNTERS. */
  readonly counts: Readonly<Record<(typeof CALL_COUNTERS)[number], number>>;
}

export const DEFAULT_MEMORY_BYTES = 256 * 2 ** 20;
const MAX_ARGUMENT_BYTES = 1 << 20;
const SIGKILL = 9;
const STANDARD_STREAMS = 3;
const SOCKET_NAME = /^[!-9;-~]{1,255}$/;
const CPU_WATCH_MS = 20;

/** Who ended it, and as what. */
type Cut =
  | { readonly reason: "killed"; readonly signal: number }
  | { readonly reason: "timeout" | "cpu-time" }
  | { readonly reason: "output-limit" };

export class Container {
  /** Where stdin was not asked for, it is destroyed from the start. */
  readonly stdin: Writable;
  /** Both must be read or destroyed. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Settles once, never rejects; the streams may still hold data. */
  readonly exited: Promise<ContainerEnd>;

  readonly #runtime: ContainerRuntime;
  readonly #thread: ContainerThread;
  readonly #proc: number;
  readonly #counts = new SharedArrayBuffer(CALL_COUNTERS.length * Float64Array.BYTES_PER_ELEMENT);
  readonly #startedMs = performance.now();
  #endedMs: number | undefined;
  #cpuSeconds: number | undefined;
  readonly #control = new Control();
  readonly #isMetered: boolean;
  #timer: NodeJS.Timeout | undefined;
  #cpuWatch: NodeJS.Timeout | undefined;
  #cut: Cut | undefined;

  private constructor(runtime: ContainerRuntime, program: Program, options: ContainerOptions) {
    this.#runtime = runtime;
    this.#isMetered = program.fuelNames !== undefined;
    const { kernel } = runtime;
    const { limits = {}, tty = false } = options;
    this.#proc = kernel.createProcess({
      ...(limits.descriptors === undefined ? {} : { maxDescriptors: limits.descriptors }),
      ...(limits.outputBytes === undefined ? {} : { maxOutputBytes: limits.outputBytes }),
    });
    const streams: (Readable | Writable)[] = [];
    const opened = <T extends Readable | Writable>(stream: T): T => (streams.push(stream), stream);
    try {
      const { stdin, stdout } = options.connect ?? {};
      const input = options.stdin === true ? openInput : noInput;
      this.stdin = opened(stdin === undefined ? input(kernel, this.#proc, tty) : readFrom(stdin, kernel, this.#proc));
      this.stdout = opened(stdout === undefined ? openOutput(kernel, this.#proc, 1, tty) : writeTo(stdout, kernel, this.#proc));
      this.stderr = opened(openOutput(kernel, this.#proc, 2, tty));
      for (const { volume, guestPath, readOnly = false } of options.volumes ?? []) volume.give(this.#proc, guestPath, readOnly);
      giveSockets(this.#proc, options.sockets ?? [], firstSocket(options));
    } catch (error) {
      for (const stream of streams) stream.destroy();
      kernel.exports.process_exit(this.#proc);
      kernel.reap(this.#proc);
      throw error;
    }
    this.#thread = runtime.threads.take();
    this.exited = new Promise((resolve) => {
      const over = (end: ProgramEnd | WardianError): void => void this.#over(end).then(resolve);
      this.#thread.run(this.#message(program, options), { trace: (line) => options.onTrace?.(line), over });
    });
    if (limits.timeMs !== undefined) this.#timer = setTimeout(() => void this.#end({ reason: "timeout" }), limits.timeMs);
    if (limits.cpuTimeMs !== undefined) this.#watchCpuTime(limits.cpuTimeMs);
  }

  /** Resolves when the program is on its way. Throws a WardianError for what is no program, or wants what it may not have. */
  static async start(options: ContainerOptions): Promise<Container> {
    checkArguments(options);
    const runtime = options.runtime ?? sharedRuntime();
    const { limits = {}, tier = "auto", pausable = false } = options;
    const program = await runtime.programs.load(options.module, {
      maxMemoryBytes: limits.memoryBytes ?? DEFAULT_MEMORY_BYTES,
      maxTableElements: limits.tableElements,
      metered: pausable || limits.fuel !== undefined || (limits.cpus ?? 1) < 1,
      tier,
    });
    return new Container(runtime, program, options);
  }

  /** Ends it wherever it is, as a signal of that number does that nobody catches; resolves when nothing of it is left. */
  async kill(signal = SIGKILL): Promise<ContainerEnd> {
    void this.#end({ reason: "killed", signal });
    return this.exited;
  }

  /** Resolves when it executes nothing any more; a system call that it waits in goes on. Throws `not-pausable`. */
  async pause(): Promise<void> {
    if (!this.#isMetered)
      throw new WardianError("not-pausable", "the container cannot be paused: start it as pausable, or with a CPU share or fuel");
    const { kernel } = this.#runtime;
    await this.#control.pause(() => this.#endedMs !== undefined || kernel.exports.process_state(this.#proc) !== STATE_USER);
  }

  resume(): void {
    this.#control.resume();
  }

  usage(): ContainerUsage {
    const counts = new Float64Array(this.#counts);
    return {
      cpuSeconds: this.#cpuSeconds ?? this.#thread.cpuSeconds,
      upSeconds: ((this.#endedMs ?? performance.now()) - this.#startedMs) / 1000,
      throttledSeconds: this.#control.heldMs / 1000,
      memoryBytes: counts[MEMORY_BYTES] ?? 0,
      fuel: this.#isMetered ? this.#control.fuelUsed : undefined,
      counts: Object.fromEntries(CALL_COUNTERS.map((name, i) => [name, counts[i] ?? 0])) as ContainerUsage["counts"],
    };
  }

  #message(program: Program, options: ContainerOptions) {
    const { name = "program", args = [], mounts = [], limits = {}, onTrace } = options;
    const env = { ...socketVariables(options.sockets ?? [], firstSocket(options)), ...options.env };
    const { fuelNames } = program;
    return {
      kind: "run",
      module: program.module,
      imports: program.imports,
      memory: program.memory,
      startExport: program.startExport,
      proc: this.#proc,
      args: [name, ...args],
      env: Object.entries(env).map(([key, value]) => `${key}=${value}`),
      mounts,
      folderLimits: folderLimits(limits),
      counts: this.#counts,
      control: this.#control.buffer,
      meter: fuelNames === undefined ? undefined : { names: fuelNames, limits: { fuel: limits.fuel, cpus: limits.cpus } },
      trace: onTrace !== undefined,
    } as const;
  }

  #watchCpuTime(limitMs: number): void {
    this.#cpuWatch = setInterval(() => {
      if (this.#thread.cpuSeconds * 1000 >= limitMs) void this.#end({ reason: "cpu-time" });
    }, CPU_WATCH_MS).unref();
  }

  async #end(cut: Exclude<Cut, { reason: "output-limit" }>): Promise<void> {
    if (this.#cut !== undefined || this.#endedMs !== undefined) return;
    this.#cut = cut;
    await this.#runtime.kernel.kill(this.#proc, cut.reason === "killed" ? "killed" : "timeout");
    await this.#thread.end();
  }

  /** Its thread makes no more calls. */
  async #over(end: ProgramEnd | WardianError): Promise<ContainerEnd> {
    clearTimeout(this.#timer);
    clearInterval(this.#cpuWatch);
    this.#endedMs = performance.now();
    this.#cpuSeconds = this.#thread.cpuSeconds;
    const { kernel, threads } = this.#runtime;
    // A thread that broke has left its process as it was.
    if (end instanceof WardianError) await kernel.kill(this.#proc);
    const reason = kernel.reason(this.#proc);
    const unreaped = this.#reap();
    const broken = end instanceof WardianError ? end : unreaped;
    if (broken === undefined && this.#cut === undefined) threads.giveBack(this.#thread);
    else await this.#thread.end();
    this.stdin.destroy();
    // Its pipes are as lost as its place: nothing would end them.
    if (unreaped !== undefined) for (const stream of [this.stdout, this.stderr]) stream.destroy();
    return endOf(broken ?? end, reason === "output" ? { reason: "output-limit" } : this.#cut);
  }

  /** What was wrong, where a process cannot be given back: its place is lost, and nothing else. */
  #reap(): WardianError | undefined {
    try {
      this.#runtime.kernel.reap(this.#proc);
      return undefined;
    } catch (error) {
      return error instanceof WardianError ? error : kernelFault(error);
    }
  }

  /** All of its output has been taken. */
  async drained(): Promise<void> {
    await Promise.allSettled([this.stdout, this.stderr].map((stream) => finished(stream, { writable: false })));
  }
}

/** Folders of the host are given by the program's own thread, later, and take the numbers below it. */
function firstSocket({ volumes = [], mounts = [] }: ContainerOptions): number {
  return STANDARD_STREAMS + volumes.length + mounts.length;
}

function folderLimits({ descriptors, fileBytes, writtenBytes, createdFiles }: ContainerLimits): Partial<HostDirectoryLimits> {
  const limits = { maxHandles: descriptors, maxFileSizeBytes: fileBytes, maxWrittenBytes: writtenBytes, maxCreatedFiles: createdFiles };
  return Object.fromEntries(Object.entries(limits).filter(([, limit]) => limit !== undefined)) as Partial<HostDirectoryLimits>;
}

function openOutput(kernel: Kernel, proc: number, fd: number, tty: boolean): Readable {
  const pipe = kernel.createPipe(tty ? OPEN_TERMINAL : 0);
  const stream = new OutputStream(kernel.openReader(pipe));
  check(kernel.exports.fd_install_pipe(proc, fd, pipe, 1, OPEN_OUTPUT));
  kernel.exports.pipe_release(pipe);
  return stream;
}

function openInput(kernel: Kernel, proc: number, tty: boolean): Writable {
  const pipe = kernel.createPipe(tty ? OPEN_TERMINAL : 0);
  const stream = new InputStream(kernel.openWriter(pipe));
  check(kernel.exports.fd_install_pipe(proc, 0, pipe, 0, 0));
  kernel.exports.pipe_release(pipe);
  return stream;
}

function noInput(kernel: Kernel, proc: number): Writable {
  check(kernel.exports.fd_install_null(proc, 0, 0));
  return destroyedInput();
}

function readFrom({ pipe }: ContainerPipe, kernel: Kernel, proc: number): Writable {
  check(kernel.exports.fd_install_pipe(proc, 0, pipe, 0, 0));
  return destroyedInput();
}

function writeTo({ pipe }: ContainerPipe, kernel: Kernel, proc: number): Readable {
  check(kernel.exports.fd_install_pipe(proc, 1, pipe, 1, 0));
  return Readable.from([]);
}

function destroyedInput(): Writable {
  const stream = new Writable({ write: (_chunk, _encoding, done) => done() });
  stream.destroy();
  return stream;
}

function check(result: number): void {
  if (result < 0)
    throw new WardianError("descriptor-limit", "the program's standard streams do not fit its limit of descriptors: allow at least 3");
}

function checkArguments({ args = [], env = {}, name = "", sockets = [] }: ContainerOptions): void {
  const misnamed = sockets.find((given) => !SOCKET_NAME.test(given.name));
  if (misnamed !== undefined)
    throw new WardianError(
      "bad-argument",
      `${JSON.stringify(misnamed.name)} does not name a socket: take printable ASCII without space and colon`,
    );
  const strings = [name, ...args, ...Object.keys(env), ...Object.values(env)];
  if (strings.some((text) => text.includes("\0"))) throw new WardianError("bad-argument", "an argument or a variable contains a NUL");
  const bytes = strings.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0);
  if (bytes > MAX_ARGUMENT_BYTES) throw new WardianError("arguments-too-large", "arguments and environment together are larger than 1 MiB");
}

function endOf(end: ProgramEnd | WardianError, cut: Cut | undefined): ContainerEnd {
  if (cut !== undefined) return endOfCut(cut);
  if (end instanceof WardianError) return failure(end);
  switch (end.kind) {
    case "exit":
      return { reason: "exited", status: end.status, message: `it ended with status ${end.status}` };
    case "signal":
      return { reason: "exited", status: EXIT_STATUS.signalBase + end.signal, message: `it raised signal ${end.signal}` };
    case "killed":
      return endOfCut({ reason: "killed", signal: SIGKILL });
    case "fuel":
      return { reason: "out-of-fuel", status: EXIT_STATUS.crash, message: "the program was ended: its fuel is used up" };
    case "trap":
      return { reason: "trapped", status: EXIT_STATUS.crash, message: `the program trapped: ${end.what}` };
    case "failed":
      return failure(new WardianError(end.code, end.message));
  }
}

function endOfCut(cut: Cut): ContainerEnd {
  const { reason } = cut;
  switch (reason) {
    case "timeout":
      return { reason, status: EXIT_STATUS.timeout, message: "its time was up" };
    case "cpu-time":
      return { reason, status: EXIT_STATUS.timeout, message: "its CPU time was up" };
    case "output-limit":
      return { reason, status: EXIT_STATUS.signalBase + SIGKILL, message: "it was ended: its output passed the limit" };
    case "killed":
      return { reason, status: EXIT_STATUS.signalBase + cut.signal, message: `it was ended by ${signalName(cut.signal)}` };
  }
}

function kernelFault(cause: unknown): WardianError {
  const what = String(cause instanceof Error ? cause.message : cause).split("\n")[0];
  return new WardianError("kernel-fault", `the containers' kernel failed (${what}); this is a bug in Wardian`, { cause });
}

function failure(error: WardianError): ContainerEnd {
  return { reason: "failed", status: EXIT_STATUS.error, message: error.message, error };
}
