// A disk that counts what is done with it. Depends on counters.ts and the Disk of machine.ts.
import type { DeviceMetric } from "../metrics/catalog.js";
import type { DeviceCounters } from "./counters.js";
import type { Disk } from "./machine.js";

export class CountedDisk implements Disk {
  constructor(
    private readonly disk: Disk,
    private readonly counters: DeviceCounters,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  get sizeBytes(): number {
    return this.disk.sizeBytes;
  }

  get readOnly(): boolean {
    return this.disk.readOnly;
  }

  read(offset: number, into: Uint8Array): void {
    this.#do("device_read_operations", () => this.disk.read(offset, into));
    this.counters.add("device_read_bytes", into.length);
  }

  write(offset: number, from: Uint8Array): void {
    this.#do("device_write_operations", () => this.disk.write(offset, from));
    this.counters.add("device_write_bytes", from.length);
  }

  flush(): void {
    this.#do("device_flush_operations", () => this.disk.flush());
  }

  #do(metric: DeviceMetric, work: () => void): void {
    const beganMs = this.nowMs();
    try {
      work();
    } catch (error) {
      this.counters.add("device_errors");
      throw error;
    } finally {
      this.counters.add(metric);
      this.counters.add("device_busy_seconds", (this.nowMs() - beganMs) / 1000);
    }
  }
}
