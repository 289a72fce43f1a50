// A program behind a WebSocket. Neither side can make us hold more than a bound: while stdin is full the socket is not read, while
// the socket is full the outputs are not read. May depend on instance/, types of ws, and the files beside it.
import type { WebSocket } from "ws";
import { WardianError } from "../errors.js";
import type { RunningProcess } from "../instance/running-process.js";
import { exitView } from "./exec-output.js";
import { problemOf } from "./problem.js";
import { SocketPulse } from "./socket-pulse.js";
import {
  outputFrame,
  type OutputNumber,
  parseInput,
  parseRequest,
  type SocketAnswer,
  type SocketCommand,
  type SocketRequest,
  STREAM,
} from "./socket-message.js";

const FULL_BYTES = 1 << 20;
const PIECE_BYTES = 256 << 10;
const FIRST_MESSAGE_MS = 10_000;
const CLOSE = { normal: 1000, violation: 1008, failure: 1011 } as const;

export interface SocketPlan {
  /** What to stream; otherwise the first message says what to start. */
  readonly process?: RunningProcess | undefined;
  start(command: SocketCommand): Promise<RunningProcess>;
  /** The socket is gone; `process`, where there is one, may still run. */
  onGone(process: RunningProcess | undefined): void;
  onUnforeseen(error: unknown): void;
}

export class StreamSocket {
  readonly #pulse: SocketPulse;
  readonly #firstMessageTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #inbox: (string | ArrayBuffer)[] = [];
  #isBusy = false;
  #isOver = false;
  #process: RunningProcess | undefined;

  constructor(
    private readonly socket: WebSocket,
    private readonly plan: SocketPlan,
  ) {
    this.#pulse = new SocketPulse(socket);
    if (plan.process) this.#stream(plan.process);
    else
      this.#firstMessageTimer = setTimeout(
        () => this.#refuse(new WardianError("bad-request", "nobody said what to start")),
        FIRST_MESSAGE_MS,
      );
  }

  /** Messages are taken one after the other; while one waits, those behind it stay in the socket. */
  receive(data: string | ArrayBuffer): void {
    if (this.#isOver) return;
    this.#pulse.heard();
    this.#inbox.push(data);
    if (!this.#isBusy) void this.#work();
  }

  closed(): void {
    this.#end();
    this.plan.onGone(this.#process);
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    try {
      for (let data = this.#inbox.shift(); data !== undefined && !this.#isOver; data = this.#inbox.shift()) {
        const waiting = typeof data === "string" ? this.#obey(parseRequest(data)) : this.#type(parseInput(data));
        if (waiting === undefined) continue;
        this.socket.pause();
        await waiting;
      }
    } catch (error) {
      this.#refuse(error);
    } finally {
      this.#isBusy = false;
      this.socket.resume();
    }
  }

  #obey(request: SocketRequest): Promise<void> | undefined {
    if (request.type === "exec") return this.#start(request.command);
    const process = this.#started();
    switch (request.type) {
      case "resize":
        return void process.resize(request.cols, request.rows);
      case "signal":
        return void process.kill(request.signal);
      case "eof":
        return void process.stdin.end();
      case "close":
        return void (request.stream === STREAM.stdout ? process.stdout : process.stderr).destroy();
    }
  }

  #started(): RunningProcess {
    if (this.#process) return this.#process;
    throw new WardianError("bad-request", "the first message says what to start");
  }

  async #start(command: SocketCommand): Promise<void> {
    clearTimeout(this.#firstMessageTimer);
    if (this.#process) throw new WardianError("bad-request", "there is a program already: open another connection for another one");
    const process = await this.plan.start(command);
    if (this.#isOver) this.plan.onGone(process);
    else this.#stream(process);
  }

  /** Stdin; resolves when it takes more. What a program that has closed its end is sent goes nowhere, as in a pipe to a shell's `true`. */
  #type(bytes: Uint8Array): Promise<void> | undefined {
    const { stdin } = this.#started();
    if (stdin.destroyed || stdin.writableEnded || bytes.length === 0 || stdin.write(bytes)) return undefined;
    return new Promise((resolve) => {
      const flow = (): void => {
        stdin.off("drain", flow).off("close", flow);
        resolve();
      };
      stdin.on("drain", flow).on("close", flow);
    });
  }

  #stream(process: RunningProcess): void {
    this.#process = process;
    process.stdin.on("error", () => {});
    const tellInputClosed = (): void => this.#tell({ type: "eof", stream: STREAM.stdin });
    this.#tell({ type: "started" });
    if (process.stdin.destroyed) tellInputClosed();
    else process.stdin.once("close", tellInputClosed);
    const exited = process.exit.then((exit) => this.#tell({ type: "exit", ...exitView(exit) }));
    const outputs = [this.#pump(STREAM.stdout, process.stdout), this.#pump(STREAM.stderr, process.stderr)];
    Promise.all([exited, ...outputs]).then(
      () => {
        this.#process = undefined;
        this.#close(CLOSE.normal);
      },
      (error: unknown) => this.#refuse(error),
    );
  }

  async #pump(stream: OutputNumber, output: RunningProcess["stdout"]): Promise<void> {
    try {
      for await (const chunk of output as AsyncIterable<Uint8Array>)
        for (let at = 0; at < chunk.length; at += PIECE_BYTES) await this.#send(stream, chunk.subarray(at, at + PIECE_BYTES));
    } catch (error) {
      // Closed on the client's request, or because the client is gone: not a failure. The instance's end is told by `exit`.
      if ((error as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
    }
    this.#tell({ type: "eof", stream });
  }

  /** Resolves when the socket takes more. */
  async #send(stream: OutputNumber, bytes: Uint8Array): Promise<void> {
    if (this.#isOver) return;
    this.#pulse.sent();
    const isFull = this.socket.bufferedAmount > FULL_BYTES;
    await new Promise<void>((resolve) => {
      this.socket.send(outputFrame(stream, bytes), { binary: true }, () => resolve());
      if (!isFull) resolve();
    });
  }

  #tell(answer: SocketAnswer): void {
    if (!this.#isOver) this.socket.send(JSON.stringify(answer), () => {});
  }

  #refuse(error: unknown): void {
    if (this.#isOver) return;
    const { code, detail, status } = problemOf(error);
    if (status >= 500) this.plan.onUnforeseen(error);
    this.#tell({ type: "error", code, message: detail });
    this.#close(status === 400 ? CLOSE.violation : CLOSE.failure);
  }

  #close(code: number): void {
    if (this.#isOver) return;
    this.#end();
    this.socket.close(code);
  }

  #end(): void {
    this.#isOver = true;
    this.#inbox.length = 0;
    clearTimeout(this.#firstMessageTimer);
    this.#pulse.stop();
  }
}
