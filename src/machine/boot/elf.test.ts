// ELF files made to order: what is read, what is refused, and damage at random.
import { describe, expect, it } from "vitest";
import { WardianError } from "../../errors.js";
import { readElf } from "./elf.js";
import { makeElf } from "./elf-sample.js";
import { mutate, seededRandom } from "./mutation.js";

const segment = { physical: 0x80000000n, bytes: new Uint8Array([1, 2, 3, 4]), memoryBytes: 0x1000 };

describe("ELF files", () => {
  it("gives segments in order, entry and symbols", () => {
    const high = { physical: 0x80002000n, bytes: new Uint8Array(0), memoryBytes: 8 };
    const elf = readElf(makeElf({ entry: 0x80000002n, segments: [high, segment], symbols: { main: 1n, tohost: 0x80000800n } }), "x.elf");
    expect(elf.relocatable).toBe(false);
    expect(elf.entry).toBe(0x80000002n);
    expect(elf.segments.map(({ physical, memoryBytes }) => [physical, memoryBytes])).toEqual([
      [0x80000000n, 0x1000],
      [0x80002000n, 8],
    ]);
    expect([...(elf.segments[0]?.bytes ?? [])]).toEqual([1, 2, 3, 4]);
    expect([...elf.symbols]).toEqual([["tohost", 0x80000800n]]);
  });

  it("takes a file without a symbol table", () => {
    expect(readElf(makeElf({ segments: [segment] }), "x.elf").symbols.size).toBe(0);
  });

  const big = new Uint8Array([1, 2, 3, 4, 5]);
  it.each([
    ["segments that overlap", makeElf({ segments: [segment, { ...segment, physical: 0x80000fffn }] }), /overlap/],
    ["more bytes than memory", makeElf({ segments: [{ ...segment, bytes: big, memoryBytes: 4 }] }), /larger in the file/],
    ["a segment over the end of the address space", makeElf({ segments: [{ ...segment, physical: 2n ** 64n - 0x800n }] }), /address space/],
    ["a segment of 2^63 bytes", makeElf({ segments: [segment], patch: (view) => view.setBigUint64(64 + 40, 2n ** 63n, true) }), /4 GiB/],
    [
      "a segment outside of the file",
      makeElf({ segments: [segment], patch: (view) => view.setBigUint64(64 + 8, 2n ** 64n - 2n, true) }),
      /cut short/,
    ],
    [
      "program headers outside of the file",
      makeElf({ segments: [segment], patch: (view) => view.setBigUint64(32, 2n ** 64n - 1n, true) }),
      /cut short/,
    ],
    ["no segments", makeElf({ segments: [] }), /no program headers/],
    [
      "a shared library's interpreter",
      makeElf({ segments: [segment], patch: (view) => view.setUint32(64, 3, true) }),
      /dynamically linked/,
    ],
    ["32 bits", makeElf({ segments: [segment], patch: (view) => view.setUint8(4, 1) }), /32-bit/],
    ["big-endian", makeElf({ segments: [segment], patch: (view) => view.setUint8(5, 2) }), /big-endian/],
    ["another machine", makeElf({ segments: [segment], patch: (view) => view.setUint16(18, 62, true) }), /machine type 62/],
    ["an object file", makeElf({ segments: [segment], patch: (view) => view.setUint16(16, 1, true) }), /link it/],
    [
      "a symbol table's names outside",
      makeElf({ segments: [segment], symbols: { a: 1n }, patch: (view) => view.setUint32(view.byteLength - 64 * 2 + 40, 99, true) }),
      /not there/,
    ],
    ["half a header", makeElf({ segments: [segment] }).slice(0, 40), /cut short/],
    ["something else", new Uint8Array(100), /magic/],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => readElf(bytes, "x.elf")).toThrow(WardianError);
    expect(() => readElf(bytes, "x.elf")).toThrow(message);
  });

  it("survives damage", () => {
    const random = seededRandom(2);
    const file = makeElf({ segments: [segment, { ...segment, physical: 0x80002000n }], symbols: { tohost: 0x80000010n, x: 1n } });
    for (let round = 0; round < 5000; round++) {
      try {
        readElf(mutate(file, random), "x.elf");
      } catch (error) {
        expect(error).toBeInstanceOf(WardianError);
      }
    }
  });
});
