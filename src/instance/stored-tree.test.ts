// The files of a stopped instance: the merge, links, every way to change it, hostile tars; and what its next guest will unpack.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { beforeEach, afterEach, describe, expect, it } from "vitest";
import { WardianError } from "../errors.js";
import { type CpioEntry, readCpio, S_IFDIR, S_IFIFO, S_IFLNK, S_IFREG, writeCpio } from "../image/archive/cpio.js";
import { makeTar, mutate, randomFrom } from "../image/archive/samples.js";
import { readTar } from "../image/archive/tar.js";
import { mergedCpio } from "./merged-cpio.js";
import { RootLayer } from "./root-layer.js";
import { StoredTree } from "./stored-tree.js";

const LIMIT = 2 ** 20;
const entry = (name: string, mode: number, data = "", more: Partial<CpioEntry> = {}): CpioEntry => ({
  name,
  mode,
  uid: 0,
  gid: 0,
  mtimeSeconds: 1_000_000_000,
  ino: 0,
  nlink: 1,
  rdevMajor: 0,
  rdevMinor: 0,
  data: Buffer.from(data),
  ...more,
});
const IMAGE = writeCpio([
  entry("usr", S_IFDIR | 0o755),
  entry("usr/bin", S_IFDIR | 0o755),
  entry("bin", S_IFLNK | 0o777, "usr/bin"),
  entry("usr/bin/tool", S_IFREG | 0o4755, "tool", { uid: 5 }),
  entry("usr/bin/one", S_IFREG | 0o644, "", { ino: 7, nlink: 2 }),
  entry("usr/bin/two", S_IFREG | 0o644, "linked", { ino: 7, nlink: 2 }),
  entry("etc", S_IFDIR | 0o755),
  entry("etc/a", S_IFREG | 0o644, "A"),
  entry("etc/up", S_IFLNK | 0o777, "../../../etc/a"),
  entry("etc/abs", S_IFLNK | 0o777, "/bin/tool"),
  entry("etc/none", S_IFLNK | 0o777, "new"),
  entry("etc/loop", S_IFLNK | 0o777, "loop"),
  entry("etc/pipe", S_IFIFO | 0o600),
]);

let folder: string;
let layer: RootLayer;
let tree: StoredTree;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "wardian-stored-"));
  layer = await RootLayer.open(folder);
  tree = new StoredTree({ rootfs: async () => IMAGE, layer, limitBytes: LIMIT });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const from = (text: string | Uint8Array): Readable => Readable.from([Buffer.from(text)]);
const content = async (path: string): Promise<string> => (await buffer((await tree.read(path)).content)).toString();
const names = async (path: string): Promise<string[]> => (await tree.list(path)).map(({ name }) => name);
async function tarNames(path: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of readTar(await tree.archive(path), { fileLimitBytes: LIMIT })) found.push(name);
  return found.sort();
}
const merged = async (): Promise<Map<string, CpioEntry>> => new Map(readCpio(await mergedCpio(IMAGE, layer)).map((e) => [e.name, e]));

describe("a stored tree", () => {
  it("is read as a guest would see it", async () => {
    expect(await content("/bin/tool")).toBe("tool");
    expect(await content("etc/abs")).toBe("tool");
    expect(await content("/etc/up")).toBe("A");
    expect(await content("/usr/../../etc/./a")).toBe("A");
    expect(await content("/usr/bin/one")).toBe("linked");
    expect(await names("/bin")).toEqual(["one", "tool", "two"]);
    expect(await tree.stat("/bin")).toMatchObject({ name: "bin", type: "symlink", target: "usr/bin" });
    expect(await tree.stat("/bin/")).toMatchObject({ type: "folder" });
    expect(await tree.stat("/usr/bin/tool")).toEqual({
      name: "tool",
      type: "file",
      sizeBytes: 4,
      mode: 0o4755,
      uid: 5,
      gid: 0,
      modifiedAt: "2001-09-09T01:46:40.000Z",
    });
    expect(await tree.stat("/")).toMatchObject({ name: "/", type: "folder" });
    expect(await tarNames("/etc")).toEqual(["etc/", "etc/a", "etc/abs", "etc/loop", "etc/none", "etc/pipe", "etc/up"]);
    expect(await tarNames("/bin")).toEqual(["bin"]);
    expect(await tarNames("/bin/")).toContain("bin/tool");
    expect((await tarNames("/")).slice(0, 2)).toEqual(["./", "./bin"]);
  });

  it.each<[string, string, () => Promise<unknown>]>([
    ["no-file", "nothing there", () => tree.stat("/none")],
    ["no-file", "nothing on the way", () => tree.stat("/none/x")],
    ["not-a-folder", "a file on the way", () => tree.stat("/etc/a/x")],
    ["not-a-folder", "a file with a slash", () => tree.stat("/etc/a/")],
    ["not-a-folder", "a list of a file", () => tree.list("/etc/a")],
    ["bad-path", "links without end", () => tree.read("/etc/loop")],
    ["bad-path", "a NUL", () => tree.stat("/a\0")],
    ["bad-path", "too long a path", () => tree.stat("x".repeat(5000))],
    ["is-a-folder", "the content of a folder", () => tree.read("/etc")],
    ["file-failed", "the content of a pipe", () => tree.read("/etc/pipe")],
    ["is-a-folder", "a write to a folder", () => tree.write("/etc", from("x"))],
    ["is-a-folder", "a write with a slash", () => tree.write("/etc/new/", from("x"))],
    ["no-file", "a write where no folder is", () => tree.write("/none/x", from("x"))],
    ["file-failed", "a write to a pipe", () => tree.write("/etc/pipe", from("x"))],
    ["disk-full", "a write beyond the limit", () => tree.write("/x", from(Buffer.alloc(LIMIT + 1)))],
    ["no-file", "no archive", () => tree.archive("/none")],
    ["no-file", "a removal of nothing", () => tree.remove("/none")],
    ["file-failed", "a removal of all", () => tree.remove("/")],
    ["no-file", "a tar into nothing", () => tree.extract("/none", from(makeTar([])))],
    ["not-a-folder", "a tar into a file", () => tree.extract("/etc/a", from(makeTar([])))],
  ])("says %s: %s", async (code, _what, work) => {
    await expect(work()).rejects.toMatchObject({ code });
    expect(layer.isEmpty).toBe(true);
  });

  it("is written to, through links too", async () => {
    await tree.write("/etc/abs", from("new tool"));
    await tree.write("/etc/none", from("made"), { mode: 0o600, uid: 8, gid: 9 });
    await tree.write("/usr/bin/one", from("own"));
    expect(await content("/bin/tool")).toBe("new tool");
    expect(await tree.stat("/usr/bin/tool")).toMatchObject({ uid: 5, mode: 0o644 });
    expect(await tree.stat("/etc/new")).toMatchObject({ type: "file", mode: 0o600, uid: 8, gid: 9 });
    expect(await content("/usr/bin/two")).toBe("linked");
    const cpio = await merged();
    expect(Buffer.from(cpio.get("usr/bin/tool")?.data ?? []).toString()).toBe("new tool");
    expect(cpio.get("usr/bin/two")).toMatchObject({ nlink: 1 });
    expect(Buffer.from(cpio.get("usr/bin/two")?.data ?? []).toString()).toBe("linked");
    expect([...cpio.keys()].indexOf("usr/bin")).toBeLessThan([...cpio.keys()].indexOf("usr/bin/tool"));
  });

  it("loses what is removed, and nothing comes back with a new name", async () => {
    await tree.remove("/bin");
    await tree.remove("/usr");
    expect(await names("/")).toEqual(["etc"]);
    await tree.extract(
      "/",
      from(
        makeTar([
          { name: "usr", flag: "5" },
          { name: "usr/x", data: "y" },
        ]),
      ),
    );
    expect(await names("/usr")).toEqual(["x"]);
    expect([...(await merged()).keys()].filter((name) => name.startsWith("usr"))).toEqual(["usr", "usr/x"]);
    await tree.remove("/usr/x");
    await tree.remove("/usr");
    expect([...layer.index.entries.keys()]).toEqual([]);
    expect([...layer.index.removed].sort()).toEqual(["bin", "usr"]);
  });

  it("takes tars: links followed as in a guest, folders kept, parents made", async () => {
    const tar = makeTar([
      { name: "./", flag: "5", mode: 0o700 },
      { name: "bin", flag: "5", mode: 0o700 },
      { name: "bin/in", data: "in", mode: 0o755, uid: 3, gid: 4, mtime: 77 },
      { name: "etc", flag: "5", mode: 0o711 },
      { name: "etc/up", data: "no link now" },
      { name: "away", flag: "2", link: "/etc" },
      { name: "away/deep/file", data: "through" },
      { name: "hard", flag: "1", link: "bin/in" },
      { name: "dev", flag: "3", major: 1, minor: 3 },
    ]);
    await tree.extract("/", from(tar));
    expect(await tree.stat("/usr/bin/in")).toMatchObject({ mode: 0o755, uid: 3, gid: 4, modifiedAt: "1970-01-01T00:01:17.000Z" });
    expect((await tree.stat("/bin")).type).toBe("symlink");
    expect((await tree.stat("/etc")).mode).toBe(0o711);
    expect((await tree.stat("/")).mode).toBe(0o755);
    expect(await content("/etc/up")).toBe("no link now");
    expect(await content("/etc/a")).toBe("A");
    expect(await content("/etc/deep/file")).toBe("through");
    expect(await content("/hard")).toBe("in");
    expect((await tree.stat("/dev")).type).toBe("character");
  });

  it.each([
    [
      "archive-unsafe",
      makeTar([
        { name: "a", data: "x" },
        { name: "../b", data: "x" },
      ]),
    ],
    [
      "archive-unsafe",
      makeTar([
        { name: "a", data: "x" },
        { name: "b", flag: "1", link: "etc/a" },
      ]),
    ],
    ["archive-truncated", makeTar([{ name: "a", data: "x" }]).subarray(0, 800)],
    [
      "is-a-folder",
      makeTar([
        { name: "a", data: "x" },
        { name: "etc", data: "x" },
      ]),
    ],
    [
      "not-a-folder",
      makeTar([
        { name: "a", data: "x" },
        { name: "etc/a", flag: "5" },
      ]),
    ],
    [
      "not-a-folder",
      makeTar([
        { name: "a", data: "x" },
        { name: "etc/a/b", data: "x" },
      ]),
    ],
    [
      "bad-path",
      makeTar([
        { name: "l", flag: "2", link: "l" },
        { name: "l/x", data: "x" },
      ]),
    ],
    ["disk-full", makeTar([{ name: "a", data: Buffer.alloc(LIMIT) }])],
    ["disk-full", makeTar(Array.from({ length: 5000 }, (_, n) => ({ name: `file${n}` })))],
  ])("refuses a tar whole: %s", async (code, tar) => {
    await expect(tree.extract("/", from(tar))).rejects.toMatchObject({ code });
    expect(layer.isEmpty).toBe(true);
  });

  it("lets out nothing but WardianError for mutated tars, and stays readable", { timeout: 60_000 }, async () => {
    const random = randomFrom(5);
    const tar = makeTar([
      { name: "d", flag: "5" },
      { name: "d/f", data: "1" },
      { name: "etc/up", flag: "2", link: "a" },
      { name: "h", flag: "1", link: "d/f" },
    ]);
    for (let n = 0; n < 300; n++) {
      const outcome = await tree.extract("/", from(mutate(tar, random))).catch((error: unknown) => error);
      expect(outcome === undefined || outcome instanceof WardianError, String(outcome)).toBe(true);
    }
    expect((await tarNames("/")).length).toBeGreaterThan(5);
    expect((await merged()).size).toBeGreaterThan(5);
  });
});
