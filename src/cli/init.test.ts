// `wardian init`: what it writes, when it writes nothing, and that the program it begins with builds. Runs the compiled dist/.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { MAIN } from "./testing/command.js";

const MODULES = fileURLToPath(new URL("../../node_modules", import.meta.url));
const FILES = [".gitignore", "asconfig.json", "assembly/index.ts", "assembly/tsconfig.json", "package.json"];
const folder = mkdtempSync(join(tmpdir(), "wardian-init-"));
afterAll(() => rmSync(folder, { recursive: true }));

const init = (args: readonly string[], cwd = folder) =>
  spawnSync(process.execPath, [MAIN, "init", ...args], { cwd, encoding: "utf8", timeout: 60_000 });
const filesOf = (path: string): string[] =>
  readdirSync(path, { recursive: true, encoding: "utf8" })
    .filter((name) => name !== "assembly")
    .toSorted();

test("writes a program that asc builds to a WASI module", () => {
  const { status, stdout, stderr } = init(["My Program"]);
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toContain(join("My Program", "package.json"));
  expect(stdout).toContain("cd 'My Program' && npm install && npm run build");
  const made = join(folder, "My Program");
  expect(filesOf(made)).toEqual(FILES);
  const { name, scripts } = JSON.parse(readFileSync(join(made, "package.json"), "utf8")) as { name: string; scripts: { build: string } };
  expect(name).toBe("my-program");

  symlinkSync(MODULES, join(made, "node_modules"));
  const build = spawnSync("npx", ["--no", ...scripts.build.split(" ")], { cwd: made, encoding: "utf8" });
  expect(build.status, build.stderr).toBe(0);
  const module = new WebAssembly.Module(readFileSync(join(made, "build/program.wasm")));
  expect(new Set(WebAssembly.Module.imports(module).map((it) => it.module))).toEqual(new Set(["wasi_snapshot_preview1"]));
  expect(WebAssembly.Module.exports(module).map((it) => it.name)).toContain("_start");
});

test("takes this folder where none is named, and leaves other files alone", () => {
  const here = join(folder, "here");
  mkdirSync(here);
  writeFileSync(join(here, "README.md"), "mine");
  expect(init([], here).status).toBe(0);
  expect(filesOf(here)).toEqual([...FILES, "README.md"].toSorted());
  expect(readFileSync(join(here, "README.md"), "utf8")).toBe("mine");
});

test("makes the folders above it", () => {
  expect(init(["a/b/c"]).status).toBe(0);
  expect(existsSync(join(folder, "a/b/c/package.json"))).toBe(true);
});

test.each([
  ["one of its files", (path: string) => writeFileSync(join(path, "package.json"), "{}"), "already has package.json:"],
  ["a folder of that name", (path: string) => mkdirSync(join(path, "asconfig.json")), "already has asconfig.json:"],
  ["a link that leads nowhere", (path: string) => symlinkSync("nowhere", join(path, ".gitignore")), "already has .gitignore:"],
  [
    "a file where its folder goes",
    (path: string) => writeFileSync(join(path, "assembly"), ""),
    "assembly/index.ts, assembly/tsconfig.json:",
  ],
])("writes nothing over %s", (what, prepare, says) => {
  const path = join(folder, `taken by ${what}`);
  mkdirSync(path);
  prepare(path);
  const before = readdirSync(path);
  const { status, stdout, stderr } = init([path]);
  expect([status, stdout]).toEqual([125, ""]);
  expect(stderr).toContain(says);
  expect(stderr.split("\n")).toHaveLength(2);
  expect(readdirSync(path)).toEqual(before);
});

test("says so where a file stands in the folder's place", () => {
  writeFileSync(join(folder, "file"), "");
  const { status, stderr } = init(["file"]);
  expect(status).toBe(125);
  expect(stderr).toMatch(/is not a folder/);
});

test("says so where it may not write", () => {
  const { status, stderr } = init(["/proc/wardian"]);
  expect(status).toBe(125);
  expect(stderr).toMatch(/cannot write into \/proc\/wardian: E[A-Z]+/);
});
