// Tars from a hostile instance: whatever they hold, nothing outside of the target is touched.
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import fc from "fast-check";
import { type Header, pack as createPack } from "tar-stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CONTENTS, pack } from "./pack.js";
import { unpack } from "./unpack.js";

type Member = Partial<Header> & { readonly name: string; readonly body?: string };

let folder: string;
let root: string;
let outside: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "wardian-unpack-"));
  [root, outside] = [join(folder, "root"), join(folder, "outside")];
  mkdirSync(root);
  mkdirSync(outside);
  writeFileSync(join(outside, "precious"), "precious");
});
afterEach(() => rmSync(folder, { recursive: true }));

function tarOf(members: readonly Member[]): Readable {
  const archive = createPack();
  for (const { body = "", ...header } of members) archive.entry(header, body);
  archive.finalize();
  return Readable.from(archive as AsyncIterable<Uint8Array>);
}

function unpackHere(tar: Readable, limitBytes = 1 << 20, skipped: string[] = []): Promise<number> {
  return unpack(tar, { root, place: (parts) => parts, limitBytes, onSkip: (name) => skipped.push(name) });
}

function expectUntouched(): void {
  expect(readFileSync(join(outside, "precious"), "utf8")).toBe("precious");
  expect(existsSync(join(folder, "evil"))).toBe(false);
  expect(existsSync(join(outside, "evil"))).toBe(false);
}

describe("a hostile tar", () => {
  // prettier-ignore
  const HOSTILE: [string, (outside: string) => Member[], RegExp][] = [
    ["a name with ..", () => [{ name: "../evil", body: "x" }], /leads out/],
    [".. in the middle", () => [{ name: "a/../../evil", body: "x" }], /leads out/],
    ["an absolute name", (out) => [{ name: join(out, "evil"), body: "x" }], /absolute/],
    ["a file through a link", (out) => [{ name: "l", type: "symlink", linkname: out }, { name: "l/evil", body: "x" }], /symbolic link/],
    ["a file through a relative link", () => [{ name: "l", type: "symlink", linkname: "../outside" }, { name: "l/precious", body: "x" }], /symbolic link/],
    ["a folder through a link", (out) => [{ name: "l", type: "symlink", linkname: out }, { name: "l/evil", type: "directory" }], /symbolic link/],
    ["a folder in place of a link", (out) => [{ name: "l", type: "symlink", linkname: out }, { name: "l", type: "directory" }], /symbolic link/],
    ["a link through a link", (out) => [{ name: "l", type: "symlink", linkname: out }, { name: "l/evil", type: "symlink", linkname: "/" }], /symbolic link/],
    ["links in a row", (out) => [{ name: "a", type: "symlink", linkname: "b" }, { name: "b", type: "symlink", linkname: out }, { name: "a/evil", body: "x" }], /symbolic link/],
    ["a hard link to the outside", (out) => [{ name: "h", type: "link", linkname: join(out, "precious") }], /absolute/],
    ["a hard link with ..", () => [{ name: "h", type: "link", linkname: "../outside/precious" }], /leads out/],
    ["a hard link through a link", (out) => [{ name: "l", type: "symlink", linkname: out }, { name: "h", type: "link", linkname: "l/precious" }], /symbolic link/],
    ["a hard link to a link", (out) => [{ name: "l", type: "symlink", linkname: join(out, "precious") }, { name: "h", type: "link", linkname: "l" }], /no file/],
    ["a NUL in a name", () => [{ name: "a\0b", pax: { path: "a\0b" }, body: "x" }], /NUL|damaged/],
    ["a file as the folder itself", () => [{ name: "./", type: "file", body: "x" }], /should be a folder/],
    ["a part that is too long", () => [{ name: "a".repeat(300), body: "x" }], /longer than 255/],
  ];
  test.each(HOSTILE)("%s is refused", async (_what, members, says) => {
    await expect(unpackHere(tarOf(members(outside)))).rejects.toThrow(says);
    expectUntouched();
  });

  test("a link that is already there is not gone through, but replaced", async () => {
    symlinkSync(join(outside, "precious"), join(root, "there"));
    symlinkSync(outside, join(root, "folder"));
    await unpackHere(tarOf([{ name: "there", body: "new" }]));
    expect(lstatSync(join(root, "there")).isFile()).toBe(true);
    await expect(unpackHere(tarOf([{ name: "folder/precious", body: "x" }]))).rejects.toMatchObject({ code: "archive-unsafe" });
    expectUntouched();
  });

  test("devices, pipes and set-id bits are not made", async () => {
    const skipped: string[] = [];
    const members: Member[] = [
      { name: "null", type: "character-device", devmajor: 1, devminor: 3 },
      { name: "disk", type: "block-device", devmajor: 8, devminor: 0 },
      { name: "pipe", type: "fifo" },
      { name: "su", mode: 0o6755, body: "x" },
      { name: "tmp", type: "directory", mode: 0o7777 },
    ];
    await unpackHere(tarOf(members), undefined, skipped);
    expect(skipped).toEqual(["null", "disk", "pipe"]);
    expect(statSync(join(root, "su")).mode & 0o7777).toBe(0o755);
    expect(statSync(join(root, "tmp")).mode & 0o7000).toBe(0);
    expect(existsSync(join(root, "null"))).toBe(false);
  });

  test("more than the limit is refused, and leaves no half file", async () => {
    await expect(
      unpackHere(
        tarOf([
          { name: "a", body: "x".repeat(60) },
          { name: "b", body: "x".repeat(60) },
        ]),
        100,
      ),
    ).rejects.toMatchObject({ code: "archive-too-large" });
    expect([existsSync(join(root, "a")), existsSync(join(root, "b"))]).toEqual([true, false]);
  });

  test("what is cut short, or is no tar, is an error of one kind", async () => {
    await expect(unpackHere(Readable.from([Buffer.alloc(700, 65)]))).rejects.toMatchObject({ code: "archive-corrupt" });
    const chunks: Buffer[] = [];
    for await (const chunk of tarOf([{ name: "a", body: "x".repeat(5000) }])) chunks.push(chunk as Buffer);
    const whole = Buffer.concat(chunks);
    await expect(unpackHere(Readable.from([whole.subarray(0, 2000)]))).rejects.toMatchObject({ code: "archive-corrupt" });
    expect(existsSync(join(root, "a"))).toBe(false);
  });

  test("any bytes at all end in files inside, or in an error", async () => {
    const whole: Buffer[] = [];
    for await (const chunk of tarOf([
      { name: "d", type: "directory" },
      { name: "d/f", body: "hello" },
      { name: "d/l", type: "symlink", linkname: "../../outside" },
    ]))
      whole.push(chunk as Buffer);
    const bytes = Buffer.concat(whole);
    const spots = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(spots, async (changes) => {
        const changed = Buffer.from(bytes);
        for (const [at, value] of changes) changed[at] = value;
        await unpackHere(Readable.from([changed])).catch(() => {});
        expectUntouched();
      }),
      { numRuns: 150 },
    );
  });
});

describe("there and back", () => {
  test("files, folders, links and modes are as they were", async () => {
    const source = join(folder, "source");
    mkdirSync(join(source, "deep/er"), { recursive: true });
    writeFileSync(join(source, "deep/er/file"), "content", { mode: 0o640 });
    writeFileSync(join(source, "empty"), "");
    writeFileSync(join(source, `${"long".repeat(40)}é`), "x".repeat(100_000));
    symlinkSync("deep/er/file", join(source, "link"));
    symlinkSync("/nowhere", join(source, "dangling"));
    const skip = (): void => expect.unreachable();
    await unpackHere(Readable.from(pack(source, { name: "copy", keepOwners: false, onSkip: skip })));
    expect(readFileSync(join(root, "copy/deep/er/file"), "utf8")).toBe("content");
    expect(statSync(join(root, "copy/deep/er/file")).mode & 0o777).toBe(0o640);
    expect(statSync(join(root, "copy", `${"long".repeat(40)}é`)).size).toBe(100_000);
    expect(statSync(join(root, "copy/empty")).size).toBe(0);
    expect([readlinkSync(join(root, "copy/link")), readlinkSync(join(root, "copy/dangling"))]).toEqual(["deep/er/file", "/nowhere"]);
  });

  test("contents go without their folder", async () => {
    const source = join(folder, "source");
    mkdirSync(source);
    writeFileSync(join(source, "a"), "1");
    await unpackHere(Readable.from(pack(source, { name: CONTENTS, keepOwners: false, onSkip: () => {} })));
    expect(readFileSync(join(root, "a"), "utf8")).toBe("1");
  });

  test("a hard link is one, and an earlier file gives way", async () => {
    writeFileSync(join(root, "h"), "old");
    await unpackHere(
      tarOf([
        { name: "f", body: "new" },
        { name: "h", type: "link", linkname: "f" },
      ]),
    );
    expect(readFileSync(join(root, "h"), "utf8")).toBe("new");
    expect(statSync(join(root, "h")).nlink).toBe(2);
  });

  test("what is not there is said", async () => {
    const read = async (): Promise<void> => {
      for await (const _chunk of pack(join(folder, "none"), { name: "n", keepOwners: false, onSkip: () => {} }));
    };
    await expect(read()).rejects.toMatchObject({ code: "file-failed" });
  });
});
