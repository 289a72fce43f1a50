// Tars on their way into a guest and out of it: names, links, times of folders, hostile input; and the tar that comes out is read again.
import { spawnSync } from "node:child_process";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { WardianError } from "../../errors.js";
import { S_IFCHR, S_IFDIR, S_IFLNK, S_IFREG, S_IFSOCK } from "./cpio.js";
import { CpioReader, type StreamEntry } from "./cpio-stream.js";
import { type PackEntry, packTar } from "./pack-tar.js";
import { makeTar, mutate, paxMember, randomFrom, storeXz, storeZstd, tarMember, zstdBomb } from "./samples.js";
import { readTar, type TarEntry } from "./tar.js";
import { tarToAgent } from "./tar-to-agent.js";

const LIMIT = 2 ** 20;

async function convert(tar: Uint8Array | AsyncIterable<Uint8Array>, limitBytes = LIMIT): Promise<(StreamEntry & { data: string })[]> {
  const reader = new CpioReader(tarToAgent(tar, limitBytes));
  const entries: (StreamEntry & { data: string })[] = [];
  for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
    let data = "";
    for await (const piece of reader.content()) data += Buffer.from(piece).toString();
    entries.push({ ...entry, data });
  }
  expect(await reader.atEnd()).toBe(true);
  return entries;
}

const codeOf = async (work: Promise<unknown>): Promise<string> =>
  await work.then(
    () => "none",
    (error: unknown) => (error instanceof WardianError ? error.code : `${error}`),
  );

describe("a tar into a guest", () => {
  const TAR = makeTar([
    { name: "./", flag: "5", mode: 0o700, uid: 9 },
    { name: "./d/", flag: "5", mode: 0o750, mtime: 5 },
    { name: "d/e", flag: "5", mtime: 6 },
    { name: "d/e/f", data: "hello", uid: 7, gid: 8, mtime: 9 },
    { name: "g", flag: "2", link: "/etc/../x" },
    { name: "h", flag: "1", link: "./d/e/f" },
    { name: "n", flag: "3", major: 1, minor: 300 },
  ]);
  const SEEN = ["d", "d/e", "d/e/f", "d/e", "d", "g", "h", "n"];

  it.each([
    ["plain", TAR],
    ["gzip", gzipSync(TAR)],
    ["zstd", storeZstd(TAR)],
  ])("goes over entry by entry, folders again behind their content, %s", async (_form, tar) => {
    const entries = await convert(tar);
    expect(entries.map(({ name }) => name)).toEqual(SEEN);
    expect(entries[2]).toMatchObject({ mode: S_IFREG | 0o644, uid: 7, gid: 8, mtimeSeconds: 9, data: "hello" });
    expect(entries[4]).toMatchObject({ mode: S_IFDIR | 0o750, mtimeSeconds: 5 });
    expect(entries[5]).toMatchObject({ mode: S_IFLNK | 0o644, target: "/etc/../x" });
    expect(entries[6]).toMatchObject({ target: "d/e/f" });
    expect((entries[6]?.mode ?? 1) & 0o170000).toBe(0);
    expect(entries[7]).toMatchObject({ mode: S_IFCHR | 0o644, rdevMajor: 1, rdevMinor: 300 });
  });

  it.each<[string, Uint8Array, string]>([
    ["a name that leads up", makeTar([{ name: "a/../../b" }]), "archive-unsafe"],
    ["an absolute name", makeTar([{ name: "/etc/passwd" }]), "archive-unsafe"],
    ["a name longer than Linux has", Buffer.concat([paxMember({ path: "x/".repeat(3000) }), makeTar([{ name: "x" }])]), "archive-unsafe"],
    ["a hard link that leads up", makeTar([{ name: "a", flag: "1", link: "../b" }]), "archive-unsafe"],
    ["an absolute hard link", makeTar([{ name: "a", flag: "1", link: "/etc/passwd" }]), "archive-unsafe"],
    ["a symbolic link to nothing", makeTar([{ name: "a", flag: "2" }]), "archive-unsafe"],
    ["the folder itself as a file", makeTar([{ name: "./" }, { name: ".", data: "x" }]), "archive-unsafe"],
    ["an owner beyond 32 bits", Buffer.concat([paxMember({ uid: "4294967296" }), makeTar([{ name: "a" }])]), "archive-unsafe"],
    ["a giant size without the bytes", Buffer.concat([tarMember({ name: "a", size: 0o77777777777 })]), "archive-truncated"],
    ["a giant size in pax", Buffer.concat([paxMember({ size: "9007199254740990" }), tarMember({ name: "a" })]), "archive-truncated"],
    ["no end", tarMember({ name: "a", data: "x" }), "archive-truncated"],
    ["a wrong checksum", Buffer.concat([Buffer.from("b"), TAR.subarray(1)]), "archive-corrupt"],
    ["an unknown kind", makeTar([{ name: "a", flag: "S" }]), "archive-unsupported"],
    ["xz, whose one decoder is for images", storeXz(TAR), "archive-unsupported"],
    ["a zstd window beyond 8 MiB", zstdBomb(1, 24), "archive-too-large"],
    ["nothing at all", new Uint8Array(0), "archive-truncated"],
  ])("is refused: %s", async (_what, tar, code) => {
    expect(await codeOf(convert(tar))).toBe(code);
  });

  it("is refused: what unpacks to more than the limit", async () => {
    const bomb = Buffer.concat([tarMember({ name: "big", size: 64 * LIMIT }), Buffer.alloc(64 * LIMIT)]);
    expect(await codeOf(convert(gzipSync(bomb)))).toBe("archive-too-large");
    expect(await codeOf(convert(bomb))).toBe("archive-too-large");
    expect(await codeOf(convert(zstdBomb(2000)))).toBe("archive-corrupt");
  });

  it("passes through a large file without holding it", async () => {
    const [size, piece] = [512 * 2 ** 20, Buffer.alloc(2 ** 20)];
    async function* tar(): AsyncGenerator<Uint8Array> {
      yield tarMember({ name: "large", size }).subarray(0, 512);
      for (let sent = 0; sent < size; sent += piece.length) yield piece;
      yield Buffer.alloc(1024);
    }
    let bytes = 0;
    let mostBytes = 0;
    const before = process.memoryUsage().arrayBuffers;
    for await (const part of tarToAgent(tar(), 2 * size)) {
      bytes += part.length;
      mostBytes = Math.max(mostBytes, process.memoryUsage().arrayBuffers - before);
    }
    expect(bytes).toBeGreaterThan(size);
    expect(mostBytes).toBeLessThan(100 * 2 ** 20);
  });

  it("lets out nothing but WardianError for mutated input, and ends", { timeout: 60_000 }, async () => {
    const random = randomFrom(11);
    const seeds = [TAR, gzipSync(TAR), storeZstd(TAR), Buffer.concat([paxMember({ path: "p/q", mtime: "7.5" }), TAR])];
    for (let n = 0; n < 3000; n++) {
      const seed = seeds[n % seeds.length] ?? TAR;
      expect(await codeOf(convert(mutate(seed, random)))).toMatch(/^(none|archive-[a-z-]+)$/);
    }
  });
});

describe("a tar out of a guest", () => {
  const entry = (name: string, more: Partial<PackEntry> = {}): PackEntry => ({
    name,
    mode: S_IFREG | 0o640,
    uid: 1,
    gid: 2,
    mtimeSeconds: 1_000_000_000,
    rdevMajor: 0,
    rdevMinor: 0,
    sizeBytes: 2,
    // eslint-disable-next-line require-yield
    content: async function* () {
      yield Buffer.from("hi");
    },
    ...more,
  });
  async function* all(entries: readonly PackEntry[]): AsyncGenerator<PackEntry> {
    yield* entries;
  }
  const LONG = `${"long/".repeat(60)}näme\nwith a line`;
  const ENTRIES = [
    entry("d", { mode: S_IFDIR | 0, sizeBytes: 0 }),
    entry(`d/${LONG}`),
    entry("d/empty", { sizeBytes: 0, content: async function* () {} }),
    entry("d/l", { mode: S_IFLNK | 0o777, target: "ü".repeat(100), sizeBytes: 200 }),
    entry("d/c", { mode: S_IFCHR | 0o600, rdevMajor: 5, rdevMinor: 1, sizeBytes: 0 }),
    entry("d/s", { mode: S_IFSOCK | 0o600, sizeBytes: 0 }),
    entry("d/owner", { uid: 4_000_000_000, gid: 3_000_000, mtimeSeconds: 4_000_000_000 }),
  ];

  it("is what went in, sockets apart", async () => {
    const tar = await buffer(packTar(all(ENTRIES)));
    const read = new Map<string, TarEntry>();
    for await (const found of readTar(tar, { fileLimitBytes: LIMIT })) read.set(found.name, found);
    expect([...read.keys()]).toEqual(["d/", `d/${LONG}`, "d/empty", "d/l", "d/c", "d/owner"]);
    expect(read.get("d/")).toMatchObject({ type: "directory", mode: 0 });
    expect(Buffer.from(read.get(`d/${LONG}`)?.data ?? []).toString()).toBe("hi");
    expect(read.get("d/l")).toMatchObject({ type: "symlink", linkName: "ü".repeat(100) });
    expect(read.get("d/c")).toMatchObject({ type: "character", deviceMajor: 5, deviceMinor: 1 });
    expect(read.get("d/owner")).toMatchObject({ uid: 4_000_000_000, gid: 3_000_000, mtimeSeconds: 4_000_000_000 });
    const { status, stdout } = spawnSync("tar", ["-tvf", "-"], { input: tar, encoding: "utf8" });
    expect(status).toBe(0);
    expect(stdout).toContain("4000000000/3000000");
  });

  it("has the size of a file beyond 8 GiB", async () => {
    const size = 9 * 2 ** 30;
    const tar = packTar(all([entry("large", { sizeBytes: size, content: async function* () { yield Buffer.alloc(512); } })])); // prettier-ignore
    const first = (await tar.next()).value as Uint8Array;
    await tar.return(undefined);
    expect(Buffer.from(first).readUIntBE(124 + 6, 6)).toBe(size);
  });

  it("ends with the error of its source, or of a content of another length", async () => {
    const broken = entry("x", {
      // oxlint-disable-next-line require-yield
      content: async function* () {
        throw new WardianError("file-failed", "gone");
      },
    });
    expect(await codeOf(buffer(packTar(all([broken]))))).toBe("file-failed");
    expect(await codeOf(buffer(packTar(all([entry("x", { sizeBytes: 3 })]))))).toContain("Size mismatch");
  });
});
