import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readText, SseParser } from "./sse.js";

describe("server-sent events", () => {
  it("reads type, id and data, and leaves comments and unknown fields out", () => {
    const parser = new SseParser();
    expect(parser.feed('retry: 2000\n\n: hello\nid: 7\nevent: started\ndata: {"a":1}\n\n')).toEqual([
      { id: "7", type: "started", data: '{"a":1}' },
    ]);
    expect(parser.feed("data\n\n")).toEqual([{ id: "7", type: "message", data: "" }]);
    expect(parser.feed("data:a\ndata:  b\nunknown: x\n\n")).toEqual([{ id: "7", type: "message", data: "a\n b" }]);
    expect(parser.lastId).toBe("7");
  });

  it("keeps an id that came without data, as Last-Event-ID, and not one with a NUL", () => {
    const parser = new SseParser();
    expect(parser.feed("id: 9\n\nid: 1\0\ndata: x\n\n")).toEqual([{ id: "9", type: "message", data: "x" }]);
    expect(parser.feed("id\ndata: y\n\n")).toEqual([{ id: "", type: "message", data: "y" }]);
  });

  it("takes no id from an event that is cut off", () => {
    const parser = new SseParser();
    parser.feed("id: 1\ndata: whole\n\nid: 2\ndata: ha");
    expect(parser.lastId).toBe("1");
  });

  it("gives the same however the text is cut, with LF, CR and CRLF", () => {
    const text = "id: 1\nevent: a\ndata: one\n\nid: 2\ndata: two\ndata: and\n\n: comment\n\ndata: ü\n\n";
    const whole = new SseParser().feed(text);
    expect(whole).toHaveLength(3);
    fc.assert(
      fc.property(fc.constantFrom("\n", "\r\n", "\r"), fc.array(fc.nat(text.length * 2), { maxLength: 12 }), (end, cuts) => {
        const ended = `${text.replaceAll("\n", end)}:`;
        const parser = new SseParser();
        const places = [0, ...cuts.map((cut) => Math.min(cut, ended.length)).sort((a, b) => a - b), ended.length];
        const events = places.flatMap((place, index) => parser.feed(ended.slice(places[index - 1] ?? 0, place)));
        expect(events).toEqual(whole);
      }),
    );
  });

  it("gives up on an event without end", () => {
    const parser = new SseParser();
    const part = "x".repeat(1 << 20);
    expect(() => {
      for (let i = 0; i < 9; i++) parser.feed(`data: ${part}\n`);
    }).toThrow(/too long/);
    expect(() => {
      const other = new SseParser();
      for (let i = 0; i < 9; i++) other.feed(part);
    }).toThrow(/too long/);
  });
});

it("text comes as it arrives, characters whole, and the stream is let go at the end", async () => {
  const bytes = new TextEncoder().encode("aü€");
  let isCancelled = false;
  let arrivals = 0;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => bytes.forEach((_byte, index) => controller.enqueue(bytes.subarray(index, index + 1))),
    cancel: () => void (isCancelled = true),
  });
  let text = "";
  for await (const part of readText(body, () => arrivals++)) {
    text += part;
    if (arrivals === bytes.length) break;
  }
  expect(text).toBe("aü€");
  expect(isCancelled).toBe(true);
});
