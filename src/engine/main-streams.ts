// The streams of an instance's main program (its command, or its console): into the log, and to everybody attached. An attachment
// may come before the program starts and lasts until the instance has ended. May depend on instance/ and store/.
import { PassThrough, type Readable, Writable } from "node:stream";
import { WardianError } from "../errors.js";
import type { LogStream } from "../instance/record.js";
import type { RunningProcess } from "../instance/running-process.js";
import type { ExitStatus } from "../machine/agent/index.js";
import type { InstanceLog } from "../store/instance-log.js";

export type OutputName = "stdout" | "stderr";

/** What attached people may do to the main program. */
interface Target {
  readonly stdin: Writable;
  /** A console's input has no end. */
  readonly endsWithInput: boolean;
  kill(signal?: string | number): void;
  resize(cols: number, rows: number): void;
}

export class MainStreams {
  readonly #attachments = new Set<Attachment>();
  #target: Target | undefined;
  #hasHurry = false;
  readonly #arrived = new Set<() => void>();
  #size: readonly [cols: number, rows: number] | undefined;

  constructor(
    private readonly log: InstanceLog | undefined,
    private readonly onBytes: (count: number) => void,
  ) {}

  /** Takes all that `source` says, until its end; resolves then. A source that breaks has ended, too: its instance is gone. */
  async pump(source: Readable, stream: LogStream, to: OutputName | undefined, tap?: (bytes: Uint8Array) => void): Promise<void> {
    try {
      for await (const chunk of source as AsyncIterable<Uint8Array>) {
        tap?.(chunk);
        this.log?.append(stream, chunk);
        this.onBytes(chunk.length);
        if (to !== undefined) await Promise.all([...this.#attachments].map((attachment) => attachment.deliver(to, chunk, this.#hasHurry)));
      }
    } catch {
      // see above
    }
  }

  /** The program is gone: what it said last goes to attached people without waiting for those who do not read. */
  hurry(): void {
    this.#hasHurry = true;
    for (const attachment of this.#attachments) attachment.hurry();
  }

  /** The program is there: what attached people have typed goes to it. */
  connect(target: Target): void {
    this.#target = target;
    this.#hasHurry = false;
    if (this.#size !== undefined) target.resize(...this.#size);
    for (const arrived of this.#arrived) arrived();
  }

  attach(options: { readonly stdin: boolean; readonly signal?: AbortSignal | undefined }): RunningProcess {
    const attachment = new Attachment(this, options.stdin);
    this.#attachments.add(attachment);
    const leave = (): void => this.#leave(attachment, new WardianError("aborted", "the attachment was given up"));
    options.signal?.addEventListener("abort", leave, { once: true });
    attachment.exit.then(...both(() => options.signal?.removeEventListener("abort", leave)));
    if (options.signal?.aborted === true) leave();
    return attachment;
  }

  /** The run is over: `exit` is what attached people are told. */
  finish(exit: ExitStatus): void {
    this.#target = undefined;
    for (const attachment of this.#attachments) attachment.finish(exit);
    this.#attachments.clear();
    for (const arrived of this.#arrived) arrived();
  }

  #leave(attachment: Attachment, reason: Error): void {
    this.#attachments.delete(attachment);
    attachment.abandon(reason);
  }

  /** Nothing of it reaches the program once `left` says that its sender has gone. */
  async write(chunk: Uint8Array, left: AbortSignal): Promise<void> {
    const target = await this.#awaitTarget(left);
    if (target === undefined || target.stdin.destroyed || target.stdin.writableEnded) return;
    if (!target.stdin.write(chunk)) await flowsAgain(target.stdin);
  }

  async endInput(left: AbortSignal): Promise<void> {
    const target = await this.#awaitTarget(left);
    if (target?.endsWithInput === true) target.stdin.end();
  }

  kill(signal?: string | number): void {
    this.#target?.kill(signal);
  }

  resize(cols: number, rows: number): void {
    this.#size = [cols, rows];
    this.#target?.resize(cols, rows);
  }

  /** Undefined when the run ended before there was one, or whoever waits has left. */
  #awaitTarget(left: AbortSignal): Promise<Target | undefined> | Target | undefined {
    if (left.aborted) return undefined;
    if (this.#target !== undefined) return this.#target;
    return new Promise((resolve) => {
      const end = (): void => {
        this.#arrived.delete(end);
        left.removeEventListener("abort", end);
        resolve(left.aborted ? undefined : this.#target);
      };
      this.#arrived.add(end);
      left.addEventListener("abort", end, { once: true });
    });
  }
}

class Attachment implements RunningProcess {
  readonly stdin: Writable;
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly exit: Promise<ExitStatus>;
  #settle: (exit: ExitStatus) => void = () => {};
  #reject: (reason: Error) => void = () => {};
  readonly #waiting = new Set<() => void>();
  readonly #left = new AbortController();

  constructor(
    private readonly streams: MainStreams,
    stdin: boolean,
  ) {
    this.exit = new Promise((settle, reject) => {
      this.#settle = settle;
      this.#reject = reject;
    });
    this.exit.catch(() => {}); // somebody who only wants the output must not get an unhandled rejection
    this.stdin = new Writable({
      write: (chunk: Uint8Array, _encoding, done) => void streams.write(chunk, this.#left.signal).then(() => done(), done),
      final: (done) => void streams.endInput(this.#left.signal).then(() => done(), done),
    });
    if (!stdin) this.stdin.destroy();
    for (const stream of [this.stdin, this.stdout, this.stderr]) stream.on("error", () => {}); // a reader that went away
  }

  /** Waits while the reader does, but in a hurry. */
  async deliver(to: OutputName, chunk: Uint8Array, inHurry: boolean): Promise<void> {
    const stream = this[to];
    if (stream.destroyed || stream.write(chunk) || inHurry) return;
    await new Promise<void>((resolve) => {
      this.#waiting.add(resolve);
      void flowsAgain(stream).then(() => {
        this.#waiting.delete(resolve);
        resolve();
      });
    });
  }

  hurry(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  finish(exit: ExitStatus): void {
    this.stdout.end();
    this.stderr.end();
    this.stdin.destroy();
    this.#settle(exit);
  }

  abandon(reason: Error): void {
    this.#left.abort();
    for (const stream of [this.stdin, this.stdout, this.stderr]) stream.destroy();
    this.#reject(reason);
  }

  kill(signal?: string | number): void {
    this.streams.kill(signal);
  }

  resize(cols: number, rows: number): void {
    this.streams.resize(cols, rows);
  }
}

/** Resolves when the stream takes more, or never will. */
function flowsAgain(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off("drain", done);
      stream.off("close", done);
      resolve();
    };
    stream.once("drain", done);
    stream.once("close", done);
  });
}

function both<T>(action: () => T): [() => T, () => T] {
  return [action, action];
}
