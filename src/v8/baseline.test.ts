// In a process of its own, for V8's flags are the process's; V8 itself says what it compiles how.
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";

const BASELINE = new URL("../../dist/src/v8/baseline.js", import.meta.url).href;
/** (module (func (export "run") (result i32) (i32.const 42))), the number as given */
const moduleOf = (value: number): string =>
  `Uint8Array.of(0,0x61,0x73,0x6d,1,0,0,0, 1,5,1,0x60,0,1,0x7f, 3,2,1,0, 7,7,1,3,0x72,0x75,0x6e,0,0, 10,6,1,4,0,0x41,${value},0x0b)`;
/** Runs a function of a new module, and gives V8's optimizer time to come after it. */
const run = (value: number): string => `
  console.log("module ${value}");
  new WebAssembly.Instance(new WebAssembly.Module(${moduleOf(value)})).exports.run();
  await new Promise((resolve) => setTimeout(resolve, 200));`;

function compilersOf(script: string): string[][] {
  const args = ["--trace-wasm-compilation-times", "--input-type=module", "-e", script];
  const { stdout, status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", env: {} });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  const parts = stdout.split(/module \d+\n/).slice(1);
  return parts.map((part) => [...part.matchAll(/function .* using (\w+)/g)].map(([, compiler]) => compiler ?? ""));
}

describe("the baseline compiler", () => {
  it("is skipped, and as it was afterwards", () => {
    const script = `
      const { skipBaseline, restoreBaseline } = await import(${JSON.stringify(BASELINE)});
      ${run(1)}
      skipBaseline();
      ${run(2)}
      restoreBaseline();
      ${run(3)}`;
    expect(compilersOf(script)).toEqual([["Liftoff"], ["TurboFan"], ["Liftoff"]]);
  });
});
