// What a benchmark gives, and how it is shown: a table for people, one line of JSON for programs. Depends on header.ts.
import type { Header } from "./header.js";

export interface Row {
  readonly case: string;
  readonly ours: number;
  readonly theirs: number;
  /** Above 1 means that we are better, whichever way the unit runs. */
  readonly ratio: number;
  readonly unit: string;
  /** What our machine did meanwhile, where that says something: million guest instructions a second. */
  readonly oursMips?: number;
  /** The share of these that ran translated. */
  readonly oursTranslated?: number;
  /** What our machine counted meanwhile, by the names of the metrics' catalog: for programs, not in the table. */
  readonly oursCounters?: Readonly<Record<string, number>>;
}

export interface Report {
  readonly bench: string;
  readonly rows: readonly Row[];
  /** What a reader must know to understand the figures; a line each. */
  readonly notes: readonly string[];
}

export function moreIsBetter(name: string, ours: number, theirs: number, unit: string): Row {
  return { case: name, ours: round(ours), theirs: round(theirs), ratio: round(ours / theirs), unit };
}

export function lessIsBetter(name: string, ours: number, theirs: number, unit: string): Row {
  return { case: name, ours: round(ours), theirs: round(theirs), ratio: round(theirs / ours), unit };
}

/** The mean that is fair to ratios. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** Four digits are more than a measurement of this kind is worth. */
function round(value: number): number {
  return Number(value.toPrecision(4));
}

/** Columns that only some benchmarks have. */
const MORE_COLUMNS: readonly { readonly title: string; of(row: Row): string | undefined }[] = [
  { title: "ours, M instructions/s", of: ({ oursMips }) => oursMips?.toFixed(1) },
  { title: "translated", of: ({ oursTranslated }) => oursTranslated?.toFixed(4) },
];

export function renderTable(report: Report): string {
  const more = MORE_COLUMNS.filter(({ of }) => report.rows.some((row) => of(row) !== undefined));
  const head = ["case", "ours", "theirs", "ratio", "unit", ...more.map(({ title }) => title)];
  const body = report.rows.map((row) => [
    row.case,
    String(row.ours),
    String(row.theirs),
    String(row.ratio),
    row.unit,
    ...more.map(({ of }) => of(row) ?? ""),
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...body.map((cells) => cells[column]?.length ?? 0)));
  const isText = (column: number): boolean => column === 0 || column === 4;
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (isText(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd();
  return [`${report.bench}: ratio above 1 = we are better`, line(head), ...body.map(line), ...report.notes].join("\n");
}

export function renderJson(report: Report, header: Header): string {
  return JSON.stringify({ bench: report.bench, header, rows: report.rows, notes: report.notes });
}
