// Where machines are placed, and what becomes of them when their thread is stuck or dies. Threads here run small scripts of the
// test's own in place of the compiled worker.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { setTimeout as pass } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CounterBlock, deviceNames } from "./counters.js";
import { VmWorker } from "./vm-worker.js";
import { LOOP, planOf, SAMPLE_RAM_BYTES } from "./vm-sample.js";
import type { StartMessage } from "./worker-messages.js";
import { WorkerPool } from "./worker-pool.js";

const COMPILED = new URL("../../dist/src/machine/", import.meta.url).pathname;
const STOP_TIMEOUT_MS = 100;
let folder: string;

/** A thread that says `started` and then does `body` with each message. */
function script(name: string, body: string): URL {
  const path = join(folder, `${name}.mjs`);
  const text = `import { parentPort } from "node:worker_threads";
parentPort.on("message", ({ machine, body }) => {
  const say = (body) => parentPort.postMessage({ machine, body });
  if (body.kind === "start") say({ kind: "started" });
  ${body}
});`;
  writeFileSync(path, text);
  return pathToFileURL(path);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "wardian-pool-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function powerOn(pool: WorkerPool, counters = new CounterBlock(deviceNames(0, []))): Promise<VmWorker> {
  const start: StartMessage = {
    kind: "start",
    plan: planOf(LOOP),
    ramBytes: SAMPLE_RAM_BYTES,
    disks: [],
    ports: [],
    counters: counters.buffer,
    share: {},
    paused: false,
  };
  let started: () => void = () => {};
  const isUp = new Promise<void>((resolve) => {
    started = resolve;
  });
  const worker = new VmWorker(pool.place(), start, {
    counters,
    onMessage: (message) => message.kind === "started" && started(),
    stopTimeoutMs: STOP_TIMEOUT_MS,
  });
  await Promise.race([isUp, worker.end]);
  return worker;
}

const STOPS = 'if (body.kind === "stop") say({ kind: "end", end: { kind: "stopped" } });';

async function untilEmpty(pool: WorkerPool): Promise<void> {
  while (pool.size > 0) await pass(5);
}

describe("placing", () => {
  test("makes threads up to the limit, then takes the one with the least demand; idle machines spread, too", async () => {
    const pool = new WorkerPool({ count: 2, entry: script("stops", STOPS), lingerMs: 10 });
    const blocks = Array.from({ length: 3 }, () => new CounterBlock(deviceNames(0, [])));
    const first = await powerOn(pool, blocks[0]);
    expect(pool.size).toBe(1);
    const second = await powerOn(pool, blocks[1]);
    expect(pool.size).toBe(2);
    await pass(300);
    // The first has been busy all the time, the second idle.
    blocks[0]?.set("cpu_busy_seconds", 10);
    const third = await powerOn(pool, blocks[2]);
    expect(first.demand).toBe(1);
    expect(second.demand).toBe(0);
    // The third, new and so taken for busy, is on the second's thread.
    for (const load of pool.loads) expect(load).toBeCloseTo(1.05, 0);
    expect(Math.max(...pool.loads)).toBeLessThan(1.2);
    await Promise.all([first, second, third].map((worker) => worker.stop()));
    await untilEmpty(pool);
  });

  test("of many at once is even", async () => {
    const pool = new WorkerPool({ count: 3, entry: script("stops", STOPS), lingerMs: 10 });
    const workers = await Promise.all(Array.from({ length: 12 }, () => powerOn(pool)));
    expect(pool.size).toBe(3);
    expect(Math.max(...pool.loads)).toBeCloseTo(Math.min(...pool.loads), 6);
    await Promise.all(workers.map((worker) => worker.stop()));
    await untilEmpty(pool);
  });
});

describe("a thread made ahead", () => {
  test("takes the next machine; where one waits already, none is made", async () => {
    const pool = new WorkerPool({ count: 2, entry: script("stops", STOPS), lingerMs: 10_000 });
    pool.prepare();
    pool.prepare();
    expect(pool.size).toBe(1);
    const first = await powerOn(pool);
    expect(pool.size).toBe(1);
    pool.prepare();
    expect(pool.size).toBe(2);
    const second = await powerOn(pool);
    pool.prepare();
    expect(pool.size).toBe(2);
    await Promise.all([first.stop(), second.stop()]);
  });

  test("ends after a moment where no machine comes", async () => {
    const pool = new WorkerPool({ count: 1, entry: script("stops", STOPS), lingerMs: 10 });
    pool.prepare();
    await untilEmpty(pool);
  });
});

describe("a thread", () => {
  test("that is stuck ends with all its machines: the one that was stopped is, the others are told why", async () => {
    const pool = new WorkerPool({ count: 1, entry: script("stuck", 'if (body.kind === "stop") for (;;);') });
    const [stopped, alsoStopped, neighbour] = await Promise.all([powerOn(pool), powerOn(pool), powerOn(pool)]);
    const paused = neighbour.request("pause");
    await Promise.all([stopped.stop(), alsoStopped.stop()]);
    expect(await stopped.end).toEqual({ kind: "stopped" });
    expect(await alsoStopped.end).toEqual({ kind: "stopped" });
    expect(await neighbour.end).toMatchObject({ kind: "failed", error: { code: "thread-stuck" } });
    await paused;
    await neighbour.stop();
    expect(pool.size).toBe(0);
    await (await powerOn(pool)).stop();
  });

  test("that dies fails its machines; the next machine gets a new one", async () => {
    const pool = new WorkerPool({
      count: 1,
      entry: script("dies", 'if (body.kind === "resize") throw new Error("boom");' + STOPS),
      lingerMs: 10,
    });
    const [one, two] = await Promise.all([powerOn(pool), powerOn(pool)]);
    one.send({ kind: "resize", cols: 1, rows: 1 });
    expect(await one.end).toMatchObject({ kind: "failed", error: { code: "worker-crash" } });
    expect(await two.end).toMatchObject({ kind: "failed", error: { code: "worker-crash" } });
    const three = await powerOn(pool);
    await three.stop();
    await untilEmpty(pool);
  });

  test("on which nobody lives any more ends after a moment, and is used again before", async () => {
    const pool = new WorkerPool({ count: 1, entry: script("stops", STOPS), lingerMs: 50 });
    for (let n = 0; n < 5; n++) {
      await (await powerOn(pool)).stop();
      expect(pool.size).toBe(1);
    }
    await untilEmpty(pool);
  });
});

/** What a library program does. */
const program = (body: string): string => `
import { VirtualMachine, configureWorkers } from ${JSON.stringify(join(COMPILED, "vm.js"))};
import { finishWith, LOOP, SLEEP, planOf } from ${JSON.stringify(join(COMPILED, "vm-sample.js"))};
import { readdirSync, readFileSync } from "node:fs";
const start = (words) => VirtualMachine.start({ ramBytes: 16 << 20, plan: () => planOf(words) });
${body}`;

function runProgram(body: string): { stdout: string; ms: number; status: number | null; stderr: string } {
  const began = performance.now();
  const args = ["--input-type=module", "--eval", program(body)];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 60_000 });
  return { stdout, stderr, status, ms: performance.now() - began };
}

describe("a program", () => {
  test("ends by itself when its machines are over, at once", () => {
    const body = `for (const words of [LOOP, SLEEP, finishWith(3)]) { const vm = await start(words); await vm.stop(); }
const began = performance.now();
process.on("exit", () => console.log(performance.now() - began));`;
    const { stdout, status, stderr } = runProgram(body);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(Number(stdout)).toBeLessThan(900);
  });

  test("does not end while a machine runs, asleep or not", () => {
    const { stdout } = runProgram(
      `const vm = await start(SLEEP); setTimeout(() => { console.log("still"); void vm.stop(); }, 1500).unref();`,
    );
    expect(stdout).toBe("still\n");
  });

  test.skipIf(process.platform !== "linux")("leaks neither threads, descriptors nor memory over many machines", () => {
    const body = `configureWorkers(2);
const keeps = await start(SLEEP);
const look = () => ({
  threads: Number(/Threads:\\s+(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]),
  fds: readdirSync("/proc/self/fd").length,
  mib: process.memoryUsage.rss() / 2 ** 20,
});
const cycle = async (count) => { for (let n = 0; n < count; n++) await (await start(finishWith(0))).exit; };
await cycle(200);
const before = look();
await cycle(600);
console.log(JSON.stringify([before, look()]));
await keeps.stop();`;
    const { stdout, stderr } = runProgram(body);
    expect(stderr).toBe("");
    const [before, after] = JSON.parse(stdout) as Record<"threads" | "fds" | "mib", number>[];
    expect(after?.threads).toBeLessThanOrEqual(before?.threads ?? 0);
    expect(after?.fds).toBeLessThanOrEqual(before?.fds ?? 0);
    expect((after?.mib ?? 0) - (before?.mib ?? 0)).toBeLessThan(60);
  });
});
