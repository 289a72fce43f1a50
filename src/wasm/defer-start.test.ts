import { describe, expect, it } from "vitest";
import { deferStart } from "./defer-start.js";
import { inspect } from "./inspect.js";
import { assemble, moduleOf, section } from "./module-samples.js";

describe("deferStart", () => {
  it("exports the start function, which runs when it is called and not before", () => {
    const { bytes, startExport } = deferStart(
      assemble(`(module (global $g (export "ran") (mut i32) (i32.const 0))
      (func (export "_start")) (start $s) (func $s (global.set $g (i32.const 1))))`),
    );
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>));
    const ran = exports["ran"] as WebAssembly.Global;
    expect([startExport, ran.value]).toEqual(["wardian start", 0]);
    (exports["wardian start"] as () => void)();
    expect(ran.value).toBe(1);
  });

  it("takes a name that is free", () => {
    const { bytes, startExport } = deferStart(assemble(`(module (func $s (export "wardian start")) (start $s))`));
    expect(startExport).toBe("wardian start 2");
    expect(inspect(bytes)).toMatchObject({ startFunction: undefined, exports: [{ name: "wardian start" }, { name: "wardian start 2" }] });
  });

  it("makes the section of exports where there is none", () => {
    expect(inspect(deferStart(assemble(`(module (func $s) (start $s))`)).bytes).exports).toEqual([
      { name: "wardian start", kind: "function", index: 0 },
    ]);
  });

  it("leaves a module alone that has none, or one that V8 refuses", () => {
    const none = assemble(`(module (func (export "_start")))`);
    expect(deferStart(none)).toEqual({ bytes: none, startExport: undefined });
    const withArgument = moduleOf(section(1, 1, 0x60, 1, 0x7f, 0), section(3, 1, 0), section(8, 0), section(10, 1, 2, 0, 0x0b));
    const outside = moduleOf(section(1, 1, 0x60, 0, 0), section(3, 1, 0), section(8, 7), section(10, 1, 2, 0, 0x0b));
    for (const bytes of [withArgument, outside]) {
      expect(deferStart(bytes)).toEqual({ bytes, startExport: undefined });
      expect(WebAssembly.validate(bytes)).toBe(false);
    }
  });
});
