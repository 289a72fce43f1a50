// What comes down a channel from the guest: data, its end, and the word that all is well or is not. What it is that comes, a file or an
// archive, says when there is something to hand out. Depends on exec (Channel), file-error, frame, message, stream.
import type { Channel } from "./exec.js";
import { agentFileError } from "./file-error.js";
import { type Frame, protocolError } from "./frame.js";
import { decodeFileDone, decodeNothing } from "./message.js";
import { FRAME, STREAM } from "./protocol.js";
import { type Link, OutputStream } from "./stream.js";

export abstract class Download<T> implements Channel {
  /** Settles when there is something to hand out, or will never be. */
  readonly result: Promise<T>;
  protected readonly output: OutputStream;
  protected resolve!: (result: T) => void;
  private reject!: (reason: unknown) => void;
  private readonly forget: () => void;

  constructor(
    link: Link,
    id: number,
    private readonly path: string,
    signal: AbortSignal | undefined,
  ) {
    this.output = new OutputStream(link, id, STREAM.STDOUT, () => link.send(FRAME.CLOSE, 0, id));
    this.result = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.result.catch(() => {});
    const abort = (): void => {
      this.reject(signal?.reason);
      this.output.destroy(signal?.reason instanceof Error ? signal.reason : undefined);
    };
    signal?.addEventListener("abort", abort, { once: true });
    this.forget = () => signal?.removeEventListener("abort", abort);
  }

  take(frame: Frame): boolean {
    switch (frame.type) {
      case FRAME.DATA:
        this.flow(frame);
        this.output.receive(frame.payload);
        return false;
      case FRAME.EOF:
        decodeNothing(frame.payload, "EOF");
        this.flow(frame);
        this.output.finish();
        return false;
      case FRAME.FILE_DONE:
        this.done(frame.payload);
        return true;
    }
    throw protocolError(`frame type ${frame.type} on a download`);
  }

  /** Data or its end comes. Throws where it is too early for that. */
  protected abstract begin(): void;

  fail(error: Error): void {
    this.forget();
    this.reject(error);
    this.output.fail(error);
  }

  private flow(frame: Frame): void {
    if (frame.stream !== STREAM.STDOUT) throw protocolError("a download on another stream");
    this.begin();
  }

  private done(payload: Uint8Array): void {
    const { errno, text } = decodeFileDone(payload);
    if (errno === 0 && !this.output.ended) throw protocolError("a download done before its end");
    this.forget();
    if (errno === 0) return;
    const error = agentFileError("read", this.path, errno, text);
    this.reject(error);
    this.output.fail(error);
  }
}
