// What paths and names do: every rule of POSIX and of wasmtime's answers that the file tree promises. Runs vfs/ without a kernel.
import { beforeEach, describe, expect, it } from "vitest";
import { TestVfs } from "./testing/harness.js";
import { OFLAGS_CREAT, OFLAGS_DIRECTORY, OFLAGS_EXCL, OFLAGS_TRUNC } from "../abi.js";

const CREATE = OFLAGS_CREAT;
let v: TestVfs;
let root: number;

beforeEach(async () => {
  v = await TestVfs.start();
  root = v.root(v.create());
});

const file = (path: string): number => {
  expect(v.open(root, path, CREATE)).toBe("SUCCESS");
  return v.inode;
};
const dir = (path: string): number => {
  expect(v.mkdir(root, path)).toBe("SUCCESS");
  expect(v.lookup(root, path)).toBe("SUCCESS");
  return v.inode;
};
const link = (target: string, path: string): void => expect(v.symlink(target, root, path)).toBe("SUCCESS");
const names = (directory: number): string[] => v.readdir(directory).map(({ name }) => name);

describe("path resolution", () => {
  beforeEach(() => {
    dir("dir");
    dir("dir/nested");
    file("dir/nested/file");
  });

  it("goes through dots, double dots and runs of slashes", () => {
    const inode = (v.lookup(root, "dir/nested/file"), v.inode);
    expect(v.lookup(root, "dir/.//nested/../../dir/nested/../nested///./file")).toBe("SUCCESS");
    expect(v.inode).toBe(inode);
    expect(v.lookup(root, ".")).toBe("SUCCESS");
    expect(v.inode).toBe(root);
    expect(v.lookup(root, "dir/..")).toBe("SUCCESS");
    expect(v.inode).toBe(root);
  });

  it("does not leave its base: by double dots, absolute paths, or links with either", () => {
    const nested = (v.lookup(root, "dir/nested"), v.inode);
    link("../..", "dir/up");
    link("../up/x", "dir/nested/far");
    for (const path of ["..", "../x", "/", "/dir", "dir/../..", "dir/nested/../../..", "dir/up", "dir/up/x", "dir/nested/far"]) {
      expect([path, v.lookup(root, path)]).toEqual([path, "PERM"]);
    }
    expect(v.lookup(nested, "..")).toBe("PERM");
    expect(v.lookup(nested, "../nested/file")).toBe("PERM");
    expect(v.symlink("/dir", root, "absolute")).toBe("PERM");
    expect(v.layerSymlink("/dir", root, "absolute")).toBe("SUCCESS");
    expect(v.lookup(root, "absolute")).toBe("PERM");
    expect(v.lookup(root, "absolute", false)).toBe("SUCCESS");
    expect(v.readlink(root, "absolute")).toBe("-> /dir");
  });

  it("asks for a directory where slashes stand behind", () => {
    expect(v.lookup(root, "dir/nested///")).toBe("SUCCESS");
    expect(v.lookup(root, "dir/nested/file/")).toBe("NOTDIR");
    expect(v.lookup(root, "dir/nested/file/x")).toBe("NOTDIR");
    expect(v.lookup(root, "dir/nested/file/..")).toBe("NOTDIR");
    expect(v.lookup(root, "none/")).toBe("NOENT");
    link("dir", "to-dir");
    link("dir/nested/file", "to-file");
    expect(v.lookup(root, "to-dir/", false)).toBe("SUCCESS");
    expect(v.stat(v.inode).filetype).toBe(3);
    expect(v.lookup(root, "to-file/", false)).toBe("NOTDIR");
    expect(v.readlink(root, "to-dir/")).toBe("INVAL");
  });

  it("follows 40 links and no more", () => {
    link("dir/nested/file", "link1");
    for (let i = 2; i <= 41; i++) link(`link${i - 1}`, `link${i}`);
    expect(v.lookup(root, "link40")).toBe("SUCCESS");
    expect(v.lookup(root, "link41")).toBe("LOOP");
    link("loop", "loop");
    expect(v.lookup(root, "loop")).toBe("LOOP");
    expect(v.lookup(root, "loop/x", false)).toBe("LOOP");
    expect(v.lookup(root, "loop", false)).toBe("SUCCESS");
  });

  it("has room for 40 links of full length", () => {
    const padded = (name: string): string => "./".repeat(Math.floor((4096 - name.length) / 2)) + name;
    link(padded("dir"), "link1");
    for (let i = 2; i <= 40; i++) link(padded(`link${i - 1}`), `link${i}`);
    expect(v.lookup(root, `link40/${"./".repeat(2000)}nested/file`)).toBe("SUCCESS");
  });

  it("bounds names and paths, and refuses what is not text", () => {
    expect(v.lookup(root, "n".repeat(255))).toBe("NOENT");
    expect(v.lookup(root, "n".repeat(256))).toBe("NAMETOOLONG");
    expect(v.lookup(root, `${"n".repeat(256)}/x`)).toBe("NAMETOOLONG");
    expect(v.lookup(root, "./".repeat(2047) + "d")).toBe("NOENT");
    expect(v.lookup(root, "./".repeat(2048) + "d")).toBe("NAMETOOLONG");
    expect(v.open(root, "n".repeat(255), CREATE)).toBe("SUCCESS");
    expect(v.open(root, "n".repeat(256), CREATE)).toBe("NAMETOOLONG");
    expect(v.symlink("t".repeat(4096), root, "long")).toBe("SUCCESS");
    expect(v.symlink("t".repeat(4097), root, "longer")).toBe("NAMETOOLONG");
    expect(v.lookup(root, "")).toBe("NOENT");
    expect(v.symlink("", root, "empty")).toBe("NOENT");
    expect(v.lookup(root, "dir\0")).toBe("INVAL");
    expect(v.lookup(root, "a longer name of a file \0")).toBe("INVAL");
    expect(v.open(root, "größe-文件-🙂", CREATE)).toBe("SUCCESS");
    for (const bad of [
      [0xff],
      [0xc0, 0x80],
      [0xe0, 0x80, 0x80],
      [0xed, 0xa0, 0x80],
      [0xf4, 0x90, 0x80, 0x80],
      [0x61, 0xe2, 0x82],
      [0x80],
    ]) {
      expect([bad, v.lookup(root, Uint8Array.from(bad))]).toEqual([bad, "ILSEQ"]);
    }
  });

  it("wants a directory to begin at", () => {
    expect(v.lookup(file("plain"), "x")).toBe("NOTDIR");
  });
});

describe("open", () => {
  it("makes files, and tells which are there", () => {
    expect(v.open(root, "a")).toBe("NOENT");
    expect(v.open(root, "a", CREATE)).toBe("SUCCESS");
    const a = v.inode;
    expect(v.open(root, "a", CREATE)).toBe("SUCCESS");
    expect(v.inode).toBe(a);
    expect(v.open(root, "a", CREATE | OFLAGS_EXCL)).toBe("EXIST");
    expect(v.open(root, "b", CREATE | OFLAGS_EXCL)).toBe("SUCCESS");
    expect(v.open(root, "none/a", CREATE)).toBe("NOENT");
    expect(v.open(root, "a/b", CREATE)).toBe("NOTDIR");
    expect(v.open(root, "new/", CREATE)).toBe("ISDIR");
    expect(names(root)).toEqual(["a", "b"]);
  });

  it("empties a file with TRUNC", () => {
    const a = file("a");
    v.write(a, 0, Buffer.from("text"));
    expect(v.open(root, "a", OFLAGS_TRUNC)).toBe("SUCCESS");
    expect(v.stat(a).size).toBe(0);
  });

  it("knows directories", () => {
    dir("dir");
    file("file");
    expect(v.open(root, "dir", OFLAGS_DIRECTORY)).toBe("SUCCESS");
    expect(v.open(root, "dir")).toBe("SUCCESS");
    expect(v.open(root, "file", OFLAGS_DIRECTORY)).toBe("NOTDIR");
    expect(v.open(root, "dir", CREATE)).toBe("ISDIR");
    expect(v.open(root, "dir/", CREATE)).toBe("ISDIR");
    expect(v.open(root, ".", CREATE)).toBe("ISDIR");
    expect(v.open(root, "dir", CREATE | OFLAGS_EXCL)).toBe("EXIST");
    expect(v.open(root, "dir", OFLAGS_TRUNC)).toBe("ISDIR");
    expect(v.open(root, "new", CREATE | OFLAGS_DIRECTORY)).toBe("INVAL");
  });

  it("knows links", () => {
    dir("dir");
    link("dir", "to-dir");
    link("made", "dangling");
    expect(v.open(root, "to-dir", OFLAGS_DIRECTORY)).toBe("SUCCESS");
    expect(v.open(root, "to-dir", OFLAGS_DIRECTORY, false)).toBe("NOTDIR");
    expect(v.open(root, "to-dir", 0, false)).toBe("LOOP");
    expect(v.open(root, "dangling")).toBe("NOENT");
    expect(v.open(root, "dangling", CREATE, false)).toBe("LOOP");
    expect(v.open(root, "dangling", CREATE | OFLAGS_EXCL)).toBe("EXIST");
    expect(v.open(root, "dangling", CREATE)).toBe("SUCCESS");
    expect(names(root)).toEqual(["dir", "to-dir", "dangling", "made"]);
  });
});

describe("mkdir and rmdir", () => {
  it("make and remove, with slashes behind as without", () => {
    expect(v.mkdir(root, "a")).toBe("SUCCESS");
    expect(v.mkdir(root, "b//")).toBe("SUCCESS");
    expect(v.stat(root).nlink).toBe(4);
    expect(v.mkdir(root, "a")).toBe("EXIST");
    expect(v.mkdir(root, "a/")).toBe("EXIST");
    expect(v.mkdir(root, ".")).toBe("EXIST");
    expect(v.mkdir(root, "none/x")).toBe("NOENT");
    expect(v.rmdir(root, "a/")).toBe("SUCCESS");
    expect(v.rmdir(root, "b")).toBe("SUCCESS");
    expect(v.rmdir(root, "b")).toBe("NOENT");
    expect(v.stat(root).nlink).toBe(2);
  });

  it("refuse what is none or not empty", () => {
    dir("a");
    dir("a/b");
    file("file");
    link("a", "to-a");
    expect(v.rmdir(root, "a")).toBe("NOTEMPTY");
    expect(v.rmdir(root, "file")).toBe("NOTDIR");
    expect(v.rmdir(root, "file/")).toBe("NOTDIR");
    expect(v.rmdir(root, "to-a")).toBe("NOTDIR");
    expect(v.rmdir(root, "to-a/")).toBe("NOTDIR");
    expect(v.rmdir(root, ".")).toBe("INVAL");
    expect(v.rmdir(root, "a/b/..")).toBe("NOTEMPTY");
  });

  it("leave a directory that is held without a place", () => {
    const a = dir("a");
    v.call("inode_hold", a);
    expect(v.rmdir(root, "a")).toBe("SUCCESS");
    expect(v.stat(a).nlink).toBe(0);
    expect(v.readdirRaw(a, 0n, 4096).length).toBe(0);
    expect(v.open(a, "x", CREATE)).toBe("NOENT");
    expect(v.mkdir(a, "x")).toBe("NOENT");
    expect(v.symlink("t", a, "x")).toBe("NOENT");
    file("f");
    expect(v.link(root, "f", a, "x")).toBe("NOENT");
    expect(v.rename(root, "f", a, "x")).toBe("NOENT");
    expect(v.lookup(a, ".")).toBe("SUCCESS");
    expect(v.lookup(a, "..")).toBe("PERM");
    v.call("inode_release", a);
  });
});

describe("unlink", () => {
  it("removes names, the inode with the last of them and the last holder", () => {
    const a = file("a");
    v.write(a, 0, Buffer.from("kept"));
    expect(v.link(root, "a", root, "b")).toBe("SUCCESS");
    expect(v.stat(a).nlink).toBe(2);
    v.call("inode_hold", a);
    expect(v.unlink(root, "a")).toBe("SUCCESS");
    expect(v.unlink(root, "b")).toBe("SUCCESS");
    expect(v.stat(a).nlink).toBe(0);
    expect(v.read(a, 0, 10).toString()).toBe("kept");
    const inodes = v.usage()["inodes"]!;
    v.call("inode_release", a);
    expect(v.usage()["inodes"]).toBe(inodes - 1);
  });

  it("refuses directories and slashes", () => {
    dir("dir");
    file("file");
    link("dir", "link");
    expect(v.unlink(root, "dir")).toBe("ISDIR");
    expect(v.unlink(root, "dir/")).toBe("ISDIR");
    expect(v.unlink(root, ".")).toBe("ISDIR");
    expect(v.unlink(root, "file/")).toBe("NOTDIR");
    expect(v.unlink(root, "link/")).toBe("NOTDIR");
    expect(v.unlink(root, "none/")).toBe("NOENT");
    expect(v.unlink(root, "link")).toBe("SUCCESS");
  });
});

describe("links", () => {
  it("are further names of files and of symbolic links, never of directories", () => {
    dir("dir");
    const a = file("a");
    link("a", "symbolic");
    expect(v.link(root, "a", root, "dir/b")).toBe("SUCCESS");
    expect(v.lookup(root, "dir/b")).toBe("SUCCESS");
    expect(v.inode).toBe(a);
    expect(v.link(root, "a", root, "a")).toBe("EXIST");
    expect(v.link(root, "a", root, "dir")).toBe("EXIST");
    expect(v.link(root, "dir", root, "x")).toBe("PERM");
    expect(v.link(root, "a", root, "x/")).toBe("NOENT");
    expect(v.link(root, "a/", root, "x")).toBe("NOTDIR");
    expect(v.link(root, "symbolic", root, "symbolic2")).toBe("SUCCESS");
    expect(v.readlink(root, "symbolic2")).toBe("-> a");
    expect(v.link(root, "symbolic", root, "followed", true)).toBe("SUCCESS");
    expect(v.stat(a).nlink).toBe(3);
    expect(v.link(root, "a", v.root(v.create()), "x")).toBe("XDEV");
  });

  it("are not made where something is", () => {
    dir("dir");
    file("file");
    expect(v.symlink("t", root, "none/")).toBe("NOENT");
    expect(v.symlink("t", root, "dir/")).toBe("EXIST");
    expect(v.symlink("t", root, "dir")).toBe("EXIST");
    expect(v.symlink("t", root, "file")).toBe("EXIST");
    expect(v.symlink("t", root, "file/")).toBe("NOTDIR");
    expect(v.readlink(root, "file")).toBe("INVAL");
    link("target", "link");
    expect(v.readlink(root, "link", 4)).toBe("-> targ");
    expect(v.mkdir(root, "link")).toBe("EXIST");
  });
});

describe("rename", () => {
  it("moves and replaces", () => {
    const a = file("a");
    dir("d");
    expect(v.rename(root, "a", root, "d/b")).toBe("SUCCESS");
    file("c");
    expect(v.rename(root, "d/b", root, "c")).toBe("SUCCESS");
    expect(v.lookup(root, "c")).toBe("SUCCESS");
    expect(v.inode).toBe(a);
    dir("e");
    dir("d/sub");
    expect(v.rename(root, "d", root, "e")).toBe("SUCCESS");
    expect(v.lookup(root, "e/sub/..")).toBe("SUCCESS");
    expect(names(root).sort()).toEqual(["c", "e"]);
    expect(v.stat(root).nlink).toBe(3);
  });

  it("moves a directory with what is in it, and its double dot", () => {
    const from = dir("from");
    const to = dir("to");
    dir("from/moved");
    file("from/moved/file");
    expect(v.rename(root, "from/moved", root, "to/moved")).toBe("SUCCESS");
    expect(v.lookup(root, "to/moved/..")).toBe("SUCCESS");
    expect(v.inode).toBe(to);
    expect(v.lookup(root, "to/moved/../moved/file")).toBe("SUCCESS");
    expect([v.stat(from).nlink, v.stat(to).nlink]).toEqual([2, 3]);
    expect(v.rmdir(root, "from")).toBe("SUCCESS");
  });

  it("keeps the kinds apart", () => {
    file("file");
    dir("dir");
    dir("full");
    file("full/x");
    expect(v.rename(root, "file", root, "dir")).toBe("ISDIR");
    expect(v.rename(root, "dir", root, "file")).toBe("NOTDIR");
    expect(v.rename(root, "dir", root, "full")).toBe("NOTEMPTY");
    expect(v.rename(root, "none", root, "file")).toBe("NOENT");
    expect(v.rename(root, "file", root, "none/x")).toBe("NOENT");
    expect(v.rename(root, "file", v.root(v.create()), "x")).toBe("XDEV");
  });

  it("looks at slashes behind", () => {
    file("file");
    dir("dir");
    link("dir", "link");
    expect(v.rename(root, "file/", root, "x")).toBe("NOTDIR");
    expect(v.rename(root, "file", root, "x/")).toBe("NOTDIR");
    expect(v.rename(root, "link/", root, "x")).toBe("NOTDIR");
    expect(v.rename(root, "dir/", root, "x")).toBe("SUCCESS");
    expect(v.rename(root, "x", root, "y/")).toBe("SUCCESS");
    expect(v.rename(root, "y/", root, "dir/")).toBe("SUCCESS");
  });

  it("leaves two names of one file alone", () => {
    file("a");
    v.link(root, "a", root, "b");
    expect(v.rename(root, "a", root, "b")).toBe("SUCCESS");
    expect(v.rename(root, "a", root, "a")).toBe("SUCCESS");
    expect(names(root)).toEqual(["a", "b"]);
  });

  it("never puts a directory into itself, nor one in the place of what it is in", () => {
    dir("a");
    dir("a/b");
    file("a/b/f");
    expect(v.rename(root, "a", root, "a/x")).toBe("INVAL");
    expect(v.rename(root, "a", root, "a/b/x")).toBe("INVAL");
    expect(v.rename(root, "a", root, "a/b")).toBe("INVAL");
    expect(v.rename(root, "a/b", root, "a")).toBe("NOTEMPTY");
    expect(v.rename(root, "a/b/f", root, "a")).toBe("NOTEMPTY");
    expect(v.rename(root, "a/.", root, "x")).toBe("BUSY");
    expect(v.rename(root, "a", root, "a/b/..")).toBe("BUSY");
  });
});
