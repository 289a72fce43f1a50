// Everything that can be asked of Wardian, as one union: the doors (library, command line, later HTTP) make actions, the
// engine applies them. May depend on types of instance/ and machine/.
import type { CommandSpec, GuestInstance, GuestSpec } from "../instance/guest-instance.js";
import type { InstanceInfo } from "../instance/instance.js";
import type { MachineInstance, MachineSpec } from "../instance/machine-instance.js";
import type { ExecProcess } from "../machine/agent/exec.js";
import type { MachineStats } from "../machine/vm.js";

// prettier-ignore
export type Action =
  | { readonly kind: "boot-guest";   readonly spec: GuestSpec }
  | { readonly kind: "boot-machine"; readonly spec: MachineSpec }
  | { readonly kind: "exec";         readonly instance: string; readonly command: CommandSpec }
  | { readonly kind: "write-file";   readonly instance: string; readonly path: string; readonly data: Uint8Array; readonly mode?: number | undefined }
  | { readonly kind: "read-file";    readonly instance: string; readonly path: string }
  | { readonly kind: "inspect";      readonly instance: string }
  | { readonly kind: "list" }
  | { readonly kind: "stop";         readonly instance: string };

/** What each action gives. */
export interface Results {
  "boot-guest": GuestInstance;
  "boot-machine": MachineInstance;
  exec: ExecProcess;
  "write-file": undefined;
  "read-file": Uint8Array;
  inspect: { readonly info: InstanceInfo; readonly stats: MachineStats | undefined };
  list: readonly InstanceInfo[];
  stop: undefined;
}

export type ResultOf<A extends Action> = Results[A["kind"]];
