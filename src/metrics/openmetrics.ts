// The page that a Prometheus scrapes, in the format it asks for. Rendered by prom-client from what is given, so that an instance
// that is gone is gone from the page, too. May depend on prom-client, catalog.ts, groups.ts and types of view.ts.
import { Registry, type Metric as PromMetric } from "prom-client";
import { openMetricsName, type Metric } from "./catalog.js";
import { METRIC_GROUPS, type MetricGroup } from "./groups.js";
import type { Histogram, HostMetrics, InstanceMetrics } from "./view.js";

export const METRICS_FORMATS = { openmetrics: Registry.OPENMETRICS_CONTENT_TYPE, text: Registry.PROMETHEUS_CONTENT_TYPE } as const;
export type MetricsFormat = keyof typeof METRICS_FORMATS;

export interface MetricsPage {
  readonly instances: readonly { readonly namespace: string; readonly metrics: InstanceMetrics }[];
  readonly host: HostMetrics;
}

type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** Where it is not the family's own. */
  readonly metricName?: string;
}

/** What a registry needs of a metric: prom-client's own classes hold their values, and ours are held by the meter. */
class Family {
  name: string;
  readonly help: string;
  readonly type: Metric["type"];
  readonly values: Sample[] = [];

  constructor(name: string, metric: Metric) {
    this.name = openMetricsName(name, metric);
    this.help = metric.help;
    this.type = metric.type;
  }

  add(labels: Labels, value: number | undefined): void {
    if (value !== undefined) this.values.push({ labels, value });
  }

  addHistogram(labels: Labels, { buckets, count, sum }: Histogram): void {
    for (const bucket of [...buckets, { le: Infinity, count }]) {
      const le = Number.isFinite(bucket.le) ? String(bucket.le) : "+Inf";
      this.values.push({ metricName: `${this.name}_bucket`, labels: { ...labels, le }, value: bucket.count });
    }
    this.values.push({ metricName: `${this.name}_sum`, labels, value: sum }, { metricName: `${this.name}_count`, labels, value: count });
  }

  get(): Promise<this> {
    return Promise.resolve(this);
  }
}

export async function renderOpenMetrics(page: MetricsPage, format: MetricsFormat): Promise<string> {
  const registry = new Registry<(typeof METRICS_FORMATS)[MetricsFormat]>();
  registry.setContentType(METRICS_FORMATS[format]);
  const units = new Map<string, string>();
  for (const group of METRIC_GROUPS) {
    if (group.labels === undefined) continue;
    for (const [name, metric] of Object.entries(group.metrics)) {
      const family = new Family(name, metric);
      fill(family, group, name, page);
      if (family.values.length === 0) continue;
      if (name.endsWith(`_${metric.unit}`)) units.set(`wardian_${name}`, metric.unit);
      registry.registerMetric(family as unknown as PromMetric);
    }
  }
  const text = await registry.metrics();
  if (format === "text") return text;
  return text.replace(/^# TYPE (\S+) .*$/gm, (line, name: string) =>
    units.has(name) ? `${line}\n# UNIT ${name} ${units.get(name)}` : line,
  );
}

function fill(family: Family, group: MetricGroup, name: string, page: MetricsPage): void {
  switch (group.name) {
    case "machine":
      return fillPerInstance(page, (labels, { counters }) => family.add(labels, counters[name]));
    case "device":
      return fillPerInstance(page, (labels, { devices }) => {
        for (const [device, counters] of Object.entries(devices)) family.add({ ...labels, device: labelOf(device) }, counters[name]);
      });
    case "limit":
      return fillPerInstance(page, (labels, { limits }) => family.add(labels, limitOf(limits, name)));
    default:
      return fillFromHost(family, name, group.metrics[name]?.labels, page.host);
  }
}

/** Only those that run. */
function fillPerInstance({ instances }: MetricsPage, add: (labels: Labels, metrics: InstanceMetrics) => void): void {
  for (const { namespace, metrics } of instances) {
    if (Object.keys(metrics.counters).length === 0) continue;
    add({ id: labelOf(metrics.instance), name: labelOf(metrics.name), namespace: labelOf(namespace) }, metrics);
  }
}

function limitOf(limits: InstanceMetrics["limits"], name: string): number | undefined {
  // prettier-ignore
  const byName: Readonly<Record<string, number>> = { memory_limit_bytes: limits.memoryBytes, cpu_limit: limits.cpus, vcpus: limits.vcpus };
  return byName[name];
}

function fillFromHost(family: Family, name: string, labels: readonly string[] | undefined, host: HostMetrics): void {
  if (name === "instances") {
    for (const [state, count] of Object.entries(host.instances)) family.add({ state: labelOf(state) }, count);
  } else if (labels !== undefined) {
    for (const series of host.series.filter(({ metric }) => metric === name)) {
      const safe = Object.fromEntries(Object.entries(series.labels).map(([label, value]) => [label, labelOf(value)]));
      if (series.histogram !== undefined) family.addHistogram(safe, series.histogram);
      else family.add(safe, series.value);
    }
  } else {
    const histogram = host.histograms[name];
    if (histogram !== undefined) family.addHistogram({}, histogram);
    else family.add({}, host.values[name]);
  }
}

/** A scraper could take a control character for the end of a line, or of the page. prom-client escapes the rest. */
function labelOf(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is taken out
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, "\ufffd");
}
