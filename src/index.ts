// The library: what `import { Wardian } from "wardian"` gives. Assembles only.
import { Engine } from "./engine/engine.js";
import { Guest } from "./engine/guest.js";
import { DEFAULT_IMAGE } from "./instance/guest-files.js";
import type { GuestSpec } from "./instance/guest-instance.js";
import type { MachineInstance, MachineSpec } from "./instance/machine-instance.js";

export type { Action, ResultOf, Results } from "./engine/action.js";
export { Engine } from "./engine/engine.js";
export { type ExecOptions, Guest, type RunOptions, type RunResult } from "./engine/guest.js";
export { WardianError } from "./errors.js";
export type { BootFile } from "./instance/boot-files.js";
export type { GuestSpec } from "./instance/guest-instance.js";
export type { InstanceInfo, InstanceState } from "./instance/instance.js";
export type { MachineInstance, MachineSpec } from "./instance/machine-instance.js";
export type { ExecProcess, ExitStatus } from "./machine/agent/index.js";
export type { DiskSpec, MachineStats, VmExit } from "./machine/vm.js";

const engine = new Engine();

export const Wardian = {
  /** Boots a Linux guest and resolves when it takes commands. `image` is "busybox" (the default) or the path of a root file system. */
  async boot(options: Partial<GuestSpec> = {}): Promise<Guest> {
    const spec: GuestSpec = { image: DEFAULT_IMAGE, ...options };
    return new Guest(engine, await engine.apply({ kind: "boot-guest", spec }));
  },

  /** Powers a bare machine on: a kernel or a bare-metal program with its serial console. */
  machine(spec: MachineSpec): Promise<MachineInstance> {
    return engine.apply({ kind: "boot-machine", spec });
  },
} as const;
