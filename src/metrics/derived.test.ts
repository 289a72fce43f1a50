import { describe, expect, test } from "vitest";
import { sampleCounters } from "./counters-sample.js";
import { derive, DERIVED_METRICS, DEVICE_DERIVED_METRICS, HOST_DERIVED_METRICS, type MachineWindow } from "./derived.js";
import { NO_DEVICE_COUNTERS, NO_MACHINE_COUNTERS } from "./catalog.js";

const limits = { memoryBytes: 2 ** 28, cpus: 0.5, vcpus: 2 };
const window: MachineWindow = {
  seconds: 4,
  grown: sampleCounters({
    cpu_busy_seconds: 1,
    cpu_throttled_seconds: 2,
    cpu_waiting_seconds: 4,
    instructions: 8_000_000,
    traps: 40,
    interrupts: 400,
    tlb_misses: 80_000,
    decoded_instructions: 800,
    translated_instructions: 6_000_000,
  }).machine,
  now: sampleCounters({ memory_resident_bytes: 2 ** 26 }).machine,
  limits,
};

describe("what is derived of a machine", () => {
  test.each([
    ["cpu_utilization", 0.125],
    ["cpu_limit_utilization", 0.5],
    ["cpu_throttled_ratio", 0.25],
    ["cpu_waiting_ratio", 0.5],
    ["memory_utilization", 0.25],
    ["instructions_per_second", 2_000_000],
    ["instructions_per_busy_second", 8_000_000],
    ["traps_per_second", 10],
    ["interrupts_per_second", 100],
    ["tlb_miss_rate", 0.01],
    ["decode_rate", 0.0001],
    ["translated_ratio", 0.75],
  ] as const)("%s", (name, value) => {
    expect(DERIVED_METRICS[name].of(window)).toBeCloseTo(value, 12);
  });

  test("every row has a value here", () => {
    expect(Object.values(derive(DERIVED_METRICS, window)).every((value) => value > 0)).toBe(true);
  });

  test("nothing in no time is 0, never NaN or infinite", () => {
    const nothing = { seconds: 0, grown: window.grown, now: NO_MACHINE_COUNTERS, limits: { memoryBytes: 0, cpus: 0, vcpus: 0 } };
    const idle = { seconds: 1, grown: NO_MACHINE_COUNTERS, now: NO_MACHINE_COUNTERS, limits };
    for (const over of [nothing, idle]) {
      for (const value of Object.values(derive(DERIVED_METRICS, over))) expect(Number.isFinite(value)).toBe(true);
    }
  });
});

test.each([
  ["device_read_operations_per_second", 5],
  ["device_write_operations_per_second", 2.5],
  ["device_read_bytes_per_second", 500],
  ["device_write_bytes_per_second", 250],
  ["device_latency_seconds", 0.05],
  ["device_utilization", 0.5],
] as const)("of a device: %s", (name, value) => {
  const grown = {
    ...NO_DEVICE_COUNTERS,
    device_read_operations: 20,
    device_write_operations: 10,
    device_flush_operations: 10,
    device_read_bytes: 2000,
    device_write_bytes: 1000,
    device_busy_seconds: 2,
  };
  expect(DEVICE_DERIVED_METRICS[name].of({ seconds: 4, grown })).toBeCloseTo(value, 12);
  expect(DEVICE_DERIVED_METRICS[name].of({ seconds: 4, grown: NO_DEVICE_COUNTERS })).toBe(0);
});

test.each([
  ["process_cpu_utilization", 0.25],
  ["event_loop_utilization", 0.5],
  ["host_memory_utilization", 0.75],
] as const)("of the host: %s", (name, value) => {
  const grown = { process_cpu_seconds: 1, event_loop_busy_seconds: 1 };
  const now = { host_cpus: 2, host_memory_bytes: 4000, host_memory_available_bytes: 1000 };
  expect(HOST_DERIVED_METRICS[name].of({ seconds: 2, grown, now })).toBeCloseTo(value, 12);
  expect(HOST_DERIVED_METRICS[name].of({ seconds: 2, grown: {}, now: {} })).toBe(0);
});
