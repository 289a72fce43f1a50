// docs/METRICS.md, from the catalog. May depend on the catalog's files.
import { openMetricsName } from "./catalog.js";
import { METRIC_GROUPS, type MetricGroup } from "./groups.js";

const HEAD = `# Metrics

<!-- Written by \`npm run generate\` from src/metrics/catalog.ts and src/metrics/derived.ts. Change those. -->

Every figure that Wardian measures. The same catalog is behind the JSON of \`GET /v1/instances/{id}/metrics\` and
\`GET /v1/metrics\`, the stream \`GET /v1/metrics/stream\`, the page \`GET /metrics\` for Prometheus, \`wardian stats\` and the dashboard;
\`GET /v1/metrics/catalog\` tells it to programs.

- A **counter** only grows, from 0 at each start of what counts it. A **gauge** goes up and down. A **histogram** tells how many
  observations were at or below each of its bounds.
- The JSON names a metric as below. On the page for Prometheus it is \`wardian_NAME\`, counters with \`_total\`; derived figures are not
  there, because the queries over it derive them.
- **Window**: rates come from two samples of the counters, now and \`windowMs\` ago (default 5000, from 1000 to 600000). Samples are kept
  once a second for ten minutes; the answer's \`windowMs\` is the time that really lies between the two, less than asked for where the
  instance is younger. In the formulas, *wall* is that time in seconds, and a counter stands for its growth in it.
- A restart begins new counters: no window reaches back across it. A quotient over nothing (no time, no operations) is 0.
- An instance that is off has no counters, and no rates; one that starts is on from its power-on.
- Of a container there are \`cpu_busy_seconds\`, \`cpu_throttled_seconds\`, \`up_seconds\`, \`paused_seconds\`, \`memory_resident_bytes\` (its linear
  memory) and, where it is pausable or has a limit of fuel or CPU, \`instructions\` (units of fuel); the other counters of a machine are 0, and it has no devices.
`;

export function renderMetricsPage(): string {
  return `${HEAD}\n${METRIC_GROUPS.map(renderGroup).join("\n")}`;
}

function renderGroup({ title, where, json, labels, metrics }: MetricGroup): string {
  const rows = Object.entries(metrics);
  const isDerived = rows.some(([, { formula }]) => formula !== undefined);
  const head = isDerived ? ["name", "unit", "meaning", "formula"] : ["name", "type", "unit", "meaning", "for Prometheus"];
  const lines = rows.map(([name, metric]) =>
    isDerived
      ? [`\`${name}\``, metric.unit, metric.help, `\`${metric.formula ?? ""}\``]
      : [`\`${name}\``, metric.type, metric.unit, metric.help, prometheusName(name, metric, labels ?? [])],
  );
  return `## ${title}\n\n${where} In the JSON: ${json}.\n\n${renderTable([head, head.map(() => "---"), ...lines])}`;
}

function prometheusName(name: string, metric: MetricGroup["metrics"][string], groupLabels: readonly string[]): string {
  const labels = [...groupLabels, ...(metric.labels ?? [])];
  return `\`${openMetricsName(name, metric)}${labels.length === 0 ? "" : `{${labels.join(",")}}`}\``;
}

function renderTable(rows: readonly (readonly string[])[]): string {
  return rows.map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}
