// Runs a machine in slices of a few milliseconds, so that its thread hears messages between them; sleeps while the guest
// does. Knows no threads: worker.ts gives it a way to send. May depend on errors, machine.ts, disk.ts and worker-messages.ts.
import { WardianError } from "../errors.js";
import { FileDisk } from "./disk.js";
import { Machine, type RunOutcome } from "./machine.js";
import { InputQueue, OutputBatch } from "./runner-queues.js";
import {
  type FromWorker,
  type MachineEnd,
  OUTPUT_WINDOW_BYTES,
  SERIAL_CHANNEL,
  type StartMessage,
  type ToWorker,
} from "./worker-messages.js";

export type Send = (message: FromWorker, transfer?: readonly ArrayBuffer[]) => void;

const SLICE_MS = 4;
const FIRST_BUDGET_INSNS = 100_000;
const MIN_BUDGET_INSNS = 20_000;
const MAX_BUDGET_INSNS = 10_000_000;
/** Longest timer that Node knows is about 24 days; waking once a minute costs nothing. */
const LONGEST_SLEEP_MS = 60_000;

class Channel {
  readonly input = new InputQueue();
  readonly output = new OutputBatch();
  /** What may still be sent before the reader must take something. */
  credit = OUTPUT_WINDOW_BYTES;
}

export class Runner {
  readonly #send: Send;
  readonly #machine: Machine;
  readonly #disks: FileDisk[] = [];
  readonly #channels = new Map<number, Channel>();
  readonly #startMs = performance.now();
  #busyMs = 0;
  #budgetInsns = FIRST_BUDGET_INSNS;
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  /** Opens the disks and powers the machine on; nothing runs before begin(). */
  constructor(start: StartMessage, send: Send) {
    this.#send = send;
    for (const spec of start.disks) this.#disks.push(FileDisk.open(spec));
    this.#channels.set(SERIAL_CHANNEL, new Channel());
    for (const index of start.ports.keys()) this.#channels.set(index, new Channel());
    const serial = this.#channel(SERIAL_CHANNEL);
    this.#machine = new Machine({
      ramBytes: start.ramBytes,
      disks: this.#disks,
      ports: start.ports.map((name, index) => ({
        name,
        onData: (bytes) => this.#take(index, bytes),
      })),
      onSerial: (byte) => serial?.output.addByte(byte),
      ...(start.transport === undefined ? {} : { transport: start.transport }),
    });
    if (start.consoleSize !== undefined) this.#machine.setConsoleSize(...start.consoleSize);
    this.#machine.start(start.plan);
  }

  begin(): void {
    this.#schedule();
  }

  receive(message: ToWorker): void {
    if (this.#isOver) return;
    switch (message.kind) {
      case "start":
        return;
      case "input":
        this.#channel(message.channel)?.input.add(message.bytes);
        break;
      case "read":
        this.#credit(message.channel, message.count);
        break;
      case "resize":
        this.#machine.setConsoleSize(message.cols, message.rows);
        break;
      case "inspect":
        this.#inspect(message.id);
        return;
      case "stop":
        this.#end({ kind: "stopped" });
        return;
    }
    this.#schedule();
  }

  #channel(index: number): Channel | undefined {
    return this.#channels.get(index);
  }

  #credit(index: number, count: number): void {
    const channel = this.#channel(index);
    if (channel === undefined) return;
    channel.credit += count;
    if (index !== SERIAL_CHANNEL) this.#machine.portDrained(index);
    this.#flush(index, channel);
  }

  #inspect(id: number): void {
    const { instructions, residentBytes } = this.#machine;
    this.#send({
      kind: "stats",
      id,
      stats: { instructions, residentBytes, busyMs: this.#busyMs, upMs: performance.now() - this.#startMs },
    });
  }

  #take(index: number, bytes: Uint8Array): number {
    const channel = this.#channel(index);
    if (channel === undefined) return bytes.length;
    const count = Math.min(bytes.length, channel.credit);
    channel.output.add(count === bytes.length ? bytes : bytes.subarray(0, count));
    channel.credit -= count;
    return count;
  }

  #schedule(): void {
    if (this.#isOver || this.#immediate !== undefined) return;
    clearTimeout(this.#timer);
    this.#immediate = setImmediate(() => {
      this.#immediate = undefined;
      this.#step();
    });
  }

  #step(): void {
    try {
      this.#feed();
      // The UART cannot wait by itself: while nobody reads, the machine stands still.
      if ((this.#channel(SERIAL_CHANNEL)?.credit ?? 0) <= 0) return;
      this.#continue(this.#slice());
    } catch (error) {
      this.#fail(error);
    }
  }

  #slice(): RunOutcome {
    const before = performance.now();
    const outcome = this.#machine.run(this.#budgetInsns);
    const ms = performance.now() - before;
    this.#busyMs += ms;
    if (outcome.kind === "budget") this.#adapt(ms);
    for (const [index, channel] of this.#channels) this.#flush(index, channel);
    return outcome;
  }

  #adapt(ms: number): void {
    const factor = Math.min(2, Math.max(0.25, SLICE_MS / Math.max(ms, 0.01)));
    this.#budgetInsns = Math.round(Math.min(MAX_BUDGET_INSNS, Math.max(MIN_BUDGET_INSNS, this.#budgetInsns * factor)));
  }

  #continue(outcome: RunOutcome): void {
    switch (outcome.kind) {
      case "budget":
        return this.#schedule();
      case "idle":
        // What the guest has just read made room for more.
        if (this.#feed() > 0 || outcome.sleepMs <= 0) return this.#schedule();
        this.#timer = setTimeout(() => this.#schedule(), Math.min(outcome.sleepMs, LONGEST_SLEEP_MS));
        return;
      default:
        this.#end(outcome);
    }
  }

  /** Hands waiting input to the machine; gives how many bytes it took. */
  #feed(): number {
    let total = 0;
    for (const [index, channel] of this.#channels) {
      if (channel.input.isEmpty) continue;
      const count = channel.input.feed((bytes) =>
        index === SERIAL_CHANNEL ? this.#machine.serialInput(bytes) : this.#machine.portInput(index, bytes),
      );
      total += count;
      if (count > 0) this.#send({ kind: "taken", channel: index, count });
    }
    return total;
  }

  #flush(index: number, channel: Channel): void {
    if (channel.output.length === 0) return;
    const bytes = channel.output.take();
    if (index === SERIAL_CHANNEL) channel.credit -= bytes.length;
    this.#send({ kind: "output", channel: index, bytes }, [bytes.buffer]);
  }

  #end(end: MachineEnd): void {
    this.#close();
    this.#send({ kind: "end", end });
  }

  #fail(error: unknown): void {
    this.#close();
    const { code, message } = describeFailure(error);
    this.#send({ kind: "failed", code, message });
  }

  #close(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    for (const disk of this.#disks) {
      try {
        disk.flush();
        disk.close();
      } catch {
        // The guest's own flush would have told it; nobody is left to tell.
      }
    }
  }
}

/** What is told of an error that ends a machine. */
export function describeFailure(error: unknown): { code: string; message: string } {
  if (error instanceof WardianError) return { code: error.code, message: error.message };
  if (error instanceof RangeError)
    return { code: "out-of-memory", message: "the host has no memory left for this machine: give it less with -m" };
  const text = error instanceof Error ? error.message : String(error);
  return { code: "machine-panic", message: `the machine stopped on a fault of its own (${text.split("\n")[0]}); this is a bug in Wardian` };
}
