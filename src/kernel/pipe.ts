// The host's own ends of pipes. Each try is non-blocking; between tries the host waits on a word that the kernel notifies. Depends on wait.ts.
import { ERRNO_AGAIN, ERRNO_PIPE, WINDOW_BYTES } from "../../assembly/kernel/abi.js";
import { WardianError } from "../errors.js";
import type { Management } from "./exports.js";
import { changed } from "./wait.js";

const READ = 0;
const WRITE = 1;

abstract class PipeEnd {
  private open = true;
  private readonly word: number;

  constructor(
    protected readonly exports: Management,
    protected readonly pipe: number,
    protected readonly window: Uint8Array,
    private readonly end: number,
  ) {
    exports.pipe_open(pipe, end);
    this.word = exports.pipe_word(pipe, end);
  }

  get isOpen(): boolean {
    return this.open;
  }

  /** Whoever waits in a read or a write is answered as at the end. */
  close(): void {
    if (!this.open) return;
    this.open = false;
    Atomics.notify(new Int32Array(this.exports.memory.buffer), this.word >> 2);
    this.exports.pipe_close(this.pipe, this.end);
  }

  /** Tries until the answer is not AGAIN. */
  protected async insist(attempt: () => number): Promise<number> {
    while (this.open) {
      const first = attempt();
      if (first !== -ERRNO_AGAIN) return first;
      const words = new Int32Array(this.exports.memory.buffer);
      const seen = Atomics.load(words, this.word >> 2);
      this.exports.pipe_arm(this.pipe, this.end);
      const second = attempt();
      if (second !== -ERRNO_AGAIN) return second;
      await changed(words, this.word, seen);
    }
    return 0;
  }
}

export class PipeReader extends PipeEnd {
  constructor(exports: Management, pipe: number, window: Uint8Array) {
    super(exports, pipe, window, READ);
  }

  /** What is there, once there is something; undefined at the end of the file. */
  async read(maxBytes = WINDOW_BYTES): Promise<Uint8Array | undefined> {
    let chunk: Uint8Array | undefined;
    await this.insist(() => {
      const count = this.exports.pipe_host_read(this.pipe, maxBytes);
      if (count > 0) chunk = this.window.slice(0, count);
      return count;
    });
    return chunk;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (let chunk = await this.read(); chunk !== undefined; chunk = await this.read()) yield chunk;
  }
}

export class PipeWriter extends PipeEnd {
  constructor(exports: Management, pipe: number, window: Uint8Array) {
    super(exports, pipe, window, WRITE);
  }

  /** Writes everything; false where nobody reads any more. */
  async write(bytes: Uint8Array): Promise<boolean> {
    for (let done = 0; done < bytes.length;) {
      const count = await this.insist(() => this.attempt(bytes.subarray(done, done + WINDOW_BYTES)));
      if (count === -ERRNO_PIPE || !this.isOpen) return false;
      if (count < 0) throw new WardianError("kernel-memory", "no memory for what a pipe holds: the kernel's bound is reached");
      done += count;
    }
    return true;
  }

  private attempt(piece: Uint8Array): number {
    this.window.set(piece);
    return this.exports.pipe_host_write(this.pipe, piece.length);
  }
}
