// Trees of files as the host sees them: an archive that comes down a channel, and a removal. (One that goes up is a FilePut.)
// Depends on exec (Channel), file, stream, message.
import type { Readable } from "node:stream";
import type { Channel } from "./exec.js";
import { agentFileError } from "./file.js";
import { type Frame, protocolError } from "./frame.js";
import { decodeFileDone, decodeNothing } from "./message.js";
import { FRAME, STREAM } from "./protocol.js";
import { type Link, OutputStream } from "./stream.js";

export class TreeGet implements Channel {
  /** Settles when the first bytes are there, or the guest has nothing to tell. */
  readonly archive: Promise<Readable>;
  private readonly output: OutputStream;
  private resolve!: (archive: Readable) => void;
  private reject!: (reason: unknown) => void;
  private readonly forget: () => void;

  constructor(
    link: Link,
    id: number,
    private readonly path: string,
    signal: AbortSignal | undefined,
  ) {
    this.output = new OutputStream(link, id, STREAM.STDOUT, () => link.send(FRAME.CLOSE, 0, id));
    this.archive = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.archive.catch(() => {});
    const abort = (): void => {
      this.reject(signal?.reason);
      this.output.destroy(signal?.reason instanceof Error ? signal.reason : undefined);
    };
    signal?.addEventListener("abort", abort, { once: true });
    this.forget = () => signal?.removeEventListener("abort", abort);
  }

  take(frame: Frame): boolean {
    const { payload } = frame;
    switch (frame.type) {
      case FRAME.DATA:
        if (frame.stream !== STREAM.STDOUT) throw protocolError("an archive's data out of place");
        this.output.receive(payload);
        this.resolve(this.output);
        return false;
      case FRAME.EOF:
        decodeNothing(payload, "EOF");
        if (frame.stream !== STREAM.STDOUT) throw protocolError("an archive's end out of place");
        this.output.finish();
        this.resolve(this.output);
        return false;
      case FRAME.FILE_DONE:
        this.done(payload);
        return true;
    }
    throw protocolError(`frame type ${frame.type} on an archive`);
  }

  fail(error: Error): void {
    this.forget();
    this.reject(error);
    this.output.fail(error);
  }

  private done(payload: Uint8Array): void {
    const { errno, text } = decodeFileDone(payload);
    if (errno === 0 && !this.output.ended) throw protocolError("an archive done before its end");
    this.forget();
    if (errno === 0) return;
    const error = agentFileError("read", this.path, errno, text);
    this.reject(error);
    this.output.fail(error);
  }
}

export class Removal implements Channel {
  readonly outcome: Promise<void>;
  private resolve!: () => void;
  private reject!: (reason: unknown) => void;
  private readonly forget: () => void;

  constructor(
    link: Link,
    id: number,
    private readonly path: string,
    signal: AbortSignal | undefined,
  ) {
    this.outcome = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.outcome.catch(() => {});
    const abort = (): void => {
      link.send(FRAME.CLOSE, 0, id);
      this.reject(signal?.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
    this.forget = () => signal?.removeEventListener("abort", abort);
  }

  take(frame: Frame): boolean {
    if (frame.type !== FRAME.FILE_DONE) throw protocolError(`frame type ${frame.type} on a removal`);
    const { errno, text } = decodeFileDone(frame.payload);
    this.forget();
    if (errno === 0) this.resolve();
    else this.reject(agentFileError("remove", this.path, errno, text));
    return true;
  }

  fail(error: Error): void {
    this.forget();
    this.reject(error);
  }
}
