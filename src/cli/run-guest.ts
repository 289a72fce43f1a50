// `wardian run IMAGE`: one command in a guest of its own, its streams, signals and status as though it ran here. May depend on
// config, engine/, instance/ types and the files beside it.
import { finished } from "node:stream/promises";
import { EXIT_STATUS } from "../config.js";
import { bootGuest } from "../engine/boot.js";
import { Engine } from "../engine/engine.js";
import type { Guest } from "../engine/guest.js";
import { WardianError } from "../errors.js";
import type { RunningProcess } from "../instance/running-process.js";
import { parseMemoryOption } from "./arguments.js";
import { type Interrupting, onOutputGone, onSignals, onTimeout, statusOfSignal } from "./interruption.js";
import { sayError } from "./message.js";
import { ProgressReport } from "./progress.js";
import type { RunOptions } from "./run.js";
import { enterRawMode, onResize, terminalSize } from "./terminal.js";

const DEFAULT_COMMAND = ["sh"];
/** So many signals to stop, and the guest is not asked any more. */
const PATIENCE_SIGNALS = 3;

/** The exit status. */
export async function runGuest(image: string, command: readonly string[], options: RunOptions): Promise<number> {
  await using engine = await Engine.open({ state: false });
  const guest = await startGuest(engine, image, options);
  if (typeof guest === "number") return guest;
  const tty = options.tty === true ? (terminalSize() ?? true) : false;
  const started = await guest.exec(command.length === 0 ? DEFAULT_COMMAND : command, {
    env: { ...options.env },
    ...(options.workdir === undefined ? {} : { cwd: options.workdir }),
    ...(options.user === undefined ? {} : { user: options.user }),
    tty,
    stdin: options.interactive === true,
    endAtExit: true,
  });
  return await attend(started, guest, options);
}

/** The guest, or the status that an interruption comes to. */
async function startGuest(engine: Engine, image: string, options: RunOptions): Promise<Guest | number> {
  const abort = new AbortController();
  const progress = new ProgressReport();
  let status: number | undefined;
  using _signals = onSignals((signal) => {
    status ??= statusOfSignal(signal);
    abort.abort();
  });
  const { engine: engineName, kernel, append, mirror, cpus } = options;
  const memory = options.memory === undefined ? undefined : parseMemoryOption(options.memory);
  const { onProgress, onNote } = progress;
  try {
    const fetch = { mirror, onProgress, onNote, signal: abort.signal };
    const onConsole = options.console === true ? (bytes: Uint8Array) => void process.stderr.write(bytes) : undefined;
    return await bootGuest(engine, { image, memory, cpus, engine: engineName, kernel, append, fetch, onConsole, signal: abort.signal });
  } catch (error) {
    if (status !== undefined) return status;
    throw error;
  } finally {
    progress.done();
  }
}

/** Passes everything on in both directions until the command is over. */
async function attend(command: RunningProcess, guest: Guest, options: RunOptions): Promise<number> {
  let forced: number | undefined;
  const force = (status: number): void => {
    forced ??= status;
    void guest.stop();
  };
  let signals = 0;
  const pass = (signal: Interrupting): void => {
    signals += 1;
    if (signals >= PATIENCE_SIGNALS) force(statusOfSignal(signal));
    else command.kill(signal);
  };
  using _signals = onSignals(pass);
  using _timeout = onTimeout(options.timeout, () => force(EXIT_STATUS.timeout));
  // Without a reader, the command shall meet a closed pipe as it would here.
  using _stdout = onOutputGone(process.stdout, () => command.stdout.destroy());
  using _stderr = onOutputGone(process.stderr, () => command.stderr.destroy());
  using _size = onResize(({ cols, rows }) => command.resize(cols, rows));
  using _raw = options.tty === true && options.interactive === true ? enterRawMode() : undefined;
  command.stdout.pipe(process.stdout, { end: false });
  command.stderr.pipe(process.stderr, { end: false });
  if (options.interactive === true) {
    process.stdin.on("error", () => {}); // as good as its end
    process.stdin.pipe(command.stdin);
  }
  try {
    const exit = await command.exit;
    await Promise.allSettled([command.stdout, command.stderr].map((stream) => finished(stream)));
    if (forced === undefined && exit.failure !== undefined) sayError(exit.failure);
    return forced ?? exit.status;
  } catch (error) {
    return forced ?? (await statusOfEnd(guest, error));
  }
}

/** The guest ended under its command: as when the command powered it off. */
async function statusOfEnd(guest: Guest, error: unknown): Promise<number> {
  const isGone = error instanceof WardianError && error.code === "agent-closed";
  if (!isGone) throw error;
  const { reason, status, message } = await guest.exit;
  if (reason === "stopped") throw error;
  if (reason === "failed") throw new WardianError("guest-failed", message);
  if (reason === "crashed") sayError(message);
  return status;
}
