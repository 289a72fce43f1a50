// What is computed from the counters: each row with its formula in words for people and as a function over two moments. A
// quotient over nothing (no time, no operations) is 0. May depend on catalog.ts.
import type { DeviceCounters, HostFigures, HostMetric, Limits, MachineCounters, Metric } from "./catalog.js";

interface Derived<Over> extends Metric {
  readonly type: "gauge";
  /** The growth of a counter over the window, unless it says "now"; wall is the window in seconds. */
  readonly formula: string;
  readonly of: (over: Over) => number;
}

export interface MachineWindow {
  readonly seconds: number;
  readonly grown: MachineCounters;
  readonly now: MachineCounters;
  readonly limits: Limits;
}

export interface DeviceWindow {
  readonly seconds: number;
  readonly grown: DeviceCounters;
}

export interface HostWindow {
  readonly seconds: number;
  readonly grown: HostFigures;
  readonly now: HostFigures;
}

const per = (amount: number, whole: number): number => (whole > 0 ? amount / whole : 0);
const figure = (figures: HostFigures, name: HostMetric): number => figures[name] ?? 0;
const operations = ({ grown }: DeviceWindow): number =>
  grown.device_read_operations + grown.device_write_operations + grown.device_flush_operations;

/** Of a running instance. */
// prettier-ignore
export const DERIVED_METRICS = {
  cpu_utilization: {
    type: "gauge", unit: "ratio", help: "Share of its vCPUs that the guest used.",
    formula: "cpu_busy_seconds / (wall x vcpus)",
    of: ({ seconds, grown, limits }) => per(grown.cpu_busy_seconds, seconds * limits.vcpus),
  },
  cpu_limit_utilization: {
    type: "gauge", unit: "ratio", help: "Share of its CPU limit that the guest used.",
    formula: "cpu_busy_seconds / (wall x cpu_limit)",
    of: ({ seconds, grown, limits }) => per(grown.cpu_busy_seconds, seconds * limits.cpus),
  },
  cpu_throttled_ratio: {
    type: "gauge", unit: "ratio", help: "Share of the time in which the guest's CPU limit held it back.",
    formula: "cpu_throttled_seconds / (wall x vcpus)",
    of: ({ seconds, grown, limits }) => per(grown.cpu_throttled_seconds, seconds * limits.vcpus),
  },
  cpu_waiting_ratio: {
    type: "gauge", unit: "ratio", help: "Share of the time in which the guest waited for other guests.",
    formula: "cpu_waiting_seconds / (wall x vcpus)",
    of: ({ seconds, grown, limits }) => per(grown.cpu_waiting_seconds, seconds * limits.vcpus),
  },
  memory_utilization: {
    type: "gauge", unit: "ratio", help: "Share of its memory that costs host memory.",
    formula: "memory_resident_bytes now / memory_limit_bytes",
    of: ({ now, limits }) => per(now.memory_resident_bytes, limits.memoryBytes),
  },
  instructions_per_second: {
    type: "gauge", unit: "instructions/s", help: "Instructions the guest executed per second.",
    formula: "instructions / wall",
    of: ({ seconds, grown }) => per(grown.instructions, seconds),
  },
  instructions_per_busy_second: {
    type: "gauge", unit: "instructions/s", help: "How fast the guest is while it executes.",
    formula: "instructions / cpu_busy_seconds",
    of: ({ grown }) => per(grown.instructions, grown.cpu_busy_seconds),
  },
  traps_per_second: {
    type: "gauge", unit: "1/s", help: "Exceptions per second.",
    formula: "traps / wall",
    of: ({ seconds, grown }) => per(grown.traps, seconds),
  },
  interrupts_per_second: {
    type: "gauge", unit: "1/s", help: "Interrupts per second.",
    formula: "interrupts / wall",
    of: ({ seconds, grown }) => per(grown.interrupts, seconds),
  },
  tlb_miss_rate: {
    type: "gauge", unit: "ratio", help: "Page-table walks per instruction.",
    formula: "tlb_misses / instructions",
    of: ({ grown }) => per(grown.tlb_misses, grown.instructions),
  },
  decode_rate: {
    type: "gauge", unit: "ratio", help: "Instruction slots decoded per instruction executed.",
    formula: "decoded_instructions / instructions",
    of: ({ grown }) => per(grown.decoded_instructions, grown.instructions),
  },
  translated_ratio: {
    type: "gauge", unit: "ratio", help: "Share of the instructions that ran translated.",
    formula: "translated_instructions / instructions",
    of: ({ grown }) => per(grown.translated_instructions, grown.instructions),
  },
} as const satisfies Record<string, Derived<MachineWindow>>;

/** Of one device, and of all devices of an instance together. */
// prettier-ignore
export const DEVICE_DERIVED_METRICS = {
  device_read_operations_per_second: {
    type: "gauge", unit: "1/s", help: "Read operations per second.",
    formula: "device_read_operations / wall",
    of: ({ seconds, grown }) => per(grown.device_read_operations, seconds),
  },
  device_write_operations_per_second: {
    type: "gauge", unit: "1/s", help: "Write operations per second.",
    formula: "device_write_operations / wall",
    of: ({ seconds, grown }) => per(grown.device_write_operations, seconds),
  },
  device_read_bytes_per_second: {
    type: "gauge", unit: "bytes/s", help: "Bytes read per second.",
    formula: "device_read_bytes / wall",
    of: ({ seconds, grown }) => per(grown.device_read_bytes, seconds),
  },
  device_write_bytes_per_second: {
    type: "gauge", unit: "bytes/s", help: "Bytes written per second.",
    formula: "device_write_bytes / wall",
    of: ({ seconds, grown }) => per(grown.device_write_bytes, seconds),
  },
  device_latency_seconds: {
    type: "gauge", unit: "seconds", help: "Mean time of an operation.",
    formula: "device_busy_seconds / (device_read_operations + device_write_operations + device_flush_operations)",
    of: (over) => per(over.grown.device_busy_seconds, operations(over)),
  },
  device_utilization: {
    type: "gauge", unit: "ratio", help: "Time in operations per time; more than 1 where operations overlap.",
    formula: "device_busy_seconds / wall",
    of: ({ seconds, grown }) => per(grown.device_busy_seconds, seconds),
  },
} as const satisfies Record<string, Derived<DeviceWindow>>;

/** Of the host and the process. */
// prettier-ignore
export const HOST_DERIVED_METRICS = {
  process_cpu_utilization: {
    type: "gauge", unit: "ratio", help: "Share of the host's CPUs that the process used.",
    formula: "process_cpu_seconds / (wall x host_cpus)",
    of: ({ seconds, grown, now }) => per(figure(grown, "process_cpu_seconds"), seconds * figure(now, "host_cpus")),
  },
  event_loop_utilization: {
    type: "gauge", unit: "ratio", help: "Share of the time in which the main thread was busy.",
    formula: "event_loop_busy_seconds / wall",
    of: ({ seconds, grown }) => per(figure(grown, "event_loop_busy_seconds"), seconds),
  },
  host_memory_utilization: {
    type: "gauge", unit: "ratio", help: "Share of the host's memory that is in use.",
    formula: "1 - host_memory_available_bytes now / host_memory_bytes now",
    of: ({ now }) => per(figure(now, "host_memory_bytes") - figure(now, "host_memory_available_bytes"), figure(now, "host_memory_bytes")),
  },
} as const satisfies Record<string, Derived<HostWindow>>;

/** All formulas of a table over one window, added to `values`. */
export function derive<Over>(
  table: Readonly<Record<string, Derived<Over>>>,
  over: Over,
  values: Record<string, number> = {},
): Record<string, number> {
  for (const name in table) values[name] = table[name]?.of(over) ?? 0;
  return values;
}
