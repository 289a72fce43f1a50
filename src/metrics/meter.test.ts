import { afterEach, expect, test, vi } from "vitest";
import type { CounterSample } from "./catalog.js";
import { sampleAfter, sampleCounters } from "./counters-sample.js";
import { Meter, type Metered } from "./meter.js";
import { hostMetricsSchema, instanceMetricsSchema } from "./view.js";

const ABOUT = { id: "i1", name: "one", state: "running", memoryBytes: 2 ** 28, vcpus: 1 };

/** A meter on a clock of ours, with instances whose counters are a function of how long they run. */
function bench() {
  let nowMs = 100_000;
  const live = new Map<string, { since: number; sample(seconds: number): CounterSample | undefined }>();
  const metered = function* (): Generator<Metered> {
    for (const [id, run] of live) yield { id, sample: () => (live.get(id) === run ? run.sample((nowMs - run.since) / 1000) : undefined) };
  };
  const hostFigures = () => ({ process_cpu_seconds: nowMs / 4000, host_cpus: 2, host_memory_bytes: 100, host_memory_available_bytes: 25 });
  const meter = new Meter({ live: metered, now: () => nowMs, hostFigures });
  const pass = (seconds: number): void => {
    for (let second = 0; second < seconds; second++) {
      nowMs += 1000;
      meter.tick();
    }
  };
  const on = (id: string, sample: (seconds: number) => CounterSample | undefined = sampleAfter) => live.set(id, { since: nowMs, sample });
  return { meter, pass, on, off: (id: string) => live.delete(id), wait: (ms: number) => (nowMs += ms) };
}

afterEach(() => void vi.useRealTimers());

test("rates over the window that was asked for, by device and together", () => {
  const { meter, pass, on, wait } = bench();
  on("i1");
  pass(30);
  wait(300);
  const metrics = meter.instance(ABOUT, 10_000);
  expect(instanceMetricsSchema.parse(metrics)).toEqual(metrics);
  expect(metrics.windowMs).toBeCloseTo(10_300);
  expect(metrics.limits).toEqual({ memoryBytes: 2 ** 28, cpus: 1, vcpus: 1 });
  expect(metrics.counters.up_seconds).toBeCloseTo(30.3);
  expect(metrics.rates.cpu_utilization).toBeCloseTo(0.5);
  expect(metrics.rates.memory_utilization).toBeCloseTo(0.25);
  expect(metrics.rates.instructions_per_second).toBeCloseTo(1e7);
  expect(metrics.rates.device_read_bytes_per_second).toBeCloseTo(1e6);
  expect(metrics.deviceRates.disk0?.device_latency_seconds).toBeCloseTo(0.001);
  expect(metrics.deviceRates.serial?.device_read_bytes_per_second).toBe(0);
});

test("windows are bounded, and 5 s unless told otherwise", () => {
  const { meter, pass, on } = bench();
  on("i1");
  pass(1000);
  expect([undefined, 0, -5, 60_000, 1e12].map((ms) => meter.instance(ABOUT, ms).windowMs)).toEqual([5000, 1000, 1000, 60_000, 600_000]);
  expect(meter.host(1e12, {}).windowMs).toBe(600_000);
});

test("an instance has rates from its first moment, without a sample taken before", () => {
  const { meter, on, wait } = bench();
  on("i1");
  expect(Object.values(meter.instance(ABOUT).rates).every(Number.isFinite)).toBe(true);
  wait(400);
  const { windowMs, rates } = meter.instance(ABOUT);
  expect(windowMs).toBeCloseTo(400);
  expect(rates.cpu_utilization).toBeCloseTo(0.5);
});

test("what changes within the window shows as of now", () => {
  const { meter, pass, on, wait } = bench();
  on("i1", (seconds) => sampleCounters({ up_seconds: seconds, cpu_busy_seconds: Math.max(0, seconds - 20) }));
  pass(20);
  expect(meter.instance(ABOUT).rates.cpu_utilization).toBe(0);
  wait(500);
  expect(meter.instance(ABOUT, 1000).rates.cpu_utilization).toBeGreaterThan(0.3);
});

test("a restart gives no negative rates, told of or not", () => {
  for (const tell of [true, false]) {
    const { meter, pass, on, off, wait } = bench();
    on("i1");
    pass(20);
    off("i1");
    if (tell) meter.forget("i1");
    on("i1", (seconds) => sampleCounters({ up_seconds: seconds, instructions: seconds * 100, cpu_busy_seconds: seconds }));
    for (let step = 0; step < 8; step++) {
      wait(300);
      const { rates, windowMs } = meter.instance(ABOUT);
      expect(Object.values(rates).every((value) => value >= 0)).toBe(true);
      expect(rates.cpu_utilization).toBeCloseTo(1);
      expect(windowMs).toBeLessThan(3500);
      if (step % 3 === 2) meter.tick();
    }
    pass(10);
    expect(meter.instance(ABOUT).rates.instructions_per_second).toBeCloseTo(100);
  }
});

test("an instance that is off has no counters and no rates, and nothing of it is kept", () => {
  const { meter, pass, on, off } = bench();
  const none = { windowMs: 0, counters: {}, devices: {}, rates: {}, deviceRates: {} };
  expect(meter.instance(ABOUT)).toMatchObject(none);
  let isOver = false;
  on("i1", (seconds) => (isOver ? undefined : sampleAfter(seconds)));
  pass(5);
  isOver = true;
  expect(meter.instance(ABOUT)).toMatchObject(none);
  off("i1");
  pass(1);
  isOver = false;
  expect(meter.instance(ABOUT)).toMatchObject(none);
});

test("the host: figures, utilization over the window, totals and labels", () => {
  const { meter, pass } = bench();
  pass(10);
  meter.observeStart(0.2, true);
  meter.observeStart(9, false);
  meter.countEnd("exited");
  meter.countEnd("exited");
  meter.countEnd("killed");
  meter.countRestart();
  meter.countExec();
  meter.countEvent();
  meter.addLogBytes(100);
  meter.observeRequest("/v1/instances/{id}", "GET", 200, 0.002);
  meter.observeRequest("/v1/instances/{id}", "GET", 404, 0.004);
  meter.openStream(1);
  meter.openStream(1);
  meter.openStream(-1);
  const host = meter.host(4000, { running: 2 });
  expect(hostMetricsSchema.parse(host)).toEqual(host);
  expect(host).toMatchObject({ windowMs: 4000, instances: { running: 2 } });
  expect(host.values).toMatchObject({
    starts: 1,
    start_failures: 1,
    ends: 3,
    restarts: 1,
    execs: 1,
    events: 1,
    log_bytes: 100,
    api_requests: 2,
    api_open_streams: 1,
    process_cpu_utilization: 0.125,
    host_memory_utilization: 0.75,
  });
  expect(host.histograms.start_seconds).toMatchObject({ count: 1, sum: 0.2 });
  expect(host.histograms.start_seconds?.buckets.filter(({ count }) => count === 0).at(-1)?.le).toBe(0.1);
  expect(host.histograms.api_request_seconds?.count).toBe(2);
  expect(host.series).toContainEqual({ metric: "ends", labels: { reason: "exited" }, value: 2 });
  expect(host.series).toContainEqual({
    metric: "api_requests",
    labels: { route: "/v1/instances/{id}", method: "GET", status: "4xx" },
    value: 1,
  });
});

test("labels that clients decide are bounded", () => {
  const { meter } = bench();
  for (let n = 0; n < 5000; n++) meter.observeRequest(`/guess/${n}`, `VERB${n}`, 404, 0.001);
  const { series, values, histograms } = meter.host(undefined, {});
  expect(series.length).toBeLessThan(1100);
  expect(values.api_requests).toBe(5000);
  expect(histograms.api_request_seconds?.count).toBe(5000);
  const counted = series.filter(({ metric }) => metric === "api_requests");
  expect(counted.reduce((sum, { value = 0 }) => sum + value, 0)).toBe(5000);
  expect(new Set(counted.map(({ labels }) => labels.method))).toEqual(new Set(["other"]));
});

test("what is no size is not observed", () => {
  const { meter } = bench();
  for (const seconds of [Number.NaN, -1, 1e9]) meter.observeStart(seconds, true);
  const histogram = meter.host(undefined, {}).histograms.start_seconds;
  expect(histogram).toMatchObject({ count: 1, sum: 1e9 });
  expect(histogram?.buckets.every(({ count }) => count === 0)).toBe(true);
});

test("the timer samples once a second between start and stop, and the host has real figures", () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  let samples = 0;
  const sample = (): CounterSample => sampleAfter(++samples);
  const meter = new Meter({ live: () => [{ id: "i1", sample }] });
  meter.start();
  meter.start();
  vi.advanceTimersByTime(3000);
  expect(samples).toBe(3);
  const { values } = meter.host(undefined, {});
  for (const name of ["process_cpu_seconds", "process_resident_bytes", "process_heap_bytes", "host_cpus", "host_memory_bytes"])
    expect(values[name], name).toBeGreaterThan(0);
  if (process.platform === "linux") expect(values.process_open_descriptors).toBeGreaterThan(2);
  expect(values.event_loop_delay_seconds).toBeGreaterThanOrEqual(0);
  meter.stop();
  vi.advanceTimersByTime(3000);
  expect(samples).toBe(3);
});
