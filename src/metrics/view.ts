// Metrics as the doors show them: the counters at one moment, and the rates over a window, by the catalog's formulas. May
// depend on catalog.ts and zod.
import { z } from "zod";

const numbers = z.record(z.string(), z.number());

export const instanceMetricsSchema = z.object({
  instance: z.string(),
  name: z.string(),
  state: z.string(),
  at: z.string(),
  /** Wall time between the two samples that the rates come from; less than asked for where the instance is younger. */
  windowMs: z.number(),
  limits: z.object({ memoryBytes: z.number(), cpus: z.number(), vcpus: z.number() }),
  /** By the names of MACHINE_METRICS; empty when it does not run. */
  counters: numbers,
  /** By device, then by the names of DEVICE_METRICS. */
  devices: z.record(z.string(), numbers),
  /** By the names of DERIVED_METRICS: cpu_utilization, ...; and of DEVICE_DERIVED_METRICS, over all devices together. */
  rates: numbers,
  /** By device, then by the names of DEVICE_DERIVED_METRICS. */
  deviceRates: z.record(z.string(), numbers),
});
export type InstanceMetrics = z.infer<typeof instanceMetricsSchema>;

export const histogramSchema = z.object({
  count: z.number(),
  sum: z.number(),
  /** Upper bounds in the unit of the metric, and how many were at or below each; cumulative. */
  buckets: z.array(z.object({ le: z.number(), count: z.number() })),
});
export type Histogram = z.infer<typeof histogramSchema>;

export const seriesSchema = z.object({
  metric: z.string(),
  labels: z.record(z.string(), z.string()),
  /** One of the two, by the type of the metric. */
  value: z.number().optional(),
  histogram: histogramSchema.optional(),
});
export type Series = z.infer<typeof seriesSchema>;

export const hostMetricsSchema = z.object({
  at: z.string(),
  windowMs: z.number(),
  /** By the names of ENGINE_METRICS, API_METRICS, HOST_METRICS and HOST_DERIVED_METRICS: the totals. */
  values: numbers,
  histograms: z.record(z.string(), histogramSchema),
  /** The metrics that have labels, by their labels. */
  series: z.array(seriesSchema),
  /** How many instances are in each state. */
  instances: numbers,
});
export type HostMetrics = z.infer<typeof hostMetricsSchema>;
