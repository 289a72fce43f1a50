import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { inspect } from "./inspect.js";
import { MODULE_LIMITS } from "./limits.js";
import { assemble, failure, HEADER, moduleOf, name, section } from "./module-samples.js";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe("what is not a core module", () => {
  it.each([
    ["nothing", new Uint8Array(0), "wasm-not-wasm: this is not a WebAssembly module: it is empty"],
    ["an ELF file", text("\x7fELF\x02\x01"), "wasm-not-wasm: this is not a WebAssembly module: it is a native (ELF) program"],
    ["text format", text("\n (module)"), "wasm-not-wasm: this is not a WebAssembly module: it is WebAssembly in text format; turn it"],
    ["other bytes", text("hello"), "wasm-not-wasm: this is not a WebAssembly module: it does not begin with \\0asm"],
    ["half a header", Uint8Array.from(HEADER.slice(0, 6)), "wasm-invalid: not a valid WebAssembly module: it ends within its header"],
    ["a component", Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0), "wasm-component: this is a WebAssembly component (WASI preview 2"],
    ["version 2", Uint8Array.of(0, 0x61, 0x73, 0x6d, 2, 0, 0, 0), "wasm-unsupported: this is WebAssembly of binary version 2; Wardian"],
  ])("is named: %s", (_, bytes, message) => expect(failure(() => inspect(bytes))).toContain(message));
});

describe("what a module declares", () => {
  const module = assemble(`(module
    (import "wasi_snapshot_preview1" "fd_write" (func $w (param i32 i32 i32 i32) (result i32)))
    (import "env" "memory" (memory 2 9))
    (import "env" "g" (global $g (mut i64)))
    (import "env" "t" (table 3 funcref))
    (table $t2 5 7 externref)
    (func $start)
    (func (export "f") (param f64) (result v128) (v128.const i32x4 0 0 0 0))
    (start $start)
    (data (i32.const 0) "abc"))`);
  const info = inspect(module);

  it("has imports with their types", () => {
    expect(info.imports).toEqual(
      expect.arrayContaining([
        { module: "wasi_snapshot_preview1", name: "fd_write", kind: "function", type: "(i32, i32, i32, i32) -> i32" },
        { module: "env", name: "memory", kind: "memory", type: "memory 2..9" },
        { module: "env", name: "g", kind: "global", type: "mut i64" },
        { module: "env", name: "t", kind: "table", type: "table 3 funcref" },
      ]),
    );
    expect(info.imports).toHaveLength(4);
  });

  it("has exports, sizes, the start function and counts", () => {
    expect(info.exports).toEqual([{ name: "f", kind: "function", index: 2 }]);
    expect(info.memories).toMatchObject([{ imported: true, min: 2n, max: 9n, shared: false, is64: false }]);
    expect(info.tables).toMatchObject([{ imported: true, min: 3n, max: undefined }, { imported: false, min: 5n, max: 7n }]); // prettier-ignore
    expect(info.startFunction).toBe(1);
    expect(info.counts).toMatchObject({ importedFunctions: 1, functions: 2, dataSegments: 1, importedGlobals: 1 });
    expect(info.functionTypes).toHaveLength(3);
  });

  it("agrees with V8 about this project's own modules", () => {
    for (const file of ["machine.wasm", "kernel.wasm"]) {
      const bytes = readFileSync(new URL(`../../build/${file}`, import.meta.url));
      const own = inspect(bytes);
      const compiled = new WebAssembly.Module(bytes);
      const short = ({ module, name, kind }: { module: string; name: string; kind: string }): object => ({ module, name, kind });
      expect(own.imports.map(short)).toEqual(WebAssembly.Module.imports(compiled).map(short));
      expect(own.exports.map(({ name, kind }) => ({ name, kind }))).toEqual(WebAssembly.Module.exports(compiled));
    }
  });

  it("may be of GC, exceptions and memory64", () => {
    const types = [
      5, 0x4e, 2, 0x50, 0, 0x5f, 1, 0x7f, 1, 0x5e, 0x78, 0, 0x60, 1, 0x64, 0, 0, 0x60, 1, 0x63, 0x6e, 1, 0x69, 0x60, 0, 0, 0x60, 0, 0,
    ];
    const info = inspect(moduleOf(section(1, ...types), section(5, 1, 5, 1, 0x80, 0x80, 0x80, 0x80, 0x10), section(13, 1, 0, 4)));
    expect(info.types.map(({ kind }) => kind)).toEqual(["struct", "array", "func", "func", "func", "func"]);
    expect(info.types[3]).toMatchObject({ params: ["(ref null any)"], results: ["exnref"] });
    expect(info.memories).toMatchObject([{ is64: true, min: 1n, max: 2n ** 32n }]);
    expect(info.counts.tags).toBe(1);
  });
});

describe("bad modules", () => {
  // prettier-ignore
  it.each([
    ["a section that is longer than the file", [1, 100, 0],                       "unexpected end at offset 10"],
    ["an unknown section",                     section(14),                       "a section of unknown kind 14 at offset 8"],
    ["sections out of order",                  [...section(3, 0), ...section(1, 0)], "a section of kind 1 that is out of order at offset 11"],
    ["a section twice",                        [...section(1, 0), ...section(1, 0)], "a second section of kind 1 at offset 11"],
    ["a count that the section cannot hold",   section(1, 0x80, 1, 0x60),         "128 entries in a section of 1 bytes at offset 12"],
    ["bytes left over",                        section(1, 0, 0),                  "bytes left over at the end of a section at offset 11"],
    ["a number that is too large",             section(1, 0xff, 0xff, 0xff, 0xff, 0x7f), "a number that does not fit 32 bits at offset 14"],
    ["an unknown type",                        section(1, 1, 0x40, 0, 0),         "a type of unknown form 0x40 at offset 11"],
    ["a function of unknown type",             section(3, 1, 0),                  "type 0, which is not a function type at offset 11"],
    ["a name that is not UTF-8",               section(2, 1, 1, 0xff, 0, 3, 0x7f, 0), "a name that is not UTF-8 at offset 12"],
    ["an import of unknown kind",              section(2, 1, 0, 0, 9, 0),         "an import of unknown kind at offset 13"],
    ["a maximum below the minimum",            section(5, 1, 1, 2, 1),            "whose maximum is below its minimum at offset 14"],
    ["a shared memory without maximum",        section(5, 1, 2, 2),               "a shared memory without a maximum at offset 13"],
  ] as [string, number[], string][])("say where they break: %s", (_, sections, message) => {
    expect(failure(() => inspect(moduleOf(sections)))).toContain(`wasm-invalid: not a valid WebAssembly module: `);
    expect(failure(() => inspect(moduleOf(sections)))).toContain(message);
  });

  // prettier-ignore
  it.each([
    ["moduleBytes", section(1, 0)], ["types", section(1, 1, 0x60, 0, 0)], ["imports", section(2, 1, 0, 0, 3, 0x7f, 0)],
    ["exports", section(7, 1, 0, 3, 0)], ["functions", [...section(1, 1, 0x60, 0, 0), ...section(3, 1, 0)]], ["tables", section(4, 1, 0x70, 0, 0)],
    ["memories", section(5, 1, 0, 0)], ["globals", section(6, 1, 0x7f, 0, 0x41, 0, 11)], ["tags", [...section(1, 1, 0x60, 0, 0), ...section(13, 1, 0, 0)]],
    ["elementSegments", section(9, 1, 0, 0x41, 0, 11, 0)], ["dataSegments", section(11, 1, 0, 0x41, 0, 11, 0)], ["customSections", section(0, 0)],
    ["parameters", section(1, 1, 0x60, 1, 0x7f, 0)], ["allParameters", section(1, 1, 0x60, 1, 0x7f, 0)],
  ] as [keyof typeof MODULE_LIMITS, number[]][])("meet the limit %s", (limit, sections) => {
    const bytes = moduleOf(sections);
    inspect(bytes);
    const limits = { ...MODULE_LIMITS, [limit]: limit === "moduleBytes" ? bytes.length - 1 : 0 };
    expect(failure(() => inspect(bytes, limits))).toMatch(/^wasm-too-large: the WebAssembly module has \d+ .*; the limit is \d+$/);
  });

  it("meet the limit nameBytes", () => {
    const bytes = moduleOf(section(2, 1, ...name("module"), ...name("x"), 3, 0x7f, 0));
    expect(failure(() => inspect(bytes, { ...MODULE_LIMITS, nameBytes: 5 }))).toContain("a name of 6 bytes (the limit is 5)");
  });

  it("with custom page sizes are refused", () => {
    expect(failure(() => inspect(moduleOf(section(5, 1, 8, 1, 0))))).toContain("wasm-unsupported: ");
  });
});
