// Compiles modules in the background: one compile thread for each thread that runs machines, made when it is first needed. Answers are
// fetched, not waited for, so that a machine that never gives its thread back gets them, too. May depend on v8/.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { restoreBaseline } from "../v8/baseline.js";

export interface CompileRequest {
  readonly id: number;
  readonly bytes: Uint8Array;
  /** Others go first, though they come later. */
  readonly canWait: boolean;
}

export interface CompileAnswer {
  readonly id: number;
  /** Of use where there is no error. */
  readonly module: WebAssembly.Module | undefined;
  readonly error: unknown;
  /** How long it took. */
  readonly ms: number;
}

type Receiver = (answer: CompileAnswer) => void;

/** A compile thread that has had nothing to do for so long ends: V8's compiler keeps memory for as long as there is one. */
const IDLE_MS = 1500;

/** The built file, found from src/ (in tests) and from dist/src/. */
function threadFile(): URL {
  const beside = new URL("./compile-thread.cjs", import.meta.url);
  return existsSync(fileURLToPath(beside)) ? beside : new URL("../../dist/src/machine/compile-thread.cjs", import.meta.url);
}

class Compiler {
  readonly #port: MessagePort;
  readonly #receivers = new Map<number, Receiver>();
  readonly #idle: NodeJS.Timeout;
  #nextId = 1;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const worker = new Worker(threadFile(), { name: "wardian-compiler", execArgv: [], workerData: port2, transferList: [port2] });
    worker.unref();
    this.#idle = setTimeout(() => {
      this.drain(); // what waits for an answer is kept, and those for machines that are gone nobody fetches
      if (this.#receivers.size > 0) this.#idle.refresh();
      else end(this, worker);
    }, IDLE_MS).unref();
    // Without it nothing is compiled any more, and machines go on as they are.
    worker.on("error", () => this.#refuseAll());
    worker.on("exit", restoreBaseline); // which it may have died without
  }

  submit(bytes: Uint8Array, canWait: boolean, receive: Receiver): void {
    const id = this.#nextId++;
    this.#idle.refresh();
    this.#receivers.set(id, receive);
    this.#port.postMessage({ id, bytes, canWait } satisfies CompileRequest, [bytes.buffer as ArrayBuffer]);
  }

  #refuseAll(): void {
    const receivers = [...this.#receivers];
    this.#receivers.clear();
    const error = new RangeError("the compile thread ended");
    for (const [id, receive] of receivers) receive({ id, module: undefined, error, ms: 0 });
  }

  /** Hands on what has been compiled. */
  drain(): void {
    while (this.#receivers.size > 0) {
      const received = receiveMessageOnPort(this.#port) as { message: CompileAnswer } | undefined;
      if (received === undefined) return;
      this.#receivers.get(received.message.id)?.(received.message);
      this.#receivers.delete(received.message.id);
    }
  }
}

let compiler: Compiler | undefined;

function end(idle: Compiler, worker: Worker): void {
  if (compiler === idle) compiler = undefined;
  void worker.terminate();
}

/** Makes the compile thread, so that nothing has to wait for it later. */
export function startCompiler(): void {
  compiler ??= new Compiler();
}

/** Compiles `bytes`, which are given away; `receive` gets the answer out of a later drainCompiler(). What `canWait` comes after what cannot. */
export function compileInBackground(bytes: Uint8Array, canWait: boolean, receive: Receiver): void {
  startCompiler();
  compiler?.submit(bytes, canWait, receive);
}

export function drainCompiler(): void {
  compiler?.drain();
}
