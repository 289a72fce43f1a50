// Everything measured, in one place: samples the running instances and the host once a second, takes what the engine and the
// API count, and tells it all. Reading is synchronous, and as of now. May depend on the files beside it.
import {
  type ContainerFigures,
  type CounterSample,
  type DeviceCounters,
  type HostFigures,
  type MachineCounters,
  NO_DEVICE_COUNTERS,
  NO_MACHINE_COUNTERS,
  type VolumeFigures,
} from "./catalog.js";
import { DERIVED_METRICS, DEVICE_DERIVED_METRICS, derive } from "./derived.js";
import { readHostFigures } from "./host-figures.js";
import { HostHistory } from "./host-history.js";
import { SAMPLE_INTERVAL_MS, SampleHistory, WINDOW_MS } from "./sample-history.js";
import { Tally } from "./tally.js";
import type { HostMetrics, InstanceMetrics } from "./view.js";

export interface Metered {
  readonly id: string;
  /** Undefined when it is over. */
  sample(): CounterSample | undefined;
}

export interface MeterOptions {
  /** The instances that are switched on. */
  live(): Iterable<Metered>;
  /** Milliseconds that never go back. */
  now?(): number;
  /** Instead of readHostFigures(). */
  hostFigures?(): HostFigures;
  /** What instances share. */
  sharedFigures?(): VolumeFigures & ContainerFigures;
}

export interface MeteredAbout {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly memoryBytes: number;
  /** Its CPU limit; without one, its vCPUs. */
  readonly cpus?: number | undefined;
  readonly vcpus: number;
}

interface Known {
  instance: Metered;
  readonly history: SampleHistory;
  /** The last answer, what it was to, and until when it stands. */
  last?: { readonly windowMs: number | undefined; readonly until: number; readonly metrics: InstanceMetrics };
}

/** A machine writes its counters after each slice, which is as long as this: until then an answer is as good as the next. */
const FRESH_MS = 4;

const KNOWN_METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

export class Meter {
  readonly #live: () => Iterable<Metered>;
  readonly #now: () => number;
  readonly #host: HostHistory;
  readonly #sharedFigures: MeterOptions["sharedFigures"];
  readonly #tally = new Tally();
  readonly #known = new Map<string, Known>();
  #timer: NodeJS.Timeout | undefined;

  constructor({ live, now = () => performance.now(), hostFigures = readHostFigures, sharedFigures }: MeterOptions) {
    this.#sharedFigures = sharedFigures;
    this.#live = live;
    this.#now = now;
    this.#host = new HostHistory(hostFigures);
  }

  start(): void {
    if (this.#timer !== undefined) return;
    this.#host.start(this.#now());
    this.#timer = setInterval(() => this.tick(), SAMPLE_INTERVAL_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#host.stop();
    this.#known.clear();
  }

  /** Takes one sample of everything; the timer's work. */
  tick(): void {
    const at = this.#now();
    const gone = new Set(this.#known.keys());
    for (const instance of this.#live()) {
      const sample = instance.sample();
      if (sample === undefined) continue;
      gone.delete(instance.id);
      this.#know(instance).history.add(at, sample);
    }
    for (const id of gone) this.#known.delete(id);
    this.#host.tick(at);
  }

  /** Of an instance that starts anew or is removed. */
  forget(id: string): void {
    this.#known.delete(id);
  }

  observeStart(seconds: number, ok: boolean): void {
    this.#tally.add(ok ? "starts" : "start_failures");
    if (ok) this.#tally.observe("start_seconds", seconds);
  }

  countEnd(reason: string): void {
    this.#tally.add("ends", 1, reason);
  }

  countRestart(): void {
    this.#tally.add("restarts");
  }

  countExec(): void {
    this.#tally.add("execs");
  }

  countEvent(): void {
    this.#tally.add("events");
  }

  addLogBytes(bytes: number): void {
    this.#tally.add("log_bytes", bytes);
  }

  /** `route` is a pattern, never a path. */
  observeRequest(route: string, method: string, status: number, seconds: number): void {
    const known = KNOWN_METHODS.has(method) ? method : "other";
    this.#tally.add("api_requests", 1, route, known, `${Math.floor(status / 100)}xx`);
    this.#tally.observe("api_request_seconds", seconds, route);
  }

  /** 1 when one opens, -1 when it has ended. */
  openStream(delta: 1 | -1): void {
    this.#tally.add("api_open_streams", delta);
  }

  instance(about: MeteredAbout, windowMs?: number): InstanceMetrics {
    const known = this.#known.get(about.id);
    const last = known?.last;
    const now = this.#now();
    if (last !== undefined && now < last.until && last.windowMs === windowMs && isStill(last.metrics, about)) return last.metrics;
    const metrics = this.#measure(about, windowMs);
    if (known !== undefined) known.last = { windowMs, until: now + FRESH_MS, metrics };
    return metrics;
  }

  #measure(about: MeteredAbout, windowMs: number | undefined): InstanceMetrics {
    const { id, name, state, memoryBytes, vcpus, cpus = vcpus } = about;
    const found = this.#find(id);
    const limits = { memoryBytes, cpus, vcpus };
    const head = { instance: id, name, state, at: new Date().toISOString(), limits };
    if (found === undefined) return { ...head, windowMs: 0, counters: {}, devices: {}, rates: {}, deviceRates: {} };
    const { sample, history } = found;
    const at = this.#now();
    const start = history.window(boundWindow(windowMs), at, sample);
    const seconds = Math.max(0, at - start.at) / 1000;
    const grown = machineGrowth(start.sample.machine, sample.machine);
    const devices = deviceGrowth(start.sample, sample);
    const rates = derive(DERIVED_METRICS, { seconds, grown, now: sample.machine, limits });
    return {
      ...head,
      windowMs: seconds * 1000,
      counters: sample.machine,
      devices: sample.devices,
      rates: derive(DEVICE_DERIVED_METRICS, { seconds, grown: sumOf(Object.values(devices)) }, rates),
      deviceRates: mapValues(devices, (device) => derive(DEVICE_DERIVED_METRICS, { seconds, grown: device })),
    };
  }

  host(windowMs: number | undefined, instancesByState: Readonly<Record<string, number>>): HostMetrics {
    const { values, histograms, series } = this.#tally.view();
    const host = this.#host.window(boundWindow(windowMs), this.#now());
    return {
      at: new Date().toISOString(),
      windowMs: host.windowMs,
      values: { ...values, ...this.#sharedFigures?.(), ...host.values },
      histograms,
      series,
      instances: { ...instancesByState },
    };
  }

  #know(instance: Metered): Known {
    const known = this.#known.get(instance.id) ?? { instance, history: new SampleHistory() };
    known.instance = instance;
    this.#known.set(instance.id, known);
    return known;
  }

  /** The counters of an instance that is on; from the one known last, unless that is over. */
  #find(id: string): { readonly sample: CounterSample; readonly history: SampleHistory } | undefined {
    const known = this.#known.get(id);
    const last = known?.instance.sample();
    if (known !== undefined && last !== undefined) return { sample: last, history: known.history };
    for (const instance of this.#live()) {
      if (instance.id !== id) continue;
      const sample = instance.sample();
      return sample && { sample, history: this.#know(instance).history };
    }
    return undefined;
  }
}

function boundWindow(windowMs: number = WINDOW_MS.default): number {
  return Math.min(Math.max(windowMs, WINDOW_MS.min), WINDOW_MS.max);
}

function machineGrowth(before: MachineCounters, after: MachineCounters): MachineCounters {
  return growth(NO_MACHINE_COUNTERS, before, after);
}

function deviceGrowth(before: CounterSample, after: CounterSample): Record<string, DeviceCounters> {
  return mapValues(after.devices, (counters, device) => {
    const earlier = before.devices[device] ?? NO_DEVICE_COUNTERS;
    return growth(NO_DEVICE_COUNTERS, earlier, counters);
  });
}

/** A copy of `zeros` keeps one shape for all records, which is what makes this cheap. */
function growth<Name extends string>(
  zeros: Readonly<Record<Name, number>>,
  before: Readonly<Record<Name, number>>,
  after: Readonly<Record<Name, number>>,
): Record<Name, number> {
  const grown: Record<Name, number> = { ...zeros };
  for (const name in zeros) grown[name] = Math.max(0, after[name] - before[name]);
  return grown;
}

function sumOf(devices: readonly DeviceCounters[]): DeviceCounters {
  return mapValues(NO_DEVICE_COUNTERS, (_, name) => devices.reduce((sum, device) => sum + device[name], 0));
}

function mapValues<Key extends string, From, To>(from: Readonly<Record<Key, From>>, map: (value: From, key: Key) => To): Record<Key, To> {
  const to = {} as Record<Key, To>;
  for (const key in from) to[key] = map(from[key], key);
  return to;
}

function isStill({ name, state }: InstanceMetrics, about: MeteredAbout): boolean {
  return name === about.name && state === about.state;
}
