// A live instance that is the bare machine: a kernel or a bare-metal program, its serial console, its disks. May depend on
// errors, config, machine/ and the files beside it.
import type { Readable, Writable } from "node:stream";
import { DEFAULT_MEMORY } from "../config.js";
import { WardianError } from "../errors.js";
import { parseSize } from "../machine/size.js";
import { MEMORY_BOUNDS, VirtualMachine, type VmExit } from "../machine/vm.js";
import type { CounterSample } from "../metrics/catalog.js";
import { planFiles } from "./boot-files.js";
import type { FileTree } from "./file-tree.js";
import type { LiveContext, LiveInstance } from "./live.js";
import type { RunningProcess } from "./running-process.js";
import type { InstanceSpec } from "./spec.js";

export const DEFAULT_APPEND = "console=ttyS0";

export class MachineInstance implements LiveInstance {
  readonly exit: Promise<VmExit>;
  readonly consoleInput: Writable;

  private constructor(
    private readonly vm: VirtualMachine,
    cmdline: string,
  ) {
    this.exit = vm.exit;
    // The kernel listens to the last console that its command line names.
    const isVirtio = cmdline.match(/\bconsole=([a-z]+)/g)?.at(-1) === "console=hvc";
    this.consoleInput = isVirtio ? vm.port("") : vm.serial;
  }

  /** Resolves when it is switched on. */
  static async start(spec: InstanceSpec, { console, hooks, onPowerOn }: LiveContext): Promise<MachineInstance> {
    const memoryBytes = parseMemory(spec.limits.memory);
    const { kernel, bios, initrd, disks, limits } = spec;
    const files = { kernel, bios, initrd, ...hooks.files };
    const cmdline = chooseCmdline(spec.append, hooks.files?.dtb !== undefined);
    const vm = await VirtualMachine.start({
      ramBytes: memoryBytes,
      plan: () => planFiles(files, memoryBytes, cmdline),
      disks,
      ports: [""],
      engine: spec.engine,
      reboot: hooks.reboot ?? "restart",
      cpuWeight: limits.cpuWeight,
      ...(limits.cpus === undefined ? {} : { cpus: limits.cpus }),
      signal: hooks.signal,
    });
    onPowerOn?.(vm);
    merge([vm.serial, vm.port("")], console);
    if (hooks.consoleSize !== undefined) vm.setConsoleSize(...hooks.consoleSize);
    return new MachineInstance(vm, cmdline);
  }

  exec(): RunningProcess {
    throw noAgent("programs cannot be started in it");
  }

  files(): FileTree {
    throw noAgent("its files are not accessible");
  }

  async saveChanges(): Promise<void> {
    // Its disks are files of the host already.
  }

  pause(): Promise<void> {
    return this.vm.pause();
  }

  resume(): Promise<void> {
    return this.vm.resume();
  }

  resizeConsole(cols: number, rows: number): void {
    this.vm.setConsoleSize(cols, rows);
  }

  sample(): CounterSample | undefined {
    return this.vm.sample();
  }

  /** Nobody in it could be asked. */
  poweroff(): Promise<void> {
    return this.stop();
  }

  async stop(): Promise<void> {
    await this.vm.stop();
  }
}

/** Bytes of RAM, checked against what a machine can have, in whole pages. */
export function parseMemory(memory: string | number = DEFAULT_MEMORY): number {
  const bytes = parseSize(String(memory), MEMORY_BOUNDS);
  return bytes - (bytes % 4096);
}

export function noAgent(consequence: string): WardianError {
  return new WardianError("no-agent", `the instance is a bare machine without an agent: ${consequence}`);
}

// A device tree that the user made has a command line of its own, which only an explicit one replaces.
function chooseCmdline(append: string | undefined, hasOwnTree: boolean): string {
  if (append === undefined && hasOwnTree) return "";
  const line = append ?? DEFAULT_APPEND;
  return /(^|\s)panic=/.test(line) ? line : `${line} panic=-1`.trim();
}

/** What comes out of any of them, as it comes; ends when all have ended. */
function merge(sources: readonly Readable[], into: Writable): void {
  let open = sources.length;
  for (const source of sources) {
    source.pipe(into, { end: false });
    source.once("end", () => {
      open -= 1;
      if (open === 0) into.end();
    });
  }
}

/** One line for people. */
export function describeExit(exit: VmExit): string {
  switch (exit.kind) {
    case "poweroff":
      return exit.status === 0 ? "the guest powered off" : `the guest powered off with status ${exit.status}`;
    case "reboot":
      return "the guest rebooted";
    case "crash":
      return `the guest crashed${exit.reason === "" ? "" : `: ${exit.reason}`}`;
    case "stopped":
      return "it was stopped";
    case "failed":
      return exit.error.message;
  }
}
