// The counters of one machine, in memory that its worker writes and the main thread reads without asking: one double each, in
// the catalog's order, first the machine's, then each device's. A double is never torn on the hosts Node runs on. May depend
// on metrics/catalog.
import {
  type CounterSample,
  DEVICE_METRICS,
  type DeviceMetric,
  MACHINE_METRICS,
  type MachineMetric,
  NO_DEVICE_COUNTERS,
  NO_MACHINE_COUNTERS,
} from "../metrics/catalog.js";

const MACHINE_NAMES = Object.keys(MACHINE_METRICS) as readonly MachineMetric[];
const DEVICE_NAMES = Object.keys(DEVICE_METRICS) as readonly DeviceMetric[];

/** The devices of a machine that count, in the order of their counters: the disks, the UART, the console's ports. */
export function deviceNames(disks: number, ports: readonly string[]): string[] {
  const named = ports.map((name, index) => (index === 0 ? "console" : `port:${name}`));
  return [...Array.from({ length: disks }, (_, index) => `disk${index}`), "serial", ...named];
}

/** The counters of one device. */
export class DeviceCounters {
  constructor(private readonly values: Float64Array) {}

  add(metric: DeviceMetric, amount = 1): void {
    const index = DEVICE_NAMES.indexOf(metric);
    this.values[index] = (this.values[index] ?? 0) + amount;
  }
}

export class CounterBlock {
  readonly buffer: SharedArrayBuffer;
  readonly #devices: readonly string[];
  readonly #values: Float64Array;
  /** What was counted before: a reboot is no new beginning. */
  readonly #base: Float64Array;

  /** With the `buffer` of another block of the same devices: the same counters. */
  constructor(devices: readonly string[], buffer?: SharedArrayBuffer) {
    this.#devices = devices;
    const count = MACHINE_NAMES.length + devices.length * DEVICE_NAMES.length;
    this.buffer = buffer ?? new SharedArrayBuffer(count * Float64Array.BYTES_PER_ELEMENT);
    this.#values = new Float64Array(this.buffer);
    this.#base = this.#values.slice();
  }

  get(metric: MachineMetric): number {
    return this.#values[MACHINE_NAMES.indexOf(metric)] ?? 0;
  }

  /** Sets a gauge; a counter to what was counted since the block was made. */
  set(metric: MachineMetric, value: number): void {
    const index = MACHINE_NAMES.indexOf(metric);
    const before = MACHINE_METRICS[metric].type === "counter" ? (this.#base[index] ?? 0) : 0;
    this.#values[index] = before + value;
  }

  device(name: string): DeviceCounters {
    const start = MACHINE_NAMES.length + this.#devices.indexOf(name) * DEVICE_NAMES.length;
    return new DeviceCounters(this.#values.subarray(start, start + DEVICE_NAMES.length));
  }

  /** All of it as of now, but for what only the main thread knows. */
  sample(known: Pick<CounterSample["machine"], "up_seconds" | "paused_seconds">): CounterSample {
    const machine = this.#record(NO_MACHINE_COUNTERS, MACHINE_NAMES, 0);
    machine.up_seconds = known.up_seconds;
    machine.paused_seconds = known.paused_seconds;
    const devices: Record<string, Record<DeviceMetric, number>> = {};
    let start = MACHINE_NAMES.length;
    for (const name of this.#devices) {
      devices[name] = this.#record(NO_DEVICE_COUNTERS, DEVICE_NAMES, start);
      start += DEVICE_NAMES.length;
    }
    return { machine, devices };
  }

  /** A copy of `zeros` keeps one shape for all records, which is what makes this cheap. */
  #record<K extends string>(zeros: Readonly<Record<K, number>>, names: readonly K[], start: number): Record<K, number> {
    const record: Record<K, number> = { ...zeros };
    for (let index = 0; index < names.length; index++) record[names[index] as K] = this.#values[start + index] ?? 0;
    return record;
  }
}
