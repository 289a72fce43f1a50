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

export interface Wanted {
  readonly module: string;
  readonly name: string;
}

function findCall({ module, name }: Wanted): Call | undefined {
  const table = Object.hasOwn(WASI_MODULES, module) ? WASI_MODULES[module] : undefined;
  return table !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
}

/** The type of a call, as WebAssembly's text has it; undefined where there is no such call. All but proc_exit, which does not come back,
 *  give an errno. */
export function typeOfCall(wanted: Wanted): string | undefined {
  const call = findCall(wanted);
  if (call === undefined) return undefined;
  const params = call.params.flatMap(({ wasm }) => wasm);
  return `(${params.join(", ")}) -> ${wanted.name === "proc_exit" ? "()" : "i32"}`;
}

/** Only what is wanted is made. With `tell`, each call is told as a line. */
export function makeImports(
  context: Context,
  wanted: readonly Wanted[],
  tell?: (line: string) => void,
): Record<string, Record<string, Import>> {
  const imports: Record<string, Record<string, Import>> = {};
  for (const one of wanted) {
    const row = findCall(one);
    if (row === undefined) continue;
    const { module, name } = one;
    const own = row.bind(context);
    (imports[module] ??= {})[name] = tell === undefined ? own : traced(name, row, context, own, tell);
  }
  return imports;
}
