// The bytes of files: sparse, bounded, against a plain buffer.
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { OFLAGS_CREAT } from "../abi.js";
import { TestVfs } from "./testing/harness.js";

const PAGE = 4096;
const TIB = 1n << 40n;
let v: TestVfs;

beforeAll(async () => {
  v = await TestVfs.start();
});

/** A file in a file system of its own. */
function newFile(limits: { maxBytes?: bigint; maxFileBytes?: bigint } = {}): { fs: number; file: number } {
  const fs = v.create(limits);
  expect(v.open(v.root(fs), "file", OFLAGS_CREAT)).toBe("SUCCESS");
  return { fs, file: v.inode };
}

const used = (fs: number): number => Number(v.exports.fs_used_bytes(fs));

describe("a sparse file", () => {
  it("of 1 TiB costs what was written", () => {
    const { fs, file } = newFile();
    const before = used(fs);
    expect(v.truncate(file, TIB)).toBe("SUCCESS");
    expect(used(fs)).toBe(before);
    expect(v.write(file, TIB - 3n, Buffer.from("end"))).toBe("SUCCESS");
    expect(v.write(file, 5n * (TIB / 10n), Buffer.from("middle"))).toBe("SUCCESS");
    expect(v.exports.inode_size(file)).toBe(TIB);
    expect(v.read(file, TIB - 10n, 100)).toEqual(Buffer.from("\0\0\0\0\0\0\0end"));
    expect(v.read(file, 1000, 5)).toEqual(Buffer.alloc(5));
    expect(v.read(file, TIB, 5).length).toBe(0);
    expect(used(fs) - before).toBe(10 * PAGE); // three pages of data, in a tree of three levels
    expect(v.call("check", fs)).toBe(0);
    expect(v.truncate(file, TIB / 4n)).toBe("SUCCESS");
    expect(v.truncate(file, 0)).toBe("SUCCESS");
    expect(used(fs)).toBe(before);
    expect(v.destroy(fs)).toBe("SUCCESS");
  });

  it("ends at the largest size: what lies before it is written, what lies behind is FBIG", () => {
    const { fs, file } = newFile({ maxFileBytes: 10_000n });
    expect(v.write(file, 9_990, Buffer.alloc(100, 1))).toBe("SUCCESS");
    expect(v.count).toBe(10);
    expect(v.write(file, 10_000, Buffer.alloc(1))).toBe("FBIG");
    expect(v.write(file, 2n ** 64n - 1n, Buffer.alloc(1))).toBe("FBIG");
    expect(v.truncate(file, 10_000)).toBe("SUCCESS");
    expect(v.truncate(file, 10_001)).toBe("FBIG");
    expect(v.allocate(file, 9_000, 1_001)).toBe("FBIG");
    expect(v.allocate(file, 2n ** 64n - 1n, 2n ** 64n - 1n)).toBe("FBIG");
    expect(v.destroy(fs)).toBe("SUCCESS");
  });

  it("may be 4 PiB and no more, whatever the limit", () => {
    const { fs, file } = newFile({ maxFileBytes: 2n ** 64n - 1n });
    expect(v.write(file, 2n ** 52n - 1n, Buffer.from("z"))).toBe("SUCCESS");
    expect(v.read(file, 2n ** 52n - 2n, 10)).toEqual(Buffer.from("\0z"));
    expect(v.write(file, 2n ** 52n, Buffer.from("z"))).toBe("FBIG");
    expect(v.call("check", fs)).toBe(0);
    expect(v.destroy(fs, 3)).toBe("SUCCESS");
  });
});

describe("a limit on bytes", () => {
  it("ends a write in the middle, then NOSPC; truncating gives back", () => {
    const { fs, file } = newFile({ maxBytes: BigInt(12 * PAGE) });
    expect(v.write(file, 0, Buffer.alloc(20 * PAGE, 7))).toBe("SUCCESS");
    expect(v.count).toBeGreaterThan(8 * PAGE);
    expect(v.count % PAGE).toBe(0);
    const written = v.count;
    expect(v.exports.inode_size(file)).toBe(BigInt(written));
    expect(v.write(file, written, Buffer.alloc(1))).toBe("NOSPC");
    expect(v.count).toBe(0);
    expect(v.write(file, 10, Buffer.alloc(100, 8))).toBe("SUCCESS");
    expect(v.truncate(file, PAGE)).toBe("SUCCESS");
    expect(v.write(file, PAGE, Buffer.alloc(100, 8))).toBe("SUCCESS");
    expect(v.allocate(file, 0, 100 * PAGE)).toBe("NOSPC");
    expect(v.call("check", fs)).toBe(0);
    expect(v.destroy(fs)).toBe("SUCCESS");
  });
});

it("allocate gives pages to holes and keeps what is there", () => {
  const { fs, file } = newFile();
  v.write(file, PAGE, Buffer.from("x"));
  expect(v.allocate(file, 100, 3 * PAGE)).toBe("SUCCESS");
  expect(v.exports.inode_size(file)).toBe(BigInt(3 * PAGE + 100));
  expect(v.read(file, PAGE - 1, 3)).toEqual(Buffer.from("\0x\0"));
  expect(used(fs)).toBeGreaterThanOrEqual(4 * PAGE);
  expect(v.allocate(file, 0, 1)).toBe("SUCCESS");
  expect(v.exports.inode_size(file)).toBe(BigInt(3 * PAGE + 100));
  expect(v.allocate(file, 0, 64 << 20)).toBe("SUCCESS");
  expect(v.count).toBe(16 << 20);
  expect(v.destroy(fs)).toBe("SUCCESS");
});

type Step = { kind: "write" | "truncate" | "read" | "allocate"; at: number; len: number };
const RANGE = 6_000_000; // beyond the 4 MiB of one index page
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom("write", "write", "truncate", "read", "allocate"),
  at: fc.oneof(
    fc.nat(RANGE),
    fc.nat(5 * PAGE),
    fc.nat(1500).map((n) => n * PAGE),
  ),
  len: fc.oneof(fc.nat(3 * PAGE), fc.constant(PAGE), fc.nat(20)),
});

/** Does a step to the file and to the buffer; the buffer's length is the file's. */
function apply(file: number, model: Buffer, { kind, at, len }: Step, fill: number): Buffer {
  if (kind === "read") {
    expect(v.read(file, at, len)).toEqual(Buffer.from(model.subarray(at, at + len)));
    return model;
  }
  const grown = (size: number): Buffer => Buffer.concat([model, Buffer.alloc(Math.max(0, size - model.length))]);
  if (kind === "truncate") {
    expect(v.truncate(file, at)).toBe("SUCCESS");
    return Buffer.from(grown(at).subarray(0, at));
  }
  if (kind === "allocate") {
    expect(v.allocate(file, at, len)).toBe("SUCCESS");
    return grown(at + len);
  }
  const data = Buffer.alloc(len, fill);
  expect(v.write(file, at, data)).toBe("SUCCESS");
  if (len === 0) return model;
  const next = grown(at + len);
  data.copy(next, at);
  return next;
}

function compare(file: number, model: Buffer): void {
  expect(Number(v.exports.inode_size(file))).toBe(model.length);
  for (let at = 0; at <= model.length; at += 0xe0000) {
    expect(v.read(file, at, 0xe0000).equals(model.subarray(at, at + 0xe0000))).toBe(true);
  }
}

it("any sequence of writes, truncations and reads does what it does to a buffer", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { fs, file } = newFile();
      let model: Buffer = Buffer.alloc(0);
      steps.forEach((one, i) => (model = apply(file, model, one, i + 1)));
      compare(file, model);
      expect(v.call("check", fs)).toBe(0);
      expect(v.truncate(file, 0)).toBe("SUCCESS");
      expect(v.call("check", fs)).toBe(0);
      expect(v.destroy(fs)).toBe("SUCCESS");
    }),
    { numRuns: 60 },
  );
});

it("and the same through three layers, none of which changes", () => {
  fc.assert(
    fc.property(fc.array(fc.array(step, { maxLength: 8 }), { minLength: 3, maxLength: 3 }), (rounds) => {
      const stack: { fs: number; file: number; model: Buffer }[] = [];
      let model: Buffer = Buffer.alloc(0);
      rounds.forEach((steps, round) => {
        const below = stack.at(-1)?.fs;
        const fs = below === undefined ? v.create() : v.overlay(below);
        expect(v.open(v.root(fs), "file", OFLAGS_CREAT)).toBe("SUCCESS");
        const file = v.inode;
        steps.forEach((one, i) => (model = apply(file, model, one, 16 * round + i + 1)));
        v.call("fs_seal", fs);
        stack.push({ fs, file, model });
      });
      for (const { fs, file, model: was } of stack) {
        compare(file, was);
        expect(v.call("check", fs)).toBe(0);
      }
      for (const { fs } of stack.reverse()) expect(v.destroy(fs)).toBe("SUCCESS");
    }),
    { numRuns: 25 },
  );
});

it("nothing is left of any of it", async () => {
  const fresh = await TestVfs.start();
  expect(v.usage()).toEqual(fresh.usage());
});
