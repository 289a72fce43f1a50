// Trees through the real agent binary under qemu-user: archives down and up, removal, and what must not be. The files are the host's.
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { S_IFDIR, S_IFIFO, S_IFLNK, S_IFREG } from "../../image/archive/cpio.js";
import { cpioHeader, cpioPadding, CpioReader, cpioTrailer, cpioWhole, type StreamEntry } from "../../image/archive/cpio-stream.js";
import { AgentSession, type TreeOptions } from "./session.js";
import { streamTransport } from "./transport.js";
import { startUserGuest, type UserGuest, userGuestMissing } from "./user-guest.js";

const missing = userGuestMissing();
const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, mtimeSeconds: 1_000_000_000 };
const file = (name: string, data: string, mode = 0o644): Buffer => {
  const bytes = Buffer.from(data);
  return Buffer.concat([cpioHeader({ name, mode: S_IFREG | mode, ...owner }, bytes.length), bytes, cpioPadding(bytes.length)]);
};
const folderEntry = (name: string, mode = 0o755): Buffer => cpioHeader({ name, mode: S_IFDIR | mode, ...owner }, 0);
const link = (name: string, target: string): Buffer => cpioWhole({ name, mode: S_IFLNK | 0o777, ...owner }, Buffer.from(target));

describe.skipIf(missing !== undefined)(`trees under qemu-user${missing ? ` (skipped: ${missing})` : ""}`, { timeout: 30_000 }, () => {
  const base = mkdtempSync(join(tmpdir(), "wardian-trees-"));
  let guest: UserGuest;
  let session: AgentSession;
  let number = 0;

  beforeAll(async () => {
    writeFileSync(join(base, "old"), "before the agent");
    guest = startUserGuest();
    session = new AgentSession(streamTransport(guest.port));
    await session.hello({ signal: AbortSignal.timeout(10_000) });
    writeFileSync(join(base, "young"), "at once");
  });
  afterAll(async () => {
    session.close();
    expect(await guest.ended).toBe(0);
    rmSync(base, { recursive: true, force: true });
  });

  function makeFolder(): string {
    const path = join(base, `t${++number}`);
    mkdirSync(path);
    return path;
  }

  async function get(path: string, options: TreeOptions = {}): Promise<Map<string, StreamEntry & { data: string }>> {
    const reader = new CpioReader(await session.getTree(path, options));
    const entries = new Map<string, StreamEntry & { data: string }>();
    for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of reader.content()) chunks.push(chunk);
      entries.set(entry.name, { ...entry, data: Buffer.concat(chunks).toString("latin1") });
    }
    expect(await reader.atEnd()).toBe(true);
    return entries;
  }

  const put = async (path: string, ...parts: Uint8Array[]): Promise<void> => await session.putTree(path, [Buffer.concat(parts)]);

  test("every kind of entry comes down as it is", async () => {
    const folder = makeFolder();
    mkdirSync(join(folder, "a/b"), { recursive: true });
    writeFileSync(join(folder, "a/b/file"), "x".repeat(100_001));
    chmodSync(join(folder, "a/b/file"), 0o4750);
    utimesSync(join(folder, "a/b/file"), 5, 7);
    writeFileSync(join(folder, "a/empty"), "");
    linkSync(join(folder, "a/empty"), join(folder, "a/same"));
    symlinkSync("../no where", join(folder, "a/link"));
    const entries = await get(folder);
    expect([...entries.keys()].sort()).toEqual([".", "a", "a/b", "a/b/file", "a/empty", "a/link", "a/same"]);
    expect(entries.get("a/b/file")).toMatchObject({
      mode: S_IFREG | 0o4750,
      mtimeSeconds: 7,
      sizeBytes: 100_001,
      data: "x".repeat(100_001),
      uid: owner.uid,
    });
    expect(entries.get("a/link")).toMatchObject({ target: "../no where", isHeaderOnly: false });
    expect(entries.get("a/same")).toMatchObject({ nlink: 2, ino: entries.get("a/empty")?.ino });
    expect((await get(join(folder, "a/link"))).get(".")).toMatchObject({ target: "../no where" });
    expect((await get(join(folder, "a/b/file"))).get(".")?.data.length).toBe(100_001);
  });

  test("depth and contents are as asked for", async () => {
    const folder = makeFolder();
    mkdirSync(join(folder, "a/b"), { recursive: true });
    writeFileSync(join(folder, "f"), "12345");
    expect([...(await get(folder, { depth: 0 })).keys()]).toEqual(["."]);
    expect([...(await get(folder, { depth: 1, contents: "none" })).keys()].sort()).toEqual([".", "a", "f"]);
    expect([...(await get(folder, { depth: 2 })).keys()].sort()).toEqual([".", "a", "a/b", "f"]);
    expect((await get(folder, { contents: "none" })).get("f")).toMatchObject({ isHeaderOnly: true, sizeBytes: 5, data: "" });
  });

  test("only what has changed since the agent began brings its content", async () => {
    const entries = await get(base, { contents: "changed", depth: 1 });
    expect(entries.get("old")).toMatchObject({ isHeaderOnly: true, sizeBytes: 16 });
    expect(entries.get("young")).toMatchObject({ isHeaderOnly: false, data: "at once" });
  });

  test("thousands of entries, deep and wide, and others meanwhile", async () => {
    const folder = makeFolder();
    for (let n = 0; n < 2000; n++) {
      mkdirSync(join(folder, `d${n % 50}/e${n % 7}`), { recursive: true });
      writeFileSync(join(folder, `d${n % 50}/e${n % 7}/f${n}`), String(n));
    }
    let deep = folder;
    for (let n = 0; n < 300; n++) deep = join(deep, "deep");
    mkdirSync(deep, { recursive: true });
    const [one, two] = await Promise.all([get(folder), get(folder, { contents: "none" }), session.ping()]);
    expect(one.size).toBe(two.size);
    expect([...one.values()].filter(({ data, name }) => data !== "" && name.endsWith(`/f${data}`))).toHaveLength(2000);
    await session.remove(folder);
    expect(existsSync(folder)).toBe(false);
  });

  test("an archive goes up: kinds, owners, modes, times, parents, links", async () => {
    const folder = makeFolder();
    writeFileSync(join(folder, "there"), "old");
    linkSync(join(folder, "there"), join(folder, "other"));
    const fifo = cpioHeader({ name: "fifo", mode: S_IFIFO | 0o600, ...owner }, 0);
    const hard = cpioWhole({ name: "hard", mode: 0, ...owner }, Buffer.from("d/e/f"));
    await put(
      folder,
      file("there", "new", 0o4711),
      folderEntry("d", 0o700),
      file("d/e/f", "in"),
      link("l", "d/e"),
      file("l/through", "link"),
      hard,
      fifo,
      folderEntry("d", 0o700),
      folderEntry("l"),
      cpioTrailer(),
    );
    expect(readFileSync(join(folder, "there"), "utf8")).toBe("new");
    expect(readFileSync(join(folder, "other"), "utf8")).toBe("old");
    expect(statSync(join(folder, "there"))).toMatchObject({ mode: S_IFREG | 0o4711, mtimeMs: 1e12 });
    expect(statSync(join(folder, "d"))).toMatchObject({ mode: S_IFDIR | 0o700, mtimeMs: 1e12 });
    expect(statSync(join(folder, "hard")).nlink).toBe(2);
    expect(readlinkSync(join(folder, "l"))).toBe("d/e");
    expect(readdirSync(join(folder, "d/e")).sort()).toEqual(["f", "through"]);
    expect(statSync(join(folder, "fifo")).isFIFO()).toBe(true);
  });

  test("an archive in single bytes", async () => {
    const folder = makeFolder();
    const whole = Buffer.concat([file("a", "123456"), folderEntry("b"), link("c", "x"), file("d", ""), cpioTrailer()]);
    await session.putTree(
      folder,
      Array.from(whole, (_, i) => whole.subarray(i, i + 1)),
    );
    expect(readFileSync(join(folder, "a"), "utf8")).toBe("123456");
    expect(readdirSync(folder).sort()).toEqual(["a", "b", "c", "d"]);
  });

  test.each([
    ["a name that leads up", [file("a/../../b", "x")], 22, "a/../../b: invalid argument"],
    ["an absolute name", [file("/etc/b", "x")], 22, "invalid argument"],
    ["an empty part", [file("a//b", "x")], 22, "invalid argument"],
    ["a file over a folder", [folderEntry("a"), file("a", "x")], 21, "a: is a directory"],
    ["a folder over a file", [file("a", "x"), folderEntry("a")], 20, "a: not a directory"],
    ["a file below a file", [file("a", "x"), file("a/b", "x")], 20, "a/b: not a directory"],
    ["a hard link that leads up", [cpioWhole({ name: "h", mode: 0, ...owner }, Buffer.from("../x"))], 22, "h: invalid argument"],
    ["a hard link to nothing", [cpioWhole({ name: "h", mode: 0, ...owner }, Buffer.from("x"))], 2, "h: no such file"],
    ["a link without target", [link("l", "")], 22, "l: invalid argument"],
    ["no archive", [Buffer.alloc(200, 0x61)], 22, "invalid argument"],
    ["no end", [file("a", "x")], 22, "invalid argument"],
    ["more behind the end", [cpioTrailer(), file("a", "x")], 22, "invalid argument"],
  ])("is refused: %s", async (_what, parts, errno, words) => {
    const folder = makeFolder();
    const end = parts.length > 1 && parts[0]?.equals(cpioTrailer()) ? [] : _what === "no end" ? [] : [cpioTrailer()];
    await expect(put(folder, ...parts, ...end)).rejects.toMatchObject({
      code: "agent-file",
      errno,
      message: expect.stringContaining(words),
    });
    expect(existsSync(join(base, "b"))).toBe(false);
  });

  test("removal follows no link and needs a name", async () => {
    const folder = makeFolder();
    const outside = makeFolder();
    writeFileSync(join(outside, "safe"), "");
    mkdirSync(join(folder, "a/b"), { recursive: true });
    symlinkSync(outside, join(folder, "a/b/out"));
    await session.remove(`${folder}/`);
    expect(existsSync(folder)).toBe(false);
    expect(readdirSync(outside)).toEqual(["safe"]);
    await session.remove(join(outside, "safe"));
    for (const [path, errno] of [
      ["/", 16],
      ["//", 16],
      ["/tmp/.", 16],
      ["/tmp/..", 16],
      [folder, 2],
      [`${base}/old/x`, 20],
    ] as const)
      await expect(session.remove(path), path).rejects.toMatchObject({ errno });
  });

  test("what is not there, and what is given up", async () => {
    await expect(session.getTree(join(base, "none"))).rejects.toMatchObject({ errno: 2 });
    await expect(put(join(base, "none"), cpioTrailer())).rejects.toMatchObject({ errno: 2 });
    await expect(put(join(base, "old"), cpioTrailer())).rejects.toMatchObject({ errno: 20 });
    (await session.getTree("/usr")).destroy();
    const abort = new AbortController();
    const archive = await session.getTree("/usr", { signal: abort.signal });
    abort.abort(new Error("enough"));
    await expect(buffer(archive)).rejects.toThrow("enough");
    const ended = new AbortController();
    const removal = session.remove(makeFolder(), { signal: ended.signal });
    ended.abort(new Error("stop"));
    await expect(removal).rejects.toThrow("stop");
    await session.ping();
  });
});
