// An instance that is the bare machine: a kernel or a bare-metal program, its serial console, its disks. May depend on
// errors, config, machine/ and the files beside it.
import type { Duplex } from "node:stream";
import { DEFAULT_MEMORY } from "../config.js";
import { WardianError } from "../errors.js";
import type { DiskSpec } from "../machine/disk.js";
import { parseSize } from "../machine/size.js";
import { MEMORY_BOUNDS, type MachineStats, VirtualMachine, type VmExit } from "../machine/vm.js";
import { type BootFiles, planFiles } from "./boot-files.js";
import { type Instance, type InstanceInfo, Lifecycle } from "./instance.js";

export interface MachineSpec extends BootFiles {
  readonly disks?: readonly DiskSpec[] | undefined;
  /** The kernel's command line. Unless it speaks of panic=, "panic=-1" is added, so that a panic ends the run. */
  readonly append?: string | undefined;
  /** Bytes, or a size such as "512M". */
  readonly memory?: string | number | undefined;
  /** On the guest's reboot: start again, or end. Default: "restart". */
  readonly reboot?: "restart" | "end" | undefined;
  readonly signal?: AbortSignal | undefined;
}

export const DEFAULT_APPEND = "console=ttyS0";

export class MachineInstance implements Instance {
  /** How the machine ended; never rejects. */
  readonly exit: Promise<VmExit>;
  readonly #lifecycle = new Lifecycle();

  private constructor(
    readonly id: string,
    private readonly memoryBytes: number,
    private readonly vm: VirtualMachine,
  ) {
    this.#lifecycle.enter("running");
    this.exit = vm.exit.then((exit) => {
      this.#lifecycle.enter("ended", describeExit(exit));
      return exit;
    });
  }

  static async start(id: string, spec: MachineSpec): Promise<MachineInstance> {
    if (spec.kernel === undefined && spec.bios === undefined)
      throw new WardianError("nothing-to-boot", "there is nothing to boot: give a kernel or a bios");
    const memoryBytes = parseMemory(spec.memory);
    const cmdline = chooseCmdline(spec);
    const vm = await VirtualMachine.start({
      ramBytes: memoryBytes,
      plan: () => planFiles(spec, memoryBytes, cmdline),
      disks: spec.disks ?? [],
      ports: [""],
      reboot: spec.reboot ?? "restart",
      signal: spec.signal,
    });
    return new MachineInstance(id, memoryBytes, vm);
  }

  /** The UART. Must be read: while nobody does, the machine stands still. */
  get serial(): Duplex {
    return this.vm.serial;
  }

  /** The virtio console (hvc0): what is not read stays in the guest, which then waits. */
  get console(): Duplex {
    return this.vm.port("");
  }

  setConsoleSize(cols: number, rows: number): void {
    this.vm.setConsoleSize(cols, rows);
  }

  inspect(): Promise<MachineStats | undefined> {
    return this.vm.inspect();
  }

  info(): InstanceInfo {
    const { state, startedAt, end } = this.#lifecycle;
    return { id: this.id, kind: "machine", state, memoryBytes: this.memoryBytes, startedAt, ...(end === undefined ? {} : { end }) };
  }

  async stop(): Promise<void> {
    await this.vm.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Bytes of RAM, checked against what a machine can have, in whole pages. */
export function parseMemory(memory: string | number = DEFAULT_MEMORY): number {
  const bytes = parseSize(String(memory), MEMORY_BOUNDS);
  return bytes - (bytes % 4096);
}

// A device tree that the user made has a command line of its own, which only an explicit one replaces.
function chooseCmdline({ append, dtb }: MachineSpec): string {
  if (append === undefined && dtb !== undefined) return "";
  const line = append ?? DEFAULT_APPEND;
  return /(^|\s)panic=/.test(line) ? line : `${line} panic=-1`.trim();
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
