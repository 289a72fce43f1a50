// cpio: what is written can be read; what is damaged is refused.

import { describe, expect, it } from "vitest";
import { WardianError } from "../../errors.js";
import { type CpioEntry, looksLikeCpio, readCpio, S_IFCHR, S_IFDIR, S_IFREG, writeCpio } from "./cpio.js";
import { mutate, randomFrom } from "./samples.js";

const entry = (name: string, mode: number, data = ""): CpioEntry => ({
  name,
  mode,
  uid: 1,
  gid: 2,
  mtimeSeconds: 1_700_000_000,
  ino: 9,
  nlink: 1,
  rdevMajor: 0,
  rdevMinor: 0,
  data: Buffer.from(data),
});
const ENTRIES = [
  entry("dev", S_IFDIR | 0o755),
  { ...entry("dev/console", S_IFCHR | 0o600), rdevMajor: 5, rdevMinor: 1 },
  entry("grüße", S_IFREG | 0o4755, "hello"),
  entry("end", S_IFREG | 0o644, "1234"),
];
const ARCHIVE = writeCpio(ENTRIES);
const codeOf = (work: () => unknown) => {
  try {
    work();
    return "none";
  } catch (error) {
    return error instanceof WardianError ? error.code : String(error);
  }
};

describe("cpio", () => {
  it("reads back what it wrote", () => {
    expect(ARCHIVE.length % 512).toBe(0);
    expect(looksLikeCpio(ARCHIVE)).toBe(true);
    expect(readCpio(ARCHIVE).map((e) => ({ ...e, data: Buffer.from(e.data) }))).toEqual(ENTRIES);
  });

  it("reads archives behind each other, as the kernel does", () => {
    expect(readCpio(Buffer.concat([ARCHIVE, Buffer.alloc(512), ARCHIVE]))).toHaveLength(8);
  });

  it("reads the form with checksums and compares them", () => {
    const crc = Buffer.from(writeCpio([entry("a", S_IFREG, "AB")]));
    crc.write("070702", 0);
    crc.write((0x41 + 0x42).toString(16).padStart(8, "0"), 102);
    // The trailer's sum is zero and its magic may stay.
    expect(readCpio(crc)).toHaveLength(1);
    crc.write("00000001", 102);
    expect(codeOf(() => readCpio(crc))).toBe("archive-corrupt");
  });

  it("refuses what is cut, damaged or of another kind", () => {
    for (const end of [1, 50, 109, 111, 115, 300, ARCHIVE.length >> 1])
      expect(codeOf(() => readCpio(ARCHIVE.subarray(0, end)))).toMatch(/^archive-(truncated|corrupt)$/);
    expect(codeOf(() => readCpio(new Uint8Array(0)))).toBe("archive-truncated");
    expect(codeOf(() => readCpio(Buffer.from("070707".padEnd(200, "0"))))).toBe("archive-unsupported");
    for (const [offset, text] of [
      [54, "ffffffff"],
      [94, "ffffffff"],
      [94, "00000000"],
      [94, "0000000x"],
      [94, "00000003"],
    ] as const) {
      const damaged = Buffer.from(ARCHIVE);
      damaged.write(text, offset);
      expect(codeOf(() => readCpio(damaged))).toMatch(/^archive-(truncated|corrupt)$/);
    }
  });

  it("refuses to write what the format or the kernel cannot hold", () => {
    expect(codeOf(() => writeCpio([{ ...entry("a", S_IFREG), uid: 2 ** 32 }]))).toBe("archive-unsupported");
    expect(codeOf(() => writeCpio([entry("x".repeat(4096), S_IFREG)]))).toBe("archive-unsupported");
  });

  it("lets out nothing but WardianError for mutated input", () => {
    const random = randomFrom(3);
    for (let i = 0; i < 3000; i++) expect(codeOf(() => readCpio(mutate(ARCHIVE, random)))).toMatch(/^(none|archive-[a-z-]+)$/);
  });
});
