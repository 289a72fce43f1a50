// Trees of files as the host sees them: an archive that comes down a channel, and a removal. (One that goes up is a FilePut.)
// Depends on download, exec (Channel), file-error, stream, message.
import type { Readable } from "node:stream";
import type { Channel } from "./exec.js";
import { Download } from "./download.js";
import { agentFileError } from "./file-error.js";
import { type Frame, protocolError } from "./frame.js";
import { decodeFileDone } from "./message.js";
import { FRAME } from "./protocol.js";
import type { Link } from "./stream.js";

export class TreeGet extends Download<Readable> {
  /** An archive needs no word of what it is. */
  protected begin(): void {
    this.resolve(this.output);
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
