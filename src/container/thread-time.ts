// The time that this thread has been on a CPU, as Linux tells it; elsewhere, the time that has passed. May depend on nothing.
import { openSync, readSync } from "node:fs";

const NS_PER_MS = 1e6;
const buffer = Buffer.alloc(64);
let file: number | undefined;

function openSchedstat(): number {
  try {
    return openSync("/proc/thread-self/schedstat", "r");
  } catch {
    return -1;
  }
}

export function threadCpuMs(): number {
  file ??= openSchedstat();
  if (file < 0) return performance.now();
  const count = readSync(file, buffer, 0, buffer.length, 0);
  return Number.parseInt(buffer.toString("latin1", 0, count), 10) / NS_PER_MS;
}
