// Exports a module's start function in place of starting with it: while an instance is made, nobody can get at the memory that it exports,
// so that calls of WASI from there would find every pointer out of bounds. Depends on src/errors.ts only.
import { editSections } from "./append.js";
import { inspect, type ModuleInfo } from "./inspect.js";
import { EXPORT, freeExportName, writeExport } from "./own-export.js";
import { SECTION } from "./sections.js";
import { Writer } from "./writer.js";

export interface DeferredModule {
  readonly bytes: Uint8Array;
  /** To be called first, where there is one. */
  readonly startExport: string | undefined;
}

/** The module as it is where it has no start function, or one that V8 refuses. */
export function deferStart(bytes: Uint8Array, info: ModuleInfo = inspect(bytes)): DeferredModule {
  const { startFunction } = info;
  if (startFunction === undefined || !isPlain(info, startFunction)) return { bytes, startExport: undefined };
  const startExport = freeExportName(info, "wardian start");
  const writer = new Writer();
  writeExport(writer, startExport, EXPORT.function, startFunction);
  const append = new Map([[SECTION.export, { count: 1, entries: writer.take() }]]);
  const drop = ({ id }: { id: number }): boolean => id === SECTION.start;
  return { bytes: editSections(bytes, info.sections, { append, replace: new Map(), drop }), startExport };
}

/** Without parameters and results, as a start function has to be. */
function isPlain({ types, functionTypes }: ModuleInfo, index: number): boolean {
  const type = types[functionTypes[index] ?? -1];
  return type !== undefined && type.params.length === 0 && type.results.length === 0;
}
