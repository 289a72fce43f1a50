// The table of `wardian stats`: instances and what they use, one a line. May depend on types of metrics/.
import type { InstanceMetrics } from "../metrics/view.js";

export interface StatsRow {
  readonly metrics: InstanceMetrics;
  readonly restarts: number;
}

interface Column {
  readonly title: string;
  readonly isText?: boolean;
  readonly of: (row: StatsRow) => string;
}

const NONE = "-";
const isDisk = (device: string): boolean => device.startsWith("disk");
const any = (): boolean => true;

// prettier-ignore
const COLUMNS: readonly Column[] = [
  { title: "ID",           isText: true, of: ({ metrics }) => printable(metrics.instance).slice(0, 12) },
  { title: "NAME",         isText: true, of: ({ metrics }) => printable(metrics.name) },
  { title: "STATE",        isText: true, of: ({ metrics }) => printable(metrics.state) },
  { title: "CPU %",        of: ({ metrics }) => percent(metrics.rates.cpu_utilization, metrics.limits.vcpus) },
  { title: "MEM",          of: ({ metrics }) => bytes(metrics.counters.memory_resident_bytes) },
  { title: "LIMIT",        of: ({ metrics }) => bytes(metrics.limits.memoryBytes) },
  { title: "MEM %",        of: ({ metrics }) => percent(metrics.rates.memory_utilization) },
  { title: "M INSN/S",     of: ({ metrics }) => figure(metrics.rates.instructions_per_second, (rate) => (rate / 1e6).toFixed(1)) },
  { title: "TRANSL %",     of: ({ metrics }) => percent(metrics.rates.translated_ratio) },
  { title: "DISK R/S",     of: ({ metrics }) => bytes(sum(metrics, "device_read_bytes_per_second", isDisk)) },
  { title: "DISK W/S",     of: ({ metrics }) => bytes(sum(metrics, "device_write_bytes_per_second", isDisk)) },
  { title: "CONSOLE IN/S", of: ({ metrics }) => bytes(sum(metrics, "device_read_bytes_per_second", isConsole)) },
  { title: "OUT/S",        of: ({ metrics }) => bytes(sum(metrics, "device_write_bytes_per_second", isConsole)) },
  { title: "I/O OPS/S",    of: ({ metrics }) => count(operations(metrics)) },
  { title: "RESTARTS",     of: ({ restarts }) => String(restarts) },
];

function isConsole(device: string): boolean {
  return device === "serial" || device === "console";
}

/** Lines without their ends, none wider than `width`. */
export function renderStats(rows: readonly StatsRow[], width = Infinity): string[] {
  const cells = [COLUMNS.map(({ title }) => title), ...rows.map((row) => COLUMNS.map(({ of }) => of(row)))];
  const widths = COLUMNS.map((_, column) => Math.max(...cells.map((line) => (line[column] ?? "").length)));
  const pad = (text: string, column: number): string =>
    COLUMNS[column]?.isText === true ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0);
  return cells.map((line) => line.map(pad).join("  ").trimEnd().slice(0, width));
}

function sum({ deviceRates }: InstanceMetrics, name: string, isMeant: (device: string) => boolean): number | undefined {
  const devices = Object.entries(deviceRates).filter(([device]) => isMeant(device));
  return devices.length === 0 ? undefined : devices.reduce((total, [, rates]) => total + (rates[name] ?? 0), 0);
}

function operations(metrics: InstanceMetrics): number | undefined {
  const reads = sum(metrics, "device_read_operations_per_second", any);
  const writes = sum(metrics, "device_write_operations_per_second", any);
  return reads === undefined || writes === undefined ? undefined : reads + writes;
}

function figure(value: number | undefined, show: (value: number) => string): string {
  return value === undefined ? NONE : show(value);
}

/** Of one CPU: more than 100 where an instance has several. */
function percent(ratio: number | undefined, times = 1): string {
  return figure(ratio, (value) => (value * times * 100).toFixed(1));
}

function count(value: number | undefined): string {
  return figure(value, (number) => (number < 1e4 ? number.toFixed(0) : `${(number / 1e3).toFixed(0)}k`));
}

const SIZES = ["B", "K", "M", "G", "T"];

function bytes(value: number | undefined): string {
  return figure(value, (size) => {
    const power = Math.min(SIZES.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, size)) / 10)));
    const scaled = size / 1024 ** power;
    return `${power === 0 || scaled >= 100 ? scaled.toFixed(0) : scaled.toFixed(1)}${SIZES[power] ?? ""}`;
  });
}

/** A server that is not ours may send anything. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is taken out
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "?");
}
