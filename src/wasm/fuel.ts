// The host's side of a metered module: gives it fuel, and is asked when that is used up. Depends on src/errors.ts only.
import type { MeteredModule } from "./instrument.js";

/**
 * Asked when fuel has run out. `remaining` is negative: what was used beyond what there was. The result is the new count, which
 * includes `remaining`; a negative one ends the program with a trap that it cannot catch.
 */
export type Refill = (remaining: bigint) => bigint;

// (module (import "" "f" (func (param i64) (result i64))) (import "" "t" (table 1 funcref)) (elem (i32.const 0) func 0))
const LINK = Uint8Array.of(
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 6, 1, 0x60, 1, 0x7e, 1, 0x7e, 2, 13, 2, 0, 1, 0x66, 0, 0, 0, 1, 0x74, 1, 0x70, 0, 1, 9, 7, 1, 0, 0x41, 0, 11, 1, 0,
); // prettier-ignore
let linkModule: WebAssembly.Module | undefined;

export interface Fuel {
  /** What is left. Not exact while the program is in a call to the host from within a loop: it never is (such loops count here). */
  get remaining(): bigint;
  set remaining(count: bigint);
}

/** Connects a fresh instance of a metered module, then runs its start function where it has one. Before this it has no fuel. */
export function linkFuel(instance: WebAssembly.Instance, names: Omit<MeteredModule, "bytes">, refill: Refill, fuel = 0n): Fuel {
  const counter = instance.exports[names.fuelExport] as WebAssembly.Global;
  linkModule ??= new WebAssembly.Module(LINK);
  void new WebAssembly.Instance(linkModule, { "": { f: refill, t: instance.exports[names.tableExport] as WebAssembly.Table } });
  counter.value = fuel;
  if (names.startExport !== undefined) (instance.exports[names.startExport] as () => void)();
  return {
    get remaining(): bigint {
      return counter.value as bigint;
    },
    set remaining(count: bigint) {
      counter.value = count;
    },
  };
}
