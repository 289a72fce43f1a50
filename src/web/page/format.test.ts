import { describe, expect, it } from "vitest";
import { formatByteRate, formatBytes, formatClock, formatCount, formatDuration, formatPercent, formatSize } from "./format.js";

describe("figures for people", () => {
  it.each([[0, "0 B"], [1023, "1023 B"], [1024, "1 KiB"], [1536, "1.5 KiB"], [1023.99 * 1024, "1 MiB"], [128 << 20, "128 MiB"], [3 * 2 ** 30, "3 GiB"], [-5, "0 B"]])(
    "%d bytes are %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text)); // prettier-ignore
  it.each([[0, "0"], [999, "999"], [1500, "1.5 k"], [999_999, "1.0 M"], [123_456_789, "123 M"], [2.5e9, "2.5 G"]])(
    "a count of %d is %s", (count, text) => expect(formatCount(count)).toBe(text)); // prettier-ignore
  it.each([[0, "0 %"], [0.034, "3.4 %"], [0.0999, "10 %"], [0.5, "50 %"], [1, "100 %"], [-1, "0 %"]])(
    "a ratio of %d is %s", (ratio, text) => expect(formatPercent(ratio)).toBe(text)); // prettier-ignore
  it.each([[-1, "0 s"], [59_999, "59 s"], [60_000, "1 min"], [3_600_000, "1 h 0 min"], [90_061_000, "1 d 1 h"]])(
    "%d ms are %s", (ms, text) => expect(formatDuration(ms)).toBe(text)); // prettier-ignore
  it("rates, sizes and clocks", () => {
    expect(formatByteRate(2048)).toBe("2 KiB/s");
    expect(["128M", "1g", 1 << 20, "odd"].map(formatSize)).toEqual(["128 MiB", "1 GiB", "1 MiB", "odd"]);
    expect(formatClock("2026-01-02T03:04:05.006Z", true)).toMatch(/^\d\d:\d\d:05\.006$/);
    expect(formatClock("soon")).toBe("soon");
  });
});
