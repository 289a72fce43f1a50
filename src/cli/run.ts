// `wardian run`: one command in a guest of its own, its streams, signals and status as though it ran here. May depend on
// config, engine/, instance/ types and the files beside it.
import { finished } from "node:stream/promises";
import type { Command } from "commander";
import { EXIT_STATUS } from "../config.js";
import { bootGuest } from "../engine/boot.js";
import { Engine } from "../engine/engine.js";
import type { Guest } from "../engine/guest.js";
import { WardianError } from "../errors.js";
import type { RunningProcess } from "../instance/running-process.js";
import type { EngineName } from "../machine/engine-name.js";
import { BARE_SECONDS, ENGINE_HELP, parseDuration, parseEngine, parseMemoryOption, parseVariable } from "./arguments.js";
import { type Interrupting, onOutputGone, onSignals, onTimeout, statusOfSignal } from "./interruption.js";
import { sayError } from "./message.js";
import { ProgressReport } from "./progress.js";
import { enterRawMode, onResize, terminalSize } from "./terminal.js";

export interface RunOptions {
  readonly interactive?: true;
  readonly tty?: true;
  readonly memory?: number;
  readonly engine?: EngineName;
  readonly env?: Readonly<Record<string, string>>;
  readonly workdir?: string;
  readonly user?: string;
  readonly timeout?: number;
  readonly kernel?: string;
  readonly mirror?: string;
  readonly append?: string;
  readonly console?: true;
}

const HELP = `
IMAGE is "busybox" (Debian's static busybox on Debian's kernel, fetched once and kept), or the path of a root file system:
a tar or cpio archive, plain or compressed with gzip, xz or zstd. Without CMD, sh is run. Options go before IMAGE.
Signals that reach Wardian (INT, TERM, HUP, QUIT) are passed on to the command; the third INT or TERM ends the guest at once.

Exit status:
  that of CMD, or 128+n when signal n ended it
  124  the time limit passed (it counts from the start of CMD)
  125  an error of Wardian's own, told in one line
  126  CMD could not be run
  127  CMD was not found
  134  the guest crashed: its kernel panicked

Examples:
  wardian run busybox echo hello
  wardian run -it busybox
  echo text | wardian run -i busybox tr a-z A-Z
  wardian run -e NAME=value -w /tmp rootfs.tar.gz /bin/sh -c 'echo $NAME; pwd'
`;

const DEFAULT_COMMAND = ["sh"];
/** So many signals to stop, and the guest is not asked any more. */
const PATIENCE_SIGNALS = 3;

export function addRunCommand(program: Command, finish: (status: number) => void): void {
  program
    .command("run")
    .summary("run a command in a Linux guest of its own")
    .description("Boots a Linux guest, runs a command in it, and ends with the command's status.")
    .argument("<image>", '"busybox", or the path of a root file system')
    .argument("[command...]", "the command and its arguments (default: sh)")
    .passThroughOptions()
    .option("-i, --interactive", "pass stdin on to the command")
    .option("-t, --tty", "give the command a terminal")
    .option("-m, --memory <size>", "RAM, from 16M to 3G (default: 256M)", parseMemoryOption)
    .option("-e, --env <name=value>", "set a variable; NAME alone passes ours on; may be given several times", parseVariable)
    .option("-w, --workdir <folder>", "working folder in the guest (default: /)")
    .option("-u, --user <user[:group]>", "user in the guest, by name or number (default: root)")
    .option("--engine <name>", ENGINE_HELP, parseEngine)
    .option("--timeout <time>", `end the command after this time, such as 30s or 5m; ${BARE_SECONDS}`, parseDuration)
    .option("--kernel <file>", "kernel instead of the default one")
    .option("--append <text>", "more words for the kernel command line")
    .option("--console", "show the guest kernel's messages on stderr")
    .option("--mirror <url>", "Debian mirror to fetch the default guest from")
    .addHelpText("after", HELP)
    .action(async (image: string, command: string[], options: RunOptions) => finish(await run(image, command, options)));
}

/** The exit status. */
export async function run(image: string, command: readonly string[], options: RunOptions): Promise<number> {
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
  const { memory, engine: engineName, kernel, append, mirror } = options;
  const { onProgress, onNote } = progress;
  try {
    const fetch = { mirror, onProgress, onNote, signal: abort.signal };
    const onConsole = options.console === true ? (bytes: Uint8Array) => void process.stderr.write(bytes) : undefined;
    return await bootGuest(engine, { image, memory, engine: engineName, kernel, append, fetch, onConsole, signal: abort.signal });
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
