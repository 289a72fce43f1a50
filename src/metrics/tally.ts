// What the engine and the API count: totals, and the same by label. Labels have a bounded number of values, whatever clients
// send. May depend on catalog.ts, histogram.ts and types of view.ts.
import { API_METRICS, ENGINE_METRICS, type ApiMetric, type EngineMetric, type Metric } from "./catalog.js";
import { Histogram, REQUEST_BOUNDS, START_BOUNDS } from "./histogram.js";
import type { HostMetrics, Series } from "./view.js";

type Tallied = Exclude<EngineMetric, "instances"> | ApiMetric;

/** Of one metric; more are counted as "other". */
const MAX_SERIES = 500;
/** How many instances there are in each state, the engine tells when asked. */
const TALLIED: Readonly<Record<string, Metric>> = { ...ENGINE_METRICS, ...API_METRICS };
// prettier-ignore
const BOUNDS: Partial<Readonly<Record<Tallied, readonly number[]>>> = { start_seconds: START_BOUNDS, api_request_seconds: REQUEST_BOUNDS };

interface Row {
  readonly labels: Readonly<Record<string, string>>;
  value: number;
  readonly histogram: Histogram | undefined;
}

class Figure {
  readonly metric: Metric;
  readonly total: Row;
  readonly rows = new Map<string, Row>();
  readonly #bounds: readonly number[] | undefined;

  constructor(metric: Metric, bounds: readonly number[] | undefined) {
    this.metric = metric;
    this.#bounds = bounds;
    this.total = this.#make([]);
  }

  /** The total, and the row with these labels. */
  each(labels: readonly string[], change: (row: Row) => void): void {
    change(this.total);
    if (this.metric.labels === undefined) return;
    const key = labels.join("\0");
    let row = this.rows.get(key);
    if (row === undefined && this.rows.size >= MAX_SERIES) {
      const others = labels.map(() => "other");
      row = this.rows.get(others.join("\0")) ?? this.#add(others);
    }
    change(row ?? this.#add(labels));
  }

  #add(labels: readonly string[]): Row {
    const row = this.#make(labels);
    this.rows.set(labels.join("\0"), row);
    return row;
  }

  #make(values: readonly string[]): Row {
    const labels = Object.fromEntries((this.metric.labels ?? []).map((label, index) => [label, values[index] ?? ""]));
    return { labels, value: 0, histogram: this.#bounds && new Histogram(this.#bounds) };
  }
}

export class Tally {
  readonly #figures = new Map(
    Object.entries(TALLIED)
      .filter(([name]) => name !== "instances")
      .map(([name, metric]) => [name as Tallied, new Figure(metric, BOUNDS[name as Tallied])]),
  );

  /** `labels` are the values, in the order of the catalog. */
  add(name: Tallied, amount = 1, ...labels: readonly string[]): void {
    this.#figures.get(name)?.each(labels, (row) => {
      row.value += amount;
    });
  }

  observe(name: Tallied, value: number, ...labels: readonly string[]): void {
    this.#figures.get(name)?.each(labels, (row) => row.histogram?.observe(value));
  }

  view(): Pick<HostMetrics, "values" | "histograms" | "series"> {
    const values: Record<string, number> = {};
    const histograms: HostMetrics["histograms"] = {};
    const series: Series[] = [];
    for (const [metric, { total, rows }] of this.#figures) {
      if (total.histogram === undefined) values[metric] = total.value;
      else histograms[metric] = total.histogram.view();
      for (const { labels, value, histogram } of rows.values())
        series.push({ metric, labels, ...(histogram === undefined ? { value } : { histogram: histogram.view() }) });
    }
    return { values, histograms, series };
  }
}
