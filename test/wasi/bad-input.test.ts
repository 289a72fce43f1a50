// What is wrong or hostile, through `wardian run`: each ends in one clear line and a status, soon. And with containers beside it in one
// process: they notice nothing.
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, describe, expect, it } from "vitest";
import { Container } from "../../src/container/container.js";
import { COMPONENT, HEADER, leb, LOOP, makeModule, UNREACHABLE } from "./module-sample.js";
import { fixture, runWasi } from "./run-wasi.js";

const folder = mkdtempSync(join(tmpdir(), "wardian-bad-"));
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;
function write(bytes: Uint8Array | readonly number[] | string): string {
  const path = join(folder, `${count++}.wasm`);
  writeFileSync(path, typeof bytes === "string" ? bytes : Uint8Array.from(bytes));
  return path;
}

const hello = readFileSync(fixture("hello"));
const PREVIEW1 = "wasi_snapshot_preview1";

/** A sparse file of that size that begins as a module. */
function giant(bytes: number): string {
  const path = write(HEADER);
  truncateSync(path, bytes);
  return path;
}

describe("modules", () => {
  it.each([
    ["missing", () => join(folder, "none.wasm"), /does not exist/],
    ["a folder", () => folder, /./],
    ["empty", () => write([]), /not a WebAssembly|empty|too short/i],
    ["a text", () => write("#!/bin/sh\necho hello\n"), /not a WebAssembly/i],
    ["four bytes", () => write([0, 0x61, 0x73, 0x6d]), /./],
    ["another version", () => write([...HEADER.slice(0, 4), 2, 0, 0, 0]), /version|not a WebAssembly|invalid/i],
    ["cut in the middle", () => write(hello.subarray(0, hello.length >> 1)), /./],
    ["a section longer than the file", () => write([...HEADER, 10, ...leb(4_000_000_000)]), /./],
    ["noise behind a good beginning", () => write([...HEADER, ...Array.from({ length: 500 }, (_none, n) => (n * 37) & 255)]), /./],
    ["a component", () => write([...COMPONENT, 0, 0, 0, 0]), /component/],
    ["gigantic", () => giant(3 * 2 ** 30), /large|2 GiB|MiB|invalid/i],
    ["no memory", () => write([...HEADER]), /./],
    ["no _start", () => write(makeModule({ exportStart: false })), /_start/],
  ])("%s", async (_what, path, says) => {
    const { status, stdout, stderr } = await runWasi(path());
    expect(status, stderr).toBe(125);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^wardian: [^\n]+\n$/);
    expect(stderr).toMatch(says);
    expect(stderr).not.toMatch(/this is a bug/);
  });

  it("imports that nobody has are all named in one line", async () => {
    const imports = [["env", "abort"], [PREVIEW1, "fd_reed"], ["wasi:http/types", "get"], [PREVIEW1, "sched_yield"]] as const; // prettier-ignore
    const { status, stderr } = await runWasi(write(makeModule({ imports })));
    expect(status).toBe(125);
    for (const name of ["abort", "fd_reed", "get"]) expect(stderr).toContain(name);
    expect(stderr).toMatch(/^wardian: [^\n]+\n$/);
  });

  it("many of them still make one readable line", async () => {
    const imports = Array.from({ length: 5000 }, (_none, n) => ["env", `missing_${n}`] as const);
    const { status, stderr } = await runWasi(write(makeModule({ imports })));
    expect(status).toBe(125);
    expect(stderr.split("\n")).toHaveLength(2);
  });

  it.each([
    ["memory beyond its limit", { memory: { initial: 60_000 } }, ["-m", "16M"], /memory/],
    ["a memory of all 4 GiB", { memory: { initial: 65_536, maximum: 65_536 } }, [], /memory/],
    ["a huge table", { table: { initial: 9_000_000 } }, [], /table/],
    ["a table of 4 billion", { table: { initial: 4_000_000_000 } }, [], /table/],
  ] as const)("%s", async (_what, parts, options, says) => {
    const { status, stderr } = await runWasi(write(makeModule(parts)), { options });
    expect(status, stderr).toBe(125);
    expect(stderr).toMatch(/^wardian: [^\n]+\n$/);
    expect(stderr).toMatch(says);
  });

  it("a declared maximum beyond the limit is only a wish", async () => {
    const program = write(makeModule({ memory: { initial: 1, maximum: 65_536 }, table: { initial: 1, maximum: 0xffffffff } }));
    expect(await runWasi(program, { options: ["-m", "16M"] })).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  it("a start function that traps", async () => {
    const { status, stderr } = await runWasi(write(makeModule({ body: UNREACHABLE, isStart: true })));
    expect([status, stderr.split("\n").length]).toEqual([134, 2]);
    expect(stderr).toMatch(/unreachable/);
  });

  it("a start function that never ends", async () => {
    const { status, stderr } = await runWasi(write(makeModule({ body: LOOP, isStart: true })), { options: ["--timeout", "1s"] });
    expect(status, stderr).toBe(124);
  });
});

describe("programs that take all they get", () => {
  it.each([
    ["files", ["--tmpfs", "/"], /^\d+ errno (51|33|19)\n$/],
    ["folders", ["--tmpfs", "/"], /^\d+ errno (51|33|19)\n$/],
    ["disk", ["--tmpfs", "/:8M"], /^1(2[0-9]|1[0-9]) errno 51\n$/],
    ["descriptors", ["--tmpfs", "/"], /^\d+ errno (33|41)\n$/],
    ["memory", ["-m", "16M", "--tmpfs", "/"], /^1\d errno 48\n$/],
  ])("%s", { timeout: 200_000 }, async (word, options, says) => {
    const { status, stdout, stderr } = await runWasi(fixture("takes"), { options, args: [word] });
    expect(stdout, stderr).toMatch(says);
    expect([status, stderr]).toEqual([0, ""]);
  });

  it.each(["loop", "loop-calls", "sleep"])("%s without end", async (word) => {
    const args = word === "sleep" ? [word, "1000000"] : [word];
    const { status, stdout, stderr } = await runWasi(fixture("ends"), { options: ["--timeout", "500ms"], args });
    expect(status, stderr).toBe(124);
    expect(stdout).toBe("");
    expect(stderr.split("\n").length).toBeLessThanOrEqual(2);
  });
});

describe("neighbours", () => {
  const module = readFileSync(fixture("ends"));
  const takes = readFileSync(fixture("takes"));

  /** Runs to its end; gives status and output. */
  async function run(options: Parameters<typeof Container.start>[0]): Promise<{ status: number; output: string }> {
    const container = await Container.start(options);
    const [output, , end] = await Promise.all([text(container.stdout), text(container.stderr), container.exited]);
    return { status: end.status, output };
  }

  it("go on unharmed while others break in every way", { timeout: 200_000 }, async () => {
    const echo = await Container.start({ module: readFileSync(fixture("echo")), stdin: true });
    const said = text(echo.stdout);
    void text(echo.stderr);
    echo.stdin.write("before ");
    const ways: (readonly [Uint8Array, readonly string[]])[] = [
      [module, ["unreachable"]], [module, ["bounds"]], [module, ["recursion"]], [module, ["recursion-calls"]], [module, ["recursion-writes"]],
      [module, ["loop"]], [module, ["loop-calls"]], [module, ["sleep", "100000"]], [takes, ["memory"]], [takes, ["output"]], [takes, ["descriptors"]],
      [hello.subarray(0, 40), []],
    ]; // prettier-ignore
    for (const [broken, args] of ways) {
      const limits = { timeMs: 300, outputBytes: 1 << 20, memoryBytes: 64 << 20 };
      await run({ module: broken, args, limits }).catch((error: unknown) => expect(error).toBeInstanceOf(Error));
      echo.stdin.write(`${args[0] ?? "cut"} `);
    }
    echo.stdin.end();
    expect((await echo.exited).status).toBe(0);
    expect(await said).toBe(`before ${ways.map(([, args]) => args[0] ?? "cut").join(" ")} `);
    expect(await run({ module: hello })).toEqual({ status: 0, output: "hello\n" });
  });

  it("a reader that goes away ends what it read from, and only that", async () => {
    const container = await Container.start({ module: takes, args: ["output"] });
    void text(container.stderr);
    container.stdout.destroy();
    expect((await container.exited).status).toBe(0);
    expect(await run({ module: hello })).toEqual({ status: 0, output: "hello\n" });
  });
});
