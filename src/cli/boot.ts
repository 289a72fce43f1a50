// `wardian boot`: the bare machine with its serial console on stdin and stdout. May depend on config, engine/, and the
// files beside it.
import { finished } from "node:stream/promises";
import type { Command } from "commander";
import { EXIT_STATUS } from "../config.js";
import type { BareMachine } from "../engine/bare-machine.js";
import { bootMachine } from "../engine/boot.js";
import { Engine } from "../engine/engine.js";
import { WardianError } from "../errors.js";
import { DEFAULT_APPEND } from "../instance/machine-instance.js";
import type { InstanceEnd } from "../instance/record.js";
import type { DiskSpec } from "../machine/disk.js";
import type { EngineName } from "../machine/engine-name.js";
import { BARE_SECONDS, ENGINE_HELP, parseDisk, parseDuration, parseEngine, parseMemoryOption } from "./arguments.js";
import { onOutputGone, onSignals, onTimeout, statusOfSignal } from "./interruption.js";
import { sayError } from "./message.js";
import { ESCAPE_HELP, EscapeKeys, enterRawMode, onResize, terminalSize } from "./terminal.js";

export interface BootOptions {
  readonly kernel?: string;
  readonly bios?: string;
  readonly initrd?: string;
  readonly dtb?: string;
  readonly disk?: readonly DiskSpec[];
  readonly append?: string;
  readonly memory?: number;
  readonly engine?: EngineName;
  readonly timeout?: number;
}

const HELP = `
The machine's UART is on stdin and stdout (and so is its virtio console, hvc0). On a terminal, ${ESCAPE_HELP}.
The end of stdin does not end the machine. A reboot starts it again with the same files.

Exit status:
  N    the guest powered off; N is the code of the test finisher or of HTIF (255 for larger ones), 0 for any other power-off
  124  the time limit passed
  125  an error of Wardian's own, told in one line
  134  the guest crashed: its kernel panicked, or it reported a system failure
  128+n  Wardian was ended by signal n
  0    Ctrl-A x

Examples:
  wardian boot --kernel vmlinuz --initrd initrd.img --append "console=ttyS0"
  wardian boot --bios fw_dynamic.bin --kernel Image -m 1G
  wardian boot --kernel program.elf --timeout 30s
`;

export function addBootCommand(program: Command, finish: (status: number) => void): void {
  program
    .command("boot")
    .summary("power a bare machine on, its serial console on stdio")
    .description("Powers a RISC-V machine on with a kernel, firmware or a bare-metal program, its serial console on stdin and stdout.")
    .option("--kernel <file>", "Linux Image (plain, gzip, xz, zstd, EFI zboot), vmlinux, or a bare-metal ELF file")
    .option("--bios <file>", "firmware that starts in M-mode, such as OpenSBI; without it the firmware interface is built in")
    .option("--initrd <file>", "initial RAM disk")
    .option("--disk <file[,ro]>", "raw disk image as a virtio disk; may be given several times", parseDisk)
    .option("--dtb <file>", "device tree instead of the machine's own")
    .option("--append <text>", `kernel command line; "panic=-1" is added unless it speaks of panic= (default: "${DEFAULT_APPEND}")`)
    .option("-m, --memory <size>", "RAM, from 16M to 3G (default: 256M)", parseMemoryOption)
    .option("--engine <name>", ENGINE_HELP, parseEngine)
    .option("--timeout <time>", `end the machine after this time, such as 30s or 5m; ${BARE_SECONDS}`, parseDuration)
    .addHelpText("after", HELP)
    .action(async (options: BootOptions) => finish(await boot(options)));
}

/** The exit status. */
export async function boot(options: BootOptions): Promise<number> {
  const abort = new AbortController();
  const { promise: interrupted, resolve: interrupt } = deferred<number>();
  using _signals = onSignals((signal) => interrupt(statusOfSignal(signal)));
  using _timeout = onTimeout(options.timeout, () => interrupt(EXIT_STATUS.timeout));
  using _gone = onOutputGone(process.stdout, () => interrupt(statusOfSignal("SIGPIPE")));
  await using engine = await Engine.open({ state: false });
  const { disk, timeout: _timeLimit, ...files } = options;
  const size = terminalSize();
  const consoleSize = size === undefined ? undefined : ([size.cols, size.rows] as const);
  const starting = bootMachine(engine, { ...files, disks: disk, consoleSize, reboot: "restart", signal: abort.signal });
  const machine = await Promise.race([starting, interrupted]);
  if (typeof machine === "number") {
    starting.catch(() => {});
    abort.abort();
    return machine;
  }
  using _raw = enterRawMode();
  using _size = onResize(({ cols, rows }) => machine.setConsoleSize(cols, rows));
  connect(machine, () => interrupt(0));
  const exit = await Promise.race([machine.exit, interrupted]);
  if (typeof exit === "number") return exit;
  return (await Promise.race([drain(machine), interrupted])) ?? statusOf(exit);
}

function connect(machine: BareMachine, quit: () => void): void {
  machine.output.pipe(process.stdout, { end: false });
  process.stdin.on("error", () => {}); // as good as its end
  if (!process.stdin.isTTY) {
    process.stdin.pipe(machine.input);
    return;
  }
  process.stderr.write(`wardian: ${ESCAPE_HELP}\n`);
  process.stdin.pipe(new EscapeKeys(quit, () => process.stderr.write(`\r\nwardian: ${ESCAPE_HELP}\r\n`))).pipe(machine.input);
}

/** All that the guest said is on its way to stdout. */
async function drain(machine: BareMachine): Promise<undefined> {
  await Promise.allSettled([finished(machine.output, { writable: false })]);
}

function statusOf({ reason, status, message }: InstanceEnd): number {
  if (reason === "failed") throw new WardianError("machine-failed", message);
  if (reason === "crashed") sayError(message);
  return status;
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
