import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LogLines, plainText } from "./log-lines.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("text of a log", () => {
  it.each([
    ["plain", "plain"],
    ["\u001b[1;31mred\u001b[0m", "red"],
    ["\u001b]0;title\u0007text\u001b]8;;x\u001b\\link", "textlink"],
    ["10%\r50%\r100%", "100%"],
    ["windows\r", "windows"],
    ["tab\there\u0007\u0000\u009b", "tab\there"],
    ["\u001b(B\u001b7\u001b=x", "x"],
  ])("%j shows %j", (text, shown) => expect(plainText(text)).toBe(shown));
});

describe("lines of a log", () => {
  it("are whole, whatever the chunks, each stream for itself", () => {
    const lines = new LogLines(10);
    lines.push("t1", "stdout", bytes("hel"));
    lines.push("t2", "stderr", bytes("oops\n"));
    lines.push("t3", "stdout", bytes("lo\nnext"));
    expect(lines.take()).toEqual([
      { at: "t2", stream: "stderr", text: "oops" },
      { at: "t1", stream: "stdout", text: "hello" },
    ]);
    expect(lines.unfinished()).toEqual([{ at: "t3", stream: "stdout", text: "next" }]);
    expect(lines.take()).toEqual([]);
  });

  it("come out the same however the bytes are cut, inside characters too", () => {
    const text = "aü€😀\n\n\u001b[31mb\u001b[0m\r\nlast\n";
    const all = bytes(text);
    fc.assert(
      fc.property(fc.array(fc.nat(all.length), { maxLength: 10 }), (cuts) => {
        const places = [...cuts.sort((a, b) => a - b), all.length];
        const lines = new LogLines(100);
        places.forEach((place, index) => lines.push("t", "stdout", all.subarray(places[index - 1] ?? 0, place)));
        expect(lines.take().map((line) => line.text)).toEqual(["aü€😀", "", "b", "last"]);
      }),
    );
  });

  it("are bounded in number and in length", () => {
    const lines = new LogLines(50);
    for (let i = 0; i < 1000; i++) lines.push("t", "stdout", bytes(`${i}\n`.repeat(3)));
    const kept = lines.take();
    expect(kept.length).toBeLessThanOrEqual(100);
    expect(kept.at(-1)?.text).toBe("999");
    for (let i = 0; i < 1000; i++) lines.push("t", "stdout", bytes("x".repeat(1000)));
    expect(lines.unfinished()[0]?.text.length).toBe(4096);
  });
});
