// What the main thread and a container's thread say to each other: one program at a time, from `run` to `end`. Its data does not pass
// here but through pipes in the kernel. May depend on types only.
import type { HostDirectoryLimits } from "../host-directory/index.js";
import type { SharedKernel } from "../kernel/index.js";
import type { ClockModules } from "../wasi/clock-thunk.js";
import type { Wanted } from "../wasi/imports.js";
import type { MeteredModule } from "../wasm/index.js";
import type { MeterLimits } from "./meter.js";

/** What a metered module exports for us. */
export type FuelNames = Omit<MeteredModule, "bytes">;

/** What a thread is given when it is made. */
export interface ThreadData extends SharedKernel {
  readonly clockModules: ClockModules;
}

export interface HostMount {
  readonly hostPath: string;
  readonly guestPath: string;
  readonly readOnly: boolean;
}

export interface MemoryType {
  readonly module: string;
  readonly name: string;
  readonly initial: number;
  readonly maximum: number;
  readonly shared: boolean;
}

export interface RunMessage {
  readonly kind: "run";
  readonly module: WebAssembly.Module;
  /** Its calls of WASI. */
  readonly imports: readonly Wanted[];
  /** A memory that it imports. */
  readonly memory: MemoryType | undefined;
  readonly proc: number;
  readonly args: readonly string[];
  /** NAME=VALUE */
  readonly env: readonly string[];
  readonly mounts: readonly HostMount[];
  /** Of what it does in them. */
  readonly folderLimits: Partial<HostDirectoryLimits>;
  /** Of CALL_COUNTERS. */
  readonly counts: SharedArrayBuffer;
  /** A Control. */
  readonly control: SharedArrayBuffer;
  /** Its start function, to be called first; a metered module's is called by linkFuel. */
  readonly startExport: string | undefined;
  /** Of a metered module. */
  readonly meter: { readonly names: FuelNames; readonly limits: MeterLimits } | undefined;
  /** Each call is told as a line. */
  readonly trace: boolean;
}

export type ToThread = RunMessage;

/** How a program ended, as its thread saw it. */
export type ProgramEnd =
  | { readonly kind: "exit"; readonly status: number }
  | { readonly kind: "signal"; readonly signal: number }
  /** Its process was killed: it came to a gate that was closed. */
  | { readonly kind: "killed" }
  /** Its fuel is used up. */
  | { readonly kind: "fuel" }
  | { readonly kind: "trap"; readonly what: string }
  /** It could not be started. */
  | { readonly kind: "failed"; readonly code: string; readonly message: string };

export type FromThread =
  /** Its number for the operating system, where that tells. */
  | { readonly kind: "ready"; readonly tid: number | undefined }
  /** A ticker is wanted. */
  | { readonly kind: "ticker" }
  | { readonly kind: "trace"; readonly line: string }
  | { readonly kind: "end"; readonly end: ProgramEnd };
