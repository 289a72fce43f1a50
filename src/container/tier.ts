// Which of V8's compilers a program's code goes through. V8 never leaves its baseline code in a loop that is already running, so that
// a program whose work is one long loop stays slow where it began there (up to 12x, measured). May depend on v8/, wasm/ and tier-name.ts.
import { setFlagsFromString } from "node:v8";
import { restoreBaseline, skipBaseline } from "../v8/baseline.js";
import { hintLoops, inspect } from "../wasm/index.js";
import type { Tier } from "./tier-name.js";

/** Optimizing takes some 4 ms a KiB (measured, Node 20): a function is held up by no more than about 60 ms. */
const MAX_HINTED_FUNCTION_BYTES = 16_384;
/** Reading all code of larger programs takes longer than it gains: what they spend their time in is called often. */
const MAX_HINTED_CODE_BYTES = 4 * 2 ** 20;

/** The hints are an experiment of V8's; later versions have dropped this form of them. */
const HAS_HINTS = Number.parseInt(process.versions.v8, 10) === 11;

/** Takes what inspect() takes. */
export function compileModule(bytes: Uint8Array, tier: Tier): Promise<WebAssembly.Module> {
  if (tier === "peak") return compilePeak(bytes);
  const hinted = tier === "auto" ? hint(bytes) : undefined;
  return hinted === undefined ? WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>) : compileHinted(hinted);
}

function hint(bytes: Uint8Array): Uint8Array | undefined {
  if (!HAS_HINTS) return undefined;
  const info = inspect(bytes);
  if (info.counts.codeBytes > MAX_HINTED_CODE_BYTES) return undefined;
  return hintLoops(bytes, info, { maxFunctionBytes: MAX_HINTED_FUNCTION_BYTES });
}

/** Which features a module may use, V8 notes as the compilation begins. */
async function compileHinted(bytes: Uint8Array): Promise<WebAssembly.Module> {
  setFlagsFromString("--experimental-wasm-compilation-hints");
  const compiling = WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>);
  setFlagsFromString("--no-experimental-wasm-compilation-hints");
  return compiling;
}

let peaks = 0;

/** The flags are the process's, and are looked at until the last function is done: what is compiled meanwhile is optimized, too. */
async function compilePeak(bytes: Uint8Array): Promise<WebAssembly.Module> {
  if (peaks++ === 0) {
    skipBaseline();
    setFlagsFromString("--no-wasm-lazy-compilation");
  }
  try {
    return await WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>);
  } finally {
    if (--peaks === 0) {
      restoreBaseline();
      setFlagsFromString("--wasm-lazy-compilation");
    }
  }
}
