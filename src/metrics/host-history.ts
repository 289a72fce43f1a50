// What the host's figures were over the last ten minutes. May depend on catalog.ts, derived.ts and the files beside it.
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { HostFigures } from "./catalog.js";
import { derive, HOST_DERIVED_METRICS } from "./derived.js";
import { HISTORY_ROWS } from "./sample-history.js";
import { SampleRing } from "./sample-ring.js";

const DELAY_RESOLUTION_MS = 20;
const COLUMNS = ["process_cpu_seconds", "event_loop_busy_seconds", "event_loop_delay_seconds"] as const;

export class HostHistory {
  readonly #read: () => HostFigures;
  readonly #ring = new SampleRing(COLUMNS.length, HISTORY_ROWS);
  readonly #delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });

  constructor(read: () => HostFigures) {
    this.#read = read;
  }

  start(at: number): void {
    this.#delay.enable();
    this.tick(at);
  }

  stop(): void {
    this.#delay.disable();
    this.#ring.clear();
  }

  tick(at: number): void {
    const { process_cpu_seconds = 0, event_loop_busy_seconds = 0 } = this.#read();
    this.#ring.push(at, [process_cpu_seconds, event_loop_busy_seconds, this.#longestDelay()]);
    this.#delay.reset();
  }

  window(ms: number, at: number): { readonly windowMs: number; readonly values: Record<string, number> } {
    const ring = this.#ring;
    const index = ring.nearest(at - ms);
    let event_loop_delay_seconds = this.#longestDelay();
    if (index < 0) return { windowMs: 0, values: { ...this.#read(), event_loop_delay_seconds } };
    const now = this.#read();
    const [cpu = 0, busy = 0] = ring.row(index);
    for (let row = index + 1; row < ring.length; row++)
      event_loop_delay_seconds = Math.max(event_loop_delay_seconds, ring.row(row)[COLUMNS.indexOf("event_loop_delay_seconds")] ?? 0);
    const windowMs = Math.max(0, at - ring.timeOf(index));
    const grown = {
      process_cpu_seconds: Math.max(0, (now.process_cpu_seconds ?? 0) - cpu),
      event_loop_busy_seconds: Math.max(0, (now.event_loop_busy_seconds ?? 0) - busy),
    };
    const derived = derive(HOST_DERIVED_METRICS, { seconds: windowMs / 1000, grown, now });
    return { windowMs, values: { ...now, event_loop_delay_seconds, ...derived } };
  }

  /** Since the last tick. What it records is the time between two timers, not how late they were. */
  #longestDelay(): number {
    return Math.max(0, this.#delay.max / 1e6 - DELAY_RESOLUTION_MS) / 1000;
  }
}
