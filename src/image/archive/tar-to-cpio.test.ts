// tar to initramfs, and with it the tar reader: attributes, links, long names in all three ways, hostile archives.

import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { WardianError } from "../../errors.js";
import { type CpioEntry, readCpio, S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFREG } from "./cpio.js";
import { makeTar, mutate, paxMember, randomFrom, storeXz, storeZstd, type TarSample, tarMember } from "./samples.js";
import { tarToCpio } from "./tar-to-cpio.js";

const LIMIT = { limitBytes: 1 << 20 };
const END = Buffer.alloc(1024);
const convert = async (bytes: Uint8Array) => readCpio(await tarToCpio(bytes, LIMIT));
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => "none",
    (error: unknown) => (error instanceof WardianError ? error.code : String(error)),
  );
const text = (entry: CpioEntry | undefined) => Buffer.from(entry?.data ?? []).toString();

const ROOT: TarSample[] = [
  { name: "./", flag: "5", mode: 0o755 },
  { name: "./bin/", flag: "5", mode: 0o755, mtime: 1_600_000_000 },
  { name: "./bin/busybox", data: "ELF", mode: 0o4755, uid: 12, gid: 34, mtime: 1_700_000_000 },
  { name: "./bin/sh", flag: "2", link: "busybox", mode: 0o777 },
  { name: "./bin/ash", flag: "1", link: "./bin/busybox" },
  { name: "./dev/sda", flag: "4", major: 8, minor: 1, mode: 0o660 },
  { name: "./dev/console", flag: "3", major: 5, minor: 1, mode: 0o600 },
  { name: "./run/fifo", flag: "6" },
];
const TAR = makeTar(ROOT);

describe("tarToCpio", () => {
  it.each([
    ["plain", TAR],
    ["gzip", gzipSync(TAR)],
    ["xz", storeXz(TAR)],
    ["zstd", storeZstd(TAR)],
  ])("keeps kinds, modes, owners, times and links (%s)", async (_, packed) => {
    const entries = await convert(packed);
    const shown = entries.map((e) => [e.name, e.mode, e.uid, e.gid, e.mtimeSeconds, e.nlink, e.rdevMajor, e.rdevMinor, text(e)]);
    expect(shown).toEqual([
      [".", S_IFDIR | 0o755, 0, 0, 0, 2, 0, 0, ""],
      ["bin", S_IFDIR | 0o755, 0, 0, 1_600_000_000, 2, 0, 0, ""],
      ["bin/busybox", S_IFREG | 0o4755, 12, 34, 1_700_000_000, 2, 0, 0, ""],
      ["bin/sh", S_IFLNK | 0o777, 0, 0, 0, 1, 0, 0, "busybox"],
      ["bin/ash", S_IFREG | 0o4755, 12, 34, 1_700_000_000, 2, 0, 0, "ELF"],
      ["dev", S_IFDIR | 0o755, 0, 0, 0, 2, 0, 0, ""],
      ["dev/sda", S_IFBLK | 0o660, 0, 0, 0, 1, 8, 1, ""],
      ["dev/console", S_IFCHR | 0o600, 0, 0, 0, 1, 5, 1, ""],
      ["run", S_IFDIR | 0o755, 0, 0, 0, 2, 0, 0, ""],
      ["run/fifo", S_IFIFO | 0o644, 0, 0, 0, 1, 0, 0, ""],
    ]);
    const [first, second] = entries.filter((e) => ["bin/busybox", "bin/ash"].includes(e.name));
    expect(first?.ino).toBe(second?.ino);
  });

  it("takes long names and large numbers from pax and from GNU headers", async () => {
    const long = `${"d".repeat(150)}/${"f".repeat(200)}`;
    const tar = Buffer.concat([
      paxMember({ comment: "global" }, "g"),
      paxMember({ path: long, uid: "3000000", mtime: "1700000000.75" }),
      tarMember({ name: "short", data: "pax" }),
      tarMember({ name: "././@LongLink", flag: "L", data: `${long}2\0` }),
      tarMember({ name: "short", data: "gnu" }),
      tarMember({ name: "././@LongLink", flag: "K", data: `${long}\0` }),
      tarMember({ name: "sym", flag: "2", link: "short" }),
      END,
    ]);
    const entries = await convert(tar);
    expect(entries.find((e) => e.name === long)).toMatchObject({ uid: 3_000_000, mtimeSeconds: 1_700_000_000 });
    expect(text(entries.find((e) => e.name === `${long}2`))).toBe("gnu");
    expect(text(entries.find((e) => e.name === "sym"))).toBe(long);
  });

  it("reads GNU's binary numbers", async () => {
    const member = tarMember({ name: "a", data: "x" });
    member.fill(0, 108, 116);
    member[108] = 0x80;
    member.writeUInt32BE(5_000_000, 112);
    member.write("        ", 148);
    member.write(
      member
        .subarray(0, 512)
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, "0"),
      148,
    );
    member[154] = 0;
    expect((await convert(Buffer.concat([member, END])))[0]?.uid).toBe(5_000_000);
  });

  it("lets a later entry of the same name win, and keeps what its hard links hold", async () => {
    const entries = await convert(
      makeTar([
        { name: "a", data: "old" },
        { name: "b", flag: "1", link: "a" },
        { name: "a", data: "new" },
      ]),
    );
    expect(entries.map((e) => [e.name, text(e), e.nlink])).toEqual([
      ["b", "old", 1],
      ["a", "new", 1],
    ]);
  });

  it.each<[string, TarSample[]]>([
    ["..", [{ name: "../etc/passwd" }]],
    [".. inside", [{ name: "a/../../b" }]],
    ["an absolute name", [{ name: "/etc/passwd" }]],
    ["a hard link out", [{ name: "a", flag: "1", link: "../../etc/shadow" }]],
    ["a hard link to nothing", [{ name: "a", flag: "1", link: "b" }]],
    [
      "a hard link to a directory",
      [
        { name: "d/", flag: "5" },
        { name: "a", flag: "1", link: "d" },
      ],
    ],
    ["a file below a symbolic link", [{ name: "d", flag: "2", link: "/etc" }, { name: "d/passwd" }]],
    ["a file below a file", [{ name: "d" }, { name: "d/x" }]],
    ["a file in place of a directory", [{ name: "d/x" }, { name: "d" }]],
    ["an empty symbolic link", [{ name: "a", flag: "2" }]],
  ])("refuses %s", async (_, samples) => {
    expect(await codeOf(convert(makeTar(samples)))).toBe("archive-unsafe");
  });

  it("refuses sizes that are not there, too large, or not to be understood", async () => {
    expect(await codeOf(convert(makeTar([{ name: "a", size: 2 ** 30 }])))).toBe("archive-too-large");
    expect(await codeOf(convert(makeTar([{ name: "a", size: 9000 }])))).toBe("archive-truncated");
    expect(await codeOf(convert(Buffer.concat([paxMember({ size: "99999999999999999" }), tarMember({ name: "a" }), END])))).toBe(
      "archive-corrupt",
    );
    expect(await codeOf(convert(tarMember({ name: "x", flag: "x", size: 2 ** 22 })))).toBe("archive-corrupt");
    expect(await codeOf(convert(makeTar([{ name: "a", flag: "S" }])))).toBe("archive-unsupported");
    expect(await codeOf(convert(Buffer.concat([paxMember({ "GNU.sparse.major": "1" }), tarMember({ name: "a" }), END])))).toBe(
      "archive-unsupported",
    );
    expect(await codeOf(convert(makeTar([])))).toBe("archive-corrupt");
  });

  it("notices every cut", async () => {
    for (let end = 1; end < TAR.length - 1024; end += 97) expect(await codeOf(convert(TAR.subarray(0, end)))).toBe("archive-truncated");
  });

  it("does not let names multiply into parents without end", async () => {
    const deep = (i: number) => `${i}/${"a/".repeat(2000)}f`;
    const tar = Buffer.concat([
      ...Array.from({ length: 8 }, (_, i) => [paxMember({ path: deep(i) }), tarMember({ name: "f" })]).flat(),
      END,
    ]);
    expect(await codeOf(convert(tar))).toBe("archive-too-large");
  });

  it("lets out nothing but WardianError for mutated input", { timeout: 60_000 }, async () => {
    const random = randomFrom(4);
    const rich = Buffer.concat([
      paxMember({ path: "p/q", mtime: "5.5" }),
      tarMember({ name: "s", data: "pax" }),
      tarMember({ name: "L", flag: "L", data: "long\0" }),
      TAR,
    ]);
    for (let i = 0; i < 3000; i++) expect(await codeOf(convert(fixSums(mutate(rich, random), i)))).toMatch(/^(none|archive-[a-z-]+)$/);
  });
});

/** Every other archive gets its checksums right again, so that the fuzz reaches what lies behind them. */
function fixSums(bytes: Uint8Array, round: number): Uint8Array {
  if (round % 2 === 0) return bytes;
  for (let at = 0; at + 512 <= bytes.length; at += 512) {
    const header = bytes.subarray(at, at + 512);
    if (Buffer.from(header.subarray(257, 262)).toString("latin1") !== "ustar") continue;
    header.fill(0x20, 148, 156);
    header.set(
      Buffer.from(
        `${header
          .reduce((sum, byte) => sum + byte, 0)
          .toString(8)
          .padStart(6, "0")}\0`,
      ),
      148,
    );
  }
  return bytes;
}
