// A row of the table: one call of WASI. Its parameters give its bounds, its signature and its trace; its group gives what it is counted as.
// May depend on the files beside it.
import type { Context } from "./context.js";
import { ERRNO, errnoName } from "./errno.js";
import type { NumbersOf, Param } from "./param.js";

/** What calls are counted as. */
export const CALL_GROUPS = ["environment", "clock", "random", "process", "data", "descriptor", "path", "poll", "socket"] as const;
export type CallGroup = (typeof CALL_GROUPS)[number];

/** Places in Context.counts: calls by group, then these. */
export const CALL_COUNTERS = [...CALL_GROUPS, "read_bytes", "written_bytes", "memory_bytes"] as const;
export const READ_BYTES = CALL_GROUPS.length;
export const WRITTEN_BYTES = CALL_GROUPS.length + 1;
/** The size of its memory, as of its last call that needed to know. */
export const MEMORY_BYTES = CALL_GROUPS.length + 2;

export function add({ counts }: Context, counter: number, value: number): void {
  counts[counter] = (counts[counter] as number) + value;
}

type Numbers = readonly (number | bigint)[];
/** What the guest imports. */
export type Import = (...args: never[]) => number;

export interface Call {
  readonly group: CallGroup;
  readonly params: readonly Param[];
  /** In a word or two, where it is not all that the specification says. */
  readonly note?: string | undefined;
  /** `import` for one container: bounds are checked, it is counted. */
  bind(context: Context): Import;
}

type Flat<P extends readonly Param[]> = P extends readonly [infer Head extends Param, ...infer Tail extends readonly Param[]]
  ? [...NumbersOf<Head["wasm"]>, ...Flat<Tail>]
  : [];

interface Check {
  readonly at: number;
  readonly holds: NonNullable<Param["holds"]>;
}

/** An ordinary call: what its parameters name is looked at before `run` is. */
export function call<const P extends readonly Param[]>(
  group: CallGroup,
  params: P,
  run: (context: Context, ...args: Flat<P>) => number,
  note?: string,
): Call {
  const checks = checksOf(params);
  const index = CALL_GROUPS.indexOf(group);
  const bind = (context: Context): Import => {
    const { memory, counts } = context;
    return (...args: Numbers) => {
      counts[index] = (counts[index] as number) + 1;
      for (const { at, holds } of checks) if (!holds(memory, args[at] as number, args[at + 1] as number)) return ERRNO.fault;
      return run(context, ...(args as Flat<P>));
    };
  };
  return { group, params, note, bind };
}

/** A call that is made so often that it looks at its bounds itself, and allocates nothing. */
export function fastCall<const P extends readonly Param[]>(
  group: CallGroup,
  params: P,
  bind: (context: Context, counted: number) => (...args: Flat<P>) => number,
): Call {
  return { group, params, note: undefined, bind: (context) => bind(context, CALL_GROUPS.indexOf(group)) as Import };
}

function checksOf(params: readonly Param[]): Check[] {
  let at = 0;
  return params.flatMap((param) => {
    const own = at;
    at += param.wasm.length;
    return param.holds === undefined ? [] : [{ at: own, holds: param.holds }];
  });
}

/** The same import, with a line told of each call: name, arguments, result. */
export function traced(name: string, { params }: Call, { memory }: Context, inner: Import, tell: (line: string) => void): Import {
  return (...args: Numbers) => {
    const shown = showArguments(params, args, memory);
    try {
      const result = (inner as (...args: Numbers) => number)(...args);
      tell(`${name}(${shown}) = ${errnoName(result)}`);
      return result;
    } catch (error) {
      tell(`${name}(${shown}) = ?`);
      throw error;
    }
  };
}

function showArguments(params: readonly Param[], args: Numbers, memory: Context["memory"]): string {
  let at = 0;
  const shown = params.map((param) => {
    const text = param.show(memory, args[at] ?? 0, args[at + 1] ?? 0);
    at += param.wasm.length;
    return text;
  });
  return shown.join(", ");
}
