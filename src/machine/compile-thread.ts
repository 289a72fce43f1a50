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

/** assembly/machine/translate: a budget of 0 ends it at its first loop. */
type Region = (pc: bigint, budgetInsns: number, depth: number, entry: number) => number;

/** In place of a machine: its state would lie above the end of this memory, and there is no helper in the table. */
const SHAM = { memory: new WebAssembly.Memory({ initial: 1 }), helpers: new WebAssembly.Table({ initial: 64, element: "anyfunc" }) };

/**
 * V8 compiles a function when it is first called, on the thread that calls it; so this calls all that are exported, in a memory where each ends in a trap as
 * soon as it reads a register. Modules compiled as a whole are compiled on any of V8's own threads, and the C library keeps for each of
 * them what V8 once needed there. V8's flags belong to the process: what other threads compile in these milliseconds is
 * compiled that way, too.
 */
function compile(bytes: Uint8Array): WebAssembly.Module {
  setFlagsFromString("--no-liftoff");
  try {
    const module = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
    const { exports } = new WebAssembly.Instance(module, { machine: SHAM });
    for (const part of Object.values(exports)) callOnce(part as Region);
    return module;
  } finally {
    setFlagsFromString("--liftoff");
  }
}

function callOnce(run: Region): void {
  try {
    run(0n, 0, 0, 0);
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
  }
}
