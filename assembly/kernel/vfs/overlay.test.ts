// Overlays over layers: the same as a plain tree in everything that can be seen, and the layer stays what it was.
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { OFLAGS_CREAT, OFLAGS_TRUNC } from "../abi.js";
import { TestVfs } from "./testing/harness.js";
import { operation, path, perform, PRELUDE, snapshot } from "./testing/tree.js";

let v: TestVfs;

beforeEach(async () => {
  v = await TestVfs.start();
});

const open = (fs: number, name: string, oflags = 0): number => {
  expect(v.open(v.root(fs), name, oflags)).toBe("SUCCESS");
  return v.inode;
};

/** A sealed layer with files of a few pages, a link, a directory. */
function layer(): number {
  const fs = v.create();
  const root = v.root(fs);
  v.mkdir(root, "dir");
  v.mkdir(root, "dir/sub");
  for (const name of ["dir/a", "dir/b", "dir/sub/c"]) v.write(open(fs, name, OFLAGS_CREAT), 0, Buffer.alloc(10_000, name.at(-1)));
  v.link(root, "dir/a", root, "hard");
  v.symlink("dir/sub", root, "link");
  v.call("fs_seal", fs);
  return fs;
}

describe("an overlay", () => {
  it("shows the layer, and takes nothing for it but its own records", () => {
    const lower = layer();
    const upper = v.overlay(lower);
    expect(snapshot(v, v.root(upper), true)).toEqual(snapshot(v, v.root(lower), true));
    expect(Number(v.exports.fs_used_bytes(upper))).toBe(0);
    expect(v.call("fs_used_inodes", upper)).toBe(0);
    expect(v.stat(v.root(upper)).dev).not.toBe(v.stat(v.root(lower)).dev);
    expect(v.call("check", upper)).toBe(0);
  });

  it("copies the pages that are written, and no others", () => {
    const lower = layer();
    const upper = v.overlay(lower);
    const file = open(upper, "dir/a");
    expect(v.write(file, 5_000, Buffer.from("changed"))).toBe("SUCCESS");
    expect(Number(v.exports.fs_used_bytes(upper))).toBe(2 * 4096); // the page and the index page over it
    expect(v.read(file, 4_998, 11).toString()).toBe("aachangedaa");
    expect(v.read(file, 9_990, 100).toString()).toBe("a".repeat(10));
    expect(v.read(open(lower, "dir/a"), 4_998, 11).toString()).toBe("a".repeat(11));
  });

  it("shows no byte of the layer behind the end that a truncation left", () => {
    const upper = v.overlay(layer());
    const file = open(upper, "dir/a");
    v.truncate(file, 6_000);
    v.truncate(file, 9_000);
    expect(v.read(file, 5_998, 4_000)).toEqual(Buffer.concat([Buffer.from("aa"), Buffer.alloc(3_000)]));
    v.write(file, 7_000, Buffer.from("x"));
    expect(v.read(file, 5_999, 1_003)).toEqual(Buffer.concat([Buffer.from("a"), Buffer.alloc(1_000), Buffer.from("x\0")]));
    expect(v.open(v.root(upper), "dir/b", OFLAGS_TRUNC)).toBe("SUCCESS");
    expect(Number(v.exports.fs_used_bytes(upper))).toBe(2 * 4096);
  });

  it("nor does one above it", () => {
    const middle = v.overlay(layer());
    const file = open(middle, "dir/a");
    v.truncate(file, 5_000);
    v.truncate(file, 9_000);
    v.call("fs_seal", middle);
    const top = open(v.overlay(middle), "dir/a");
    expect(v.read(top, 4_998, 5_000)).toEqual(Buffer.concat([Buffer.from("aa"), Buffer.alloc(4_000)]));
    v.write(top, 5_500, Buffer.from("x"));
    expect(v.read(top, 4_999, 502)).toEqual(Buffer.concat([Buffer.from("a"), Buffer.alloc(500), Buffer.from("x")]));
  });

  it("keeps hard links together and numbers as they were", () => {
    const lower = layer();
    const upper = v.overlay(lower);
    const ino = v.stat(open(lower, "hard")).ino;
    v.write(open(upper, "hard"), 0, Buffer.from("both"));
    expect(v.read(open(upper, "dir/a"), 0, 4).toString()).toBe("both");
    v.unlink(v.root(upper), "dir/a");
    const left = v.stat(open(upper, "hard"));
    expect([left.ino, left.nlink]).toEqual([ino, 1]);
    expect(v.stat(open(lower, "hard")).nlink).toBe(2);
    const fresh = v.stat(open(upper, "fresh", OFLAGS_CREAT)).ino;
    expect(snapshot(v, v.root(lower), true).some((line) => line.includes(`#${fresh} `))).toBe(false);
  });

  it("shows a descriptor that was opened before what is written through another name", () => {
    const upper = v.overlay(layer());
    const before = open(upper, "dir/a");
    v.call("inode_hold", before);
    v.write(open(upper, "hard"), 0, Buffer.from("seen"));
    expect(v.read(before, 0, 4).toString()).toBe("seen");
    v.unlink(v.root(upper), "hard");
    v.unlink(v.root(upper), "dir/a");
    expect(v.read(before, 0, 6).toString()).toBe("seenaa");
    v.call("inode_release", before);
    expect(v.call("check", upper)).toBe(0);
  });

  it("moves, removes and makes again what the layer has", () => {
    const lower = layer();
    const upper = v.overlay(lower);
    const root = v.root(upper);
    expect(v.rename(root, "dir", root, "moved")).toBe("SUCCESS");
    expect(v.lookup(root, "moved/sub/../a")).toBe("SUCCESS");
    expect(v.lookup(root, "link/c")).toBe("NOENT");
    expect(v.mkdir(root, "dir")).toBe("SUCCESS");
    expect(v.readdir(v.inode)).toEqual([]);
    expect(v.unlink(root, "moved/sub/c")).toBe("SUCCESS");
    expect(v.rmdir(root, "moved/sub")).toBe("SUCCESS");
    expect(v.lookup(root, "moved/sub")).toBe("NOENT");
    expect(v.lookup(v.root(lower), "dir/sub/c")).toBe("SUCCESS");
    expect(v.call("check", upper)).toBe(0);
  });

  it("is as little to two containers as to one: each has its own view", () => {
    const lower = layer();
    const [one, two] = [v.overlay(lower), v.overlay(lower)];
    v.write(open(one, "dir/a"), 0, Buffer.from("one"));
    v.write(open(two, "dir/a"), 0, Buffer.from("two"));
    v.unlink(v.root(one), "dir/b");
    expect(v.read(open(one, "hard"), 0, 3).toString()).toBe("one");
    expect(v.read(open(two, "hard"), 0, 3).toString()).toBe("two");
    expect(v.lookup(v.root(two), "dir/b")).toBe("SUCCESS");
    expect(v.destroy(lower)).toBe("BUSY");
    expect([v.destroy(one), v.destroy(two), v.destroy(lower)]).toEqual(["SUCCESS", "SUCCESS", "SUCCESS"]);
    expect(v.usage()["pages"]).toBe(0);
  });
});

it("does not keep a view of every file that was looked at", () => {
  const lower = v.create();
  for (let i = 0; i < 5_000; i++) open(lower, `${i}`, OFLAGS_CREAT);
  v.call("fs_seal", lower);
  const upper = v.overlay(lower);
  const held = open(upper, "7");
  v.call("inode_hold", held);
  v.write(open(upper, "8"), 0, Buffer.from("x"));
  v.rename(v.root(upper), "9", v.root(upper), "nine");
  for (let i = 0; i < 5_000; i++) v.lookup(v.root(upper), `${i}`);
  expect(v.call("fs_mapped_inodes", upper)).toBeLessThan(1_200);
  expect(open(upper, "7")).toBe(held);
  expect(v.read(open(upper, "8"), 0, 1).toString()).toBe("x");
  expect(v.stat(open(upper, "nine")).ino).toBe(v.stat(open(lower, "9")).ino);
  expect(v.call("check", upper)).toBe(0);
});

describe("a layer", () => {
  it("does not change once it is sealed", () => {
    const lower = layer();
    const root = v.root(lower);
    const was = snapshot(v, root, true);
    expect(v.open(root, "new", OFLAGS_CREAT)).toBe("ROFS");
    expect(v.open(root, "hard", OFLAGS_TRUNC)).toBe("ROFS");
    expect(v.open(root, "hard", OFLAGS_CREAT)).toBe("SUCCESS");
    expect(v.mkdir(root, "new")).toBe("ROFS");
    expect(v.mkdir(root, "dir")).toBe("EXIST");
    expect(v.symlink("x", root, "new")).toBe("ROFS");
    expect(v.link(root, "hard", root, "new")).toBe("ROFS");
    expect(v.unlink(root, "hard")).toBe("ROFS");
    expect(v.rmdir(root, "dir/sub")).toBe("NOTEMPTY");
    expect(v.rename(root, "hard", root, "new")).toBe("ROFS");
    expect(v.layerRemove(root, "dir", 100)).toBe("ROFS");
    v.lookup(root, "hard");
    const { inode } = v;
    expect([v.write(inode, 0, Buffer.from("x")), v.truncate(inode, 0), v.allocate(inode, 0, 1)]).toEqual(["ROFS", "ROFS", "ROFS"]);
    expect(v.call("inode_set_times", inode, 1n, 1n, 5, 1n)).toBe(69);
    expect(v.call("xattr_set", inode, 0x10000, 3, 0x10000, 3, 1n)).toBe(69);
    expect(snapshot(v, root, true)).toEqual(was);
  });

  it("is sealed before anything stands on it", () => {
    expect(v.overlay(v.create())).toBe(0);
  });

  it("on a layer takes away what its whiteouts name, in steps", () => {
    const lower = layer();
    const next = v.overlay(lower);
    const root = v.root(next);
    let calls = 1;
    while (v.layerRemove(root, "dir", 2) === "AGAIN") calls++;
    expect(calls).toBeGreaterThan(1);
    expect(v.layerRemove(root, "none", 10)).toBe("NOENT");
    expect(v.layerSymlink("/etc/absolute", root, "dir")).toBe("SUCCESS");
    v.call("fs_seal", next);
    const top = v.overlay(next);
    expect(v.readdir(v.root(top)).map(({ name }) => name)).toEqual(["dir", "hard", "link"]);
    expect(v.stat(open(top, "hard")).nlink).toBe(1);
    expect(v.call("check", next)).toBe(0);
    expect(v.call("layer_clear", v.root(top), 100, v.now)).toBe(0);
    expect(v.readdir(v.root(top))).toEqual([]);
    expect([v.destroy(top), v.destroy(next), v.destroy(lower)]).toEqual(["SUCCESS", "SUCCESS", "SUCCESS"]);
    expect(v.usage()["objects"]).toBe(0);
  });
});

it("any operations on an overlay of overlays do what they do on a plain tree: answers, numbers, times, order, contents", () => {
  const stage = fc.array(operation, { maxLength: 40 });
  fc.assert(
    fc.property(fc.array(stage, { minLength: 2, maxLength: 4 }), fc.array(path, { maxLength: 3 }), (stages, held) => {
      const start = v.usage();
      const plain = v.create();
      v.now -= 1n;
      const layers = [v.create()];
      const holds: [number, number][] = [];
      const sealed: string[][] = [];
      stages.forEach((operations, number) => {
        if (number > 0) {
          v.call("fs_seal", layers.at(-1)!);
          sealed.push(snapshot(v, v.root(layers.at(-1)!), true));
          layers.push(v.overlay(layers.at(-1)!));
          // Views are given up all the time; nobody is to see it.
          if (held.length % 2 === 0) v.call("set_max_mapped", layers.at(-1)!, 0);
        }
        const roots = [v.root(plain), v.root(layers.at(-1)!)] as const;
        if (number === stages.length - 1) {
          for (const one of held) {
            const found = roots.map((root) => {
              if (v.lookup(root, one) !== "SUCCESS") return 0;
              v.call("inode_hold", v.inode);
              return v.inode;
            }) as [number, number];
            expect(found[0] === 0).toBe(found[1] === 0);
            if (found[0] !== 0) holds.push(found);
          }
        }
        for (const o of number === 0 ? [...PRELUDE, ...operations] : operations) {
          const now = v.now++;
          const answer = perform(v, roots[0], o);
          v.now = now + 1n;
          expect([o, perform(v, roots[1], o)]).toEqual([o, answer]);
        }
        expect(snapshot(v, roots[1], true)).toEqual(snapshot(v, roots[0], true));
        expect(v.call("check", layers.at(-1)!)).toBe(0);
      });
      for (const [a, b] of holds) {
        expect({ ...v.stat(b), dev: 0n }).toEqual({ ...v.stat(a), dev: 0n });
        if (v.stat(a).filetype === 4) expect(v.read(b, 0, 20_000).equals(v.read(a, 0, 20_000))).toBe(true);
        for (const inode of [a, b]) v.call("inode_release", inode);
      }
      expect(v.call("check", plain)).toBe(0);
      sealed.forEach((was, i) => expect(snapshot(v, v.root(layers[i]!), true)).toEqual(was));
      for (const fs of [...layers.reverse(), plain]) expect(v.destroy(fs, 7)).toBe("SUCCESS");
      expect(v.usage()).toEqual(start);
    }),
    { numRuns: Number(process.env["WARDIAN_VFS_RUNS"] ?? 400) },
  );
});
