// What the main thread and a machine's worker say to each other. Byte counts flow against the bytes as credit, so that
// neither side ever holds more than a window of what the other sent. May depend on types of this folder only.
import type { BootPlan } from "./boot/plan.js";
import type { DiskSpec } from "./disk.js";

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
  readonly consoleSize?: readonly [cols: number, rows: number];
}

export type ToWorker =
  | StartMessage
  | { readonly kind: "input"; readonly channel: number; readonly bytes: Uint8Array }
  /** The reader has taken `count` bytes of output. */
  | { readonly kind: "read"; readonly channel: number; readonly count: number }
  | { readonly kind: "resize"; readonly cols: number; readonly rows: number }
  | { readonly kind: "inspect"; readonly id: number }
  | { readonly kind: "stop" };

export type MachineEnd =
  | { readonly kind: "poweroff"; readonly status: number }
  | { readonly kind: "reboot" }
  | { readonly kind: "crash" }
  | { readonly kind: "stopped" };

export interface MachineStats {
  readonly instructions: bigint;
  readonly residentBytes: number;
  /** Time spent executing, of the time since power-on. */
  readonly busyMs: number;
  readonly upMs: number;
}

export type FromWorker =
  | { readonly kind: "started" }
  | { readonly kind: "output"; readonly channel: number; readonly bytes: Uint8Array }
  /** The machine has taken `count` bytes of input. */
  | { readonly kind: "taken"; readonly channel: number; readonly count: number }
  | { readonly kind: "stats"; readonly id: number; readonly stats: MachineStats }
  | { readonly kind: "end"; readonly end: MachineEnd }
  | { readonly kind: "failed"; readonly code: string; readonly message: string };
