// What an inode says of itself: times as POSIX sets them, what WASI's flags set, owners, extended attributes.
import { beforeEach, describe, expect, it } from "vitest";
import { OFLAGS_CREAT, OFLAGS_TRUNC } from "../abi.js";
import { errnoName, TestVfs } from "./testing/harness.js";

const NAME_PTR = 0x18000;
const VALUE_PTR = 0x100000;
let v: TestVfs;
let fs: number;
let root: number;

beforeEach(async () => {
  v = await TestVfs.start();
  fs = v.create();
  root = v.root(fs);
});

const file = (path: string): number => {
  expect(v.open(root, path, OFLAGS_CREAT)).toBe("SUCCESS");
  return v.inode;
};

/** Which of the three times of which inode an action sets, and that it sets them to its own time. */
function changed(inodes: Record<string, number>, action: () => string): string {
  const before = Object.entries(inodes).map(([name, inode]) => [name, inode, v.stat(inode)] as const);
  const now = (v.now += 100n);
  expect(action()).toBe("SUCCESS");
  const marks = before.map(([name, inode, was]) => {
    const is = v.stat(inode);
    const set = (["atim", "mtim", "ctim"] as const).filter((time) => is[time] !== was[time]);
    for (const time of set) expect(is[time]).toBeGreaterThanOrEqual(now);
    return set.length === 0 ? [] : [`${name}: ${set.join(" ")}`];
  });
  return marks.flat().join(", ");
}

describe("times", () => {
  it("of a file follow what is done to it", () => {
    const a = file("a");
    const { atim, mtim, ctim } = v.stat(a);
    expect(new Set([atim, mtim, ctim]).size).toBe(1);
    expect(changed({ a, root }, () => v.write(a, 0, Buffer.from("x")))).toBe("a: mtim ctim");
    expect(changed({ a, root }, () => v.write(a, 0, Buffer.alloc(0)))).toBe("");
    expect(changed({ a, root }, () => v.truncate(a, 100))).toBe("a: mtim ctim");
    expect(changed({ a, root }, () => v.allocate(a, 0, 10))).toBe("a: ctim");
    expect(changed({ a, root }, () => (v.read(a, 0, 10), "SUCCESS"))).toBe("");
    expect(changed({ a, root }, () => v.open(root, "a"))).toBe("");
    expect(changed({ a, root }, () => v.open(root, "a", OFLAGS_TRUNC))).toBe("a: mtim ctim");
  });

  it("of directories and names likewise", () => {
    const a = file("a");
    v.call("inode_hold", a);
    v.mkdir(root, "dir");
    const dir = (v.lookup(root, "dir"), v.inode);
    expect(changed({ a, root, dir }, () => v.open(root, "dir/b", OFLAGS_CREAT))).toBe("dir: mtim ctim");
    expect(changed({ a, root, dir }, () => v.mkdir(root, "dir/c"))).toBe("dir: mtim ctim");
    expect(changed({ a, root, dir }, () => v.rmdir(root, "dir/c"))).toBe("dir: mtim ctim");
    expect(changed({ a, root, dir }, () => v.symlink("t", root, "dir/s"))).toBe("dir: mtim ctim");
    expect(changed({ a, root, dir }, () => v.link(root, "a", root, "dir/a"))).toBe("a: ctim, dir: mtim ctim");
    expect(changed({ a, root, dir }, () => v.unlink(root, "dir/a"))).toBe("a: ctim, dir: mtim ctim");
    expect(changed({ a, root, dir }, () => v.rename(root, "a", root, "dir/a"))).toBe("a: ctim, root: mtim ctim, dir: mtim ctim");
    expect(changed({ a, root, dir }, () => v.rename(root, "dir/b", root, "dir/a"))).toBe("a: ctim, dir: mtim ctim");
    v.call("inode_release", a);
  });

  it("are set by WASI's flags, to the nanosecond", () => {
    const a = file("a");
    const set = (atim: bigint, mtim: bigint, flags: number): string => errnoName(v.call("inode_set_times", a, atim, mtim, flags, 5_000n));
    const times = (): bigint[] => [v.stat(a).atim, v.stat(a).mtim, v.stat(a).ctim];
    expect(set(123_456_789_012_345_678n, 987n, 1 | 4)).toBe("SUCCESS");
    expect(times()).toEqual([123_456_789_012_345_678n, 987n, 5_000n]);
    expect(set(1n, 2n, 1)).toBe("SUCCESS");
    expect(times()).toEqual([1n, 987n, 5_000n]);
    expect(set(1n, 2n, 2 | 8)).toBe("SUCCESS");
    expect(times()).toEqual([5_000n, 5_000n, 5_000n]);
    expect(set(1n, 2n ** 64n - 1n, 4)).toBe("SUCCESS");
    expect(times()[1]).toBe(2n ** 64n - 1n);
    for (const flags of [1 | 2, 4 | 8, 16, 0xffff]) expect([flags, set(7n, 7n, flags)]).toEqual([flags, "INVAL"]);
    expect(times()).toEqual([5_000n, 2n ** 64n - 1n, 5_000n]);
  });
});

describe("owner and mode", () => {
  it("are kept, and shown through an overlay", () => {
    const a = file("a");
    expect(v.call("inode_set_owner", a, 0o104755, 1000, 2000)).toBe(0);
    v.call("fs_seal", fs);
    expect(errnoName(v.call("inode_set_owner", a, 0, 0, 0))).toBe("ROFS");
    expect(v.open(v.root(v.overlay(fs)), "a")).toBe("SUCCESS");
    expect([v.call("inode_mode", v.inode), v.call("inode_uid", v.inode), v.call("inode_gid", v.inode)]).toEqual([0o4755, 1000, 2000]);
  });
});

describe("extended attributes", () => {
  const put = (ptr: number, text: string): number => (v.bytes.write(text, ptr), Buffer.byteLength(text));
  const set = (inode: number, name: string, value: string): string =>
    errnoName(v.call("xattr_set", inode, NAME_PTR, put(NAME_PTR, name), VALUE_PTR, put(VALUE_PTR, value), v.now++));
  const get = (inode: number, name: string, len = 70_000): string => {
    const errno = v.call("xattr_get", inode, NAME_PTR, put(NAME_PTR, name), VALUE_PTR, len);
    return errno ? errnoName(errno) : v.bytes.toString("utf8", VALUE_PTR, VALUE_PTR + Math.min(len, v.count));
  };
  const remove = (inode: number, name: string): string => errnoName(v.call("xattr_remove", inode, NAME_PTR, put(NAME_PTR, name), v.now++));
  const list = (inode: number, len = 70_000): string[] => {
    v.call("xattr_list", inode, VALUE_PTR, len);
    return v.bytes
      .toString("utf8", VALUE_PTR, VALUE_PTR + v.count)
      .split("\0")
      .slice(0, -1)
      .sort();
  };

  it("are set, replaced, listed and removed", () => {
    const a = file("a");
    expect(get(a, "user.none")).toBe("NOENT");
    expect(set(a, "user.one", "1")).toBe("SUCCESS");
    expect(set(a, "user.two", "2".repeat(5000))).toBe("SUCCESS");
    expect(set(a, "user.one", "")).toBe("SUCCESS");
    expect([get(a, "user.one"), get(a, "user.two", 3)]).toEqual(["", "222"]);
    expect(v.count).toBe(5000);
    expect(list(a)).toEqual(["user.one", "user.two"]);
    expect(v.call("check", fs)).toBe(0);
    expect(remove(a, "user.one")).toBe("SUCCESS");
    expect(remove(a, "user.one")).toBe("NOENT");
    expect(list(a)).toEqual(["user.two"]);
    expect([set(a, "", "x"), set(a, "n".repeat(256), "x"), set(a, "n".repeat(255), "x")]).toEqual(["INVAL", "INVAL", "SUCCESS"]);
    expect([set(a, "big", "x".repeat(65_537)), set(a, "big", "x".repeat(65_536))]).toEqual(["2BIG", "SUCCESS"]);
    expect(v.unlink(root, "a")).toBe("SUCCESS");
    expect(v.call("check", fs)).toBe(0);
    expect(v.destroy(fs)).toBe("SUCCESS");
    expect(v.usage()).toMatchObject({ pages: 0, objects: 0, bytes: 0 });
  });

  it("of a layer are copied when one is changed above it", () => {
    const a = file("a");
    for (const name of ["user.a", "user.b", "user.c"]) set(a, name, name);
    v.call("fs_seal", fs);
    const upper = v.overlay(fs);
    v.open(v.root(upper), "a");
    const above = v.inode;
    expect(list(above)).toEqual(["user.a", "user.b", "user.c"]);
    expect(remove(above, "user.b")).toBe("SUCCESS");
    expect(set(above, "user.c", "changed")).toBe("SUCCESS");
    expect([list(above), get(above, "user.c")]).toEqual([["user.a", "user.c"], "changed"]);
    expect([list(a), get(a, "user.c")]).toEqual([["user.a", "user.b", "user.c"], "user.c"]);
    expect(v.call("check", upper)).toBe(0);
    expect([v.destroy(upper), v.destroy(fs)]).toEqual(["SUCCESS", "SUCCESS"]);
    expect(v.usage()).toMatchObject({ pages: 0, objects: 0, bytes: 0 });
  });
});
