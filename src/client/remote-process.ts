// A program behind a WebSocket: its streams and signals on the wire "wardian.v1". A binary message is a stream's number and its
// bytes; text messages are JSON. Back-pressure is the socket's: while an output is full, nothing is read. May depend on errors,
// instance/, machine/agent and the files beside it.
import { Readable, Writable } from "node:stream";
import type WebSocket from "ws";
import { WardianError } from "../errors.js";
import type { RunningProcess } from "../instance/running-process.js";
import { type ExitStatus, signalName, signalNumber } from "../machine/agent/index.js";
import { errorOf, parseJson } from "./problem.js";

const STREAM = { stdin: 0, stdout: 1, stderr: 2 } as const;
/** As much as the guest's agent has on its way; more than that of an output that nobody reads stops the socket. */
const OUTPUT_BUFFER_BYTES = 256 << 10;
const INPUT_FRAME_BYTES = 64 << 10;

export class RemoteProcess implements RunningProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exit: Promise<ExitStatus>;
  /** The server has begun it, or told why it did not. */
  readonly started: Promise<void>;
  readonly #socket: WebSocket;
  readonly #outputs: readonly [RemoteOutput, RemoteOutput];
  #settle: (exit: ExitStatus) => void = () => {};
  #reject: (reason: unknown) => void = () => {};
  #hasStarted: () => void = () => {};
  #hasNotStarted: (reason: unknown) => void = () => {};
  #isOver = false;

  /** `socket` is open. */
  constructor(socket: WebSocket, options: { readonly stdin: boolean; readonly tty: boolean }, signal: AbortSignal | undefined) {
    this.#socket = socket;
    this.exit = new Promise((settle, reject) => ([this.#settle, this.#reject] = [settle, reject]));
    this.started = new Promise((settle, reject) => ([this.#hasStarted, this.#hasNotStarted] = [settle, reject]));
    // Somebody who only wants the output must not get an unhandled rejection.
    this.exit.catch(() => {});
    this.started.catch(() => {});
    const output = (stream: number): RemoteOutput =>
      new RemoteOutput(
        () => this.#flow(),
        () => this.#tell({ type: "close", stream }),
      );
    this.#outputs = [output(STREAM.stdout), output(STREAM.stderr)];
    [this.stdout, this.stderr] = this.#outputs;
    this.stdin = this.#makeInput(options.stdin);
    if (options.tty) this.#outputs[1].end();
    this.#listen(signal);
  }

  kill(signal: string | number = "SIGTERM"): void {
    this.#tell({ type: "signal", signal: signalName(signalNumber(signal)) });
  }

  resize(cols: number, rows: number): void {
    this.#tell({ type: "resize", cols, rows });
  }

  #listen(signal: AbortSignal | undefined): void {
    const socket = this.#socket;
    const abort = (): void => {
      this.#fail(signal?.reason);
      socket.terminate();
    };
    let failure: Error | undefined;
    signal?.addEventListener("abort", abort, { once: true });
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      if (isBinary) this.#receive(data);
      else this.#hear(parseJson(data.toString("utf8")));
    });
    socket.on("error", (error) => {
      failure = error;
    });
    socket.on("close", () => {
      signal?.removeEventListener("abort", abort);
      this.#fail(new WardianError("connection-lost", "the connection to the server was lost", { cause: failure }));
    });
    if (signal?.aborted === true) abort();
  }

  #receive(data: Buffer): void {
    const output = data[0] === STREAM.stdout ? this.#outputs[0] : data[0] === STREAM.stderr ? this.#outputs[1] : undefined;
    if (output === undefined) return this.#distrust("output of no stream");
    // A short piece is copied, so that it does not keep the large one alive that it came in.
    output.receive(Buffer.from(data.subarray(1)));
    this.#flow();
  }

  #hear(message: unknown): void {
    const { type, stream } = (typeof message === "object" && message !== null ? message : {}) as Readonly<Record<string, unknown>>;
    if (type === "started") this.#hasStarted();
    else if (type === "eof" && stream === STREAM.stdin) this.stdin.destroy();
    else if (type === "eof" && (stream === STREAM.stdout || stream === STREAM.stderr)) this.#outputs[stream - 1]?.end();
    else if (type === "exit") this.#exited(message);
    else if (type === "error") this.#fail(errorOf(message) ?? new WardianError("bad-answer", "the server told of an error of no kind"));
    else this.#distrust("a message that is none");
  }

  #exited(message: unknown): void {
    const { status, signal, failure } = message as Readonly<Record<string, unknown>>;
    if (typeof status !== "number" || !Number.isInteger(status) || status < 0 || status > 255)
      return this.#distrust("an exit without a status");
    this.#hasStarted();
    this.#isOver = true;
    this.stdin.destroy();
    this.#settle({
      code: typeof signal === "string" ? null : status,
      signal: typeof signal === "string" ? signal : null,
      status,
      ...(typeof failure === "string" ? { failure } : {}),
    });
  }

  #distrust(what: string): void {
    this.#fail(new WardianError("bad-answer", `the server sent ${what}; does it have our version?`));
    this.#socket.terminate();
  }

  /** The end of everything; after an exit, of the outputs only, as what was to come has come. */
  #fail(reason: unknown): void {
    const hasExited = this.#isOver;
    this.#isOver = true;
    this.#hasNotStarted(reason);
    this.#reject(reason);
    this.stdin.destroy();
    for (const output of this.#outputs) {
      if (hasExited) output.end();
      else if (!output.isComplete) output.destroy(reason instanceof Error ? reason : new Error(String(reason)));
    }
  }

  /** Reads from the socket while every output has room. */
  #flow(): void {
    const isFull = this.#outputs.some((output) => output.isFull);
    if (isFull && !this.#socket.isPaused) this.#socket.pause();
    else if (!isFull && this.#socket.isPaused) this.#socket.resume();
  }

  #tell(message: object): void {
    if (!this.#isOver && this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(message), () => {});
  }

  #makeInput(isOpen: boolean): Writable {
    const input = new Writable({
      highWaterMark: INPUT_FRAME_BYTES,
      // The callback comes when the bytes have left for the socket: one frame at a time is on its way.
      write: (chunk: Buffer, _encoding, done) => this.#sendInput(chunk, done),
      final: (done) => {
        this.#tell({ type: "eof" });
        done();
      },
      destroy: (error, done) => {
        if (isOpen && !input.writableFinished) this.#tell({ type: "eof" });
        done(error);
      },
    });
    if (!isOpen) input.destroy();
    input.on("error", () => {}); // what the other end does must not become an uncaught error; exit tells it
    return input;
  }

  #sendInput(chunk: Buffer, done: (error?: Error | null) => void): void {
    if (this.#isOver || this.#socket.readyState !== this.#socket.OPEN) return done();
    const part = chunk.subarray(0, INPUT_FRAME_BYTES);
    this.#socket.send(Buffer.concat([Buffer.of(STREAM.stdin), part]), { binary: true }, (error) => {
      if (error !== undefined && error !== null) done();
      else if (part.length < chunk.length) this.#sendInput(chunk.subarray(part.length), done);
      else done();
    });
  }
}

class RemoteOutput extends Readable {
  isFull = false;
  isComplete = false;
  readonly #onRoom: () => void;
  readonly #onAbandon: () => void;

  constructor(onRoom: () => void, onAbandon: () => void) {
    super({ highWaterMark: OUTPUT_BUFFER_BYTES });
    this.#onRoom = onRoom;
    this.#onAbandon = onAbandon;
    this.on("error", () => {}); // as for stdin
  }

  receive(bytes: Uint8Array): void {
    if (this.destroyed || this.isComplete) return;
    this.isFull = !this.push(bytes);
  }

  end(): void {
    if (this.isComplete) return;
    this.isComplete = true;
    this.isFull = false;
    if (!this.destroyed) this.push(null);
  }

  override _read(): void {
    if (!this.isFull) return;
    this.isFull = false;
    this.#onRoom();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.isComplete && error === null) this.#onAbandon();
    this.isFull = false;
    this.#onRoom();
    done(error);
  }
}
