// Sizes read, refused and written.
import { describe, expect, it } from "vitest";
import { WardianError } from "../errors.js";
import { formatSize, parseSize } from "./size.js";

describe("sizes", () => {
  it.each([
    ["0", 0],
    ["4096", 4096],
    ["64k", 65536],
    ["512M", 0x20000000],
    ["512MB", 0x20000000],
    ["64MiB", 0x4000000],
    ["1G", 0x40000000],
    [" 2gib ", 0x80000000],
    ["1T", 0x10000000000],
    ["100b", 100],
  ])("reads %j", (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each(["", "M", "-1", "1.5G", "1e9", "0x10", "512 M", "1Z", "12ib", "9".repeat(17), "9007199254740993", "9999999T", "1\n2"])(
    "refuses %j",
    (text) => {
      expect(() => parseSize(text)).toThrow(WardianError);
    },
  );

  it("names the bounds", () => {
    const bounds = { what: "memory size", minBytes: 0x1000000, maxBytes: 0xc0000000 };
    expect(() => parseSize("1M", bounds)).toThrow('memory size "1M" is too small: the least is 16 MiB');
    expect(() => parseSize("4G", bounds)).toThrow('memory size "4G" is too large: the most is 3 GiB');
    expect(parseSize("16M", bounds)).toBe(0x1000000);
  });

  it("writes them", () => {
    expect([0, 1023, 1024, 0x20000000, 0x60000000, 0x20000001].map(formatSize)).toEqual([
      "0 B",
      "1023 B",
      "1 KiB",
      "512 MiB",
      "1.5 GiB",
      "512.1 MiB",
    ]);
  });
});
