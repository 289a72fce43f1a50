// A pipe from one container's standard output to another's standard input: data goes from thread to thread, past this one. May depend on
// kernel/ and the files beside it.
import { type ContainerRuntime, sharedRuntime } from "./runtime.js";

/** To read from, to write to. */
const ENDS = [0, 1] as const;

export class ContainerPipe {
  /** For the kernel. */
  readonly pipe: number;
  readonly #runtime: ContainerRuntime;
  #isReleased = false;

  constructor(runtime: ContainerRuntime = sharedRuntime()) {
    this.#runtime = runtime;
    this.pipe = runtime.kernel.createPipe();
    // Both ends are held, so that whoever starts first does not find the other one gone.
    for (const end of ENDS) runtime.kernel.exports.pipe_open(this.pipe, end);
  }

  /** Once both containers have started: the pipe then lives as long as one of them holds an end. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    const { pipe_close, pipe_release } = this.#runtime.kernel.exports;
    for (const end of ENDS) pipe_close(this.pipe, end);
    pipe_release(this.pipe);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
