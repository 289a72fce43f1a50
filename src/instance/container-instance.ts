// A live instance that is a container: one WASI program, which is its main program. May depend on errors, container/, metrics/ and the
// files beside it.
import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import type { Writable } from "node:stream";
import { Container } from "../container/container.js";
import { WardianError } from "../errors.js";
import type { VmExit } from "../machine/vm.js";
import { type CounterSample, NO_MACHINE_COUNTERS } from "../metrics/catalog.js";
import type { FileTree } from "./file-tree.js";
import type { LiveContext, LiveInstance } from "./live.js";
import { programLimits } from "./program-limits.js";
import { ProgramProcess } from "./program-process.js";
import type { RunningProcess } from "./running-process.js";
import type { InstanceSpec } from "./spec.js";

export class ContainerInstance implements LiveInstance {
  readonly exit: Promise<VmExit>;
  /** Where programs are, there is no console. */
  readonly consoleInput: Writable;
  readonly main: RunningProcess;
  #isOver = false;
  #pausedMs = 0;
  #pausedAtMs: number | undefined;

  private constructor(
    private readonly container: Container,
    console: Writable,
  ) {
    this.consoleInput = container.stdin;
    this.main = new ProgramProcess(container);
    console.end();
    this.exit = container.exited.then(() => {
      this.#isOver = true;
      return { kind: "stopped" };
    });
  }

  /** Resolves when the program is on its way. */
  static async start(
    spec: InstanceSpec & { readonly image: string },
    { console, shared, hooks, onPowerOn }: LiveContext,
  ): Promise<ContainerInstance> {
    hooks.signal?.throwIfAborted();
    const { image, command = [], env, mounts, stdin, tty, tier, pausable, limits } = spec;
    const container = await Container.start({
      module: await readProgram(image),
      name: basename(image),
      args: command,
      env,
      mounts: mounts.map(({ path, guestPath, readOnly }) => ({ hostPath: path, guestPath, readOnly })),
      ...shared,
      stdin: stdin || tty,
      tty,
      tier,
      pausable,
      limits: programLimits(limits),
    });
    const instance = new ContainerInstance(container, console);
    onPowerOn?.(instance);
    return instance;
  }

  exec(): RunningProcess {
    throw new WardianError("no-agent", "the instance is a container, which is one program: nothing else can be started in it");
  }

  files(): FileTree {
    throw noFiles();
  }

  async saveChanges(): Promise<void> {
    // What it wrote is in the folders that it was given.
  }

  async pause(): Promise<void> {
    await this.container.pause();
    this.#pausedAtMs ??= performance.now();
  }

  async resume(): Promise<void> {
    this.container.resume();
    this.#pausedMs = this.#pausedSoFarMs();
    this.#pausedAtMs = undefined;
  }

  #pausedSoFarMs(): number {
    return this.#pausedMs + (this.#pausedAtMs === undefined ? 0 : performance.now() - this.#pausedAtMs);
  }

  /** WASI knows no sizes of terminals. */
  resizeConsole(): void {}

  sample(): CounterSample | undefined {
    if (this.#isOver) return undefined;
    const { cpuSeconds, throttledSeconds, upSeconds, memoryBytes, fuel = 0 } = this.container.usage();
    const own = {
      cpu_busy_seconds: cpuSeconds,
      cpu_throttled_seconds: throttledSeconds,
      up_seconds: upSeconds,
      paused_seconds: this.#pausedSoFarMs() / 1000,
      memory_resident_bytes: memoryBytes,
      instructions: fuel,
    };
    return { machine: { ...NO_MACHINE_COUNTERS, ...own }, devices: {} };
  }

  /** A program without signals cannot be asked. */
  poweroff(): Promise<void> {
    return this.stop();
  }

  async stop(): Promise<void> {
    await this.container.kill();
  }
}

export function noFiles(): WardianError {
  return new WardianError("no-agent", "the instance is a container: its files are in the folders that it was given, and nowhere else");
}

/** As large as a module may be. */
const MAX_PROGRAM_BYTES = 256 * 2 ** 20;

/** Throws `bad-file`. */
export async function readProgram(path: string): Promise<Uint8Array> {
  try {
    const about = await stat(path);
    if (!about.isFile())
      throw new WardianError("bad-file", `the program ${path} is ${about.isDirectory() ? "a directory" : "not a regular file"}`);
    if (about.size > MAX_PROGRAM_BYTES) throw new WardianError("bad-file", `the program ${path} is larger than 256 MiB`);
    return await readFile(path);
  } catch (error) {
    if (error instanceof WardianError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new WardianError("bad-file", `the program ${path} ${reasonOf(code)}`, { cause: error });
  }
}

function reasonOf(code: string | undefined): string {
  if (code === "ENOENT" || code === "ENOTDIR") return "does not exist";
  return code === "EACCES" ? "may not be read; check its permissions" : `cannot be read (${code})`;
}
