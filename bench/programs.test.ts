// The checked-in guest programs are what their sources give: built again and compared byte for byte, where the compiler is
// the one they were built with. The results of all of them are those of QEMU, see cpu.ts.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { projectFile } from "./folder.js";
import { makeElf, PROGRAMS, readTiming } from "./programs.js";
import { geometricMean, lessIsBetter, median, moreIsBetter, renderTable } from "./report.js";

const FOLDER = projectFile("fixtures/bench");
const builtWith = readFileSync(join(FOLDER, "bin/compiler-version"), "utf8").trim();
const compiler = `${process.env.CROSS_COMPILE ?? "riscv64-linux-gnu-"}gcc`;
const found = spawnSync(compiler, ["-dumpfullversion"], { encoding: "utf8" }).stdout?.trim() ?? "";
const reason =
  found === builtWith
    ? ""
    : ` (skipped: ${found === "" ? `${compiler} is not installed` : `${compiler} is ${found}`}, they were built with ${builtWith})`;

describe("benchmark programs", () => {
  it.skipIf(reason !== "")(`are what build.sh makes of their sources${reason}`, () => {
    const out = mkdtempSync(join(tmpdir(), "wardian-bench-build-"));
    try {
      const { status, stderr } = spawnSync("sh", [join(FOLDER, "build.sh"), out], { encoding: "utf8" });
      expect(status, stderr).toBe(0);
      expect(readdirSync(out).sort()).toEqual(readdirSync(join(FOLDER, "bin")).sort());
      for (const name of readdirSync(out))
        expect(readFileSync(join(out, name)).equals(readFileSync(join(FOLDER, "bin", name))), name).toBe(true);
    } finally {
      rmSync(out, { recursive: true });
    }
  });

  it.each(PROGRAMS.map(({ name }) => name))("%s takes its number of iterations", (name) => {
    const [one, many] = [makeElf(name, 1), makeElf(name, 0x123456789)];
    expect(one.length).toBe(many.length);
    expect(many.includes(Buffer.from([0x89, 0x67, 0x45, 0x23, 0x01, 0, 0, 0]))).toBe(true);
  });

  it("understands what a program says", () => {
    expect(readTiming("x", "start\nstop 12345678 00ff\n")).toEqual({ seconds: 1.2345678, checksum: "00ff" });
    expect(() => readTiming("x", "start\n")).toThrow("the program x ended without a result");
  });
});

describe("reports", () => {
  it("turn both kinds of units into ratios above 1 for the better", () => {
    expect(moreIsBetter("a", 200, 100, "iterations/s").ratio).toBe(2);
    expect(lessIsBetter("b", 2, 1, "s").ratio).toBe(0.5);
  });

  it("average", () => {
    expect(geometricMean([1, 4])).toBeCloseTo(2);
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });

  it("align their columns", () => {
    const table = renderTable({
      bench: "x",
      rows: [lessIsBetter("a long case", 1, 2, "s"), lessIsBetter("b", 10, 5, "MiB")],
      notes: ["a note"],
    });
    expect(table.split("\n").slice(1)).toEqual([
      "case         ours  theirs  ratio  unit",
      "a long case     1       2      2  s",
      "b              10       5    0.5  MiB",
      "a note",
    ]);
  });
});
