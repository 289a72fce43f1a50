import { describe, expect, test } from "vitest";
import { merge, ReadyQueue } from "./ready-queue.js";

async function* counting(name: string, count: number) {
  for (let at = 0; at < count; at += 1) yield `${name}${at}`;
}

describe("merge", () => {
  test("has everything of each, in its order", async () => {
    const all: string[] = [];
    for await (const item of merge([counting("a", 3), counting("b", 2), counting("c", 0)])) all.push(item);
    expect(all.filter((item) => item.startsWith("a"))).toEqual(["a0", "a1", "a2"]);
    expect(all.filter((item) => item.startsWith("b"))).toEqual(["b0", "b1"]);
  });

  test("does not wait for one that is silent, and keeps nothing for it", async () => {
    let asked = 0;
    const silent = { [Symbol.asyncIterator]: () => ({ next: () => ((asked += 1), new Promise<IteratorResult<string>>(() => {})) }) };
    const merged = merge([silent, counting("a", 100_000)]);
    let seen = 0;
    for await (const _item of merged) if ((seen += 1) === 100_000) break;
    expect([seen, asked]).toEqual([100_000, 1]);
  });

  test("fails as the first of them fails, and leaves the others", async () => {
    let left = false;
    async function* failing() {
      yield "x";
      throw new Error("broken");
    }
    async function* other() {
      try {
        for (;;) yield "y";
      } finally {
        left = true;
      }
    }
    await expect(async () => {
      for await (const _item of merge([failing(), other()]));
    }).rejects.toThrow("broken");
    await new Promise(setImmediate);
    expect(left).toBe(true);
  });

  test("of nothing is over", async () => {
    expect(await merge([]).next()).toMatchObject({ done: true });
  });
});

describe("the queue", () => {
  test("gives in order, and undefined when the time is up", async () => {
    const queue = new ReadyQueue<number>();
    expect(await queue.take(1)).toBeUndefined();
    queue.push(1);
    queue.push(2);
    expect([await queue.take(), await queue.take(1)]).toEqual([1, 2]);
    const next = queue.take(10_000);
    queue.push(3);
    expect(await next).toBe(3);
  });
});
