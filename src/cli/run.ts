// `wardian run`: a command in a Linux guest, or a WebAssembly program in a container, as though it ran here. What either needs is loaded
// for it only. May depend on errors, the tiers' names and the files beside it.
import { open } from "node:fs/promises";
import type { Command } from "commander";
import { parseTier, type Tier } from "../container/tier-name.js";
import { WardianError } from "../errors.js";
import type { EngineName } from "../machine/engine-name.js";
import {
  BARE_SECONDS,
  ENGINE_HELP,
  parseCpus,
  parseDuration,
  parseEngine,
  parseMount,
  parseSocket,
  parseTmpfs,
  type TmpfsOption,
  type MountOption,
  parseVariable,
  parseVolume,
  type VolumeOption,
} from "./arguments.js";
import { addProgramLimitOptions, PROGRAM_LIMIT_OPTIONS, type ProgramLimitOptions } from "./program-limits.js";

export interface RunOptions extends ProgramLimitOptions {
  readonly interactive?: true;
  readonly tty?: true;
  /** As it was given: bounds differ. */
  readonly memory?: string;
  readonly cpus?: number;
  readonly engine?: EngineName;
  readonly env?: Readonly<Record<string, string>>;
  readonly workdir?: string;
  readonly user?: string;
  readonly timeout?: number;
  readonly kernel?: string;
  readonly mirror?: string;
  readonly append?: string;
  readonly console?: true;
  readonly tmpfs?: readonly TmpfsOption[];
  readonly dir?: readonly MountOption[];
  readonly volume?: readonly VolumeOption[];
  readonly listen?: readonly string[];
  readonly connect?: readonly string[];
  readonly stdinFrom?: string;
  readonly tier?: Tier;
  readonly trace?: true;
}

const HELP = `
IMAGE is one of
  a WebAssembly program (a file that ends in .wasm, or begins as one): it runs in a container, by WASI preview1 or wasi_unstable,
  and sees nothing but its arguments, the variables given with -e, its standard streams and the folders given with --dir
  "busybox": Debian's static busybox on Debian's kernel, fetched once and kept, in a virtual machine
  the path of a root file system, for a virtual machine: a tar or cpio archive, plain or compressed with gzip, xz or zstd
Without CMD, sh is run in a virtual machine. What stands behind a program are its arguments. Options go before IMAGE.
With -v, --listen, --connect or --stdin-from the program is one of the instances of the state folder while it runs (wardian create --help):
it shares their volumes, is connected to them by local sockets, and reads what another one writes.
Signals that reach Wardian (INT, TERM, HUP, QUIT) are passed on to the command, and end a program; the third INT or TERM ends a
guest at once.

Exit status:
  that of CMD, or 128+n when signal n ended it
  124  the time limit passed (it counts from the start of CMD), or the limit of CPU time
  125  an error of Wardian's own, told in one line
  126  CMD could not be run
  127  CMD was not found
  134  the guest crashed: its kernel panicked, or the program trapped or has used up its fuel
  137  the program wrote more than its limit of output

Examples:
  wardian run busybox echo hello
  wardian run -it busybox
  echo text | wardian run -i busybox tr a-z A-Z
  wardian run -e NAME=value -w /tmp rootfs.tar.gz /bin/sh -c 'echo $NAME; pwd'
  wardian run --dir .::/work:ro -m 512M program.wasm /work/input.txt
`;

export function addRunCommand(program: Command, finish: (status: number) => void): void {
  const command = program
    .command("run")
    .summary("run a command in a Linux guest, or a WebAssembly program in a container")
    .description("Runs a command in a Linux guest that it boots, or a WebAssembly program in a container, and ends with its status.")
    .argument("<image>", '"busybox", the path of a root file system, or of a WebAssembly program')
    .argument("[command...]", "the command and its arguments (default: sh); for a program, its arguments")
    .passThroughOptions()
    .option("-i, --interactive", "pass stdin on to the command")
    .option("-t, --tty", "give the command a terminal")
    .option("-m, --memory <size>", "RAM, from 16M to 3G; for a program, the most its memory may grow to, 64K to 4G (default: 256M)")
    .option("-e, --env <name=value>", "set a variable; NAME alone passes ours on; may be given several times", parseVariable)
    .option("--timeout <time>", `end the command after this time, such as 30s or 5m; ${BARE_SECONDS}`, parseDuration)
    .option("--cpus <number>", "use at most this part of a CPU, such as 0.5", parseCpus)
    .optionsGroup("For a program:")
    .option("--dir <host::guest[:ro]>", "give the program a folder of the host; may be given several times", parseMount)
    .option("--tmpfs <guest[:size]>", "give the program a folder in memory, of 64M unless told; may be given several times", parseTmpfs)
    .option("-v, --volume <name:guest[:ro]>", "give it a folder in memory that instances share, as of `create`", parseVolume)
    .option("--listen <name>", "let it accept connections on a local socket, as of `create`", parseSocket)
    .option("--connect <name>", "connect it to a local socket on which an instance listens, as of `create`", parseSocket)
    .option("--stdin-from <instance>", "read what that instance, started after this program, writes to its stdout")
    .option("--tier <name>", "start: begin at once; peak: optimize all code first; auto: by size (the default)", parseTier)
    .option("--trace", "tell each system call on stderr");
  addProgramLimitOptions(command)
    .optionsGroup("For a virtual machine:")
    .option("-w, --workdir <folder>", "working folder in the guest (default: /)")
    .option("-u, --user <user[:group]>", "user in the guest, by name or number (default: root)")
    .option("--engine <name>", ENGINE_HELP, parseEngine)
    .option("--kernel <file>", "kernel instead of the default one")
    .option("--append <text>", "more words for the kernel command line")
    .option("--console", "show the guest kernel's messages on stderr")
    .option("--mirror <url>", "Debian mirror to fetch the default guest from")
    .addHelpText("after", HELP)
    .action(async (image: string, command: string[], options: RunOptions) => finish(await run(image, command, options)));
}

// prettier-ignore
const GUEST_OPTIONS = ["workdir", "user", "engine", "kernel", "append", "console", "mirror"] as const satisfies readonly (keyof RunOptions)[];
const SHARED_OPTIONS = ["volume", "listen", "connect", "stdinFrom"] as const satisfies readonly (keyof RunOptions)[];
// prettier-ignore
const PROGRAM_OPTIONS = ["dir", "tmpfs", ...SHARED_OPTIONS, ...PROGRAM_LIMIT_OPTIONS, "tier", "trace"] as const satisfies readonly (keyof RunOptions)[];

/** The exit status. */
export async function run(image: string, command: readonly string[], options: RunOptions): Promise<number> {
  const isContainer = await isProgram(image);
  refuse(options, isContainer ? GUEST_OPTIONS : PROGRAM_OPTIONS, isContainer ? "a virtual machine" : "a WebAssembly program");
  const isShared = SHARED_OPTIONS.some((name) => options[name] !== undefined);
  if (isContainer && isShared) return (await import("./run-shared.js")).runShared(image, command, options);
  if (isContainer) return (await import("./run-program.js")).runProgram(image, command, options);
  return (await import("./run-guest.js")).runGuest(image, command, options);
}

function refuse(options: RunOptions, names: readonly (keyof RunOptions)[], kind: string): void {
  const given = names.find((name) => options[name] !== undefined);
  const option = given?.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  if (option !== undefined) throw new WardianError("bad-option", `--${option} is for ${kind} only`);
}

const MAGIC = "\0asm";

/** By its name, or by how it begins. */
async function isProgram(path: string): Promise<boolean> {
  if (path.endsWith(".wasm")) return true;
  try {
    await using file = await open(path);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(MAGIC.length), 0, MAGIC.length, 0);
    return bytesRead === MAGIC.length && buffer.toString("latin1") === MAGIC;
  } catch {
    return false; // whoever takes it for an image says what is wrong with it
  }
}
