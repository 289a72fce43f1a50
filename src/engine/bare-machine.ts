// A bare machine as the library hands it out. May depend on the files beside it.
import type { Readable, Writable } from "node:stream";
import type { InstanceRecord } from "../instance/record.js";
import type { RunningProcess } from "../instance/running-process.js";
import type { Door } from "./action.js";
import { InstanceHandle } from "./instance-handle.js";

export class BareMachine extends InstanceHandle {
  /** The serial console's and the virtio console's output; must be read: while nobody does, the machine stands still. */
  readonly output: Readable;
  /** Input of the console that the kernel listens to. */
  readonly input: Writable;
  readonly #console: RunningProcess;

  constructor(door: Door, instance: InstanceRecord, console: RunningProcess) {
    super(door, instance);
    this.#console = console;
    this.output = console.stdout;
    this.input = console.stdin;
  }

  setConsoleSize(cols: number, rows: number): void {
    this.#console.resize(cols, rows);
  }
}
