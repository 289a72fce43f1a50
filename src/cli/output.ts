// What commands print on stdout: lines for people or JSON, tables, and streams at the pace of whoever reads them. Depends on message.ts.
import { printable } from "./message.js";

/** Resolves when it has left; false where nobody reads any more. */
export function writeOut(data: string | Uint8Array, stream: NodeJS.WriteStream = process.stdout): Promise<boolean> {
  return new Promise((resolve) => stream.write(data, (error) => resolve(error === undefined || error === null)));
}

/** JSON.stringify leaves U+007F to U+009F as they are, and terminals take some of them for commands. */
export function toJson(value: unknown, indent?: number): string {
  // oxlint-disable-next-line no-control-regex -- they are what is written otherwise
  return JSON.stringify(value, undefined, indent).replace(/[\u007f-\u009f]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}

/** One line: `text` for people, or `value` as JSON. */
export function print(options: { readonly json?: true }, value: unknown, text: string): Promise<boolean> {
  return writeOut(`${options.json === true ? toJson(value) : printable(text)}\n`);
}

const GAP = "   ";

/** Columns as wide as they need to be. Cells may come from anybody. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => printable(cell)));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
  const lines = cells.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(GAP));
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}
