// build/clock.wasm (assembly/clock) as what a program imports: where it asks for the time over and over, no call leaves WebAssembly for
// JavaScript. The program's memory, which that module needs, exists only once the program is instantiated, and that needs its imports: so
// the program's calls go through a table, which holds the call in full at first. May depend on errors and the files above clock-page.ts and clock.ts.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { WardianError } from "../errors.js";
import type { ClockAnswer } from "./clock.js";
import type { Context } from "./context.js";

/** Bringing the module in takes some 10 us (measured, Node 20). */
const CALLS_BEFORE = 64;

/**
 *   (import "" "f" (func (param i32 i64 i32) (result i32)))   the call in full
 *   (table (export "t") 1 funcref) (elem 0)
 *   (func (export "f") (param i32 i64 i32) (result i32) (call_indirect (local.get 0) (local.get 1) (local.get 2) (i32.const 0)))
 */
// prettier-ignore
const DOOR = new Uint8Array([
  0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
  1, 8, 1, 0x60, 3, 0x7f, 0x7e, 0x7f, 1, 0x7f,
  2, 6, 1, 0, 1, 0x66, 0, 0,
  3, 2, 1, 0,
  4, 4, 1, 0x70, 0, 1,
  7, 9, 2, 1, 0x74, 1, 0, 1, 0x66, 0, 1,
  9, 7, 1, 0, 0x41, 0, 0x0b, 1, 0,
  10, 15, 1, 13, 0, 0x20, 0, 0x20, 1, 0x20, 2, 0x41, 0, 0x11, 0, 0, 0x0b,
]);

/** Compiled once a process; threads are handed them. */
export interface ClockModules {
  readonly door: WebAssembly.Module;
  readonly clock: WebAssembly.Module;
}

let compiled: ClockModules | undefined;

export function clockModules(): ClockModules {
  return (compiled ??= { door: new WebAssembly.Module(DOOR), clock: new WebAssembly.Module(moduleBytes()) });
}

/** build/clock.wasm, found from both src/ and dist/src/. */
function moduleBytes(): Uint8Array<ArrayBuffer> {
  for (const up of ["../../", "../../../"]) {
    const path = fileURLToPath(new URL(`${up}build/clock.wasm`, import.meta.url));
    if (existsSync(path)) return new Uint8Array(readFileSync(path));
  }
  throw new WardianError("kernel-missing", "build/clock.wasm is not there: run `npm run build`");
}

export type ClockTimeGet = (id: number, precision: bigint, ptr: number) => number;

/** `whole`, until it has been called often. `counted` is where the calls are counted. */
export function fastClock({ door, clock }: ClockModules, context: Context, counted: number, whole: ClockTimeGet): ClockTimeGet {
  let before = CALLS_BEFORE;
  const f: ClockTimeGet = (id, precision, ptr) => {
    if (--before === 0) bringIn(clock, context, counted, whole, exports.t as WebAssembly.Table);
    return whole(id, precision, ptr);
  };
  const { exports } = new WebAssembly.Instance(door, { "": { f } });
  return exports.f as ClockTimeGet;
}

/** Not for a memory that is shared, or that we do not know: the call in full goes on. */
function bringIn(module: WebAssembly.Module, context: Context, counted: number, whole: ClockTimeGet, table: WebAssembly.Table): void {
  const { kernel, clock, counts } = context;
  const { memory } = context.memory;
  if (memory === undefined || memory.buffer instanceof SharedArrayBuffer) return;
  const count = (calls: number): void => void (counts[counted] = (counts[counted] as number) + calls);
  const look = (left: number): void => count(clock.look(left, exports.answer as ClockAnswer));
  const { exports } = new WebAssembly.Instance(module, {
    env: { memory },
    kernel: { ticker_count: kernel.ticker_count },
    host: { whole, look },
  });
  context.atEnd = () => count(clock.allowed - (exports.left as WebAssembly.Global<"i32">).value);
  clock.handOver();
  table.set(0, exports.clock_time_get);
}
