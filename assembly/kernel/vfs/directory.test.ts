// Directories: large ones, deep ones, and reading one while names come and go.
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { OFLAGS_CREAT } from "../abi.js";
import { TestVfs } from "./testing/harness.js";

let v: TestVfs;

beforeAll(async () => {
  v = await TestVfs.start(1_000_000);
});

function newRoot(): { fs: number; root: number } {
  const fs = v.create();
  return { fs, root: v.root(fs) };
}

describe("reading a directory", () => {
  it("gives . and .. first, then every entry with its number and kind", () => {
    const { fs, root } = newRoot();
    v.open(root, "file", OFLAGS_CREAT);
    const file = v.stat(v.inode);
    v.mkdir(root, "dir");
    v.symlink("x", root, "link");
    const { entries, ended } = v.readdirSome(root, 0n, 4096);
    expect(ended).toBe(true);
    expect(entries.map(({ name, type, next }) => [name, type, next])).toEqual([
      [".", 3, 1n],
      ["..", 3, 2n],
      ["file", 4, 3n],
      ["dir", 3, 4n],
      ["link", 7, 5n],
    ]);
    expect(entries[2]!.ino).toBe(file.ino);
    expect(entries[0]!.ino).toBe(v.stat(root).ino);
    v.lookup(root, "dir");
    const inDir = v.readdirSome(v.inode, 0n, 4096).entries;
    expect(inDir.map(({ ino }) => ino)).toEqual([v.stat(v.inode).ino, v.stat(root).ino]);
    expect(v.readdirRaw(root, 2n ** 64n - 1n, 4096).length).toBe(0);
    expect(v.readdirRaw(root, 2n ** 32n + 1n, 4096).length).toBe(0);
    expect(v.destroy(fs)).toBe("SUCCESS");
  });

  it("cuts the last entry off where the space ends, at every length", () => {
    const { fs, root } = newRoot();
    for (let i = 0; i < 20; i++) v.open(root, "n".repeat(i * 7 + 1), OFLAGS_CREAT);
    const whole = v.readdirRaw(root, 0n, 65_536);
    for (let len = 0; len < whole.length; len += 3) expect(v.readdirRaw(root, 0n, len).equals(whole.subarray(0, len))).toBe(true);
    expect(v.readdirRaw(root, 0n, whole.length).equals(whole)).toBe(true);
    expect(v.destroy(fs)).toBe("SUCCESS");
  });

  it("gives what is there all along exactly once, whatever comes and goes", () => {
    const change = fc.record({ kind: fc.constantFrom("create", "remove", "rename", "replace"), a: fc.nat(39), b: fc.nat(39) });
    fc.assert(
      fc.property(fc.nat(60), fc.array(fc.array(change, { maxLength: 12 }), { maxLength: 20 }), (kept, rounds) => {
        const { fs, root } = newRoot();
        for (let i = 0; i < kept; i++) v.open(root, `kept${i}`, OFLAGS_CREAT);
        for (let i = 0; i < 40; i += 2) v.open(root, `other${i}`, OFLAGS_CREAT);
        for (let i = 1; i < kept; i += 5) v.unlink(root, `other${i % 40}`);
        const seen: string[] = [];
        let cookie = 0n;
        for (const changes of [...rounds, ...Array.from({ length: 200 }, () => [])]) {
          const { entries, ended } = v.readdirSome(root, cookie, 200);
          seen.push(...entries.map(({ name }) => name));
          if (ended) break;
          cookie = entries.at(-1)!.next;
          for (const { kind, a, b } of changes) {
            if (kind === "create") v.open(root, `other${a}`, OFLAGS_CREAT);
            if (kind === "remove") v.unlink(root, `other${a}`);
            if (kind === "rename") v.rename(root, `other${a}`, root, `other${b}`);
            // A file takes the place of one that is there all along: the name is.
            if (kind === "replace" && b < kept) v.rename(root, `other${a}`, root, `kept${b}`);
          }
        }
        expect(seen.filter((name) => name.startsWith("kept")).sort()).toEqual(Array.from({ length: kept }, (_, i) => `kept${i}`).sort());
        expect(v.call("check", fs)).toBe(0);
        expect(v.destroy(fs)).toBe("SUCCESS");
      }),
      { numRuns: 60 },
    );
  });
});

describe("a large directory", () => {
  it("of 100,000 names: each is found, listed once, and removed; then nothing is left", () => {
    const { fs, root } = newRoot();
    const empty = v.usage();
    const began = performance.now();
    for (let i = 0; i < 100_000; i++) if (v.open(root, `name-${i}`, OFLAGS_CREAT) !== "SUCCESS") throw new Error(`${i}`);
    const made = performance.now();
    for (let i = 0; i < 100_000; i++) if (v.lookup(root, `name-${i}`) !== "SUCCESS") throw new Error(`${i}`);
    const found = performance.now();
    expect(v.lookup(root, "name-100000")).toBe("NOENT");
    expect(new Set(v.readdir(root, 0xe0000).map(({ name }) => name)).size).toBe(100_000);
    expect(v.call("check", fs)).toBe(0);
    for (let i = 0; i < 100_000; i += 2) v.unlink(root, `name-${i}`);
    expect(v.call("check", fs)).toBe(0);
    expect(v.readdir(root, 0xe0000).length).toBe(50_000);
    for (let i = 1; i < 100_000; i += 2) v.unlink(root, `name-${i}`);
    expect(v.usage()).toEqual(empty);
    expect(v.destroy(fs)).toBe("SUCCESS");
    // An algorithm that looks at every name would take minutes.
    expect([made - began < 10_000, found - made < 10_000]).toEqual([true, true]);
  });

  it("ends at 1,048,576 names with NOSPC", () => {
    const { fs, root } = newRoot();
    v.open(root, "0", OFLAGS_CREAT);
    expect(v.call("fill", root, 1 << 20)).toBe(0);
    expect(v.link(root, "0", root, "x")).toBe("NOSPC");
    expect(v.open(root, "x", OFLAGS_CREAT)).toBe("NOSPC");
    expect(v.unlink(root, "77")).toBe("SUCCESS");
    expect(v.open(root, "x", OFLAGS_CREAT)).toBe("SUCCESS");
    let calls = 1;
    while (v.call("fs_destroy", fs, 10_000) !== 0) calls++;
    expect(calls).toBeGreaterThan(100);
  });
});

describe("a deep tree", () => {
  const DEPTH = 10_000;

  function dig(root: number): number {
    let at = root;
    for (let i = 0; i < DEPTH; i++) {
      if (v.mkdir(at, "d") !== "SUCCESS") throw new Error(`${i}`);
      at = v.inode;
    }
    return at;
  }

  it("of 10,000 levels can be climbed, renamed within and removed", () => {
    const { fs, root } = newRoot();
    const before = v.usage();
    const bottom = dig(root);
    expect(v.mkdir(bottom, "x")).toBe("SUCCESS");
    expect(v.rename(root, "d", bottom, "y")).toBe("INVAL");
    expect(v.rename(bottom, "x", root, "x")).toBe("SUCCESS");
    expect(v.rename(root, "x", bottom, "x")).toBe("SUCCESS");
    let calls = 1;
    while (v.layerRemove(root, "d", 1000) === "AGAIN") calls++;
    expect(calls).toBe(10);
    expect(v.usage()).toEqual(before);
    expect(v.call("check", fs)).toBe(0);
    dig(root);
    expect(v.destroy(fs, 100)).toBe("SUCCESS");
  });
});

it("nothing is left of any of it", async () => {
  const fresh = await TestVfs.start(1_000_000);
  expect(v.usage()).toEqual(fresh.usage());
});
