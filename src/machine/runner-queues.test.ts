import { expect, test } from "vitest";
import { InputQueue, OutputBatch } from "./runner-queues.js";

test("a batch gives everything once, in order", () => {
  const batch = new OutputBatch();
  for (let i = 0; i < 3000; i++) batch.addByte(i & 0xff);
  batch.add(new Uint8Array([1, 2, 3]));
  const taken = batch.take();
  expect(taken.length).toBe(3003);
  expect([...taken.subarray(2999)]).toEqual([2999 & 0xff, 1, 2, 3]);
  expect(batch.take().length).toBe(0);
});

test("a queue goes on where its reader stopped", () => {
  const queue = new InputQueue();
  queue.add(new Uint8Array([1, 2, 3]));
  queue.add(new Uint8Array([4, 5]));
  const got: number[] = [];
  const reader = (room: number) => (bytes: Uint8Array) => {
    const count = Math.min(room - got.length, bytes.length);
    got.push(...bytes.subarray(0, count));
    return count;
  };
  expect(queue.feed(reader(2))).toBe(2);
  expect(queue.isEmpty).toBe(false);
  expect(queue.feed(reader(9))).toBe(3);
  expect(got).toEqual([1, 2, 3, 4, 5]);
  expect(queue.isEmpty).toBe(true);
});
