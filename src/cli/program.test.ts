// `wardian run FILE.wasm` from outside: streams, statuses, signals, folders, errors of one line. Runs the compiled dist/.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ERRNO_FBIG, ERRNO_MFILE, ERRNO_NOSPC } from "../../assembly/kernel/abi.js";
import { FILLS } from "../container/file-samples.js";
import * as programs from "../container/program-samples.js";
import { MAIN } from "./testing/command.js";

const folder = mkdtempSync(join(tmpdir(), "wardian-program-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Options {
  readonly input?: string;
  during?(child: ReturnType<typeof spawn>): void;
}

function run(args: readonly string[], { input, during }: Options = {}): Promise<Outcome> {
  const child = spawn(process.execPath, [MAIN, "run", ...args], { stdio: ["pipe", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (data: Buffer) => (stdout += data.toString("latin1")));
  child.stderr.on("data", (data: Buffer) => (stderr += data.toString("latin1")));
  child.stdin.on("error", () => {}); // nobody reads it
  if (input === undefined) child.stdin.end();
  else child.stdin.end(input);
  during?.(child);
  return new Promise((resolve) => child.on("close", (status) => resolve({ status, stdout, stderr })));
}

function program(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

describe("wardian run FILE.wasm", () => {
  it("is known by its first bytes, too, and ends with the program's status", async () => {
    expect(await run([program("hello", programs.HELLO)])).toEqual({ status: 0, stdout: "hello\n", stderr: "" });
    expect(await run([program("seven.wasm", programs.endsWith(7))])).toEqual({ status: 7, stdout: "", stderr: "" });
  });

  it("keeps stdout and stderr apart", async () => {
    expect(await run([program("both.wasm", programs.BOTH)])).toEqual({ status: 0, stdout: "out\n", stderr: "err\n" });
  });

  it("passes stdin on with -i only", async () => {
    const echo = program("echo.wasm", programs.ECHO);
    const input = "x".repeat(500_000);
    expect(await run(["-i", echo], { input })).toEqual({ status: 0, stdout: input, stderr: "" });
    expect(await run([echo], { input })).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  it("gives it its arguments, and no variable but those that were given", async () => {
    const tells = program("tells.wasm", programs.TELLS);
    expect((await run(["-e", "A=b c", tells, "--dir", "x y"])).stdout).toBe("tells.wasm\0--dir\0x y\0A=b c\0");
  });

  it("gives it folders, read-only ones too, and folders in memory", async () => {
    const makes = program("makes.wasm", programs.MAKES);
    const here = join(folder, "given");
    mkdirSync(here);
    expect((await run(["--dir", `${here}::/work:ro`, makes])).status).not.toBe(0);
    expect((await run(["--dir", `${here}::/work`, makes])).status).toBe(0);
    expect(readFileSync(join(here, "made"), "utf8")).toBe("");
    expect((await run(["--tmpfs", "/tmp", makes])).status).toBe(0);
    expect((await run([makes])).status).toBe(8); // BADF: it was given nothing
  });

  it("tells a trap in one line", async () => {
    const { status, stderr } = await run([program("trap.wasm", programs.UNREACHABLE)]);
    expect({ status, lines: stderr.split("\n").length }).toEqual({ status: 134, lines: 2 });
    expect(stderr).toMatch(/^wardian: the program trapped: unreachable instruction/);
  });

  it("ends it at its time, its fuel, a signal", async () => {
    const loop = program("loop.wasm", programs.LOOP);
    expect(await run(["--timeout", "300ms", loop])).toEqual({ status: 124, stdout: "", stderr: "wardian: its time was up\n" });
    expect(await run(["--fuel", "10000", loop])).toMatchObject({
      status: 134,
      stderr: "wardian: the program was ended: its fuel is used up\n",
    });
    expect(await run(["--cpu-time", "100ms", loop])).toEqual({ status: 124, stdout: "", stderr: "wardian: its CPU time was up\n" });
    const during = (child: ReturnType<typeof spawn>): void => void setTimeout(() => child.kill("SIGTERM"), 1500);
    expect(await run(["--cpus", "0.5", loop], { during })).toMatchObject({ status: 143 });
  });

  it("holds it to its other limits", async () => {
    const here = join(folder, "limited");
    mkdirSync(here);
    const makes = program("makes-many.wasm", programs.MAKES_TILL_ERROR);
    expect((await run(["--dir", `${here}::/`, "--files-limit", "3", makes])).status).toBe(ERRNO_NOSPC);
    expect((await run(["--tmpfs", "/", "--descriptors-limit", "10", makes])).status).toBe(ERRNO_MFILE);
    const fills = program("fills.wasm", FILLS);
    expect((await run(["--dir", `${here}::/`, "--file-size-limit", "64K", fills])).status).toBe(ERRNO_FBIG);
    expect((await run(["--dir", `${here}::/`, "--write-limit", "64K", fills])).status).toBe(ERRNO_NOSPC);
    expect((await run(["--table-limit", "7", program("grows.wasm", programs.GROWS_TABLE)])).status).toBe(7);
    const { status, stdout, stderr } = await run(["--output-limit", "100K", program("flood2.wasm", programs.FLOOD)]);
    expect([status, stderr]).toEqual([137, "wardian: it was ended: its output passed the limit\n"]);
    expect(stdout.length).toBeLessThanOrEqual(102_400);
  });

  it("ends it when nobody reads its output any more", async () => {
    const flood = program("flood.wasm", programs.FLOOD);
    const during = (child: ReturnType<typeof spawn>): void => void child.stdout?.once("data", () => child.stdout?.destroy());
    expect((await run([flood], { during })).status).toBe(141);
  });

  it("traces its calls", async () => {
    expect((await run(["--trace", program("hello.wasm", programs.HELLO)])).stderr).toBe("fd_write(1, iovs x 1, &count) = SUCCESS\n");
  });

  it.each([
    ["a missing file", () => [join(folder, "none.wasm")], /the program .*none\.wasm does not exist/],
    ["what is no module", () => [program("text.wasm", Buffer.from("hello"))], /not a WebAssembly module/],
    ["missing imports", () => [program("missing.wasm", programs.MISSING)], /"env"\."one", "wasi_snapshot_preview1"\."two"/],
    ["too little memory", () => ["-m", "64K", program("hello2.wasm", programs.HELLO)], /256 KiB of memory/],
    ["a folder of the host that is not there", () => ["--dir", "/nowhere::/x", program("hello3.wasm", programs.HELLO)], /\/nowhere/],
    ["an option for machines", () => ["--kernel", "k", program("hello4.wasm", programs.HELLO)], /--kernel is for a virtual machine/],
    ["an option for programs", () => ["--fuel", "5", "busybox"], /--fuel is for a WebAssembly program/],
    ["no fuel", () => ["--fuel", "0", "x.wasm"], /not an amount of fuel/],
    ["too few descriptors", () => ["--descriptors-limit", "2", "x.wasm"], /"2" is not a whole number from 3 to 4096/],
    ["output of no size", () => ["--output-limit", "much", "x.wasm"], /size "much" is not a size/],
    ["a limit for programs", () => ["--output-limit", "5", "busybox"], /--output-limit is for a WebAssembly program/],
    ["no tier", () => ["--tier", "fast", "x.wasm"], /no tier "fast": use start, peak, auto/],
    ["no CPU", () => ["--cpus", "2", "x.wasm"], /not a part of a CPU/],
    ["no folder", () => ["--dir", "::", "x.wasm"], /write HOST::GUEST/],
  ])("says in one line what is wrong: %s", async (_what, args, words) => {
    const { status, stderr } = await run(args());
    expect(stderr).toMatch(words);
    expect({ status, lines: stderr.split("\n").length }).toEqual({ status: 125, lines: 2 });
  });
});
