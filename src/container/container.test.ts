// Containers from outside: streams, ends, limits, threads used again. Every program is a few instructions.
import { setTimeout as sleep } from "node:timers/promises";
import { buffer, text } from "node:stream/consumers";
import { afterAll, describe, expect, it } from "vitest";
import { COUNT_PROCESSES } from "../../assembly/kernel/abi.js";
import { Container, type ContainerEnd, type ContainerOptions } from "./container.js";
import * as programs from "./program-samples.js";
import { ContainerRuntime } from "./runtime.js";
import { Volume } from "./volume.js";

const runtime = new ContainerRuntime();
afterAll(() => runtime.close());

type Outcome = ContainerEnd & { readonly stdout: string; readonly stderr: string };

async function run(module: Uint8Array, options: Omit<ContainerOptions, "module"> = {}): Promise<Outcome> {
  const container = await Container.start({ module, runtime, ...options });
  const [stdout, stderr, end] = await Promise.all([text(container.stdout), text(container.stderr), container.exited]);
  return { ...end, stdout, stderr };
}

/** What start() rejects with. */
async function refusal(module: Uint8Array, options: Omit<ContainerOptions, "module"> = {}): Promise<string> {
  const error = await Container.start({ module, runtime, ...options }).then(
    () => new Error("it started"),
    (reason: Error & { code?: string }) => reason,
  );
  expect(error.message).not.toContain("\n");
  return `${(error as { code?: string }).code}: ${error.message}`;
}

describe("a container", () => {
  it("writes to stdout and stderr, and ends with status 0", async () => {
    expect(await run(programs.BOTH)).toMatchObject({ stdout: "out\n", stderr: "err\n", reason: "exited", status: 0 });
  });

  it.each([0, 1, 42, 255])("ends with the status %d of proc_exit", async (status) => {
    expect(await run(programs.endsWith(status))).toMatchObject({ reason: "exited", status });
  });

  it.each([
    ["unreachable", programs.UNREACHABLE, /unreachable instruction, in the function/],
    ["deep recursion", programs.DEEP, /out of stack/],
    ["memory out of bounds", programs.OUT_OF_BOUNDS, /memory access out of bounds/],
    ["a division by zero", programs.DIVIDE, /integer divide by zero/],
    ["a start function that traps", programs.START_TRAPS, /unreachable instruction/],
  ])("tells of %s in one line, with status 134", async (_what, module, words) => {
    const { reason, status, message } = await run(module);
    expect({ reason, status }).toEqual({ reason: "trapped", status: 134 });
    expect(message).toMatch(words);
    expect(message).not.toContain("\n");
  });

  it.each([undefined, 1_000_000])("runs a start function whose calls find its memory (fuel %s)", async (fuel) => {
    expect(await run(programs.START_WRITES, { limits: { fuel } })).toMatchObject({ stdout: "one\ntwo\n", status: 0 });
  });

  it("passes input on, to its end, byte for byte", async () => {
    const container = await Container.start({ module: programs.ECHO, runtime, stdin: true });
    const sent = Buffer.alloc(3_000_001);
    for (let i = 0; i < sent.length; i++) sent[i] = (i * 7) % 251;
    container.stdin.end(sent);
    container.stderr.resume();
    expect((await buffer(container.stdout)).equals(sent)).toBe(true);
    expect((await container.exited).status).toBe(0);
  });

  it("has its input at the end where none was asked for", async () => {
    expect(await run(programs.ECHO)).toMatchObject({ stdout: "", status: 0 });
  });

  it("waits while nobody takes its output, and goes on", async () => {
    const container = await Container.start({ module: programs.FLOOD, runtime });
    container.stderr.resume();
    await sleep(100);
    const waiting = container.usage().counts.written_bytes;
    await sleep(100);
    expect(container.usage().counts.written_bytes).toBe(waiting);
    expect(waiting).toBeLessThan(1 << 20);
    container.stdout.resume();
    await expect.poll(() => container.usage().counts.written_bytes).toBeGreaterThan(waiting * 4);
    container.stdout.destroy(); // a closed pipe ends it
    expect((await container.exited).reason).toBe("exited");
  });

  it("is ended wherever it is by kill()", async () => {
    const container = await Container.start({ module: programs.LOOP, runtime });
    container.stdout.resume();
    container.stderr.resume();
    await sleep(20);
    expect(await container.kill()).toMatchObject({ reason: "killed", status: 137 });
    expect(await container.kill(15)).toMatchObject({ reason: "killed", status: 137 });
  });

  it("is ended while it waits for input", async () => {
    const container = await Container.start({ module: programs.ECHO, runtime, stdin: true });
    await sleep(50);
    expect(await container.kill(15)).toMatchObject({ reason: "killed", status: 143, message: "it was ended by SIGTERM" });
  });

  it("cannot catch its end: neither proc_exit nor a kill", async () => {
    expect(await run(programs.CATCHES, { limits: { timeMs: 5000 } })).toMatchObject({ stdout: "", reason: "exited", status: 3 });
  });
});

describe("limits", () => {
  it("time", async () => {
    expect(await run(programs.LOOP, { limits: { timeMs: 50 } })).toMatchObject({
      reason: "timeout",
      status: 124,
      message: "its time was up",
    });
  });

  it("time on a CPU", async () => {
    const { reason, message } = await run(programs.LOOP, { limits: { cpuTimeMs: 50 } });
    expect({ reason, message }).toEqual({ reason: "cpu-time", message: "its CPU time was up" });
  });

  it("fuel, which ends it at the same instruction each time", async () => {
    const used = async (): Promise<number | undefined> => {
      const container = await Container.start({ module: programs.LOOP, runtime, limits: { fuel: 100_000 } });
      container.stdout.resume();
      container.stderr.resume();
      expect(await container.exited).toMatchObject({ reason: "out-of-fuel", status: 134 });
      return container.usage().fuel;
    };
    expect(await used()).toBe(await used());
  });

  it("memory: it grows no further", async () => {
    expect(await run(programs.GROWS, { limits: { memoryBytes: 20 * 65_536 } })).toMatchObject({ status: 20 });
    expect(await refusal(programs.GROWS, { limits: { memoryBytes: 65_536 } })).toMatch(/^wasm-memory-limit/);
  });

  it("output", async () => {
    const outcome = await run(programs.FLOOD, { limits: { outputBytes: 1 << 20 } });
    expect(outcome).toMatchObject({ reason: "output-limit", status: 137 });
    expect(outcome.stdout.length).toBeLessThanOrEqual(1 << 20);
  });

  it("arguments", async () => {
    expect(await refusal(programs.HELLO, { args: ["x".repeat(2 << 20)] })).toMatch(/^arguments-too-large/);
    expect(await refusal(programs.HELLO, { args: ["a\0b"] })).toMatch(/^bad-argument/);
  });
});

describe("what is no program", () => {
  it("names all imports that are missing", async () => {
    const told = await refusal(programs.MISSING);
    expect(told).toMatch(/^wasm-imports: .*"env"\."one", "wasi_snapshot_preview1"\."two"/);
  });

  it("names all imports of another type", async () => {
    const told = await refusal(programs.OTHER_TYPES);
    expect(told).toMatch(
      /^wasm-imports: .*"fd_close" as \(i64\) -> i32, which is \(i32\) -> i32; .*"sched_yield" as \(\) -> \(\), which is/,
    );
    expect(told).not.toContain("proc_exit");
  });

  it.each([
    ["text", Buffer.from("hello"), /^wasm-not-wasm/],
    ["a cut module", programs.HELLO.subarray(0, 40), /^wasm-invalid/],
    ["a component", Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0), /^wasm-component/],
    ["a module without a start", Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0), /^wasm-no-start/],
  ])("%s", async (_what, bytes, words) => {
    expect(await refusal(bytes)).toMatch(words);
  });
});

describe("pause", () => {
  it("executes nothing until resume()", async () => {
    const container = await Container.start({ module: programs.LOOP, runtime, pausable: true });
    await sleep(50);
    await container.pause();
    const before = container.usage();
    await sleep(100);
    expect(container.usage().cpuSeconds - before.cpuSeconds).toBeLessThan(0.02);
    container.resume();
    await expect.poll(() => container.usage().cpuSeconds - before.cpuSeconds, { timeout: 5000 }).toBeGreaterThan(0.02);
    await container.pause();
    expect(await container.kill()).toMatchObject({ reason: "killed" });
  });

  it("is not there without metering", async () => {
    const container = await Container.start({ module: programs.LOOP, runtime });
    await expect(container.pause()).rejects.toMatchObject({ code: "not-pausable" });
    await container.kill();
  });
});

describe("what is shared", () => {
  it("says so in one line where the kernel itself fails", async () => {
    const own = new ContainerRuntime();
    own.kernel.reap = () => {
      throw new WebAssembly.RuntimeError("unreachable");
    };
    const container = await Container.start({ module: programs.HELLO, runtime: own });
    expect(await container.exited).toMatchObject({
      reason: "failed",
      message: "the containers' kernel failed (unreachable); this is a bug in Wardian",
    });
    await container.drained();
    await own.close();
  });

  it("uses threads again after a clean end, and none that was killed", async () => {
    const own = new ContainerRuntime();
    for (let i = 0; i < 5; i++) expect(await run(programs.HELLO, { runtime: own })).toMatchObject({ stdout: "hello\n" });
    expect(own.counters.threads).toMatchObject({ made: 1, reused: 4, idle: 1 });
    expect(own.counters.programs).toMatchObject({ programs: 1, hits: 4, misses: 1 });
    await run(programs.LOOP, { runtime: own, limits: { timeMs: 20 } });
    expect(own.counters.threads).toMatchObject({ threads: 0, idle: 0 });
    expect(await run(programs.HELLO, { runtime: own })).toMatchObject({ stdout: "hello\n" });
    await own.close();
  });

  it("keeps no more compiled programs than fit", async () => {
    const own = new ContainerRuntime({ cacheBytes: programs.HELLO.length + 8 });
    await run(programs.HELLO, { runtime: own });
    await run(programs.BOTH, { runtime: own });
    expect(own.counters.programs).toMatchObject({ programs: 1, evicted: 1 });
    await own.close();
  });

  it("leaves nothing of processes in the kernel", async () => {
    const before = runtime.kernel.exports.kernel_counter(COUNT_PROCESSES);
    await Promise.all(Array.from({ length: 8 }, () => run(programs.HELLO)));
    expect(runtime.kernel.exports.kernel_counter(COUNT_PROCESSES)).toBe(before);
  });

  it("a volume is taken apart when its containers have ended", async () => {
    const volume = new Volume(runtime.kernel, { maxBytes: 1 << 20 });
    const files = runtime.kernel.exports.tree_file_systems();
    await run(programs.HELLO, { volumes: [{ volume, guestPath: "/" }] });
    await volume.destroy();
    expect(runtime.kernel.exports.tree_file_systems()).toBe(files - 1);
  });
});
