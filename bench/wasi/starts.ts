// Starts and what containers that wait cost: warm (median from the request to the first byte), starts a second, cold, memory of an idle one,
// 500 at once. `theirs` is node:wasi in a new thread for warm starts, else the bar. Depends on container/ and the files beside it.
import { once } from "node:events";
import { Container } from "../../src/container/container.js";
import { ContainerRuntime } from "../../src/container/runtime.js";
import type { BenchOptions } from "../options.js";
import { lessIsBetter, median, moreIsBetter, type Row } from "../report.js";
import { guestModule, NodeWasi, runOurs } from "./sides.js";

const LANES = 2;
const IDLE = 50;
const ALIVE = 500;

/** Milliseconds to its first byte. */
async function start(runtime?: ContainerRuntime): Promise<number> {
  const beganMs = performance.now();
  const container = await Container.start({ module: guestModule("hello"), ...(runtime === undefined ? {} : { runtime }) });
  container.stderr.resume();
  await once(container.stdout, "data");
  const tookMs = performance.now() - beganMs;
  container.stdout.resume();
  await container.exited;
  return tookMs;
}

async function theirStart(): Promise<number> {
  const beganMs = performance.now();
  await using thread = new NodeWasi();
  await thread.run("hello", []);
  return performance.now() - beganMs;
}

async function repeat(times: number, run: () => Promise<number>): Promise<number[]> {
  const values: number[] = [];
  for (let n = 0; n < times; n++) values.push(await run());
  return values;
}

async function startsPerSecond(seconds: number): Promise<number> {
  const untilMs = performance.now() + seconds * 1000;
  let count = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() < untilMs) {
      await runOurs("hello", []);
      count++;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return count / seconds;
}

/** So many that wait for input, in a runtime of their own; gives seconds to start them and bytes of memory for each. */
async function alive(count: number): Promise<{ seconds: number; bytes: number }> {
  const runtime = new ContainerRuntime();
  await start(runtime);
  global.gc?.();
  const before = process.memoryUsage().rss;
  const beganMs = performance.now();
  const containers: Container[] = [];
  for (let n = 0; n < count; n++) {
    const container = await Container.start({ module: guestModule("ends"), args: ["wait-for-input"], stdin: true, runtime });
    container.stdout.resume();
    container.stderr.resume();
    containers.push(container);
  }
  const seconds = (performance.now() - beganMs) / 1000;
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const bytes = (process.memoryUsage().rss - before) / count;
  for (const container of containers) container.stdin.end();
  await Promise.all(containers.map(({ exited }) => exited));
  await runtime.close();
  return { seconds, bytes };
}

async function coldStart(): Promise<number> {
  const runtime = new ContainerRuntime();
  const tookMs = await start(runtime);
  await runtime.close();
  return tookMs;
}

export async function benchStarts(options: BenchOptions): Promise<Row[]> {
  await repeat(20, start);
  const warm = await repeat(options.quick ? 100 : 500, () => start());
  const theirs = await repeat(options.quick ? 5 : 20, theirStart);
  const rate = await startsPerSecond(options.quick ? 1 : 4);
  const cold = await repeat(options.quick ? 3 : 10, coldStart);
  const idle = await alive(IDLE);
  const many = await alive(ALIVE);
  options.onProgress("starts done");
  return [
    lessIsBetter("start, warm (theirs: node:wasi in a new thread)", median(warm), median(theirs), "ms"),
    moreIsBetter("starts (theirs: the bar)", rate, 500, "starts/s"),
    lessIsBetter("start, cold: new kernel and thread (theirs: the bar)", median(cold), 40, "ms"),
    lessIsBetter(`memory of each of ${IDLE} idle ones (theirs: the bar)`, idle.bytes / 2 ** 20, 10, "MiB"),
    lessIsBetter(`memory of each of ${ALIVE} idle ones (theirs: the bar)`, many.bytes / 2 ** 20, 10, "MiB"),
    moreIsBetter(`${ALIVE} alive at once, started (theirs: the bar of starts)`, ALIVE / many.seconds, 500, "starts/s"),
  ];
}
