// Transfers as the host sees them: one file (or an archive) up, or one file down a channel. Depends on download, exec (Channel), stream, message.
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Download } from "./download.js";
import type { Channel } from "./exec.js";
import { agentFileError } from "./file-error.js";
import { type Frame, protocolError } from "./frame.js";
import { decodeFileDone, decodeFileInfo, decodeU32, type FileInfo } from "./message.js";
import { FRAME, STREAM } from "./protocol.js";
import { InputStream, type Link } from "./stream.js";

export type FileSource = Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** A file of the guest's. `sizeBytes` is what it claims (0 for many kernel files); `content` ends where it really does. */
export interface GuestFile extends FileInfo {
  /** Errors with `agent-file` when the guest cannot read on. */
  readonly content: Readable;
}

export class FilePut implements Channel {
  private readonly input: InputStream;
  private readonly outcome: Promise<void>;
  private resolve!: () => void;
  private reject!: (reason: unknown) => void;
  private settled = false;

  constructor(
    link: Link,
    id: number,
    private readonly path: string,
    private readonly verb: string,
  ) {
    this.input = new InputStream(link, id, () => {
      if (!this.settled) link.send(FRAME.CLOSE, 0, id);
    });
    this.outcome = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.outcome.catch(() => {});
  }

  /** Sends all of `source`; settles when the guest has it in its file. */
  async run(source: FileSource, signal: AbortSignal | undefined): Promise<void> {
    const readable = Readable.from(source instanceof Uint8Array ? [source] : source, { objectMode: false });
    let failure: unknown;
    await pipeline(readable, this.input, signal ? { signal } : {}).catch((error: unknown) => {
      failure = error;
    });
    if (failure !== undefined && !this.settled) throw signal?.aborted ? signal.reason : failure;
    await this.outcome;
  }

  take(frame: Frame): boolean {
    if (frame.type === FRAME.CREDIT && frame.stream === STREAM.STDIN) {
      this.input.grant(decodeU32(frame.payload, "CREDIT"));
      return false;
    }
    if (frame.type !== FRAME.FILE_DONE) throw protocolError(`frame type ${frame.type} on a file put`);
    const { errno, text } = decodeFileDone(frame.payload);
    this.settled = true;
    if (errno === 0) this.resolve();
    else this.reject(agentFileError(this.verb, this.path, errno, text));
    this.input.stop();
    return true;
  }

  fail(error: Error): void {
    this.settled = true;
    this.reject(error);
    this.input.stop();
  }
}

export class FileGet extends Download<GuestFile> {
  private opened = false;

  override take(frame: Frame): boolean {
    if (frame.type !== FRAME.FILE_INFO) return super.take(frame);
    if (this.opened) throw protocolError("a second FILE_INFO");
    this.opened = true;
    this.resolve({ ...decodeFileInfo(frame.payload), content: this.output });
    return false;
  }

  protected begin(): void {
    if (!this.opened) throw protocolError("file data before FILE_INFO");
  }
}
