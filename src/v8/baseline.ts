// Whether V8 compiles functions with its baseline compiler first, or optimizes them at once. May depend on nothing of ours.
import { setFlagsFromString } from "node:v8";

/** From this version of V8 on, optimized code may fall back to baseline code. */
const V8_WITH_DEOPTS = 14;

/** V8's flags are the process's: what other threads compile until restoreBaseline() is optimized at once, too. */
export function skipBaseline(): void {
  // V8 14 ends the process when a function that never had baseline code is optimized together with one that had, and is to fall back to it.
  if (Number.parseInt(process.versions.v8, 10) >= V8_WITH_DEOPTS) setFlagsFromString("--no-wasm-deopt");
  setFlagsFromString("--no-liftoff");
}

export function restoreBaseline(): void {
  setFlagsFromString("--liftoff");
  setFlagsFromString("--wasm-dynamic-tiering"); // which --no-liftoff turns off as well, up to V8 12: each function would be optimized behind its first call
}
