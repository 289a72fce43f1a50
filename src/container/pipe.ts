// A pipe from one container's standard output to another's standard input: data goes from thread to thread, past this one. May depend on
// kernel/, errors and the files beside it.
import { WardianError } from "../errors.js";
import { type ContainerRuntime, sharedRuntime } from "./runtime.js";

/** As the kernel numbers them. */
const ENDS = { reader: 0, writer: 1 } as const;
type End = keyof typeof ENDS;

export class ContainerPipe {
  readonly #pipe: number;
  readonly #runtime: ContainerRuntime;
  /** Both ends at first, so that whoever starts first does not find the other one gone. */
  readonly #held = new Set<End>(["reader", "writer"]);

  constructor(runtime: ContainerRuntime = sharedRuntime()) {
    this.#runtime = runtime;
    this.#pipe = runtime.kernel.createPipe();
    for (const end of this.#held) runtime.kernel.exports.pipe_open(this.#pipe, ENDS[end]);
  }

  /** For the kernel. Throws `pipe-released`: its place may be another pipe's by then. */
  get pipe(): number {
    if (this.#held.size === 0)
      throw new WardianError("pipe-released", "the pipe was released: start both containers first, or make another pipe");
    return this.#pipe;
  }

  /** Once the container at that end (without one: both) has started, or will not: the pipe then lives as long as somebody holds an end. */
  release(...ends: readonly End[]): void {
    const { pipe_close, pipe_release } = this.#runtime.kernel.exports;
    for (const end of ends.length === 0 ? [...this.#held] : ends) {
      if (!this.#held.delete(end)) continue;
      pipe_close(this.#pipe, ENDS[end]);
      if (this.#held.size === 0) pipe_release(this.#pipe);
    }
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
