// What the engine needs of an instance that is switched on, whatever kind it has. May depend on types of container/, machine/ and
// metrics/.
import type { Writable } from "node:stream";
import type { ContainerOptions } from "../container/container.js";
import type { GivenSocket } from "../container/socket.js";
import type { GivenVolume } from "../container/volume.js";
import type { RootLayer } from "./root-layer.js";
import type { RunningProcess } from "./running-process.js";
import type { VmExit } from "../machine/vm.js";
import type { CounterSample } from "../metrics/catalog.js";
import type { FileTree } from "./file-tree.js";
import type { Command } from "./spec.js";
import type { StartHooks } from "./start-hooks.js";

/** How a run ended, as the machine tells it. */
export type LiveExit = VmExit;

export type LiveCommand = Command & { readonly endAtExit?: boolean; readonly signal?: AbortSignal };

/** What a container has together with others of its owner. */
export interface Shared {
  readonly volumes: readonly GivenVolume[];
  readonly sockets: readonly GivenSocket[];
  /** In place of its streams. */
  readonly connect: NonNullable<ContainerOptions["connect"]>;
}

/** What a start is given beside the spec. */
export interface LiveContext {
  /** Takes what the kernel says on its consoles; ended with them. While it is full, the machine stands still. */
  readonly console: Writable;
  /** What earlier runs have changed in the root file system. */
  readonly layer?: RootLayer | undefined;
  readonly shared?: Shared | undefined;
  readonly hooks: StartHooks;
  /** Called when there is something to measure, which is before the instance can be used. */
  readonly onPowerOn?: ((machine: Measured) => void) | undefined;
}

export interface Measured {
  /** The counters as of now or a few milliseconds ago, without asking the machine's thread; undefined when it is over. */
  sample(): CounterSample | undefined;
}

export interface LiveInstance extends Measured {
  /** Settles once, and never rejects. */
  readonly exit: Promise<LiveExit>;
  /** Its main program, where that is there from the start: a container is one. */
  readonly main?: RunningProcess | undefined;
  /** The console's input, for a bare machine. */
  readonly consoleInput: Writable;
  /** Starts a program. Throws `no-agent` on a bare machine. */
  exec(command: LiveCommand): RunningProcess;
  /** Its root file system. Throws `no-agent` on a bare machine. */
  files(): FileTree;
  /** Keeps what this run has changed in the root file system. */
  saveChanges(layer: RootLayer): Promise<void>;
  /** Resolves when no instruction is executed any more; the guest's clock stands, too. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  resizeConsole(cols: number, rows: number): void;
  /** Asks the guest to sync and power off; after `graceMs` it is switched off. */
  poweroff(graceMs: number): Promise<void>;
  /** Switches it off at once; resolves when nothing of it is left. */
  stop(): Promise<void>;
}
