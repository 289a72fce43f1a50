import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readBodies, walkBody } from "./bodies.js";
import { Instruction } from "./instruction.js";
import { linkFuel, type Fuel } from "./fuel.js";
import { inspect } from "./inspect.js";
import { instrument } from "./instrument.js";
import { MODULE_LIMITS } from "./limits.js";
import { assemble, failure, moduleOf, section } from "./module-samples.js";

const ENOUGH = 1n << 40n;

interface Running {
  readonly exports: Record<string, (...list: unknown[]) => unknown>;
  readonly fuel: Fuel;
  readonly asked: bigint[];
}

/** Instantiates with counters; a refill gives `portion`, and nothing more after `limit` portions. */
function start(text: string, { first = ENOUGH, portion = ENOUGH, limit = Infinity, imports = {} as WebAssembly.Imports } = {}): Running {
  const metered = instrument(assemble(text));
  const instance = new WebAssembly.Instance(new WebAssembly.Module(metered.bytes), imports);
  const asked: bigint[] = [];
  const refill = (remaining: bigint): bigint => {
    asked.push(remaining);
    return asked.length > limit ? remaining : remaining + portion;
  };
  const fuel = linkFuel(instance, metered, refill, first);
  return { exports: instance.exports as Running["exports"], fuel, asked };
}

const used = ({ exports, fuel }: Running, name: string, ...list: unknown[]): bigint => {
  const before = fuel.remaining;
  exports[name]?.(...list);
  return before - fuel.remaining;
};

const COUNT = `(func (export "f") (param i32) (result i32) (local i32)
  (loop (local.set 1 (i32.add (local.get 1) (i32.const 3))) (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
  (local.get 1))`;

describe("fuel", () => {
  it("is one an instruction, in a loop as well", () => {
    const running = start(`(module ${COUNT})`);
    expect(used(running, "f", 1)).toBe(10n);
    expect(used(running, "f", 1001)).toBe(9n * 1000n + 10n);
    expect(running.exports["f"]?.(5)).toBe(15);
  });

  it("runs out: the host is asked with the overshoot, and its answer counts", () => {
    const running = start(`(module ${COUNT})`, { first: 100n, portion: 1000n });
    expect(running.exports["f"]?.(500)).toBe(1500);
    expect(running.asked.length).toBeGreaterThan(3);
    expect(running.asked.every((remaining) => remaining < 0n && remaining >= -10n)).toBe(true);
    expect(100n + 1000n * BigInt(running.asked.length) - running.fuel.remaining).toBe(9n * 500n + 1n);
  });

  it("ends the program when there is none, and no catch_all can help that", () => {
    const running = start(
      `(module (func (export "f") (try (do (loop (br 0))) (catch_all))) (func (export "g") (loop (try (do (call $r)) (catch_all)) (br 0)))
        (func $r (if (i32.const 1) (then (call $r)))))`,
      { first: 1000n, limit: 0 },
    );
    expect(() => running.exports["f"]?.()).toThrow(WebAssembly.RuntimeError);
    expect(running.asked).toHaveLength(1);
    expect(running.fuel.remaining).toBeLessThan(0n);
    expect(() => running.exports["g"]?.()).toThrow(WebAssembly.RuntimeError);
  });

  it("is paid for by a loop that is left in any way", () => {
    const running = start(`(module
      (func (export "branch") (param i32) (block (loop (br_if 1 (i32.eqz (local.get 0))) (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br 0))))
      (func (export "value") (param i32) (result i32) (block (result i32) (loop (drop (br_if 1 (i32.const 7) (i32.eqz (local.get 0))))
        (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br 0)) (unreachable)))
      (func (export "return") (param i32) (loop (if (i32.eqz (local.get 0)) (then (return))) (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br 0)))
      (func (export "table") (param i32) (block (block (loop (br_table 1 2 (i32.eqz (local.get 0)))) (unreachable))
        (loop (block (br_table 0 2 (i32.eqz (local.get 0)))) (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br 0))))
      (tag $t) (func $thrower (param i32) (loop (if (i32.eqz (local.get 0)) (then (throw $t))) (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br 0)))
      (func (export "throw") (param i32) (try (do (call $thrower (local.get 0))) (catch $t)))
      (func $next (param i32) (result i32) (i32.const 9))
      (func (export "tail") (param i32) (result i32) (loop (if (i32.eqz (local.get 0)) (then (return_call $next (i32.const 1))))
        (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br 0)) (unreachable)))`);
    for (const name of ["branch", "value", "return", "table", "throw", "tail"]) {
      const once = used(running, name, 1);
      const more = used(running, name, 1001);
      expect(more - once, name).toBeGreaterThanOrEqual(7n * 1000n);
      expect(more - once, name).toBeLessThanOrEqual(12n * 1000n);
    }
  });

  it("pays for bulk operations by their length", () => {
    const running = start(`(module (memory 64) (table 10 funcref)
      (func (export "fill") (param i32) (memory.fill (i32.const 0) (i32.const 1) (local.get 0)))
      (func (export "copy") (param i32) (loop (memory.copy (i32.const 0) (i32.const 9) (local.get 0))))
      (func (export "grow") (result i32) (table.grow (ref.null func) (i32.const 6400))))`);
    for (const name of ["fill", "copy"]) expect(used(running, name, 1 << 20) - used(running, name, 0)).toBe(1n << 14n);
    expect(used(running, "grow")).toBeGreaterThan(100n);
  });

  it("is paid by callers of small functions, also through tables, and by recursion itself", () => {
    const running = start(`(module (table funcref (elem $small)) (type $v (func))
      (func $small (drop (i32.add (i32.const 1) (i32.const 2))))
      (func (export "direct") (param i32) (loop (call $small) (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
      (func (export "indirect") (param i32) (loop (call_indirect (type $v) (i32.const 0)) (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
      (func $deep (export "deep") (param i32) (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1)))))))`);
    expect(used(running, "direct", 1001) - used(running, "direct", 1)).toBe(9n * 1000n);
    expect(used(running, "indirect", 1001) - used(running, "indirect", 1)).toBeGreaterThanOrEqual(10n * 1000n);
    expect(used(running, "deep", 1001) - used(running, "deep", 1)).toBe(6n * 1000n);
  });

  it("is there before the start function runs", () => {
    let ran = 0;
    const imports = { host: { ran: () => ran++ } };
    const running = start(`(module (import "host" "ran" (func $ran)) (start $s) (func $s (loop (call $ran))))`, { imports });
    expect(ran).toBe(1);
    expect(running.fuel.remaining).toBeLessThan(ENOUGH);
    expect(() => start(`(module (start $s) (func $s (loop (br 0))))`, { first: 10n, limit: 0 })).toThrow(WebAssembly.RuntimeError);
  });
});

describe("a module with counters", () => {
  it("has its own exports, whatever they are called, and ours beside them", () => {
    const metered = instrument(assemble(`(module (func (export "wardian fuel")) (func (export "wardian refill")))`));
    expect(metered).toMatchObject({ fuelExport: "wardian fuel 2", tableExport: "wardian refill 2", startExport: undefined });
    expect(inspect(metered.bytes).exports).toHaveLength(4);
  });

  it("has what it had where it had it: names and custom sections stay, offsets into the code go", () => {
    const custom = (name: string): number[] => section(0, name.length, ...new TextEncoder().encode(name), 1, 2, 3);
    const kept = instrument(
      moduleOf(
        section(1, 1, 0x60, 0, 0),
        section(3, 1, 0),
        section(10, 1, 2, 0, 11),
        custom("name"),
        custom(".debug_info"),
        custom("mine"),
      ),
    );
    expect(inspect(kept.bytes).counts.customBytes).toBe("name".length + 4 + "mine".length + 4);
  });

  // prettier-ignore
  it.each([
    ["an empty module", "(module)"],
    ["an imported memory and table", `(module (import "a" "m" (memory 1)) (import "a" "t" (table 1 funcref)) (import "a" "g" (global i32)) (func (export "f") (loop)))`],
    ["SIMD", `(module (memory 1) (func (export "f") (result i32) (local v128) (loop (local.set 0 (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31 (v128.const i32x4 1 2 3 4) (v128.load8_lane 3 (i32.const 0) (local.get 0)))))
      (i32x4.extract_lane 1 (local.get 0))))`],
    ["atomics", `(module (memory 1 1 shared) (func (export "f") (result i32) (loop (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1))) (atomic.fence)) (memory.atomic.notify (i32.const 0) (i32.const 1))))`],
    ["several values", `(module (type $t (func (param i32 i32) (result i32 i32))) (func (export "f") (result i32) (i32.const 5) (i32.const 6) (loop (type $t) (i32.add) (i32.const 3)) (i32.add)))`],
    ["references", `(module (table 3 externref) (elem declare func $f) (func $f (export "f") (result i32) (loop (drop (ref.func $f)) (table.set (i32.const 1) (table.get (i32.const 0))))
      (select (result i32) (i32.const 4) (i32.const 5) (ref.is_null (ref.null extern)))))`],
    ["legacy exceptions", `(module (tag $t (param i32)) (func (export "f") (result i32) (loop (result i32) (try (result i32) (do (try (do (throw $t (i32.const 8))) (delegate 0)) (i32.const 1)) (catch $t)))))`],
    ["saturating conversion", `(module (func (export "f") (result i32) (i32.trunc_sat_f64_s (f64.const 1e99))))`],
  ])("is valid and does the same: %s", (_, text) => {
    const imports = { a: { m: new WebAssembly.Memory({ initial: 1 }), t: new WebAssembly.Table({ initial: 1, element: "anyfunc" }), g: 1 } };
    const plain = new WebAssembly.Instance(new WebAssembly.Module(assemble(text)), imports).exports as Running["exports"];
    expect(start(text, { imports }).exports["f"]?.()).toEqual(plain["f"]?.());
  });

  it("may be one of this project's own", () => {
    for (const file of ["machine.wasm", "kernel.wasm"]) {
      const bytes = readFileSync(new URL(`../../build/${file}`, import.meta.url));
      expect(WebAssembly.validate(instrument(bytes).bytes)).toBe(true);
    }
  });
});

describe("what is refused", () => {
  it("is what V8 does not accept, in its words, such as a program that reaches for what is added", () => {
    const thief = moduleOf(section(1, 1, 0x60, 0, 0), section(3, 1, 0), section(10, 1, 6, 0, 0x42, 0x7f, 0x24, 0, 11));
    expect(failure(() => instrument(thief))).toMatch(/^wasm-invalid: not a valid WebAssembly module: .*global/);
  });

  const nested = (depth: number): Uint8Array<ArrayBuffer> => {
    const code = [0, ...Array.from({ length: depth }, () => [2, 0x40]).flat(), ...Array.from({ length: depth + 1 }, () => 11)];
    return moduleOf(section(1, 1, 0x60, 0, 0), section(3, 1, 0), section(10, 1, code.length & 0x7f | 0x80, code.length >> 7, ...code)); // prettier-ignore
  };

  it("is a body beyond the limits", () => {
    const check = (bytes: Uint8Array, limits = {}): string => failure(() => inspect(bytes, { ...MODULE_LIMITS, ...limits }));
    expect(check(nested(100))).toBe("no failure");
    expect(check(nested(100), { nesting: 50 })).toContain(
      "wasm-too-large: the WebAssembly module has 51 blocks within each other in one function",
    );
    expect(check(nested(100), { functionBytes: 50 })).toContain("bytes in one function (function 0); the limit is 50");
    expect(check(assemble("(module (func (local i32 i64 i32)))"), { locals: 2 })).toContain(
      "3 locals in one function (function 0); the limit is 2",
    );
    const switchOf = assemble("(module (func (block (br_table 0 0 0 0 (i32.const 1)))))");
    expect(check(switchOf, { branchTableEntries: 2 })).toContain("4 targets in one br_table; the limit is 2");
    const work = assemble("(module (func (local i32 i64 i32 i32) (loop (br_if 0 (i32.const 1)))))");
    expect(check(work, { localsTimesBranches: 7 })).toContain("8 locals times branches in one function (function 0); the limit is 7");
    expect(check(work, { localsTimesBranches: 8 })).toBe("no failure");
  });

  it("is an instruction that nobody knows, and bytes behind a function's end", () => {
    const body = (...code: number[]): Uint8Array =>
      moduleOf(section(1, 1, 0x60, 0, 0), section(3, 1, 0), section(10, 1, code.length + 1, 0, ...code));
    const check = (bytes: Uint8Array): string =>
      failure(() =>
        readBodies(bytes, inspect(bytes)).forEach((body) => walkBody(bytes, body, new Instruction(MODULE_LIMITS), () => undefined)),
      );
    expect(check(body(0xff, 11))).toContain("wasm-unsupported: the WebAssembly module uses instruction 0xff, which Wardian does not know");
    expect(check(body(0xfd, 0x94, 2, 11))).toContain("instruction 0xfd 276");
    expect(check(body(11, 1))).toContain("wasm-invalid: not a valid WebAssembly module: bytes behind the end of a function");
    expect(check(body(1))).toContain("unexpected end");
  });

  it("is read in linear time: hundreds of thousands of loops, blocks and functions", () => {
    const loops = [0, ...Array.from({ length: 40_000 }, () => [3, 0x40, 11]).flat(), 11];
    const size = (count: number): number[] => [(count & 0x7f) | 0x80, ((count >> 7) & 0x7f) | 0x80, count >> 14];
    const code = [1, ...size(loops.length), ...loops];
    const bytes = moduleOf([1, 4, 1, 0x60, 0, 0], [3, 2, 1, 0], [10, ...size(code.length), ...code]);
    const begin = performance.now();
    expect(WebAssembly.validate(instrument(bytes).bytes)).toBe(true);
    expect(performance.now() - begin).toBeLessThan(10_000);
  });
});
