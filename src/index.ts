// The library: what `import { Wardian } from "wardian"` gives. Assembles only.
import { Container, type ContainerOptions } from "./container/container.js";
import type { BareMachine } from "./engine/bare-machine.js";
import { bootGuest, bootMachine, type GuestOptions, type MachineOptions } from "./engine/boot.js";
import { Engine } from "./engine/engine.js";
import type { Guest } from "./engine/guest.js";

export { type ClientOptions, createClient, type WardianClient } from "./client/client.js";
export { Container, type ContainerEnd, type ContainerLimits, type ContainerOptions, type ContainerUsage } from "./container/container.js";
export { ContainerRuntime, sharedRuntime } from "./container/runtime.js";
export { ContainerPipe } from "./container/pipe.js";
export { LocalSocket } from "./container/socket.js";
export { Volume, type VolumeLimits } from "./container/volume.js";
export type { Action, Door, ExecCommand, ResultOf, Results } from "./engine/action.js";
export type { BareMachine } from "./engine/bare-machine.js";
export type { GuestOptions, MachineOptions } from "./engine/boot.js";
export type { Caller, Quotas, Scope } from "./engine/caller.js";
export { Engine, type EngineOptions } from "./engine/engine.js";
export type { ExecOptions, Guest, RunOptions, RunResult } from "./engine/guest.js";
export { WardianError } from "./errors.js";
export type { BootFile } from "./instance/boot-files.js";
export type { FileStat, FileTree } from "./instance/file-tree.js";
export type { InstanceState } from "./instance/lifecycle.js";
export type { InstanceEnd, InstanceEvent, InstanceRecord, LogEntry } from "./instance/record.js";
export type { RunningProcess } from "./instance/running-process.js";
export type { InstanceRequest, InstanceSpec } from "./instance/spec.js";
export type { ExitStatus } from "./machine/agent/index.js";
export type { EngineName } from "./machine/engine-name.js";
export type { HostMetrics, InstanceMetrics } from "./metrics/view.js";

let engine: Promise<Engine> | undefined;

/** One for the process; nothing of its instances is kept. */
function sharedEngine(): Promise<Engine> {
  engine ??= Engine.open({ state: false });
  return engine;
}

export const Wardian = {
  /** Boots a Linux guest and resolves when it takes commands. `image` is "busybox" (the default) or the path of a root file system. */
  async boot(options: GuestOptions = {}): Promise<Guest> {
    return bootGuest(await sharedEngine(), options);
  },

  /** Powers a bare machine on: a kernel or a bare-metal program with its serial console. */
  async machine(options: MachineOptions): Promise<BareMachine> {
    return bootMachine(await sharedEngine(), options);
  },

  /** Starts a WASI program in a container; resolves when it is on its way. */
  container(options: ContainerOptions): Promise<Container> {
    return Container.start(options);
  },
} as const;
