import { afterEach, describe, expect, test, vi } from "vitest";
import { eventStream, type ServerEvent } from "./event-stream.js";

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();
afterEach(() => {
  vi.useRealTimers();
});

/** Gives what it is told to, and knows whether it was left. */
class Source implements AsyncIterable<ServerEvent> {
  left = false;
  asked = 0;
  give: (event: ServerEvent) => void = () => {};
  fail: (error: Error) => void = () => {};

  [Symbol.asyncIterator](): AsyncIterator<ServerEvent> {
    return {
      next: () => {
        this.asked += 1;
        return new Promise((resolve, reject) => {
          this.give = (value) => resolve({ done: false, value });
          this.fail = reject;
        });
      },
      return: async () => {
        this.left = true;
        return { done: true, value: undefined };
      },
    };
  }
}

describe("an event stream", () => {
  test("reads at once, and one event ahead only", async () => {
    const source = new Source();
    const stream = eventStream(source)[Symbol.asyncIterator]();
    expect(source.asked).toBe(1);
    expect(text((await stream.next()).value)).toBe("retry: 2000\n\n");
    source.give({ id: "5", event: "started", data: { line: "a\nb" } });
    expect(text((await stream.next()).value)).toBe('id: 5\nevent: started\ndata: {"line":"a\\nb"}\n\n');
    expect(source.asked).toBe(1);
    void stream.next();
    await new Promise(setImmediate);
    expect(source.asked).toBe(2);
  });

  test("says something in a silence, and loses nothing by it", async () => {
    vi.useFakeTimers();
    const source = new Source();
    const stream = eventStream(source, 1000)[Symbol.asyncIterator]();
    await stream.next();
    for (let round = 0; round < 3; round += 1) {
      const next = stream.next();
      await vi.advanceTimersByTimeAsync(1000);
      expect(text((await next).value)).toBe(": still here\n\n");
    }
    const next = stream.next();
    await vi.advanceTimersByTimeAsync(500);
    source.give({ data: 1 });
    expect(text((await next).value)).toBe("data: 1\n\n");
    expect(source.asked).toBe(1);
  });

  test.each([0, 1, 2])("leaves its source when it is left after %i chunks", async (chunks) => {
    const source = new Source();
    const stream = eventStream(source)[Symbol.asyncIterator]();
    for (let count = 0; count < chunks; count += 1) {
      const next = stream.next();
      source.give({ data: count });
      await next;
    }
    await stream.return?.();
    expect(source.left).toBe(true);
  });

  test("fails as its source does", async () => {
    const source = new Source();
    const stream = eventStream(source)[Symbol.asyncIterator]();
    await stream.next();
    source.fail(new Error("no more"));
    await expect(stream.next()).rejects.toThrow("no more");
  });
});
