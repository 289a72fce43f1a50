// Small programs as a whole: arguments, environment, streams, ends and statuses, snapshot 0, AssemblyScript through wasi-shim.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fixture, runWasi } from "./run-wasi.js";

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "wardian-programs-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("arguments and environment", () => {
  it("come as they were given, one after the other", async () => {
    const { stdout } = await runWasi(fixture("environment"), {
      options: ["-e", "A=1", "-e", "B=two words", "-e", "EMPTY=", "-e", "E=x=y"],
      args: ["x", "", "y z", "--dir", "gr\u00fc\u00df"],
    });
    expect(stdout.split("\n")).toEqual([
      "arguments 6 37",
      "[environment.wasm]",
      "[x]",
      "[]",
      "[y z]",
      "[--dir]",
      "[gr\u00fc\u00df]",
      "environment 4 29",
      "[A=1]",
      "[B=two words]",
      "[EMPTY=]",
      "[E=x=y]",
      "",
    ]);
  });

  it("are none of ours", async () => {
    const { stdout } = await runWasi(fixture("environment"));
    expect(stdout).toBe("arguments 1 17\n[environment.wasm]\nenvironment 0 0\n");
  });
});

describe("standard streams", () => {
  it("pass everything on, and end", async () => {
    const text = "0123456789abcdef".repeat(20_000);
    const { status, stdout, stderr } = await runWasi(fixture("echo"), { stdin: text });
    expect([status, stdout === text, stderr]).toEqual([0, true, "end\n"]);
  });

  it("are at their end without -i", async () =>
    expect(await runWasi(fixture("echo"))).toEqual({ status: 40, stdout: "", stderr: "end\n" }));

  it("can be waited for, together with a clock", async () => {
    const { status, stdout } = await runWasi(fixture("waits"), { args: ["20"], stdin: "hello" });
    expect(status).toBe(0);
    expect(stdout.replaceAll("clock\n", "")).toBe("input 5\ninput 0\n");
  });
});

describe("ends", () => {
  it.each([
    [["return"], 0, /^$/],
    [["exit", "0"], 0, /^$/],
    [["exit", "33"], 33, /^$/],
    [["exit", "125"], 125, /^$/],
    [["unreachable"], 134, /unreachable/],
    [["divide"], 134, /divi/],
    [["bounds"], 134, /out of bounds/],
    [["recursion"], 134, /stack|recursion/i],
    [["recursion-calls"], 134, /stack|recursion/i],
    [["recursion-writes"], 134, /stack|recursion/i],
    [["raise", "6"], 134, /^(wardian: .*\n)?$/],
  ])("%j has status %d", async (args, expected, says) => {
    const { status, stdout, stderr } = await runWasi(fixture("ends"), { options: ["--tmpfs", "/"], args });
    expect(status, stderr).toBe(expected);
    expect(stdout).toBe("");
    expect(stderr).toMatch(says);
    expect(stderr.split("\n").length).toBeLessThanOrEqual(2);
  });
});

describe.each([
  ["a directory of the host", () => ["--dir", `${mkdtempSync(join(folder, "root-"))}::/`]],
  ["memory", () => ["--tmpfs", "/"]],
])("snapshot 0 with %s", (_where, options) => {
  it("has its own layouts and numbers", async () =>
    expect(await runWasi(fixture("unstable"), { options: options() })).toEqual({ status: 0, stdout: "ok\n", stderr: "" }));
});

describe("AssemblyScript", () => {
  const program = join(folder, "shim.wasm");
  beforeAll(() => {
    // asc finds the shim beside its configuration only by relative paths.
    const config = "node_modules/@assemblyscript/wasi-shim/asconfig.json";
    execFileSync("npx", ["--no", "asc", "fixtures/wasi/assemblyscript/shim.ts", "--config", config, "-O", "--outFile", program], {
      cwd: PROJECT,
      stdio: "pipe",
    });
  }, 120_000);

  it("uses all of wasi-shim", async () => {
    const outcome = await runWasi(program, { options: ["-e", "K=V", "--tmpfs", "/"], args: ["a b", "7"], stdin: "some input" });
    expect(outcome).toEqual({
      status: 7,
      stdout: "arguments a b|7\nK=V\ninput 10\nrandom true\ndate true\ntime true\nrandom number true\n",
      stderr: "said to standard error\n",
    });
  });

  it("says what it threw", async () => {
    const { status, stderr } = await runWasi(program, { options: ["--tmpfs", "/"], args: ["throw"] });
    expect(status).toBe(255);
    expect(stderr).toContain("thrown on purpose");
  });
});

it("a host directory holds what the program wrote", async () => {
  const root = mkdtempSync(join(folder, "root-"));
  writeFileSync(join(root, "given"), "x");
  const { stdout } = await runWasi(fixture("takes"), { options: ["--dir", `${root}::/`], args: ["files", "3"] });
  expect(stdout).toBe("3 errno 0\n");
  expect(readFileSync(join(root, "aaaaaaab"), "utf8")).toBe("");
});
