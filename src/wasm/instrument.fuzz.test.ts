// What counts its fuel does what it did before: random modules, and mutated ones.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WardianError } from "../errors.js";
import { clamp } from "./clamp.js";
import { linkFuel } from "./fuel.js";
import { instrument, type MeteredModule } from "./instrument.js";
import { inspect } from "./inspect.js";
import { MARKER_WEIGHT, randomModule } from "./random-module-samples.js";

const RUNS = Number(process.env["WARDIAN_FUZZ_MODULES"] ?? 400);
const ENOUGH = 1n << 50n;
/** What a small function that the host itself calls does not pay for. */
const UNPAID = 4n * 48n;
/** How much may be used behind the last place where the counter is looked at. */
const OVERSHOOT = 3000n;

interface Outcome {
  readonly results: unknown[];
  readonly state: unknown[];
  readonly markers: bigint;
}

/** Calls every function of a module once, in order, with fixed arguments. */
function outcome(instance: WebAssembly.Instance): Outcome {
  const { exports } = instance;
  const results: unknown[] = [];
  for (const key of Object.keys(exports).filter((key) => /^f\d+$/.test(key))) {
    (exports["steps"] as WebAssembly.Global).value = 3000;
    results.push(call(exports[key] as (...list: unknown[]) => unknown));
  }
  const values = ["a", "b", "c"].map((key) => (exports[key] as WebAssembly.Global).value as unknown);
  const memory = Buffer.from((exports["memory"] as WebAssembly.Memory).buffer).toString("latin1");
  return { results, state: [...values, memory], markers: (exports["markers"] as WebAssembly.Global).value as bigint };
}

function call(run: (...list: unknown[]) => unknown): unknown {
  for (const list of [
    [3, 5n],
    [1.5, 4],
  ]) {
    try {
      return run(...list);
    } catch (error) {
      if (error instanceof TypeError) continue; // Other types of parameters.
      if (error instanceof RangeError) return "stack overflow";
      return error instanceof WebAssembly.RuntimeError ? error.message : "exception";
    }
  }
  return "not called";
}

function runMetered(module: MeteredModule, portion: bigint): Outcome & { used: bigint } {
  let given = portion;
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.bytes), {});
  const refill = (remaining: bigint): bigint => {
    const more = ((-remaining + portion - 1n) / portion) * portion;
    given += more;
    return remaining + more;
  };
  const fuel = linkFuel(instance, module, refill, portion);
  const result = outcome(instance);
  return { ...result, used: given - fuel.remaining };
}

/** A trap but for `unreachable`, in a loop, loses what the loop has counted since it last asked: the program has ended anyway. */
const hasOtherTrap = ({ results }: Outcome): boolean =>
  results.some((result) => typeof result === "string" && result !== "unreachable" && result !== "exception");

const choices = fc.array(fc.nat(0xffff), { minLength: 20, maxLength: 600, size: "max" });

describe("a random module", () => {
  it("is valid, and gives the same with counters; fuel is never below what ran, and the same in any portions", () => {
    let long = 0;
    fc.assert(
      fc.property(choices, (list) => {
        const source = randomModule(list);
        expect(WebAssembly.validate(source)).toBe(true);
        const plain = outcome(new WebAssembly.Instance(new WebAssembly.Module(source), {}));
        if (plain.results.includes("stack overflow")) return;
        const metered = instrument(source);
        expect(WebAssembly.validate(metered.bytes)).toBe(true);
        const once = runMetered(metered, ENOUGH);
        const exact = !hasOtherTrap(plain);
        expect({ ...once, used: 0 }).toEqual({ ...plain, used: 0 });
        if (exact) expect(once.used + UNPAID).toBeGreaterThanOrEqual(plain.markers * BigInt(MARKER_WEIGHT));
        expect(runMetered(metered, ENOUGH)).toEqual(once);
        const portions = runMetered(metered, 7n);
        expect(exact ? portions : { ...portions, used: 0 }).toEqual(exact ? once : { ...once, used: 0 });
        if (plain.markers > 500n) long++;
      }),
      { numRuns: RUNS },
    );
    expect(long).toBeGreaterThan(RUNS / 20);
  });

  it("ends where its fuel ends", () => {
    fc.assert(
      fc.property(choices, fc.nat(5000), (list, limit) => {
        const metered = instrument(randomModule(list));
        const once = runMetered(metered, ENOUGH);
        if (hasOtherTrap(once)) return;
        const { used } = once;
        const instance = new WebAssembly.Instance(new WebAssembly.Module(metered.bytes), {});
        let asked = 0;
        linkFuel(instance, metered, (remaining) => (asked++, remaining), BigInt(limit));
        const { results } = outcome(instance);
        if (results.includes("stack overflow")) return;
        if (asked > 0) expect(used).toBeGreaterThan(BigInt(limit));
        else expect(used).toBeLessThanOrEqual(BigInt(limit) + OVERSHOOT);
        if (asked > 0) expect(results).toContain("unreachable");
      }),
      { numRuns: RUNS / 4 },
    );
  });
});

describe("a mutated module", () => {
  it("never makes anything throw but a WardianError of one line, and what is accepted stays valid", () => {
    const mutation = fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.nat(2)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(choices, mutation, (list, changes) => {
        const bytes = mutate(randomModule(list), changes);
        const valid = WebAssembly.validate(bytes);
        for (const run of [() => void inspect(bytes), () => void clamp(bytes, { maxMemoryPages: 2, maxTableElements: 100 })]) attempt(run);
        const metered = attempt(() => instrument(bytes));
        if (metered !== undefined) expect(WebAssembly.validate(metered.bytes)).toBe(true);
        if (valid) expect(metered).toBeDefined();
      }),
      { numRuns: RUNS * 2 },
    );
  });
});

function mutate(bytes: Uint8Array, changes: [number, number, number][]): Uint8Array<ArrayBuffer> {
  const list = [...bytes];
  for (const [at, byte, how] of changes) {
    const index = 8 + (at % (list.length - 8));
    if (how === 0) list[index] = byte;
    else if (how === 1) list.splice(index, 1 + (byte % 3));
    else list.splice(index, 0, byte);
  }
  return Uint8Array.from(list);
}

function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof WardianError)) throw error;
    expect(error.message).not.toMatch(/[\n\r]/);
    return undefined;
  }
}
