// `wardian create`: an instance that can be started. May depend on config, errors, instance/, machine/ and the files beside it.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { parseTier, type Tier } from "../container/tier-name.js";
import { WardianError } from "../errors.js";
import { DEFAULT_IMAGE } from "../instance/guest-files.js";
import { parseProgramMemory } from "../instance/memory-limit.js";
import { type InstanceRequest, RESTART_POLICIES } from "../instance/spec.js";
import type { DiskSpec } from "../machine/disk.js";
import type { EngineName } from "../machine/engine-name.js";
import { parseSize } from "../machine/size.js";
import {
  BARE_SECONDS,
  ENGINE_HELP,
  parseCount,
  parseDisk,
  parseDuration,
  parseEngine,
  parseLabel,
  parseMemoryOption,
  type MountOption,
  parseMount,
  parseSocket,
  parseVariable,
  parseVolume,
  type VolumeOption,
} from "./arguments.js";
import { addDoorOptions, DOOR_HELP, type DoorOptions, hostOf, withDoor } from "./door-options.js";
import { print } from "./output.js";
import { addProgramLimitOptions, type ProgramLimitOptions, programLimitsOf } from "./program-limits.js";

/** Undefined, where it was left out. */
type Partly<T> = { readonly [K in keyof T]: T[K] | undefined };

interface CreateOptions extends DoorOptions, ProgramLimitOptions {
  readonly name?: string;
  readonly label?: Readonly<Record<string, string>>;
  readonly interactive?: true;
  readonly tty?: true;
  /** As it was given: bounds differ. */
  readonly memory?: string;
  readonly cpus?: number;
  readonly cpuWeight?: number;
  readonly pausable?: true;
  readonly dir?: readonly MountOption[];
  readonly volume?: readonly VolumeOption[];
  readonly listen?: readonly string[];
  readonly connect?: readonly string[];
  readonly stdinFrom?: string;
  readonly tier?: Tier;
  readonly pidsLimit?: number;
  readonly diskSize?: number;
  readonly runTime?: number;
  readonly restart?: InstanceRequest["restart"];
  readonly rm?: true;
  readonly env?: Readonly<Record<string, string>>;
  readonly workdir?: string;
  readonly user?: string;
  readonly stopSignal?: string;
  readonly kernel?: string;
  readonly bios?: string;
  readonly initrd?: string;
  readonly disk?: readonly DiskSpec[];
  readonly append?: string;
  readonly engine?: EngineName;
  readonly idempotencyKey?: string;
}

/** As the spec has them. */
const CPUS = { min: 0.01, max: 1 } as const;

const VOLUME_HELP =
  "for a program: give it the folder in memory of that name, which your instances that name it share; size=SIZE behind a colon or comma " +
  "bounds it (default: 64M); may be given several times";

const CONNECT_HELP =
  "for a program: connect it to the local socket of that name, on which another of your instances listens that was started first; may be " +
  "given several times";

const HELP = `
IMAGE is a WebAssembly program (a file that ends in .wasm: the instance is a container, CMD are its arguments), "busybox" (Debian's
static busybox on Debian's kernel, fetched once and kept), the path of a root file system (a tar or cpio archive, plain or compressed), or the name of a file in the images folder. With --host, files are names in the server's images folder.
With CMD, the instance ends when CMD does; without it, it runs until it is stopped. Options go before IMAGE.
Without IMAGE, --kernel or --bios make a bare machine, with its serial console as input and output.

Restart policies: on-failure starts it again when its status is not 0, and with :N gives up after N restarts in a row; always and
unless-stopped whenever it ends. What was stopped on request stays stopped.

Prints the id. Exit status: 0, or 125 for an error, told in one line.

Examples:
  wardian create --name web -m 512M --cpus 0.5 busybox httpd -f
  wardian create -it busybox sh
  wardian create --kernel program.elf --run-time 30s
`;

export function addCreateCommand(program: Command, finish: (status: number) => void): void {
  const command = program
    .command("create")
    .summary("make an instance, to be started")
    .description("Makes an instance and prints its id. It does not run before it is started.")
    .argument("[image]", '"busybox", or a root file system')
    .argument("[command...]", "its main program and that one's arguments")
    .passThroughOptions()
    .option("--name <name>", "name of the instance (default: one is made up)")
    .option("-l, --label <key=value>", "label; may be given several times", parseLabel)
    .option("-i, --interactive", "keep the main program's stdin open for attach")
    .option("-t, --tty", "give the main program a terminal")
    .option("-e, --env <name=value>", "set a variable; NAME alone passes ours on; may be given several times", parseVariable)
    .option("-w, --workdir <folder>", "working folder in the guest (default: /)")
    .option("-u, --user <user[:group]>", "user in the guest, by name or number (default: root)");
  addLimitOptions(command);
  addProgramOptions(command);
  addMachineOptions(command);
  addDoorOptions(command)
    .addHelpText("after", HELP + DOOR_HELP)
    .action(async (image: string | undefined, args: string[], options: CreateOptions) => {
      const request = requestOf(image, args, options, hostOf(options) === undefined);
      const action = { kind: "create", request, idempotencyKey: options.idempotencyKey } as const;
      const record = await withDoor(options, (door) => door.apply(action), "records");
      await print(options, record, record.id);
      finish(0);
    });
}

function addLimitOptions(command: Command): void {
  command
    .option("-m, --memory <size>", "RAM, from 16M to 3G; for a program, what its memory may grow to, 64K to 4G (default: 256M)")
    .option(
      "--cpus <number>",
      "the most of a CPU that it may use, such as 0.5; at most 1, it has one hart (default: what is free)",
      parseCpus,
    )
    .option("--cpu-weight <number>", "share of a CPU that others want, too; 1 to 10000 (default: 100)", parseCount)
    .option("--pids-limit <number>", "the most tasks in the guest", parseCount)
    .option("--disk-size <size>", "size of the root file system", parseDiskSize)
    .option(
      "--run-time <time>",
      `kill it after this time, such as 30s or 5m; it counts anew for each start; ${BARE_SECONDS}`,
      parseDuration,
    )
    .option("--restart <policy[:N]>", `start it again when it ends: ${RESTART_POLICIES.join(", ")} (default: no)`, parseRestart)
    .option("--rm", "remove it when it has ended")
    .option("--stop-signal <signal>", "what stop sends to the main program (default: SIGTERM)");
}

function addProgramOptions(command: Command): void {
  addProgramLimitOptions(command, "for a program: ")
    .option("--dir <host::guest[:ro]>", "for a program: give it a folder of the host; may be given several times", parseMount)
    .option("-v, --volume <name:guest[:ro]>", VOLUME_HELP, parseVolume)
    .option(
      "--listen <name>",
      "for a program: let it accept connections on the local socket of that name; may be given several times",
      parseSocket,
    )
    .option("--connect <name>", CONNECT_HELP, parseSocket)
    .option("--stdin-from <instance>", "for a program: read what that one, started after this one, writes to its stdout")
    .option("--pausable", "for a program: it can be paused, which costs it some speed")
    .option("--tier <name>", "for a program: start, peak or auto, as of `run` (default: auto)", parseTier);
}

function addMachineOptions(command: Command): void {
  command
    .option("--kernel <file>", "kernel instead of the default one; without IMAGE, also a bare-metal ELF file")
    .option("--bios <file>", "for a bare machine: firmware that starts in M-mode")
    .option("--initrd <file>", "for a bare machine: initial RAM disk")
    .option("--disk <file[,ro]>", "for a bare machine: raw disk image as a virtio disk; may be given several times", parseDisk)
    .option("--append <text>", "more words for the kernel command line")
    .option("--engine <name>", ENGINE_HELP, parseEngine)
    .option("--idempotency-key <key>", "create once: the same key gives the same instance again, for a day");
}

/** What is asked for. Files on this machine become whole paths: whoever reads them has another working folder. */
export function requestOf(
  image: string | undefined,
  args: readonly string[],
  options: Partly<Omit<CreateOptions, keyof DoorOptions>>,
  isLocal: boolean,
  kind: "container" | undefined = image?.endsWith(".wasm") === true ? "container" : undefined,
): InstanceRequest {
  const file = isLocal ? pathHere : (name: string): string => name;
  const { kernel, bios, initrd, disk, cpus, cpuWeight, pidsLimit, diskSize, runTime } = options;
  const memory = options.memory === undefined ? undefined : (kind === "container" ? parseProgramMemory : parseMemoryOption)(options.memory);
  const limits = { ...programLimitsOf(options), memory, cpus, cpuWeight, pids: pidsLimit, disk: diskSize, runTimeMs: runTime };
  return {
    ...given({
      kind,
      name: options.name,
      mounts: options.dir?.map(({ hostPath, guestPath, readOnly }) => ({ path: resolve(hostPath), guestPath, readOnly })),
      volumes: options.volume?.map((volume) => ({ ...volume })),
      sockets: socketsOf(options),
      stdinFrom: options.stdinFrom,
      pausable: options.pausable,
      tier: options.tier,
      image: image === undefined || image === DEFAULT_IMAGE ? image : file(image),
      kernel: kernel === undefined ? undefined : file(kernel),
      bios: bios === undefined ? undefined : file(bios),
      initrd: initrd === undefined ? undefined : file(initrd),
      disks: disk?.map(({ path, readOnly = false }) => ({ path: file(path), readOnly })),
      append: options.append,
      engine: options.engine,
      command: args.length === 0 ? undefined : [...args],
      env: options.env,
      cwd: options.workdir,
      user: options.user,
      tty: options.tty,
      stdin: options.interactive,
      labels: options.label,
      restart: options.restart,
      autoRemove: options.rm,
      stopSignal: options.stopSignal,
    }),
    limits: given(limits),
  };
}

function socketsOf({ listen = [], connect = [] }: Partly<Pick<CreateOptions, "listen" | "connect">>): InstanceRequest["sockets"] {
  const sockets = [
    ...listen.map((name) => ({ name, role: "listen" as const })),
    ...connect.map((name) => ({ name, role: "connect" as const })),
  ];
  return sockets.length === 0 ? undefined : sockets;
}

/** A file, or else the name of one in the images folder. */
function pathHere(name: string): string {
  if (existsSync(name)) return resolve(name);
  if (name.includes("/")) throw new WardianError("no-file", `there is no file ${resolve(name)}`);
  return name;
}

/** Without what was left out: the schema's defaults stand for it. */
function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as ReturnType<typeof given<T>>;
}

function parseCpus(text: string): number {
  const cpus = /^\d{0,3}(\.\d{1,6})?$/.test(text) ? Number(text || Number.NaN) : Number.NaN;
  if (cpus >= CPUS.min && cpus <= CPUS.max) return cpus;
  const rule = `give one from ${CPUS.min} to ${CPUS.max}, such as 0.5: an instance has one hart`;
  throw new WardianError("bad-option", `--cpus: ${JSON.stringify(text)} is not such a number of CPUs; ${rule}`);
}

function parseDiskSize(text: string): number {
  return parseSize(text, { what: "disk size", minBytes: 1 });
}

function parseRestart(text: string): NonNullable<InstanceRequest["restart"]> {
  const [name = "", retries] = text.split(":", 2);
  const policy = RESTART_POLICIES.find((known) => known === name);
  if (policy === undefined)
    throw new WardianError("bad-option", `there is no restart policy ${JSON.stringify(name)}: use ${RESTART_POLICIES.join(", ")}`);
  if (retries !== undefined && policy !== "on-failure")
    throw new WardianError("bad-option", `--restart ${policy} takes no number: only on-failure:N gives up, after N restarts in a row`);
  return retries === undefined ? { policy } : { policy, maxRetries: parseCount(retries) };
}
