// The lock, with threads that want it at the same time.
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { waitModule } from "../../src/kernel/wait-word.js";
import { TestVfs } from "./vfs/testing/harness.js";

const LOCK_PTR = 0x10000;
const VALUE_PTR = 0x10008;
/** Threads that have begun: none counts before all have, so that they do it at the same time. */
const BEGUN_PTR = 0x10010;
const ROUNDS = 20_000;

/** Counts up a word that is not atomic, in the way that loses counts without a lock. */
const COUNTING = `
  const { workerData, parentPort } = require("node:worker_threads");
  const { module, wait, memory, rounds, lock, value, begun, count } = workerData;
  const { lock_acquire, lock_release } = new WebAssembly.Instance(module, {
    env: { memory },
    host: { wait_word: new WebAssembly.Instance(wait, { env: { memory } }).exports.wait },
  }).exports;
  const words = new Int32Array(memory.buffer);
  Atomics.add(words, begun >> 2, 1);
  Atomics.notify(words, begun >> 2);
  for (let seen; (seen = Atomics.load(words, begun >> 2)) < count; ) Atomics.wait(words, begun >> 2, seen);
  for (let i = 0; i < rounds; i++) {
    lock_acquire(lock);
    const was = words[value >> 2];
    for (let spin = 0; spin < i % 50; spin++) words[(value >> 2) + 1] += 1;
    words[value >> 2] = was + 1;
    lock_release(lock);
  }
  parentPort.postMessage("done");
`;

/** Runs `count` threads to their end; the messages and how they ended. */
async function threads(v: TestVfs, source: string, count: number): Promise<void> {
  const module = await TestVfs.module();
  const workerData = {
    module,
    wait: waitModule(),
    memory: v.memory,
    rounds: ROUNDS,
    lock: LOCK_PTR,
    value: VALUE_PTR,
    begun: BEGUN_PTR,
    count,
  };
  await Promise.all(
    Array.from({ length: count }, async () => {
      const worker = new Worker(source, { eval: true, workerData });
      await new Promise<void>((done, failed) => worker.once("exit", () => done()).once("error", failed));
    }),
  );
}

describe("lock", () => {
  it("lets one thread in at a time", async () => {
    const v = await TestVfs.start();
    await threads(v, COUNTING, 4);
    expect(v.bytes.readInt32LE(VALUE_PTR)).toBe(4 * ROUNDS);
    expect(v.bytes.readInt32LE(LOCK_PTR)).toBe(0);
  });

  it("counts less without it (so the first test can fail)", async () => {
    const v = await TestVfs.start();
    await threads(v, COUNTING.replaceAll(/lock_(acquire|release)\(lock\);/g, ""), 4);
    expect(v.bytes.readInt32LE(VALUE_PTR)).toBeLessThan(4 * ROUNDS);
  });

  it("wakes one who sleeps for it", async () => {
    const v = await TestVfs.start();
    v.call("lock_acquire", LOCK_PTR);
    const waiting = threads(v, COUNTING, 1);
    while (v.bytes.readInt32LE(LOCK_PTR) !== 2) await new Promise((done) => setTimeout(done, 5));
    expect(v.bytes.readInt32LE(VALUE_PTR)).toBe(0);
    v.call("lock_release", LOCK_PTR);
    await waiting;
    expect(v.bytes.readInt32LE(VALUE_PTR)).toBe(ROUNDS);
  });
});

it("a second instance sees what the first has made, and resets nothing", async () => {
  const v = await TestVfs.start();
  const fs = v.create();
  v.mkdir(v.root(fs), "dir");
  const usage = v.usage();
  const second = await v.another();
  expect(second.usage()).toEqual(usage);
  expect(second.lookup(second.root(fs), "dir")).toBe("SUCCESS");
  expect(second.destroy(fs)).toBe("SUCCESS");
  expect(v.usage()["objects"]).toBe(0);
});
