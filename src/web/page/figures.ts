// From the API's metrics to what the page draws; the names are those of src/metrics. Depends on history.ts and types of metrics/.
import type { InstanceMetrics } from "../../metrics/view.js";
import type { Point } from "./history.js";

export function readPoint({ rates }: Pick<InstanceMetrics, "rates">): Point {
  const rate = (name: string): number => {
    const value = rates[name];
    return value !== undefined && Number.isFinite(value) ? Math.max(0, value) : 0;
  };
  return {
    cpu: rate("cpu_utilization"),
    memory: rate("memory_utilization"),
    instructions: rate("instructions_per_second"),
    read: rate("device_read_bytes_per_second"),
    write: rate("device_write_bytes_per_second"),
  };
}

export interface Totals {
  /** In CPUs. */
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly instructions: number;
}

export function sumUp(metrics: Iterable<InstanceMetrics>): Totals {
  const totals = { cpus: 0, memoryBytes: 0, instructions: 0 };
  for (const one of metrics) {
    const point = readPoint(one);
    totals.cpus += point.cpu * one.limits.vcpus;
    totals.memoryBytes += point.memory * one.limits.memoryBytes;
    totals.instructions += point.instructions;
  }
  return totals;
}
