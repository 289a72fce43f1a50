// What the main thread and the worker thread of a machine say to each other. Byte counts flow against the bytes as credit, so that
// neither side ever holds more than a window of what the other sent. May depend on types of this folder only.
import type { BootPlan } from "./boot/plan.js";
import type { DiskSpec } from "./disk.js";
import type { EngineName } from "./engine-name.js";
import type { Share } from "./scheduler.js";

/** Channel of the UART; console port n is channel n. */
export const SERIAL_CHANNEL = -1;
/** Unread bytes of one channel, from the guest and to it. */
export const OUTPUT_WINDOW_BYTES = 256 * 1024;
export const INPUT_WINDOW_BYTES = 64 * 1024;

export interface StartMessage {
  readonly kind: "start";
  /** Its buffers are handed over. */
  readonly plan: BootPlan;
  readonly ramBytes: number;
  readonly disks: readonly DiskSpec[];
  /** Port names; the first is the virtio console. */
  readonly ports: readonly string[];
  readonly transport?: number;
  readonly engine?: EngineName | undefined;
  readonly consoleSize?: readonly [cols: number, rows: number];
  /** Of the CounterBlock that this power-on goes on with. */
  readonly counters: SharedArrayBuffer;
  readonly share: Share;
  readonly paused: boolean;
}

/** What a worker thread is given when it is made. */
export interface ThreadData {
  readonly module: WebAssembly.Module;
}

/** Every message is about one of the thread's machines. */
export interface Envelope<Body> {
  readonly machine: number;
  readonly body: Body;
}

export type ToWorker =
  | StartMessage
  | { readonly kind: "input"; readonly channel: number; readonly bytes: Uint8Array }
  /** The reader has taken `count` bytes of output. */
  | { readonly kind: "read"; readonly channel: number; readonly count: number }
  | { readonly kind: "resize"; readonly cols: number; readonly rows: number }
  /** Answered by `done`, when it is so. */
  | { readonly kind: "pause" | "resume"; readonly request: number }
  | { readonly kind: "stop" };

export type MachineEnd =
  | { readonly kind: "poweroff"; readonly status: number }
  | { readonly kind: "reboot" }
  | { readonly kind: "crash" }
  | { readonly kind: "stopped" };

export type FromWorker =
  | { readonly kind: "started" }
  | { readonly kind: "output"; readonly channel: number; readonly bytes: Uint8Array }
  /** The machine has taken `count` bytes of input. */
  | { readonly kind: "taken"; readonly channel: number; readonly count: number }
  | { readonly kind: "done"; readonly request: number }
  | { readonly kind: "end"; readonly end: MachineEnd }
  | { readonly kind: "failed"; readonly code: string; readonly message: string };
