// What the counters of one instance were over the last ten minutes, for rates over a window. A restarted instance begins a new
// history. May depend on catalog.ts and sample-ring.ts.
import {
  DEVICE_METRICS,
  MACHINE_METRICS,
  type CounterSample,
  type DeviceCounters,
  type DeviceMetric,
  type MachineMetric,
  NO_DEVICE_COUNTERS,
  NO_MACHINE_COUNTERS,
} from "./catalog.js";
import { SampleRing } from "./sample-ring.js";

export const SAMPLE_INTERVAL_MS = 1000;
export const WINDOW_MS = { default: 5000, min: 1000, max: 600_000 } as const;

/** One more than intervals, for a full window to have both its ends. */
export const HISTORY_ROWS = WINDOW_MS.max / SAMPLE_INTERVAL_MS + 1;

const MACHINE_NAMES = Object.keys(MACHINE_METRICS) as MachineMetric[];
const DEVICE_NAMES = Object.keys(DEVICE_METRICS) as DeviceMetric[];

const UP_COLUMN = MACHINE_NAMES.indexOf("up_seconds");
const COUNTER_COLUMNS = [...MACHINE_NAMES.entries()].filter(([, name]) => MACHINE_METRICS[name].type === "counter");

export interface TimedSample {
  /** Milliseconds on the clock of those who add. */
  readonly at: number;
  readonly sample: CounterSample;
}

export class SampleHistory {
  #ring: SampleRing | undefined;
  /** Fixed at power-on. */
  #devices: readonly string[] = [];

  get length(): number {
    return this.#ring?.length ?? 0;
  }

  add(at: number, sample: CounterSample): void {
    if (!this.continuesWith(sample)) this.#begin(sample);
    this.#ring?.push(at, this.#rowOf(sample));
  }

  /** Whether `sample` can be of the same run as the last one: no counter has gone back, the devices are the same. */
  continuesWith(sample: CounterSample): boolean {
    const ring = this.#ring;
    if (ring === undefined || ring.length === 0) return false;
    if (!this.#hasDevicesOf(sample)) return false;
    const last = ring.row(ring.length - 1);
    if (sample.machine.up_seconds < (last[UP_COLUMN] ?? 0)) return false;
    return COUNTER_COLUMNS.every(([column, name]) => sample.machine[name] >= (last[column] ?? 0));
  }

  /**
   * The beginning of the window of `ms` that ends with `sample` at `at`: the sample nearest to it, or power-on, where the run
   * began later.
   */
  window(ms: number, at: number, sample: CounterSample): TimedSample {
    const start = at - ms;
    const poweredOn = { at: Math.min(at, at - sample.machine.up_seconds * 1000), sample: { machine: NO_MACHINE_COUNTERS, devices: {} } };
    const ring = this.#ring;
    if (ring === undefined || !this.continuesWith(sample)) return poweredOn;
    const index = ring.nearest(start);
    const nearest = ring.timeOf(index);
    if (Math.abs(poweredOn.at - start) < Math.abs(nearest - start)) return poweredOn;
    return { at: nearest, sample: this.#sampleOf(ring.row(index)) };
  }

  #begin(sample: CounterSample): void {
    this.#devices = Object.keys(sample.devices);
    this.#ring = new SampleRing(MACHINE_NAMES.length + this.#devices.length * DEVICE_NAMES.length, HISTORY_ROWS);
  }

  #hasDevicesOf({ devices }: CounterSample): boolean {
    const names = Object.keys(devices);
    return names.length === this.#devices.length && names.every((name, index) => name === this.#devices[index]);
  }

  #rowOf({ machine, devices }: CounterSample): number[] {
    const row = MACHINE_NAMES.map((name) => machine[name]);
    for (const device of this.#devices) for (const name of DEVICE_NAMES) row.push(devices[device]?.[name] ?? 0);
    return row;
  }

  #sampleOf(row: Float64Array): CounterSample {
    const machine: Record<MachineMetric, number> = { ...NO_MACHINE_COUNTERS };
    let column = 0;
    for (const name of MACHINE_NAMES) machine[name] = row[column++] ?? 0;
    const devices: Record<string, DeviceCounters> = {};
    for (const device of this.#devices) {
      const counters: Record<DeviceMetric, number> = { ...NO_DEVICE_COUNTERS };
      for (const name of DEVICE_NAMES) counters[name] = row[column++] ?? 0;
      devices[device] = counters;
    }
    return { machine, devices };
  }
}
