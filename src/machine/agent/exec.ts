// One command in the guest, as the host sees it: streams, signals, and how it ended. Depends on stream, message, signal.
import type { Readable, Writable } from "node:stream";
import { type Frame, protocolError } from "./frame.js";
import { decodeExit, decodeNothing, decodeU32, u32 } from "./message.js";
import { EXIT_KIND, FRAME, STREAM } from "./protocol.js";
import { signalName, signalNumber } from "./signal.js";
import { InputStream, type Link, OutputStream } from "./stream.js";

/** How a command ended. */
export interface ExitStatus {
  /** Its exit code; null when a signal ended it. 127: not found, 126: not runnable (see `failure`). */
  readonly code: number | null;
  readonly signal: string | null;
  /** What a shell would report: the code, or 128 + the signal's number. */
  readonly status: number;
  /** Why it never began, or what it crashed with. */
  readonly failure?: string;
  /** Where the program did not end by itself or by a signal; failed: the host could not run it. */
  readonly cause?: "crashed" | "failed" | "cpu-time" | "output-limit" | "out-of-fuel";
}

/** A frame's receiver; `take` returns true when the channel is over. Throws `agent-protocol`. */
export interface Channel {
  take(frame: Frame): boolean;
  /** The session has ended. */
  fail(error: Error): void;
}

export class ExecProcess implements Channel {
  /** Destroyed from the start unless asked for. Destroyed as soon as the command closes its end; that is no error. */
  readonly stdin: Writable;
  /** Must be read (or destroyed): a command whose output nobody takes waits. With a terminal, holds stderr's bytes too. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Settles when the command is dead; its streams may still hold data, or be held open by its children. */
  readonly exit: Promise<ExitStatus>;
  /** Process id in the guest, once known. */
  pid: number | undefined;

  private readonly input: InputStream;
  private readonly outputs: readonly [OutputStream, OutputStream];
  private settle!: (status: ExitStatus) => void;
  private reject!: (reason: unknown) => void;
  private exited = false;
  private stopped = false; // STOP for stdin has come
  private readonly forget: () => void;

  constructor(
    private readonly link: Link,
    private readonly id: number,
    private readonly tty: boolean,
    stdin: boolean,
    signal: AbortSignal | undefined,
  ) {
    const output = (number: number): OutputStream => new OutputStream(link, id, number, () => link.send(FRAME.STOP, number, id));
    this.input = new InputStream(link, id, () => {
      if (!this.exited) link.send(FRAME.EOF, STREAM.STDIN, id);
    });
    this.outputs = [output(STREAM.STDOUT), output(STREAM.STDERR)];
    this.stdin = this.input;
    [this.stdout, this.stderr] = this.outputs;
    this.exit = new Promise((settle, reject) => {
      this.settle = settle;
      this.reject = reject;
    });
    this.exit.catch(() => {}); // somebody who only wants the output must not get an unhandled rejection
    if (!stdin) this.input.stop();
    if (tty) this.outputs[1].finish();
    const onAbort = (): void => this.abort(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    this.forget = () => signal?.removeEventListener("abort", onAbort);
  }

  /** Sends a signal to the command's process group. */
  kill(signal: string | number = "SIGTERM"): void {
    const number = signalNumber(signal);
    if (!this.exited) this.link.send(FRAME.SIGNAL, 0, this.id, u32(number));
  }

  /** Tells the terminal its new size. */
  resize(cols: number, rows: number): void {
    if (!this.exited && this.tty) this.link.send(FRAME.RESIZE, 0, this.id, u32((rows & 0xffff) | ((cols & 0xffff) << 16)));
  }

  take(frame: Frame): boolean {
    const { payload } = frame;
    switch (frame.type) {
      case FRAME.STARTED:
        if (this.pid !== undefined || this.exited) throw protocolError("a second start of a command");
        this.pid = decodeU32(payload, "STARTED");
        return false;
      case FRAME.EXIT:
        this.end(payload);
        break;
      case FRAME.DATA:
        this.output(frame).receive(payload);
        return false;
      case FRAME.EOF:
        decodeNothing(payload, "EOF");
        this.output(frame).finish();
        break;
      case FRAME.CREDIT:
        if (frame.stream !== STREAM.STDIN || this.exited || this.stopped) throw protocolError("credit for no stream");
        this.input.grant(decodeU32(payload, "CREDIT"));
        return false;
      case FRAME.STOP:
        decodeNothing(payload, "STOP");
        if (frame.stream !== STREAM.STDIN || this.exited || this.stopped) throw protocolError("a stop of no stream");
        this.stopped = true;
        this.input.stop();
        return false;
      default:
        throw protocolError(`frame type ${frame.type} on a command`);
    }
    const over = this.exited && this.outputs.every((stream) => stream.ended);
    if (over) this.forget();
    return over;
  }

  fail(error: Error): void {
    this.exited = true;
    this.forget();
    this.input.stop();
    for (const stream of this.outputs) stream.fail(error);
    this.reject(error);
  }

  private abort(reason: unknown): void {
    this.forget();
    this.link.send(FRAME.CLOSE, 0, this.id);
    this.input.stop();
    for (const stream of this.outputs) stream.destroy();
    this.reject(reason);
  }

  private output(frame: Frame): OutputStream {
    const stream = frame.stream === STREAM.STDOUT || frame.stream === STREAM.STDERR ? this.outputs[frame.stream - 1] : undefined;
    if (!stream) throw protocolError(`output on stream ${frame.stream}`);
    return stream;
  }

  private end(payload: Uint8Array): void {
    const { kind, value, text } = decodeExit(payload);
    if (this.exited) throw protocolError("a second exit of a command");
    this.exited = true;
    this.input.stop();
    const signal = kind === EXIT_KIND.SIGNAL;
    this.settle({
      code: signal ? null : value,
      signal: signal ? signalName(value) : null,
      status: signal ? 128 + value : value,
      ...(kind === EXIT_KIND.FAILED ? { failure: text } : {}),
    });
  }
}
