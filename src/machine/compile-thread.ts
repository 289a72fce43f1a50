// Runs in a thread of its own: compiles modules of translated code, all at once to the best code that V8 makes. V8's quick code for such
// functions is slower than our interpreter, and its good code takes a tenth of a second, so the machine goes on interpreting meanwhile.
// May depend on v8/, and on compiler.ts only for its messages.
import { setFlagsFromString } from "node:v8";
import { type MessagePort, workerData } from "node:worker_threads";
import { restoreBaseline, skipBaseline } from "../v8/baseline.js";
import type { CompileAnswer, CompileRequest } from "./compiler.js";

/** From this version of V8 on, branch hints count without a flag; an unknown flag would be complained about. */
const V8_WITH_HINTS = 14;
const port = workerData as MessagePort;

// Modules say which of their branches are unlikely.
if (Number.parseInt(process.versions.v8) < V8_WITH_HINTS) setFlagsFromString("--experimental-wasm-branch-hinting");

/** Modules to be compiled, and those that come after them; as far as they have come. */
const urgent: Job[] = [];
const waiting: Job[] = [];

port.on("message", (request: CompileRequest) => {
  const isAtWork = urgent.length + waiting.length > 0;
  (request.canWait ? waiting : urgent).push(new Job(request));
  if (!isAtWork) setImmediate(goOn);
});

/** What is asked for meanwhile comes before the next function of a module that can wait. */
function goOn(): void {
  const queue = urgent.length > 0 ? urgent : waiting;
  queue[0]?.step();
  if (queue[0]?.isDone === true) queue.shift();
  if (urgent.length + waiting.length > 0) setImmediate(goOn);
  else restoreBaseline(); // not behind each step: a change of a flag takes V8 12 us
}

/** assembly/machine/translate: a budget of 0 ends it at its first loop. */
type Region = (pc: bigint, budgetInsns: number, depth: number, entry: number) => number;

/** In place of a machine's: its state would lie above the end of this memory. */
const MEMORY = new WebAssembly.Memory({ initial: 1 });
/** With room for as many helpers as there are; there is none in it. One for each instance, since of those that import one table none is ever freed. */
const shamTable = (): WebAssembly.Table => new WebAssembly.Table({ initial: 16, element: "anyfunc" });

/**
 * V8 compiles a function when it is first called, on the thread that calls it; so this calls all that are exported, in a memory where each ends in a trap as
 * soon as it reads a register. Modules compiled as a whole are compiled on any of V8's own threads, and the C library keeps for each of
 * them what V8 once needed there.
 */
class Job {
  isDone = false;
  readonly #request: CompileRequest;
  #module: WebAssembly.Module | undefined;
  #parts: Region[] = [];
  #ms = 0;

  constructor(request: CompileRequest) {
    this.#request = request;
  }

  /** Takes the module, or else compiles one function of it; sends the answer behind the last. */
  step(): void {
    const beganMs = performance.now();
    let error: unknown;
    skipBaseline(); // another compile thread may have restored it
    try {
      if (this.#module === undefined) this.#take();
      else callOnce(this.#parts.pop() as Region);
    } catch (reason) {
      error = reason;
    } finally {
      this.#ms += performance.now() - beganMs;
    }
    if (error === undefined && this.#parts.length > 0) return;
    this.isDone = true;
    port.postMessage({ id: this.#request.id, module: this.#module, error, ms: this.#ms } satisfies CompileAnswer);
  }

  #take(): void {
    this.#module = new WebAssembly.Module(this.#request.bytes as Uint8Array<ArrayBuffer>);
    this.#parts = Object.values(
      new WebAssembly.Instance(this.#module, { machine: { memory: MEMORY, helpers: shamTable() } }).exports,
    ) as Region[];
  }
}

function callOnce(run: Region): void {
  try {
    run(0n, 0, 0, 0);
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
  }
}
