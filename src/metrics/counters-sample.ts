// Counters for tests: a machine that has run for a while, at the pace one says.
import { type CounterSample, type DeviceCounters, type MachineCounters, NO_DEVICE_COUNTERS, NO_MACHINE_COUNTERS } from "./catalog.js";

export function sampleCounters(
  machine: Partial<MachineCounters>,
  devices: Readonly<Record<string, Partial<DeviceCounters>>> = {},
): CounterSample {
  const filled = Object.entries(devices).map(([name, counters]) => [name, { ...NO_DEVICE_COUNTERS, ...counters }]);
  return { machine: { ...NO_MACHINE_COUNTERS, ...machine }, devices: Object.fromEntries(filled) as Record<string, DeviceCounters> };
}

/** After `seconds` at half of one CPU, with a disk that is read at 1 MB/s in operations of 10 KB and 1 ms. */
export function sampleAfter(seconds: number): CounterSample {
  return sampleCounters(
    {
      up_seconds: seconds,
      cpu_busy_seconds: seconds / 2,
      instructions: seconds * 1e7,
      translated_instructions: seconds * 7.5e6,
      tlb_misses: seconds * 1e4,
      memory_resident_bytes: 2 ** 26,
    },
    { disk0: { device_read_operations: seconds * 100, device_read_bytes: seconds * 1e6, device_busy_seconds: seconds / 10 }, serial: {} },
  );
}
