import { expect, test } from "vitest";
import { findPanic, LineTail } from "./line-tail.js";

function tailOf(...texts: string[]): LineTail {
  const tail = new LineTail();
  for (const text of texts) tail.add(Buffer.from(text));
  return tail;
}

test("keeps lines across pieces, without control sequences", () => {
  expect(tailOf("on", "e\r\n\u001b[31mtw\u0007o\u001b[0m\n", "thr").lines).toEqual(["one", "two", "thr"]);
  expect(tailOf("text\n\n\n").last).toBe("text");
  expect(tailOf().last).toBe("");
});

test("is bounded whatever the guest prints", () => {
  const tail = tailOf("x".repeat(100_000), "\n", "y\n".repeat(10_000));
  expect(tail.lines.length).toBeLessThanOrEqual(64);
  expect(Math.max(...tail.lines.map((line) => line.length))).toBeLessThanOrEqual(200);
});

test("finds a panic only where a kernel prints it", () => {
  expect(findPanic(tailOf("[    1.2] Kernel panic - not syncing: VFS\n").lines)).toBe("Kernel panic - not syncing: VFS");
  expect(findPanic(tailOf("Kernel panic - not syncing: VFS\n").lines)).toBe("Kernel panic - not syncing: VFS");
  expect(findPanic(tailOf("echo Kernel panic - not syncing\n").lines)).toBeUndefined();
});

test("an early panic is one at time 0", () => {
  expect(tailOf("[    0.000000] ---[ end Kernel panic - not syncing: x ]---\n").hasEarlyPanic).toBe(true);
  expect(tailOf("[    9.000000] ---[ end Kernel panic - not syncing: x ]---\n").hasEarlyPanic).toBe(false);
});
