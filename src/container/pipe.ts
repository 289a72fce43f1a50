// A pipe from one container's standard output to another's standard input: data goes from thread to thread, past this one. May depend on
// kernel/, errors and the files beside it.
import { WardianError } from "../errors.js";
import { type ContainerRuntime, sharedRuntime } from "./runtime.js";

/** To read from, to write to. */
const ENDS = [0, 1] as const;

export class ContainerPipe {
  readonly #pipe: number;
  readonly #runtime: ContainerRuntime;
  #isReleased = false;

  constructor(runtime: ContainerRuntime = sharedRuntime()) {
    this.#runtime = runtime;
    this.#pipe = runtime.kernel.createPipe();
    // Both ends are held, so that whoever starts first does not find the other one gone.
    for (const end of ENDS) runtime.kernel.exports.pipe_open(this.#pipe, end);
  }

  /** For the kernel. Throws `pipe-released`: its place may be another pipe's by then. */
  get pipe(): number {
    if (this.#isReleased)
      throw new WardianError("pipe-released", "the pipe was released: start both containers first, or make another pipe");
    return this.#pipe;
  }

  /** Once both containers have started: the pipe then lives as long as one of them holds an end. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    const { pipe_close, pipe_release } = this.#runtime.kernel.exports;
    for (const end of ENDS) pipe_close(this.#pipe, end);
    pipe_release(this.#pipe);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
