// One container's side of its system calls: the kernel, its process there, its window, the guest's memory, what it was started with.
// May depend on the kernel's abi and the files beside it.
import { GATE_KILLED } from "../../assembly/kernel/abi.js";
import { MEMORY_BYTES } from "./call.js";
import type { Clock } from "./clock.js";
import type { ClockModules } from "./clock-thunk.js";
import { GuestMemory } from "./guest-memory.js";
import type { HostFiles } from "./host-files.js";
import type { KernelCalls } from "./kernel-calls.js";
import { Window } from "./window.js";

export interface ContextOptions {
  readonly kernel: KernelCalls;
  /** The kernel's shared memory, as it is now. */
  readonly buffer: ArrayBufferLike;
  readonly proc: number;
  readonly windowPtr: number;
  readonly resultsPtr: number;
  readonly args: readonly string[];
  /** NAME=VALUE */
  readonly env: readonly string[];
  readonly clock: Clock;
  readonly host?: HostFiles | undefined;
  /** Of CALL_COUNTERS, shared with whoever asks. */
  readonly counts: Float64Array;
  /** The kernel is one that was instantiated, then. */
  readonly clockModules?: ClockModules | undefined;
}

/** Thrown through the guest's frames. Its kind is told by `ending`: a guest that catches it is let go no further. */
export type Ending =
  | { readonly kind: "exit"; readonly status: number }
  | { readonly kind: "signal"; readonly signal: number }
  | { readonly kind: "killed" }
  | { readonly kind: "fuel" };

export class Context {
  readonly kernel: KernelCalls;
  readonly proc: number;
  readonly memory: GuestMemory;
  readonly window: Window;
  /** RESULT0, RESULT1, ...: two words each, the lower one first. */
  readonly results: Uint32Array;
  readonly args: StringBlock;
  readonly env: StringBlock;
  readonly clock: Clock;
  readonly host: HostFiles | undefined;
  readonly counts: Float64Array;
  readonly clockModules: ClockModules | undefined;
  /** Called when the program is over. */
  atEnd = (): void => {};
  ending: Ending | undefined;

  constructor(options: ContextOptions) {
    this.kernel = options.kernel;
    this.proc = options.proc;
    const { counts } = options;
    this.memory = new GuestMemory((bytes) => void (counts[MEMORY_BYTES] = bytes));
    this.window = new Window(options.buffer, options.windowPtr, this.memory);
    this.results = new Uint32Array(options.buffer, options.resultsPtr, 8);
    this.args = new StringBlock(options.args);
    this.env = new StringBlock(options.env);
    this.clock = options.clock;
    this.host = options.host;
    this.counts = counts;
    this.clockModules = options.clockModules;
  }

  /** RESULT0, where it is a count or a handle. */
  get result(): number {
    return this.results[0] as number;
  }

  /** What the guest is told of a call that did not succeed. A call that found its process killed ends the guest. */
  fail(result: number): number {
    if (result === GATE_KILLED) this.end({ kind: "killed" });
    return result;
  }

  /** Does not return. The first reason stands. */
  end(ending: Ending): never {
    this.ending ??= ending;
    this.kernel.process_exit(this.proc);
    throw endGuest();
  }
}

/** What args_get and environ_get write: the strings, each ended by a NUL, and where each begins. */
export class StringBlock {
  readonly bytes: Uint8Array;
  readonly offsets: Uint32Array;

  constructor(strings: readonly string[]) {
    this.bytes = Buffer.from(strings.map((text) => `${text}\0`).join(""));
    let at = 0;
    this.offsets = Uint32Array.from(strings, (text) => {
      const offset = at;
      at += Buffer.byteLength(text) + 1;
      return offset;
    });
  }
}

// (module (func (export "end") unreachable)): wasm code cannot catch a trap, while it can catch what JavaScript throws.
const TRAP = new Uint8Array([
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 7, 7, 1, 3, 0x65, 0x6e, 0x64, 0, 0, 10, 5, 1, 3, 0, 0, 0x0b,
]); // prettier-ignore

let trap: (() => void) | undefined;

/** The error of a trap that no handler in wasm code catches. */
function endGuest(): unknown {
  trap ??= new WebAssembly.Instance(new WebAssembly.Module(TRAP)).exports.end as () => void;
  try {
    trap();
  } catch (error) {
    return error;
  }
  return new Error("a trap did not trap");
}
