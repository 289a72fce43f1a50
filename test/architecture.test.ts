// The order of the house: which folder may import from which. A file imports from its own row or from rows above it.
// Tests and what only tests use (`testing/`, samples beside a test) stand outside the order.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = new URL("../", import.meta.url).pathname;

/** One row a line, top to bottom; names are folders or files without `.ts`. */
const MACHINE_ROWS = [
  ["abi", "host", "layout"],
  ["hart"],
  ["bus"],
  ["dev"],
  ["mmu"],
  ["isa"],
  ["interp"],
  ["translate"],
  ["sbi"],
  ["machine", "snapshot", "index"],
];
const KERNEL_ROWS = [["abi", "host"], ["lock", "slab"], ["vfs"], ["ipc"], ["proc"], ["syscall", "index"]];
const SRC_ROWS = [
  ["errors", "log", "config"], ["metrics"], ["isa", "wasm", "v8"], ["machine"], ["kernel", "host-directory"], ["wasi"], ["container"], ["image"], ["net"],
  ["instance"], ["store"], ["engine"],
  ["api", "web"], ["client"], ["cli"], ["index"], ["postbuild"],
]; // prettier-ignore

const isExempt = (path: string): boolean =>
  /\.test\.ts$|(^|\/)testing\/|-(samples?|cases)\.ts$|(^|\/)(samples?|mutation|fake-archive)\.ts$/.test(path);

function* sources(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* sources(path);
    else if (name.endsWith(".ts")) yield path;
  }
}

/** The relative imports of a file, as paths without extension. */
function imports(path: string): string[] {
  const text = readFileSync(path, "utf8");
  const names = [...text.matchAll(/^(?:import|export)\b[^;]*?from\s+"(\.[^"]*)"|^import\s+"(\.[^"]*)"|\bimport\("(\.[^"]*)"\)/gms)];
  return names.map((match) => resolve(dirname(path), (match[1] ?? match[2] ?? match[3] ?? "").replace(/\.js$/, "")));
}

const topOf = (base: string, path: string): string => (relative(base, path).split("/")[0] ?? "").replace(/\.ts$/, "");

function violations(base: string, rows: readonly (readonly string[])[], outside: (from: string, to: string) => boolean): string[] {
  const rowOf = (name: string): number => rows.findIndex((row) => row.includes(name));
  const found: string[] = [];
  for (const path of sources(base)) {
    if (isExempt(path)) continue;
    const from = topOf(base, path);
    if (rowOf(from) < 0) found.push(`${relative(ROOT, path)} belongs to no row`);
    for (const target of imports(path)) {
      const inside = !relative(base, target).startsWith("..");
      const allowed = inside ? rowOf(topOf(base, target)) >= 0 && rowOf(topOf(base, target)) <= rowOf(from) : outside(from, target);
      if (!allowed) found.push(`${relative(ROOT, path)} imports ${relative(ROOT, target)}`);
    }
  }
  return found;
}

describe("import order", () => {
  it("holds in assembly/machine", () => {
    expect(violations(join(ROOT, "assembly/machine"), MACHINE_ROWS, () => false)).toEqual([]);
  });

  it("holds in assembly/kernel", () => {
    expect(violations(join(ROOT, "assembly/kernel"), KERNEL_ROWS, () => false)).toEqual([]);
  });

  it("holds in src; src/machine alone may read the machine's abi, the container side the kernel's", () => {
    const machineAbi = join(ROOT, "assembly/machine/abi");
    const kernelAbi = join(ROOT, "assembly/kernel/abi");
    const mayRead = (from: string, to: string): boolean =>
      (from === "machine" && to === machineAbi) || (["kernel", "host-directory", "wasi", "container"].includes(from) && to === kernelAbi);
    expect(violations(join(ROOT, "src"), SRC_ROWS, mayRead)).toEqual([]);
  });

  it("is seen to be broken where it is", () => {
    const bottomUp = [...MACHINE_ROWS].reverse();
    expect(violations(join(ROOT, "assembly/machine"), bottomUp, () => false).length).toBeGreaterThan(20);
  });
});
