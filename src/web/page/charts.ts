// The four live charts of an instance: CPU, memory, instructions, I/O, over the same two minutes and with one cursor. Depends
// on the vendored uPlot, history.ts, format.ts, theme.ts and element.ts.
import uPlot, { type AlignedData, type Options } from "../vendor/uplot.mjs";
import type { InstanceMetrics } from "../../metrics/view.js";
import { el, setText } from "./element.js";
import { formatByteRate, formatBytes, formatClock, formatCount, formatPercent } from "./format.js";
import { type History, type Point, WINDOW_MS } from "./history.js";
import { cssColor, themeChanged } from "./theme.js";

interface ChartSpec {
  readonly title: string;
  /** In the metrics' catalog; shown when the pointer rests on the title. */
  readonly help: string;
  readonly series: readonly { readonly name: keyof Point; readonly color: string; readonly label?: string }[];
  /** The top of the scale is at least this; ratios stay between 0 and 1. */
  readonly top: number;
  readonly format: (value: number) => string;
  /** Shorter, for the scale's marks. */
  readonly mark: (value: number) => string;
  /** Distances that marks may have; default: those of the decimal system. */
  readonly steps?: number[];
  /** More words beside the figure. */
  readonly note?: (point: Point, metrics: InstanceMetrics) => string;
}

const note = {
  cpu: (_point: Point, { limits, rates }: InstanceMetrics): string => {
    const throttled = rates["cpu_throttled_ratio"] ?? 0;
    if (throttled > 0.01) return `held at ${limits.cpus} CPU`;
    return limits.cpus < limits.vcpus ? `limit ${limits.cpus} CPU` : "";
  },
  memory: (point: Point, { limits }: InstanceMetrics): string =>
    `${formatBytes(point.memory * limits.memoryBytes)} of ${formatBytes(limits.memoryBytes)}`,
};

const BYTE_STEPS = Array.from({ length: 40 }, (_, power) => 2 ** power);

// prettier-ignore
const CHARTS: readonly ChartSpec[] = [
  { title: "CPU", help: "Busy time / (wall time × vCPUs)", top: 1, format: formatPercent, mark: formatPercent, steps: [0.5], note: note.cpu,
    series: [{ name: "cpu", color: "chart-cpu" }] },
  { title: "Memory", help: "Guest memory that costs host memory / limit", top: 1, format: formatPercent, mark: formatPercent, steps: [0.5], note: note.memory,
    series: [{ name: "memory", color: "chart-memory" }] },
  { title: "Instructions", help: "Guest instructions executed per second", top: 1e6, format: (value) => `${formatCount(value)}/s`, mark: (value) => formatCount(value).replace(".0", ""),
    series: [{ name: "instructions", color: "chart-instructions" }] },
  { title: "I/O", help: "Bytes that all devices read and wrote per second", top: 1024, format: formatByteRate, mark: formatBytes, steps: BYTE_STEPS,
    series: [{ name: "read", color: "chart-read", label: "read" }, { name: "write", color: "chart-write", label: "write" }] },
];

const PLOT_HEIGHT = 96;
const AXIS_WIDTH = 52;

class Chart {
  readonly element: HTMLElement;
  readonly #spec: ChartSpec;
  readonly #history: () => History | undefined;
  readonly #metrics: () => InstanceMetrics | undefined;
  readonly #value = el("span", { class: "chart-value" }, "–");
  readonly #note = el("span", { class: "chart-note" });
  readonly #plot = el("div", { class: "chart-plot", attrs: { role: "img" } });
  #uplot: uPlot | undefined;
  #cursorMs: number | undefined;

  constructor(spec: ChartSpec, history: () => History | undefined, metrics: () => InstanceMetrics | undefined) {
    this.#spec = spec;
    this.#history = history;
    this.#metrics = metrics;
    const title = el("span", { class: "chart-title", attrs: { title: spec.help } }, spec.title);
    this.element = el("figure", { class: "chart" }, el("figcaption", {}, title, this.#value, this.#note), this.#plot);
  }

  /** Draws anew, with the theme's colours, in the width that the page gives now. */
  rebuild(): void {
    this.#uplot?.destroy();
    const width = Math.max(120, this.#plot.clientWidth);
    this.#uplot = new uPlot(this.#options(width), this.#data(), this.#plot);
    this.update();
  }

  resize(): void {
    const width = Math.max(120, this.#plot.clientWidth);
    if (this.#uplot !== undefined && this.#uplot.width !== width) this.#uplot.setSize({ width, height: PLOT_HEIGHT });
  }

  update(): void {
    this.#uplot?.setData(this.#data());
    this.#showValue();
  }

  destroy(): void {
    this.#uplot?.destroy();
  }

  #data(): AlignedData {
    const columns = this.#history()?.columns(this.#spec.series.map(({ name }) => name));
    return (columns ?? [[], ...this.#spec.series.map(() => [])]) as AlignedData;
  }

  #showValue(): void {
    const [metrics, history] = [this.#metrics(), this.#history()];
    const point = this.#cursorMs === undefined ? (metrics === undefined ? undefined : history?.last) : history?.pointNear(this.#cursorMs);
    const { series, format, title } = this.#spec;
    const figure = (value: number, label?: string): string => (label === undefined ? format(value) : `${label} ${format(value)}`);
    const text = point === undefined ? "–" : series.map(({ name, label }) => figure(point[name], label)).join("  ");
    setText(this.#value, text);
    setText(this.#note, this.#noteText(point, metrics));
    this.#plot.ariaLabel = `${title} over the last two minutes, now ${text}`;
  }

  #noteText(point: Point | undefined, metrics: InstanceMetrics | undefined): string {
    if (this.#cursorMs !== undefined) return `at ${formatClock(new Date(this.#cursorMs).toISOString())}`;
    return point === undefined || metrics === undefined ? "" : (this.#spec.note?.(point, metrics) ?? "");
  }

  #onCursor(plot: uPlot): void {
    const seconds = plot.cursor.idx === null || plot.cursor.idx === undefined ? undefined : plot.data[0][plot.cursor.idx];
    this.#cursorMs = seconds === undefined || (plot.cursor.left ?? -1) < 0 ? undefined : seconds * 1000;
    this.#showValue();
  }

  #options(width: number): Options {
    const { series, top, mark, steps } = this.#spec;
    const font = `11px ${getComputedStyle(document.body).fontFamily}`;
    const axis = { stroke: cssColor("text-faint"), font, ticks: { show: false }, gap: 4 };
    const grid = { stroke: cssColor("line-faint"), width: 1 };
    return {
      width,
      height: PLOT_HEIGHT,
      padding: [8, 16, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: "wardian" }, y: false, drag: { x: false, y: false }, points: { size: 6 } },
      scales: {
        x: { range: () => [(Date.now() - WINDOW_MS) / 1000, Date.now() / 1000] },
        y: { range: (_plot, _min, max) => [0, top === 1 ? 1 : Math.max(top, (max ?? 0) * 1.1)] },
      },
      axes: [
        { ...axis, grid: { show: false }, size: 18, incrs: [30], space: 60, values: (_plot, splits) => splits.map(clockLabel) },
        {
          ...axis,
          grid,
          size: AXIS_WIDTH,
          space: 26,
          ...(steps === undefined ? {} : { incrs: steps }),
          values: (_plot, splits) => splits.map(mark),
        },
      ],
      series: [
        {},
        ...series.map(({ color }) => ({
          stroke: cssColor(color),
          fill: `color-mix(in srgb, ${cssColor(color)} 14%, transparent)`,
          width: 1.5,
          points: { show: false },
        })),
      ],
      hooks: { setCursor: [(plot) => this.#onCursor(plot)] },
    };
  }
}

/** Every half minute is marked, every whole one has its time. */
function clockLabel(seconds: number): string {
  return seconds % 60 === 0 ? formatClock(new Date(seconds * 1000).toISOString()).slice(0, 5) : "";
}

export class Charts {
  readonly element = el("div", { class: "charts", attrs: { role: "group", "aria-label": "Utilization" } });
  readonly #charts: readonly Chart[];
  readonly #stop = new AbortController();

  constructor(history: () => History | undefined, metrics: () => InstanceMetrics | undefined) {
    this.#charts = CHARTS.map((spec) => new Chart(spec, history, metrics));
    this.element.append(...this.#charts.map((chart) => chart.element));
    themeChanged.subscribe(() => this.rebuild(), this.#stop.signal);
    const observer = new ResizeObserver(() => this.#charts.forEach((chart) => chart.resize()));
    observer.observe(this.element);
    this.#stop.signal.addEventListener("abort", () => observer.disconnect());
  }

  /** To be called once the element is part of the page. */
  rebuild(): void {
    for (const chart of this.#charts) chart.rebuild();
  }

  update(): void {
    for (const chart of this.#charts) chart.update();
  }

  destroy(): void {
    this.#stop.abort();
    for (const chart of this.#charts) chart.destroy();
  }
}
