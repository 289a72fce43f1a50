// The host's side of the kernel: sets up the shared memory and, in the thread that did, creates, ends and reaps processes and holds its own
// ends of pipes. Depends on module.ts and pipe.ts.
import {
  MAX_DESCRIPTORS, MAX_PAGES, PAGE_BYTES, REASON_EXIT, REASON_KILLED, REASON_OUTPUT, REASON_TIMEOUT, STATE_DEAD, STATE_FREE, WINDOW_BYTES,
} from "../../assembly/kernel/abi.js"; // prettier-ignore
import { WardianError } from "../errors.js";
import type { KernelExports } from "./exports.js";
import { createMemory, instantiate, type KernelHost, kernelModule, type SharedKernel, systemHost } from "./module.js";
import { PipeReader, PipeWriter } from "./pipe.js";
import { probeModule } from "./stack-probe.js";
import { changed } from "./wait.js";
import { waitModule } from "./wait-word.js";

export interface KernelOptions {
  /** Bound of everything that the kernel allocates: files in memory, pipes, tables. */
  readonly maxBytes?: number;
  readonly host?: KernelHost;
}

export interface ProcessLimits {
  readonly maxDescriptors?: number;
  readonly maxPipes?: number;
  /** Bytes it may write to its standard output and error in all. */
  readonly maxOutputBytes?: number;
}

export type EndReason = "none" | "killed" | "output" | "timeout" | "exit";

const REASONS: Readonly<Record<number, EndReason>> = {
  [REASON_KILLED]: "killed",
  [REASON_OUTPUT]: "output",
  [REASON_TIMEOUT]: "timeout",
  [REASON_EXIT]: "exit",
};
const REASON_NUMBERS = { killed: REASON_KILLED, output: REASON_OUTPUT, timeout: REASON_TIMEOUT, exit: REASON_EXIT } as const;

const DEFAULT_MAX_BYTES = 1 << 30;
const DEFAULT_DESCRIPTORS = 1024;
const DEFAULT_PIPES = 256;

export class Kernel {
  readonly exports: KernelExports;
  readonly shared: SharedKernel;
  private readonly hostWindow: number;

  constructor(options: KernelOptions = {}) {
    this.shared = { module: kernelModule(), probe: probeModule(), wait: waitModule(), memory: createMemory() };
    this.exports = instantiate(this.shared, options.host ?? systemHost);
    const maxPages = Math.floor((options.maxBytes ?? DEFAULT_MAX_BYTES) / PAGE_BYTES);
    if (!(maxPages > 0 && maxPages <= MAX_PAGES))
      throw new WardianError("kernel-memory", `the kernel's memory is bounded by at most ${String(MAX_PAGES * PAGE_BYTES)} bytes`);
    const errno = this.exports.kernel_init(maxPages);
    if (errno !== 0)
      throw new WardianError("kernel-memory", `the kernel's memory cannot be set up (errno ${String(errno)}): allow it more`);
    this.hostWindow = this.exports.process_window(this.exports.host_process());
  }

  get memory(): WebAssembly.Memory {
    return this.shared.memory;
  }

  /** The address of a process that may make calls at once. */
  createProcess(limits: ProcessLimits = {}): number {
    const descriptors = limits.maxDescriptors ?? DEFAULT_DESCRIPTORS;
    if (!Number.isInteger(descriptors) || descriptors < 0 || descriptors > MAX_DESCRIPTORS)
      throw new WardianError("descriptor-limit", `the limit on descriptors is a whole number up to ${String(MAX_DESCRIPTORS)}`);
    const output = BigInt(limits.maxOutputBytes ?? -1);
    const proc = this.exports.process_create(descriptors, limits.maxPipes ?? DEFAULT_PIPES, output);
    if (proc === 0) throw new WardianError("process-limit", "every place for a process is taken: end some containers first");
    return proc;
  }

  /** Ends a process; resolves when it is DEAD, which is at once or as soon as its call leaves the kernel. Its thread may then be ended. */
  async kill(proc: number, reason: keyof typeof REASON_NUMBERS = "killed"): Promise<void> {
    if (this.exports.process_kill(proc, REASON_NUMBERS[reason]) === 1) return;
    const words = new Int32Array(this.memory.buffer);
    for (;;) {
      const state = Atomics.load(words, proc >> 2);
      if (state === STATE_DEAD || state === STATE_FREE) return;
      await changed(words, proc, state);
    }
  }

  /** Gives everything of a DEAD process back. Its thread has ended, or makes no more calls. */
  reap(proc: number): void {
    if (this.exports.process_reap(proc) !== 0) throw new WardianError("process-alive", "a process is reaped after its end");
  }

  reason(proc: number): EndReason {
    return REASONS[this.exports.process_reason(proc)] ?? "none";
  }

  /** A new pipe; the caller releases it (`exports.pipe_release`) once its ends are given out. */
  createPipe(flags = 0): number {
    const pipe = this.exports.pipe_create(flags);
    if (pipe === 0) throw new WardianError("kernel-memory", "no memory for a pipe: the kernel's bound is reached");
    return pipe;
  }

  /** The host's reading end of a pipe. */
  openReader(pipe: number): PipeReader {
    return new PipeReader(this.exports, pipe, this.window());
  }

  openWriter(pipe: number): PipeWriter {
    return new PipeWriter(this.exports, pipe, this.window());
  }

  /** The window through which this thread passes data and paths. */
  window(): Uint8Array {
    return new Uint8Array(this.memory.buffer, this.hostWindow, WINDOW_BYTES);
  }
}
