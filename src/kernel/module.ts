// build/kernel.wasm: compiled once a process (threads are handed the module), instantiated in every thread that makes system calls over the one
// shared memory. It has no data and no start function, so an instance more changes nothing. Depends on exports.ts.
import { randomFillSync } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { WardianError } from "../errors.js";
import type { KernelExports } from "./exports.js";
import { stackProbe } from "./stack-probe.js";
import { waitWord } from "./wait-word.js";

const INITIAL_WASM_PAGES = 64;
const MAXIMUM_WASM_PAGES = 65_536;

/** What a thread needs to take part: can be posted to a worker. */
export interface SharedKernel {
  readonly module: WebAssembly.Module;
  /** See stack-probe.ts. */
  readonly probe: WebAssembly.Module;
  /** See wait-word.ts. */
  readonly wait: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
}

/** Time and randomness are the host's to give. */
export interface KernelHost {
  /** Nanoseconds: 0 realtime, 1 monotonic. */
  clockTimeGet(id: number): bigint;
  /** Milliseconds of the realtime clock, for the times of files. */
  coarseTimeMs(): number;
  randomGet(into: Uint8Array): void;
}

/** The clock that the program reads (wasi/clock.ts), so that moments told to poll_oneoff mean the same here. */
const monotonicNs = (): bigint => BigInt(Math.floor(performance.now() * 1e6));

const REALTIME_ORIGIN_NS = BigInt(Math.round(performance.timeOrigin * 1000)) * 1000n;

export const systemHost: KernelHost = {
  clockTimeGet: (id) => (id === 0 ? REALTIME_ORIGIN_NS + monotonicNs() : monotonicNs()),
  coarseTimeMs: () => Date.now(),
  randomGet: (into) => void randomFillSync(into),
};

let compiled: WebAssembly.Module | undefined;

/** build/kernel.wasm, found from both src/ and dist/src/. */
function moduleBytes(): Uint8Array<ArrayBuffer> {
  for (const up of ["../../", "../../../"]) {
    const path = fileURLToPath(new URL(`${up}build/kernel.wasm`, import.meta.url));
    if (existsSync(path)) return new Uint8Array(readFileSync(path));
  }
  throw new WardianError("kernel-missing", "build/kernel.wasm is not there: run `npm run build`");
}

export function kernelModule(): WebAssembly.Module {
  return (compiled ??= new WebAssembly.Module(moduleBytes()));
}

/** The memory that all threads share; only its address space is taken until it is used. */
export function createMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: INITIAL_WASM_PAGES, maximum: MAXIMUM_WASM_PAGES, shared: true });
}

/** This thread's instance. */
export function instantiate(shared: SharedKernel, host: KernelHost = systemHost): KernelExports {
  const { memory } = shared;
  const imports = {
    env: { memory },
    host: {
      stack_probe: stackProbe(shared.probe),
      wait_word: waitWord(shared.wait, memory),
      coarse_time_ms: host.coarseTimeMs,
      clock_time_get: (id: number) => host.clockTimeGet(id),
      random_get: (ptr: number, len: number) => fillRandom(memory, ptr, len, host),
    },
  };
  return new WebAssembly.Instance(shared.module, imports).exports as unknown as KernelExports;
}

/** Through a private copy: Node's random source does not fill shared memory. */
function fillRandom(memory: WebAssembly.Memory, ptr: number, len: number, host: KernelHost): void {
  const bytes = new Uint8Array(len);
  host.randomGet(bytes);
  new Uint8Array(memory.buffer, ptr, len).set(bytes);
}
