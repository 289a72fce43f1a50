// What a module may import of WASI, as the tables say; made into functions for one container. May depend on the files beside it.
import { type Call, type Import, traced } from "./call.js";
import type { Context } from "./context.js";
import { PREVIEW1 } from "./preview1.js";
import { UNSTABLE } from "./unstable.js";

/** By the name of the import's module. */
export const WASI_MODULES: Readonly<Record<string, Readonly<Record<string, Call>>>> = {
  wasi_snapshot_preview1: PREVIEW1,
  wasi_unstable: UNSTABLE,
};

export function isWasiCall(module: string, name: string): boolean {
  const table = Object.hasOwn(WASI_MODULES, module) ? WASI_MODULES[module] : undefined;
  return table !== undefined && Object.hasOwn(table, name);
}

export interface Wanted {
  readonly module: string;
  readonly name: string;
}

/** Only what is wanted is made. With `tell`, each call is told as a line. */
export function makeImports(
  context: Context,
  wanted: readonly Wanted[],
  tell?: (line: string) => void,
): Record<string, Record<string, Import>> {
  const imports: Record<string, Record<string, Import>> = {};
  for (const { module, name } of wanted) {
    if (!isWasiCall(module, name)) continue;
    const row = WASI_MODULES[module]?.[name] as Call;
    const own = row.bind(context);
    (imports[module] ??= {})[name] = tell === undefined ? own : traced(name, row, context, own, tell);
  }
  return imports;
}
