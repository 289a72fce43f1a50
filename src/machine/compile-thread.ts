// Runs in a thread of its own: compiles modules of translated code, all at once to the best code that V8 makes. V8's quick code for such
// functions is slower than our interpreter, and its good code takes a tenth of a second, so the machine goes on interpreting meanwhile.
// May depend on compiler.ts only for its messages.
import { setFlagsFromString } from "node:v8";
import { type MessagePort, workerData } from "node:worker_threads";
import type { CompileAnswer, CompileRequest } from "./compiler.js";

/** From this version of V8 on, branch hints count without a flag; an unknown flag would be complained about. */
const V8_WITH_HINTS = 14;

const port = workerData as MessagePort;

// Modules say which of their branches are unlikely.
if (Number.parseInt(process.versions.v8) < V8_WITH_HINTS) setFlagsFromString("--experimental-wasm-branch-hinting");

port.on("message", ({ id, bytes }: CompileRequest) => {
  const beganMs = performance.now();
  let answer: CompileAnswer;
  try {
    answer = { id, module: compile(bytes), ms: performance.now() - beganMs };
  } catch (error) {
    answer = { id, error, ms: performance.now() - beganMs };
  }
  port.postMessage(answer);
});

/** V8's flags belong to the process: modules that other threads compile in these milliseconds are compiled that way, too. */
function compile(bytes: Uint8Array): WebAssembly.Module {
  setFlagsFromString("--no-liftoff");
  setFlagsFromString("--no-wasm-lazy-compilation");
  try {
    return new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
  } finally {
    setFlagsFromString("--liftoff");
    setFlagsFromString("--wasm-lazy-compilation");
  }
}
