// What an instance under the engine's care needs of the engine. Types only.
import type { HostFiles } from "../instance/host-files.js";
import type { InstanceEvent } from "../instance/record.js";
import type { Meter } from "../metrics/meter.js";
import type { StateFolder } from "../store/state-folder.js";
import type { Store } from "../store/store.js";
import type { ManagedInstance } from "./managed-instance.js";
import type { Pipelines } from "./pipelines.js";
import type { Sockets } from "./sockets.js";
import type { Volumes } from "./volumes.js";

export interface Surroundings {
  readonly store: Store;
  readonly meter: Meter;
  readonly files: HostFiles;
  /** Where instances keep their logs and changed files; undefined where nothing is kept. */
  readonly folder: StateFolder | undefined;
  readonly volumes: Volumes;
  readonly sockets: Sockets;
  readonly pipelines: Pipelines;
  /** Throws `disk-in-use` where another live instance has one of its disks, and either may write to it. */
  requireFreeDisks(instance: ManagedInstance): void;
  /** What starts, or would start again, is refused. */
  isClosing(): boolean;
  publish(events: readonly InstanceEvent[]): void;
  /** Resolves when what only that one had is gone. */
  onRemoved(instance: ManagedInstance): Promise<void>;
  /** Something that nobody asked about went wrong. */
  onNote(text: string): void;
}
