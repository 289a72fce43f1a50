// A program that runs elsewhere as though it ran here: its streams on ours, our signals and our terminal's size to it. May depend on
// errors, instance/ and the files beside it.
import { isUtf8 } from "node:buffer";
import { finished } from "node:stream/promises";
import type { Readable } from "node:stream";
import type { RunningProcess } from "../instance/running-process.js";
import { type Interrupting, onOutputGone, onSignals, statusOfSignal } from "./interruption.js";
import { sayError } from "./message.js";
import { toJson, writeOut } from "./output.js";
import { DetachKeys, enterRawMode, onResize, terminalSize } from "./terminal.js";

export interface AttendOptions {
  /** Our stdin goes to it. */
  readonly interactive: boolean;
  /** It has a terminal: ours becomes raw. */
  readonly tty: boolean;
  /** Our signals go to it; otherwise the first one detaches us. */
  readonly passSignals: boolean;
  /** Where it may go on without us: what ends the connection. Ctrl-P Ctrl-Q calls it. */
  readonly detach?: (() => void) | undefined;
  /** Its output as JSON, one object a line. */
  readonly json?: true | undefined;
}

/** So many signals to stop, and it is left to itself. */
const PATIENCE_SIGNALS = 3;

export interface Attended {
  /** The program's own, or what made us leave it. */
  readonly status: number;
  /** We left; it goes on, or is ended. */
  readonly hasLeft: boolean;
}

/** Until the program is over, or we leave it. */
export async function attend(process_: RunningProcess, options: AttendOptions): Promise<Attended> {
  const { promise: left, resolve: leave } = deferred<number>();
  let signals = 0;
  const onSignal = (signal: Interrupting): void => {
    signals += 1;
    if (!options.passSignals || signals >= PATIENCE_SIGNALS) leave(statusOfSignal(signal));
    else process_.kill(signal);
  };
  using _signals = onSignals(onSignal);
  using _stdout = onOutputGone(process.stdout, () => leaveUnread(process_, options, leave));
  using _stderr = onOutputGone(process.stderr, () => process_.stderr.destroy());
  using _size = onResize(({ cols, rows }) => process_.resize(cols, rows));
  using _raw = options.tty && options.interactive ? enterRawMode() : undefined;
  const size = options.tty ? terminalSize() : undefined;
  if (size !== undefined) process_.resize(size.cols, size.rows);
  if (options.interactive) connectInput(process_, options, () => leave(0));
  const outputs = connectOutput(process_, options);
  const leaving = left.then((status) => ({ status, hasLeft: true }));
  const attended = await Promise.race([leaving, settle(process_, outputs, options)]);
  if (attended.hasLeft && options.detach === undefined) process_.kill("SIGKILL");
  options.detach?.();
  return attended;
}

async function settle(process_: RunningProcess, outputs: Promise<unknown>, { json }: AttendOptions): Promise<Attended> {
  const exit = await process_.exit;
  await outputs;
  const { status, signal, failure } = exit;
  if (json === true) await writeOut(`${toJson({ exit: { status, signal, ...(failure === undefined ? {} : { failure }) } })}\n`);
  else if (failure !== undefined) sayError(failure);
  return { status, hasLeft: false };
}

/** A command meets a closed pipe, as it would here; a main program goes on. */
function leaveUnread(process_: RunningProcess, { detach }: AttendOptions, leave: (status: number) => void): void {
  if (detach !== undefined) return leave(statusOfSignal("SIGPIPE"));
  process_.stdout.destroy();
  process_.kill("SIGPIPE");
}

function connectInput(process_: RunningProcess, { tty, detach }: AttendOptions, leave: () => void): void {
  process.stdin.on("error", () => {}); // as good as its end
  if (!tty || !process.stdin.isTTY || detach === undefined) {
    process.stdin.pipe(process_.stdin);
    return;
  }
  process.stdin.pipe(new DetachKeys(leave)).pipe(process_.stdin);
}

function connectOutput(process_: RunningProcess, { json }: AttendOptions): Promise<unknown> {
  if (json === true) return Promise.allSettled([writeLines(process_.stdout, "stdout"), writeLines(process_.stderr, "stderr")]);
  process_.stdout.pipe(process.stdout, { end: false });
  process_.stderr.pipe(process.stderr, { end: false });
  return Promise.allSettled([finished(process_.stdout), finished(process_.stderr)]);
}

async function writeLines(source: Readable, stream: "stdout" | "stderr"): Promise<void> {
  for await (const chunk of source as AsyncIterable<Buffer>) await writeOut(`${toJson({ stream, ...encodeBytes(chunk) })}\n`);
}

/** Text as it is; bytes that are none as base64. */
export function encodeBytes(bytes: Uint8Array): { data: string; encoding: "utf8" | "base64" } {
  const encoding = isUtf8(bytes) ? "utf8" : "base64";
  return { data: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(encoding), encoding };
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle_) => {
    resolve = settle_;
  });
  return { promise, resolve };
}
