// The figures of the host and of this process, as of now. May depend on catalog.ts.
import { readdirSync } from "node:fs";
import { availableParallelism, freemem, totalmem } from "node:os";
import { performance } from "node:perf_hooks";
import type { HostFigures } from "./catalog.js";

/** Without the threads of machines, which only their engine knows, and what the meter finds out over time. */
export function readHostFigures(): HostFigures {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  const descriptors = countDescriptors();
  return {
    process_cpu_seconds: (user + system) / 1e6,
    process_resident_bytes: rss,
    process_heap_bytes: heapUsed,
    ...(descriptors === undefined ? {} : { process_open_descriptors: descriptors }),
    event_loop_busy_seconds: performance.eventLoopUtilization().active / 1000,
    host_cpus: availableParallelism(),
    host_memory_bytes: totalmem(),
    host_memory_available_bytes: freemem(), // on Linux, MemAvailable
  };
}

/** Linux alone tells. */
function countDescriptors(): number | undefined {
  try {
    return readdirSync("/proc/self/fd").length - 1; // without the one that reads the folder
  } catch {
    return undefined;
  }
}
