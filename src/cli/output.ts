// What commands print on stdout: lines for people or JSON, tables, and streams at the pace of whoever reads them. Depends on message.ts.
import { printable } from "./message.js";

/** Resolves when it has left; false where nobody reads any more. */
export function writeOut(data: string | Uint8Array, stream: NodeJS.WriteStream = process.stdout): Promise<boolean> {
  return new Promise((resolve) => stream.write(data, (error) => resolve(error === undefined || error === null)));
}

/** One line: `text` for people, or `value` as JSON. */
export function print(options: { readonly json?: true }, value: unknown, text: string): Promise<boolean> {
  return writeOut(`${options.json === true ? JSON.stringify(value) : printable(text)}\n`);
}

const GAP = "   ";

/** Columns as wide as they need to be. Cells may come from anybody. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => printable(cell)));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
  const lines = cells.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(GAP));
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}
