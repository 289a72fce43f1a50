// The files of a running guest: against a fake one that is hostile, and with the real agent under qemu-user, shut into a folder of
// the host's, for what a run has changed. (Real guests: test/linux/files.test.ts.)
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CpioEntry, readCpio, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, writeCpio } from "../image/archive/cpio.js";
import { cpioHeader, cpioTrailer, cpioWhole } from "../image/archive/cpio-stream.js";
import { makeTar, tarMember } from "../image/archive/samples.js";
import { FakeGuest } from "../machine/agent/fake-guest.js";
import { AgentSession, streamTransport } from "../machine/agent/index.js";
import { u32 } from "../machine/agent/message.js";
import { FRAME, STREAM } from "../machine/agent/protocol.js";
import { startUserGuest, type UserGuest, userGuestMissing } from "../machine/agent/user-guest.js";
import { GuestTree } from "./guest-tree.js";
import { makeBootImage } from "./merged-cpio.js";
import { RootLayer } from "./root-layer.js";
import { StoredTree } from "./stored-tree.js";

const LIMIT = 2 ** 24;
const owner = { uid: 0, gid: 0, mtimeSeconds: 1_000_000_000 };
const file = (name: string, data: string): Buffer => cpioWhole({ name, mode: S_IFREG | 0o644, ...owner }, Buffer.from(data));
const dir = (name: string): Buffer => cpioHeader({ name, mode: S_IFDIR | 0o755, ...owner }, 0);

describe("a guest that lies", () => {
  let guest: FakeGuest;
  let tree: GuestTree;
  beforeEach(async () => {
    guest = new FakeGuest();
    tree = new GuestTree(await guest.open());
  });

  function answer(...parts: Uint8Array[]): void {
    guest.onFrame = ({ type, id }) => {
      if (type !== FRAME.TREE_GET) return;
      guest.onFrame = () => {};
      for (const part of parts) guest.send(FRAME.DATA, STREAM.STDOUT, id, part);
      guest.send(FRAME.EOF, STREAM.STDOUT, id);
      guest.send(FRAME.FILE_DONE, 0, id, u32(0));
    };
  }

  it.each<[string, string, Uint8Array[], () => Promise<unknown>]>([
    [
      "archive-unsafe",
      "names that lead up",
      [dir("."), file("../../etc/passwd", "x"), cpioTrailer()],
      async () => await buffer(await tree.archive("/a")),
    ],
    [
      "archive-truncated",
      "half an archive",
      [dir("."), file("a", "x").subarray(0, 60)],
      async () => await buffer(await tree.archive("/a")),
    ],
    ["archive-corrupt", "no archive", [Buffer.alloc(400, "x")], async () => await tree.archive("/a")],
    ["file-failed", "another file", [dir("b"), cpioTrailer()], async () => await tree.stat("/a")],
    ["file-failed", "nothing", [cpioTrailer()], async () => await tree.list("/a")],
    ["archive-truncated", "not one byte", [], async () => await tree.stat("/a")],
  ])("is told as %s: %s", async (code, _what, parts, work) => {
    answer(...parts);
    await expect(work()).rejects.toMatchObject({ code });
  });

  it("cannot fill our memory with a folder's entries", async () => {
    const part = Buffer.concat(Array.from({ length: 200 }, (_, n) => dir(`entry ${n}`)));
    let credit = 262_144;
    guest.onFrame = ({ type, id, payload }) => {
      if (type === FRAME.TREE_GET) guest.send(FRAME.DATA, STREAM.STDOUT, id, dir("."));
      else if (type === FRAME.CREDIT) credit += Buffer.from(payload).readUInt32LE(0);
      if (type !== FRAME.TREE_GET && type !== FRAME.CREDIT) return;
      void turn().then(() => {
        for (; credit > 2 * part.length; credit -= part.length) guest.send(FRAME.DATA, STREAM.STDOUT, id, part);
      });
    };
    await expect(tree.list("/a")).rejects.toMatchObject({ code: "file-too-large" });
    expect(guest.last(FRAME.CLOSE).id).toBe(guest.last(FRAME.TREE_GET).id);
  });

  it("and is silent holds nobody who gives up", async () => {
    guest.onFrame = ({ type, id }) => {
      if (type === FRAME.TREE_GET)
        guest.send(FRAME.DATA, STREAM.STDOUT, id, cpioHeader({ name: ".", mode: S_IFREG | 0o644, ...owner }, 1_000_000));
      if (type === FRAME.FILE_GET) guest.send(FRAME.FILE_INFO, 0, id, Buffer.concat([u32(0o644, 0, 0, 7), Buffer.alloc(8)]));
    };
    for (const stream of [await tree.archive("/a"), (await tree.read("/a")).content]) {
      stream.on("error", () => {});
      stream.resume();
      await turn();
      const closed = new Promise((resolve) => void stream.once("close", resolve));
      guest.received.length = 0;
      stream.destroy();
      await turn();
      expect(guest.last(FRAME.CLOSE)).toBeDefined();
      await closed;
    }
  });

  it.each([
    [2, "no-file"],
    [20, "not-a-folder"],
    [21, "is-a-folder"],
    [27, "file-too-large"],
    [28, "disk-full"],
    [40, "bad-path"],
    [13, "file-failed"],
  ])("errno %i is %s", async (errno, code) => {
    guest.onFrame = ({ type, id }) => {
      if (type === FRAME.REMOVE || type === FRAME.FILE_GET || type === FRAME.TREE_GET) guest.send(FRAME.FILE_DONE, 0, id, u32(errno));
    };
    for (const work of [tree.remove("/a"), tree.read("/a"), tree.stat("/a"), tree.archive("/a")])
      await expect(work).rejects.toMatchObject({ code });
  });

  it("refuses paths that no guest has", async () => {
    for (const path of ["", "a\0b", "x".repeat(4096)]) await expect(tree.stat(path)).rejects.toMatchObject({ code: "bad-path" });
  });
});

const missing = userGuestMissing() ?? (process.getuid?.() === 0 ? undefined : "needs root to shut the agent into a folder");

describe.skipIf(missing !== undefined)(`what a run has changed${missing ? ` (skipped: ${missing})` : ""}`, { timeout: 30_000 }, () => {
  const entry = (name: string, mode: number, data = ""): CpioEntry => ({
    ...owner,
    name,
    mode,
    ino: 0,
    nlink: 1,
    rdevMajor: 0,
    rdevMinor: 0,
    data: Buffer.from(data),
  });
  const IMAGE = [
    entry("etc", S_IFDIR | 0o755),
    entry("etc/a", S_IFREG | 0o644, "A"),
    entry("etc/b", S_IFREG | 0o644, "B"),
    entry("etc/link", S_IFLNK | 0o777, "a"),
    entry("opt", S_IFDIR | 0o755),
    entry("opt/deep", S_IFDIR | 0o755),
    entry("opt/deep/c", S_IFREG | 0o644, "C"),
    entry("tmp", S_IFDIR | 0o1777),
  ];
  const rootfs = writeCpio(IMAGE);
  let folder: string;
  let root: string;
  let guest: UserGuest;
  let session: AgentSession;
  let layer: RootLayer;
  let tree: GuestTree;

  /** As the guest's kernel unpacks it. */
  function unpack(): void {
    for (const { name, mode, data } of IMAGE) {
      const path = join(root, name);
      const kind = mode & S_IFMT;
      if (kind === S_IFDIR) mkdirSync(path);
      else if (kind === S_IFLNK) symlinkSync(Buffer.from(data), path);
      else writeFileSync(path, data);
      if (kind !== S_IFLNK) chmodSync(path, mode & 0o7777);
    }
    for (const { name, mode } of IMAGE.toReversed())
      if ((mode & S_IFMT) !== S_IFLNK) utimesSync(join(root, name), 1_000_000_000, 1_000_000_000);
  }

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "wardian-changes-"));
    root = join(folder, "root");
    mkdirSync(root);
    unpack();
    layer = await RootLayer.open(join(folder, "layer"));
    layer.booted = (await makeBootImage(rootfs, layer)).booted;
    guest = startUserGuest(root);
    session = new AgentSession(streamTransport(guest.port));
    await session.hello({ signal: AbortSignal.timeout(10_000) });
    tree = new GuestTree(session);
  });
  afterEach(async () => {
    session.close();
    expect(await guest.ended).toBe(0);
    rmSync(folder, { recursive: true, force: true });
  });

  const save = async (): Promise<void> => await tree.saveChanges(layer, { limitBytes: LIMIT });
  const changed = (): string[] => [...layer.index.entries.keys()].filter((path) => path !== "." && path !== "etc/link").sort();
  const stored = (path: string): Promise<string> =>
    new StoredTree({ rootfs: async () => rootfs, layer, limitBytes: LIMIT }).read(path).then(async ({ content }) => await text(content));

  it("is nothing when it has changed nothing", async () => {
    await save();
    expect(changed()).toEqual([]);
    expect([...layer.index.removed]).toEqual([]);
  });

  it("is told from the first moment on", async () => {
    writeFileSync(join(root, "etc/a"), "Z"); // of the same size
    utimesSync(join(root, "etc/a"), 1_000_000_000, 1_000_000_000); // and time
    await save();
    expect(changed()).toEqual(["etc/a"]);
    expect(await stored("/etc/link")).toBe("Z");
  });

  it("is new, gone, moved, or has other attributes", async () => {
    writeFileSync(join(root, "new"), "N");
    mkdirSync(join(root, "empty"), { mode: 0o700 });
    rmSync(join(root, "etc/b"));
    renameSync(join(root, "opt"), join(root, "moved"));
    chmodSync(join(root, "tmp"), 0o700);
    await save();
    expect(changed()).toEqual(["empty", "etc", "moved", "moved/deep", "moved/deep/c", "new", "tmp"]);
    expect([...layer.index.removed].sort()).toEqual(["etc/b", "opt"]);
    expect(await stored("/moved/deep/c")).toBe("C");
    await save();
    expect(changed()).toEqual(["empty", "etc", "moved", "moved/deep", "moved/deep/c", "new", "tmp"]);
  });

  it("is found by other signs where the clock was set back", async () => {
    // A ctime before the mark cannot be made here; what a guest would show for one can: content that is not told, and another size.
    const other = writeCpio(IMAGE.map((e) => (e.name === "etc/a" ? entry(e.name, e.mode, "longer before") : e)));
    layer.booted = (await makeBootImage(other, layer)).booted;
    await save();
    expect(changed()).toEqual(["etc/a"]);
    expect(await stored("/etc/a")).toBe("A");
  });

  it("in many moved files comes at once", async () => {
    const many = writeCpio([...IMAGE, ...Array.from({ length: 100 }, (_, n) => entry(`opt/f${n}`, S_IFREG | 0o644, "x"))]);
    layer.booted = (await makeBootImage(many, layer)).booted;
    for (let n = 0; n < 100; n++) writeFileSync(join(root, `opt/f${n}`), "x");
    const other = startUserGuest(root);
    const late = new AgentSession(streamTransport(other.port));
    await late.hello();
    renameSync(join(root, "opt"), join(root, "moved"));
    await new GuestTree(late).saveChanges(layer, { limitBytes: LIMIT });
    expect(changed().filter((path) => path.startsWith("moved/f"))).toHaveLength(100);
    late.close();
    expect(await other.ended).toBe(0);
  });

  it("and was changed before stays, until it is changed again", async () => {
    writeFileSync(join(root, "etc/a"), "first run");
    await save();
    const kept = layer.index.entries.get("etc/a");
    session.close();
    await guest.ended;
    layer.booted = (await makeBootImage(rootfs, layer)).booted;
    const saved = layer.index.entries.get("etc/a");
    utimesSync(join(root, "etc/a"), saved?.mtimeSeconds ?? 0, saved?.mtimeSeconds ?? 0); // as unpacked for the second run
    guest = startUserGuest(root);
    session = new AgentSession(streamTransport(guest.port));
    await session.hello();
    tree = new GuestTree(session);
    await save();
    expect(layer.index.entries.get("etc/a")).toEqual(kept);
    appendFileSync(join(root, "etc/a"), " and second");
    await save();
    expect(await stored("/etc/a")).toBe("first run and second");
  });

  it("and is changed back after it was kept is kept as it is then", async () => {
    chmodSync(join(root, "tmp"), 0o700);
    renameSync(join(root, "opt/deep"), join(root, "opt/away"));
    await save();
    expect(changed()).toEqual(["opt", "opt/away", "opt/away/c", "tmp"]);
    chmodSync(join(root, "tmp"), 0o1777);
    renameSync(join(root, "opt/away"), join(root, "opt/deep"));
    await save();
    expect(changed()).toEqual(["opt"]);
    expect([...layer.index.removed]).toEqual([]);
    expect(await stored("/opt/deep/c")).toBe("C");
  });

  it("is not half kept: beyond the limit, the layer stays as it was", async () => {
    writeFileSync(join(root, "large"), Buffer.alloc(100_000));
    await expect(tree.saveChanges(layer, { limitBytes: 50_000 })).rejects.toMatchObject({ code: "disk-full" });
    expect(layer.isEmpty).toBe(true);
    layer.booted = undefined;
    await expect(save()).rejects.toMatchObject({ code: "file-failed" });
  });

  it("files go through the doors' calls", async () => {
    await tree.write("/etc/w", Readable.from([Buffer.from("written")]), { mode: 0o600 });
    expect(await text((await tree.read("/etc/w")).content)).toBe("written");
    expect(await tree.stat("/etc/w")).toMatchObject({ name: "w", type: "file", sizeBytes: 7, mode: 0o600 });
    expect((await tree.list("/etc")).map(({ name }) => name)).toEqual(["a", "b", "link", "w"]);
    await tree.extract("/opt", await tree.archive("/etc"));
    expect(readdirSync(join(root, "opt/etc")).sort()).toEqual(["a", "b", "link", "w"]);
    await tree.remove("/opt/etc");
    await expect(tree.extract("/opt", Readable.from([tarMember({ name: "x", data: "cut" })]))).rejects.toMatchObject({
      code: "archive-truncated",
    });
    await expect(tree.extract("/opt", Readable.from([makeTar([{ name: "deep", data: "x" }])]))).rejects.toMatchObject({
      code: "is-a-folder",
    });
    await session.ping();
    expect(readCpio(rootfs).length).toBe(IMAGE.length);
  });
});
