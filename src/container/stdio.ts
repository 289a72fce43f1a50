// A program's standard streams as Node streams, over pipes in the kernel. Nothing is read from a pipe before somebody wants it, so that
// a program whose output nobody takes waits in its write. May depend on kernel/.
import { Readable, Writable } from "node:stream";
import type { PipeReader, PipeWriter } from "../kernel/index.js";

const CHUNK_BYTES = 65_536;

export class OutputStream extends Readable {
  readonly #pipe: PipeReader;

  constructor(pipe: PipeReader) {
    super({ highWaterMark: CHUNK_BYTES });
    this.#pipe = pipe;
  }

  override _read(): void {
    this.#pipe.read(CHUNK_BYTES).then(
      (chunk) => {
        if (chunk === undefined) this.#pipe.close();
        if (!this.destroyed) this.push(chunk === undefined ? null : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
      },
      (error: Error) => this.destroy(error),
    );
  }

  /** The program meets a closed pipe from now on. */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#pipe.close();
    done(error);
  }
}

export class InputStream extends Writable {
  readonly #pipe: PipeWriter;

  constructor(pipe: PipeWriter) {
    super({ highWaterMark: CHUNK_BYTES });
    this.#pipe = pipe;
  }

  /** Where nobody reads any more, that is no error: the stream is over. */
  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#pipe.write(chunk).then((isTaken) => {
      done();
      if (!isTaken) this.destroy();
    }, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#pipe.close();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#pipe.close();
    done(error);
  }
}
