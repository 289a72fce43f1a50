// What is added to a module's exports: a name that it has not given itself, and the entry. Depends on src/errors.ts only.
import type { ModuleInfo } from "./inspect.js";
import type { Writer } from "./writer.js";

/** Numbers of the kinds that are added. */
export const EXPORT = { function: 0, table: 1, global: 3 } as const;

export function freeExportName({ exports }: ModuleInfo, wanted: string): string {
  const taken = new Set(exports.map(({ name }) => name));
  let name = wanted;
  for (let count = 2; taken.has(name); count++) name = `${wanted} ${count}`;
  return name;
}

export function writeExport(writer: Writer, name: string, kind: number, index: number): void {
  writer.sized(new TextEncoder().encode(name));
  writer.u8(kind);
  writer.u32(index);
}
