// Transfers as the host sees them: one file (or an archive) up, or one file down a channel. Depends on exec (Channel), stream, message.
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { WardianError } from "../../errors.js";
import type { Channel } from "./exec.js";
import { type Frame, protocolError } from "./frame.js";
import { decodeFileDone, decodeFileInfo, decodeNothing, decodeU32, type FileInfo } from "./message.js";
import { FRAME, STREAM } from "./protocol.js";
import { InputStream, type Link, OutputStream } from "./stream.js";

export type FileSource = Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** A file of the guest's. `sizeBytes` is what it claims (0 for many kernel files); `content` ends where it really does. */
export interface GuestFile extends FileInfo {
  /** Errors with `agent-file` when the guest cannot read on. */
  readonly content: Readable;
}

/** What the guest's kernel said no to: `errno` is Linux's number for why. */
export class AgentFileError extends WardianError {
  constructor(
    message: string,
    readonly errno: number,
  ) {
    super("agent-file", message);
  }
}

export function agentFileError(verb: string, path: string, errno: number, text: string): AgentFileError {
  return new AgentFileError(`cannot ${verb} ${path} in the guest: ${text || "unknown error"}`, errno);
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

export class FileGet implements Channel {
  /** Settles when the guest has opened the file, or not. */
  readonly file: Promise<GuestFile>;
  private readonly output: OutputStream;
  private resolve!: (file: GuestFile) => void;
  private reject!: (reason: unknown) => void;
  private opened = false;
  private readonly forget: () => void;

  constructor(
    link: Link,
    id: number,
    private readonly path: string,
    signal: AbortSignal | undefined,
  ) {
    this.output = new OutputStream(link, id, STREAM.STDOUT, () => link.send(FRAME.CLOSE, 0, id));
    this.file = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.file.catch(() => {});
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
      case FRAME.FILE_INFO:
        if (this.opened) throw protocolError("a second FILE_INFO");
        this.opened = true;
        this.resolve({ ...decodeFileInfo(payload), content: this.output });
        return false;
      case FRAME.DATA:
        if (!this.opened || frame.stream !== STREAM.STDOUT) throw protocolError("file data out of place");
        this.output.receive(payload);
        return false;
      case FRAME.EOF:
        decodeNothing(payload, "EOF");
        if (!this.opened || frame.stream !== STREAM.STDOUT) throw protocolError("a file's end out of place");
        this.output.finish();
        return false;
      case FRAME.FILE_DONE:
        this.done(payload);
        return true;
    }
    throw protocolError(`frame type ${frame.type} on a file get`);
  }

  fail(error: Error): void {
    this.forget();
    this.reject(error);
    this.output.fail(error);
  }

  private done(payload: Uint8Array): void {
    const { errno, text } = decodeFileDone(payload);
    if (errno === 0 && !this.output.ended) throw protocolError("a file done before its end");
    this.forget();
    if (errno === 0) return;
    const error = agentFileError("read", this.path, errno, text);
    this.reject(error);
    this.output.fail(error);
  }
}
