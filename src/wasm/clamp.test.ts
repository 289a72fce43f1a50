import { describe, expect, it } from "vitest";
import { clamp } from "./clamp.js";
import { inspect } from "./inspect.js";
import { assemble, failure, moduleOf, section } from "./module-samples.js";

const OPTIONS = { maxMemoryPages: 10, maxTableElements: 100 };

const maxima = (bytes: Uint8Array): (bigint | undefined)[] => [...inspect(bytes).memories, ...inspect(bytes).tables].map(({ max }) => max);

describe("clamp", () => {
  it.each([
    ["a memory without maximum", "(memory 1)", [10n]],
    ["a memory with a larger maximum", "(memory 1 65536)", [10n]],
    ["a memory with a smaller maximum", "(memory 1 3)", [3n]],
    ["an imported memory", '(import "env" "memory" (memory 2))', [10n]],
    ["a shared memory", "(memory 1 500 shared)", [10n]],
    ["a table", "(table 20 funcref)", [100n]],
    ["tables, which share", '(import "a" "b" (table 10 funcref)) (table 30 externref)', [40n, 60n]],
    ["an imported and a defined one, of different kinds", '(import "a" "b" (table 0 funcref)) (memory 0)', [10n, 100n]],
  ])("limits %s", (_, text, expected) => {
    const clamped = clamp(assemble(`(module ${text})`), OPTIONS);
    expect(maxima(clamped)).toEqual(expected);
    expect(WebAssembly.validate(clamped as Uint8Array<ArrayBuffer>)).toBe(true);
  });

  it("is held by V8", () => {
    const module = clamp(assemble('(module (memory (export "m") 1) (table (export "t") 1 funcref))'), OPTIONS) as Uint8Array<ArrayBuffer>;
    const { m, t } = new WebAssembly.Instance(new WebAssembly.Module(module)).exports as { m: WebAssembly.Memory; t: WebAssembly.Table };
    expect(m.grow(9)).toBe(1);
    expect(() => m.grow(1)).toThrow(RangeError);
    expect(t.grow(99)).toBe(1);
    expect(() => t.grow(1)).toThrow(RangeError);
  });

  it("keeps all else byte for byte, also what is encoded in a wasteful way", () => {
    const before = [...section(0, 1, 0x61, 1, 2, 3), 1, 0x84, 0x80, 0, 1, 0x60, 0, 0];
    const after = [...section(7, 0), ...section(0, 1, 0x62)];
    expect(clamp(moduleOf(before, section(5, 1, 0, 1), after), OPTIONS)).toEqual(moduleOf(before, section(5, 1, 1, 1, 10), after));
    const wasteful = moduleOf(before, [5, 0x85, 0x80, 0, 1, 1, 1, 0x82, 0], after);
    expect(clamp(wasteful, OPTIONS)).toEqual(wasteful);
  });

  it("refuses a minimum above the limit, and says how much it wants and what it may have", () => {
    expect(failure(() => clamp(assemble("(module (memory 1600))"), OPTIONS))).toBe(
      "wasm-memory-limit: the program wants 100 MiB of memory (1600 pages) to start with; it may have 640 KiB (10 pages)",
    );
    expect(failure(() => clamp(assemble("(module (table 60 funcref) (table 60 funcref))"), OPTIONS))).toBe(
      "wasm-table-limit: the program wants tables of 120 elements to start with; it may have 100",
    );
  });

  it("handles memories with addresses of 64 bits", () => {
    expect(maxima(clamp(moduleOf(section(5, 1, 4, 1)), OPTIONS))).toEqual([10n]);
    expect(failure(() => clamp(moduleOf(section(5, 1, 4, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1)), OPTIONS))).toContain(
      "wasm-memory-limit",
    );
  });
});
