// The metrics of many instances, read through a door: once, or again and again. May depend on errors, metrics/ and engine/.
import type { Door } from "../engine/action.js";
import { WardianError } from "../errors.js";
import { LIVE_STATES } from "../instance/lifecycle.js";
import type { InstanceRecord } from "../instance/record.js";
import type { MetricsPage } from "../metrics/openmetrics.js";
import type { HostMetrics, InstanceMetrics } from "../metrics/view.js";

const PAGE = 200;
/** After so many instances, others have their turn. */
const TURN = 20;

export interface Watched {
  /** Ids or names; without them, all that are on. */
  readonly instances: readonly string[] | undefined;
  readonly intervalMs: number;
  readonly windowMs: number;
}

export interface Snapshot {
  readonly host: HostMetrics;
  readonly instances: readonly InstanceMetrics[];
}

/** The first at once. Late ones are not made up for. */
export async function* snapshots(door: Door, { instances, intervalMs, windowMs }: Watched, gone: AbortSignal): AsyncGenerator<Snapshot> {
  while (!gone.aborted) {
    const began = performance.now();
    const host = await door.apply({ kind: "host-metrics", windowMs });
    const found: InstanceMetrics[] = [];
    const watched = instances === undefined ? liveMetrics(door, windowMs) : namedMetrics(door, instances, windowMs);
    for await (const { metrics } of inTurns(watched)) {
      if (gone.aborted) return;
      found.push(metrics);
    }
    yield { host, instances: found };
    await pause(Math.max(0, intervalMs - (performance.now() - began)), gone);
  }
}

export async function readPage(door: Door): Promise<MetricsPage> {
  const instances: MetricsPage["instances"][number][] = [];
  for await (const { record, metrics } of inTurns(liveMetrics(door))) instances.push({ namespace: record.namespace, metrics });
  return { host: await door.apply({ kind: "host-metrics" }), instances };
}

interface Measured {
  readonly record: InstanceRecord;
  readonly metrics: InstanceMetrics;
}

async function* inTurns<T>(source: AsyncIterable<T>): AsyncGenerator<T> {
  let taken = 0;
  for await (const item of source) {
    yield item;
    if (++taken % TURN === 0) await pause(0);
  }
}

async function* namedMetrics(door: Door, names: readonly string[], windowMs: number): AsyncGenerator<Pick<Measured, "metrics">> {
  for (const name of names) for (const metrics of await metricsIfThere(door, name, windowMs)) yield { metrics };
}

async function* liveMetrics(door: Door, windowMs?: number): AsyncGenerator<Measured> {
  const states = [...LIVE_STATES];
  let after: string | undefined;
  do {
    const { instances, next } = await door.apply({ kind: "list", filter: { states, limit: PAGE, after } });
    for (const record of instances) for (const metrics of await metricsIfThere(door, record.id, windowMs)) yield { record, metrics };
    after = next;
  } while (after !== undefined);
}

/** None of an instance that was removed meanwhile. */
async function metricsIfThere(door: Door, instance: string, windowMs: number | undefined): Promise<InstanceMetrics[]> {
  try {
    return [await door.apply({ kind: "metrics", instance, windowMs })];
  } catch (error) {
    if (error instanceof WardianError && error.code === "no-instance") return [];
    throw error;
  }
}

function pause(ms: number, ended?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      ended?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    if (ended?.aborted === true) end();
    else ended?.addEventListener("abort", end);
  });
}
