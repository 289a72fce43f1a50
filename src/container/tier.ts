// Which of V8's compilers a program's code goes through. V8 never leaves its baseline code in a loop that is already running, so that
// a program whose work is one long loop stays slow where it began there. May depend on errors.
import { setFlagsFromString } from "node:v8";
import { WardianError } from "../errors.js";

/** start: baseline code, functions that are called often are optimized; peak: all optimized before it starts; auto: by size. */
export const TIERS = ["start", "peak", "auto"] as const;
export type Tier = (typeof TIERS)[number];

/** Up to here, optimizing everything takes no longer than people notice: some 0.25 MB/s (measured, Node 20). */
const AUTO_PEAK_BYTES = 4096;

export function parseTier(text: string): Tier {
  const tier = TIERS.find((known) => known === text);
  if (tier === undefined) throw new WardianError("bad-option", `there is no tier ${JSON.stringify(text)}: use ${TIERS.join(", ")}`);
  return tier;
}

/** The flags are the process's: compilations that change them take turns, and no other is begun meanwhile. */
let turn: Promise<unknown> = Promise.resolve();

export function compileModule(bytes: Uint8Array, tier: Tier): Promise<WebAssembly.Module> {
  const isPeak = tier === "peak" || (tier === "auto" && bytes.length <= AUTO_PEAK_BYTES);
  const compiled = turn.then(() => (isPeak ? compileOptimized(bytes) : WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>)));
  turn = isPeak ? compiled.catch(() => {}) : turn;
  return compiled;
}

async function compileOptimized(bytes: Uint8Array): Promise<WebAssembly.Module> {
  setFlagsFromString("--no-liftoff");
  setFlagsFromString("--no-wasm-lazy-compilation");
  try {
    return await WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>);
  } finally {
    setFlagsFromString("--liftoff");
    setFlagsFromString("--wasm-lazy-compilation");
  }
}
