// One machine on its worker thread: runs for a slice when the scheduler says so, and takes and gives the bytes of its channels
// in between. Knows no threads: worker.ts gives it a way to send. An error here ends this machine only. May depend on errors
// and the files beside it.
import { WardianError } from "../errors.js";
import { CountedDisk } from "./counted-disk.js";
import { CounterBlock, type DeviceCounters, deviceNames } from "./counters.js";
import { FileDisk } from "./disk.js";
import { GuestClock } from "./guest-clock.js";
import { Machine, type RunOutcome } from "./machine.js";
import type { MachineCounts } from "./machine-counts.js";
import { InputQueue, OutputBatch } from "./runner-queues.js";
import type { Task, Usage } from "./scheduler.js";
import { type FromWorker, OUTPUT_WINDOW_BYTES, SERIAL_CHANNEL, type StartMessage, type ToWorker } from "./worker-messages.js";

export type Send = (message: FromWorker, transfer?: readonly ArrayBuffer[]) => void;

type LastWord = Extract<FromWorker, { kind: "end" | "failed" }>;
type Heard = Exclude<ToWorker, { kind: "start" | "pause" | "resume" }>;

/** A slice ends by the clock; this is an outer bound, above what any guest runs in a millisecond: rounds of a loop that does nothing take few instructions of the host's. */
const MOST_INSNS_A_MS = 200_000_000;
const MOST_INSNS = 2 ** 31 - 1;

class Channel {
  readonly input = new InputQueue();
  readonly output = new OutputBatch();
  /** What may still be sent before the reader must take something. */
  credit = OUTPUT_WINDOW_BYTES;

  constructor(readonly counters: DeviceCounters) {}
}

export class Runner implements Task {
  readonly clock = new GuestClock();
  readonly #send: Send;
  readonly #machine: Machine;
  readonly #disks: FileDisk[] = [];
  readonly #channels = new Map<number, Channel>();
  readonly #serial: Channel;
  readonly #counters: CounterBlock;
  #lastWord: LastWord | undefined;
  #isOver = false;

  /** Opens the disks and powers the machine on; nothing runs before run(). */
  constructor(start: StartMessage, send: Send) {
    this.#send = send;
    const names = deviceNames(start.disks.length, start.ports);
    this.#counters = new CounterBlock(names, start.counters);
    this.#serial = this.#addChannel(SERIAL_CHANNEL, "serial");
    for (const index of start.ports.keys()) this.#addChannel(index, names[start.disks.length + 1 + index] ?? "");
    try {
      for (const spec of start.disks) this.#disks.push(FileDisk.open(spec));
      this.#machine = this.#makeMachine(start);
    } catch (error) {
      this.#closeDisks();
      throw error;
    }
  }

  #addChannel(index: number, device: string): Channel {
    const channel = new Channel(this.#counters.device(device));
    this.#channels.set(index, channel);
    return channel;
  }

  #makeMachine({ ramBytes, ports, transport, engine, consoleSize, plan }: StartMessage): Machine {
    const { output } = this.#serial;
    const machine = new Machine({
      ramBytes,
      disks: this.#disks.map((disk, index) => new CountedDisk(disk, this.#counters.device(`disk${index}`))),
      ports: ports.map((name, index) => ({ name, onData: (bytes) => this.#take(index, bytes) })),
      onSerial: (byte) => output.addByte(byte),
      isSerialFull: () => output.length >= this.#serial.credit,
      compile: "background",
      clock: this.clock.now,
      engine,
      ...(transport === undefined ? {} : { transport }),
    });
    if (consoleSize !== undefined) machine.setConsoleSize(...consoleSize);
    machine.start(plan);
    return machine;
  }

  run(ms: number): number {
    try {
      this.#feed();
      // The UART cannot wait by itself: while nobody reads, the machine stands still.
      if (this.#serial.credit <= 0) return Number.POSITIVE_INFINITY;
      const outcome = this.#machine.run(Math.min(Math.ceil(ms * MOST_INSNS_A_MS), MOST_INSNS), ms);
      this.#flushAll();
      return this.#continue(outcome);
    } catch (error) {
      this.#fail(error);
      return Number.POSITIVE_INFINITY;
    }
  }

  /** After how long it goes on. */
  #continue(outcome: RunOutcome): number {
    switch (outcome.kind) {
      case "budget":
        return 0;
      case "idle":
        // What the guest has just read made room for more.
        return this.#feed() > 0 ? 0 : outcome.sleepMs;
      default:
        this.#finish({ kind: "end", end: outcome });
        return Number.POSITIVE_INFINITY;
    }
  }

  /** Shows what was counted; then, where the machine has ended, says so: whoever hears of the end finds all of it counted. */
  charge(usage: Usage): void {
    const { counts } = this.#machine;
    for (const name of Object.keys(counts) as (keyof MachineCounts)[]) this.#counters.set(name, counts[name]);
    this.#counters.set("cpu_busy_seconds", usage.busyMs / 1000);
    this.#counters.set("cpu_throttled_seconds", usage.throttledMs / 1000);
    this.#counters.set("cpu_waiting_seconds", usage.waitingMs / 1000);
    this.#sayLastWord();
  }

  receive(message: Heard): void {
    if (this.#isOver) return;
    try {
      this.#handle(message);
    } catch (error) {
      this.#fail(error);
    }
    this.#sayLastWord();
  }

  #handle(message: Heard): void {
    switch (message.kind) {
      case "input":
        this.#channels.get(message.channel)?.input.add(message.bytes);
        return;
      case "read":
        this.#credit(message.channel, message.count);
        return;
      case "resize":
        this.#machine.setConsoleSize(message.cols, message.rows);
        return;
      case "stop":
        this.#finish({ kind: "end", end: { kind: "stopped" } });
    }
  }

  #credit(index: number, count: number): void {
    const channel = this.#channels.get(index);
    if (channel === undefined) return;
    channel.credit += count;
    if (index !== SERIAL_CHANNEL) this.#machine.portDrained(index);
    this.#flush(index, channel);
  }

  #take(index: number, bytes: Uint8Array): number {
    const channel = this.#channels.get(index);
    if (channel === undefined) return bytes.length;
    const count = Math.min(bytes.length, channel.credit);
    channel.output.add(count === bytes.length ? bytes : bytes.subarray(0, count));
    channel.credit -= count;
    return count;
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
      if (count === 0) continue;
      channel.counters.add("device_read_operations");
      channel.counters.add("device_read_bytes", count);
      this.#send({ kind: "taken", channel: index, count });
    }
    return total;
  }

  #flushAll(): void {
    for (const [index, channel] of this.#channels) this.#flush(index, channel);
  }

  #flush(index: number, channel: Channel): void {
    if (channel.output.length === 0) return;
    const bytes = channel.output.take();
    if (index === SERIAL_CHANNEL) channel.credit -= bytes.length;
    channel.counters.add("device_write_operations");
    channel.counters.add("device_write_bytes", bytes.length);
    this.#send({ kind: "output", channel: index, bytes }, [bytes.buffer]);
  }

  #fail(error: unknown): void {
    this.#flushAll(); // what the guest said last may be the reason
    this.#finish({ kind: "failed", ...describeFailure(error) });
  }

  #finish(lastWord: LastWord): void {
    this.#isOver = true;
    this.#lastWord = lastWord;
    this.#closeDisks();
  }

  #sayLastWord(): void {
    if (this.#lastWord !== undefined) this.#send(this.#lastWord);
    this.#lastWord = undefined;
  }

  #closeDisks(): void {
    for (const disk of this.#disks) {
      try {
        disk.flush();
      } catch {
        // The guest's own flush would have told it; nobody is left to tell.
      }
      disk.close();
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
