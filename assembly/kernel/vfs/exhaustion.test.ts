// No memory, at every allocation of every operation, and no space at every byte limit: an errno, nothing half done, nothing lost.
import { beforeAll, describe, expect, it } from "vitest";
import { OFLAGS_CREAT, OFLAGS_TRUNC } from "../abi.js";
import { TestVfs } from "./testing/harness.js";
import { snapshot } from "./testing/tree.js";

let v: TestVfs;

beforeAll(async () => {
  v = await TestVfs.start();
});

/** Directories that are full to the slot, so that one more name makes them grow: `full` gets an index, `large` a larger one. */
function build(fs: number): void {
  const root = v.root(fs);
  for (const [dir, count] of [
    ["full", 8],
    ["large", 16],
    ["one", 1],
    ["empty", 0],
  ] as const) {
    v.mkdir(root, dir);
    for (let i = 0; i < count; i++) v.open(root, `${dir}/${i}`, OFLAGS_CREAT);
  }
  v.lookup(root, "full/0");
  v.write(v.inode, 0, Buffer.alloc(10_000, "x"));
  v.symlink("full", root, "link");
  v.mkdir(root, "one/dir");
  v.mkdir(root, "full/3dir");
}

interface Setup {
  fs: number;
  below: number[];
}

const plain = (): Setup => {
  const fs = v.create();
  build(fs);
  return { fs, below: [] };
};
const overlay = (): Setup => {
  const { fs: lower } = plain();
  v.call("fs_seal", lower);
  return { fs: v.overlay(lower), below: [lower] };
};

const found = (root: number, path: string): number => (v.lookup(root, path) === "SUCCESS" ? v.inode : 0);

/** Each says what came of it. A lookup for which there is no memory ends the operation. */
const OPERATIONS: Record<string, (root: number) => string> = {
  create: (root) => v.open(root, "empty/new", OFLAGS_CREAT),
  "create in a full directory": (root) => v.open(root, "full/new", OFLAGS_CREAT),
  "create in a large directory": (root) => v.open(root, "large/new", OFLAGS_CREAT),
  "create with a long name": (root) => v.open(root, `one/${"n".repeat(255)}`, OFLAGS_CREAT),
  truncate: (root) => v.open(root, "full/0", OFLAGS_TRUNC),
  mkdir: (root) => v.mkdir(root, "link/new"),
  symlink: (root) => v.symlink("t".repeat(100), root, "full/new"),
  link: (root) => v.link(root, "full/0", root, "large/new"),
  unlink: (root) => v.unlink(root, "full/0"),
  "unlink the only one": (root) => v.unlink(root, "one/0"),
  rmdir: (root) => v.rmdir(root, "one/dir"),
  rename: (root) => v.rename(root, "full/0", root, "large/new"),
  "rename within a directory": (root) => v.rename(root, "full/0", root, "full/new"),
  "rename over a file": (root) => v.rename(root, "full/0", root, "one/0"),
  "rename over a directory": (root) => v.rename(root, "full/3dir", root, "one/dir"),
  "rename a directory": (root) => v.rename(root, "full", root, "one/full"),
  write: (root) => {
    const file = found(root, "full/0");
    return file === 0 ? "NOMEM" : v.write(file, 8_000, Buffer.from("a page, or a copy of one"));
  },
  "write far away": (root) => {
    const file = found(root, "full/1");
    return file === 0 ? "NOMEM" : v.write(file, 1n << 40n, Buffer.from("three levels"));
  },
  allocate: (root) => {
    const file = found(root, "full/0");
    return file === 0 ? "NOMEM" : v.allocate(file, 8_000, 100);
  },
  xattr: (root) => {
    const file = found(root, "full/0");
    return file === 0 ? "NOMEM" : v.call("xattr_set", file, 0x10000, 10, 0x10000, 100, v.now++) === 0 ? "SUCCESS" : "NOSPC";
  },
};

function end({ fs, below }: Setup): void {
  for (const one of [fs, ...below]) expect(v.destroy(one)).toBe("SUCCESS");
}

/** The tree as `operation` leaves it when nothing is in its way, and as it was. */
function references(setup: () => Setup, operation: (root: number) => string): { before: string[]; after: string[] } {
  const [untouched, done] = [setup(), setup()];
  const before = snapshot(v, v.root(untouched.fs));
  expect(operation(v.root(done.fs))).toBe("SUCCESS");
  const after = snapshot(v, v.root(done.fs));
  end(untouched);
  end(done);
  return { before, after };
}

describe.each([
  ["a plain tree", plain],
  ["an overlay", overlay],
])("on %s", (_name, setup) => {
  it.each(Object.entries(OPERATIONS))("%s: memory runs out at each allocation", (_operation, operation) => {
    const start = v.usage();
    const { before, after } = references(setup, operation);
    let refused = 0;
    for (let result = ""; result !== "SUCCESS"; refused++) {
      const state = setup();
      v.call("slab_refuse_after", refused + 1);
      result = operation(v.root(state.fs));
      v.call("slab_refuse_after", 0);
      expect(["SUCCESS", "NOSPC", "NOMEM"]).toContain(result);
      expect([result, refused, v.call("check", state.fs)]).toEqual([result, refused, 0]);
      expect(snapshot(v, v.root(state.fs))).toEqual(result === "SUCCESS" ? after : before);
      end(state);
    }
    expect(v.usage()).toEqual(start);
    expect(refused).toBeLessThan(30);
  });

  it.each(Object.entries(OPERATIONS))("%s: the file system is full, to every byte", (_operation, operation) => {
    const start = v.usage();
    const { before, after } = references(setup, operation);
    const counts = new Set<string>();
    for (let spare = 0, result = ""; result !== "SUCCESS"; spare += spare < 1_024 ? 16 : 1_024) {
      const state = setup();
      // What is left is taken up by an attribute's worth of charged bytes: the limit is set to what is used and `spare` more.
      v.call("set_limit", state.fs, v.exports.fs_used_bytes(state.fs) + BigInt(spare));
      result = operation(v.root(state.fs));
      counts.add(result);
      expect([result, spare, v.call("check", state.fs)]).toEqual([result, spare, 0]);
      expect(snapshot(v, v.root(state.fs))).toEqual(result === "SUCCESS" ? after : before);
      end(state);
      expect(spare).toBeLessThan(100_000);
    }
    expect([...counts].filter((result) => !["SUCCESS", "NOSPC"].includes(result))).toEqual([]);
    expect(v.usage()).toEqual(start);
  });
});

describe("a file system", () => {
  it("is made whole or not at all", () => {
    const { fs: lower } = plain();
    v.call("fs_seal", lower);
    const start = v.usage();
    for (const make of [() => v.create(), () => v.overlay(lower)]) {
      for (let refused = 1, fs = 0; fs === 0; refused++) {
        v.call("slab_refuse_after", refused);
        fs = make();
        v.call("slab_refuse_after", 0);
        if (fs === 0) expect(v.usage()).toEqual(start);
        else expect(v.destroy(fs)).toBe("SUCCESS");
        expect(refused).toBeLessThan(10);
      }
    }
    expect(v.usage()).toEqual(start);
    expect(v.destroy(lower)).toBe("SUCCESS");
  });

  it("has as many inodes as its limit says, and is full of names before the kernel is", () => {
    const fs = v.create({ maxInodes: 10, maxBytes: 100_000n });
    const root = v.root(fs);
    for (let i = 0; i < 9; i++) expect(v.open(root, `${i}`, OFLAGS_CREAT)).toBe("SUCCESS");
    expect(v.open(root, "x", OFLAGS_CREAT)).toBe("NOSPC");
    expect(v.mkdir(root, "x")).toBe("NOSPC");
    expect(v.unlink(root, "3")).toBe("SUCCESS");
    expect(v.mkdir(root, "x")).toBe("SUCCESS");
    let links = 0;
    while (v.link(root, "0", root, `link${links}`) === "SUCCESS") links++;
    expect(links).toBeGreaterThan(100);
    expect(links).toBeLessThan(100_000 / 32);
    expect(v.destroy(fs)).toBe("SUCCESS");
  });
});

it("the memory itself runs out: files are made until there is none, then all is given back", async () => {
  const small = await TestVfs.start(600);
  const fs = small.create();
  const root = small.root(fs);
  const errnos = new Set<string>();
  for (let i = 0; i < 20_000; i++) {
    const errno = small.open(root, `file${i}`, OFLAGS_CREAT);
    if (errno === "SUCCESS" && i % 7 === 0) small.write(small.inode, i, Buffer.alloc(5000, 1));
    errnos.add(errno);
  }
  expect([...errnos]).toEqual(["SUCCESS", "NOSPC"]);
  expect(small.call("check", fs)).toBe(0);
  expect(small.destroy(fs, 50)).toBe("SUCCESS");
  expect(small.usage()).toMatchObject({ pages: 0, objects: 0, bytes: 0, inodes: 0 });
});
