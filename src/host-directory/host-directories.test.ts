// Every operation of a host directory, and every errno that it ends in where something is wrong.
import { execFileSync } from "node:child_process";
import { existsSync, linkSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ACCESS_READ, ACCESS_WRITE, FDFLAGS_APPEND, FDFLAGS_NONBLOCK, FDFLAGS_SYNC } from "./abi.js";
import { OFLAGS_CREAT, OFLAGS_DIRECTORY, OFLAGS_EXCL, OFLAGS_TRUNC } from "./abi.js";
import * as errno from "./errno.js";
import { HostDirectories } from "./host-directories.js";
import { Ground, type Guest, parseDirents } from "./testing/guest.js";

let ground: Ground;
let guest: Guest;
const inside = (path: string): string => join(ground.inside, path);

beforeEach(() => {
  ground = new Ground();
  guest = ground.guest();
});
afterEach(() => ground.remove());

describe("path_open", () => {
  it("opens files and directories, and says which", () => {
    mkdirSync(inside("d"));
    writeFileSync(inside("d/f"), "text");
    const [d, f] = [guest.open("d"), guest.open("d/f")];
    expect(guest.directories.filetype(d)).toBe(3);
    expect(guest.directories.filetype(f)).toBe(4);
    expect(guest.open("f", { at: d })).toBeGreaterThan(f);
  });

  it("takes dots, doubled and trailing slashes as POSIX does", () => {
    mkdirSync(inside("d/n"), { recursive: true });
    writeFileSync(inside("d/n/f"), "text");
    expect(guest.readFile("d/.//n/../../d/n/../n///./f")).toBe("text");
    expect(guest.open("d/n///")).toBeGreaterThanOrEqual(0);
    expect(guest.open(".")).toBeGreaterThanOrEqual(0);
    expect(guest.open("d/..")).toBeGreaterThanOrEqual(0);
    for (const path of ["d/n/f/", "d/n/f///", "d/n/f/.", "d/n/f/..", "d/n/f/x"]) expect(guest.open(path)).toBe(-errno.NOTDIR);
  });

  it("creates, refuses to create twice, truncates", () => {
    expect(guest.writeFile("new", "12345")).toBe(5);
    expect(readFileSync(inside("new"), "utf8")).toBe("12345");
    expect(guest.open("new", { oflags: OFLAGS_CREAT | OFLAGS_EXCL })).toBe(-errno.EXIST);
    expect(guest.open("new", { oflags: OFLAGS_TRUNC, access: 0 })).toBeGreaterThanOrEqual(0);
    expect(statSync(inside("new")).size).toBe(0);
    expect(guest.open("new/", { oflags: OFLAGS_CREAT })).toBe(-errno.ISDIR);
    expect(guest.open("gone", {})).toBe(-errno.NOENT);
    expect(guest.open("gone/new", { oflags: OFLAGS_CREAT })).toBe(-errno.NOENT);
    expect(guest.open("d", { oflags: OFLAGS_CREAT | OFLAGS_DIRECTORY })).toBe(-errno.INVAL);
  });

  it("creates through a link that leads nowhere, but not exclusively and not without following", () => {
    symlinkSync("target", inside("link"));
    expect(guest.open("link", { oflags: OFLAGS_CREAT | OFLAGS_EXCL })).toBe(-errno.EXIST);
    expect(guest.open("link", { oflags: OFLAGS_CREAT, follow: false })).toBe(-errno.LOOP);
    expect(existsSync(inside("target"))).toBe(false);
    expect(guest.writeFile("link", "x")).toBe(1);
    expect(readFileSync(inside("target"), "utf8")).toBe("x");
  });

  it("follows links at the end only when asked to, or when a slash follows", () => {
    mkdirSync(inside("d"));
    writeFileSync(inside("d/f"), "text");
    symlinkSync("d", inside("to-d"));
    symlinkSync("d/f", inside("to-f"));
    expect(guest.readFile("to-d/f", false)).toBe("text");
    expect(guest.readFile("to-f")).toBe("text");
    expect(guest.open("to-f", { follow: false })).toBe(-errno.LOOP);
    expect(guest.open("to-d", { follow: false, oflags: OFLAGS_DIRECTORY })).toBe(-errno.LOOP);
    expect(guest.open("to-d/", { follow: false })).toBeGreaterThanOrEqual(0);
    expect(guest.open("to-f/")).toBe(-errno.NOTDIR);
    expect(guest.open("to-f", { oflags: OFLAGS_DIRECTORY })).toBe(-errno.NOTDIR);
  });

  it("wants a directory opened for reading, a file opened for what is done with it", () => {
    mkdirSync(inside("d"));
    writeFileSync(inside("f"), "text");
    expect(guest.open("d", { access: ACCESS_READ | ACCESS_WRITE })).toBe(-errno.ISDIR);
    expect(guest.open("d", { oflags: OFLAGS_TRUNC })).toBe(-errno.ISDIR);
    const [reader, writer] = [guest.open("f"), guest.open("f", { access: ACCESS_WRITE })];
    const buffer = new Uint8Array(4);
    expect(guest.directories.write(reader, buffer)).toBe(-errno.BADF);
    expect(guest.directories.setSize(reader, 0)).toBe(-errno.INVAL);
    expect(guest.directories.allocate(reader, 0, 9)).toBe(-errno.BADF);
    expect(guest.directories.read(writer, buffer)).toBe(-errno.BADF);
    expect(guest.open("x", { at: reader })).toBe(-errno.NOTDIR);
    expect(readFileSync(inside("f"), "utf8")).toBe("text");
  });

  it("says what is wrong with a path", () => {
    expect(guest.open("")).toBe(-errno.NOENT);
    expect(guest.open("a\0b")).toBe(-errno.INVAL);
    expect(guest.open("x".repeat(256))).toBe(-errno.NAMETOOLONG);
    expect(guest.open(`${"x".repeat(256)}/y`)).toBe(-errno.NAMETOOLONG);
    expect(guest.open("x/".repeat(2048))).toBe(-errno.NAMETOOLONG);
    expect(guest.open("x".repeat(255))).toBe(-errno.NOENT);
  });

  it("takes 40 links, and no more, whether they are at the end or on the way", () => {
    mkdirSync(inside("d"));
    writeFileSync(inside("d/f"), "text");
    symlinkSync("d", inside("l0"));
    for (let i = 1; i < 41; i++) symlinkSync(`l${i - 1}`, inside(`l${i}`));
    expect(guest.readFile("l39/f")).toBe("text");
    expect(guest.open("l39")).toBeGreaterThanOrEqual(0);
    expect(guest.open("l40/f")).toBe(-errno.LOOP);
    expect(guest.open("l40")).toBe(-errno.LOOP);
    expect(guest.stat("l40")).toBe(-errno.LOOP);
    symlinkSync("self", inside("self"));
    expect(guest.open("self")).toBe(-errno.LOOP);
    expect(guest.open("self/x")).toBe(-errno.LOOP);
  });

  it("walks trees deeper than it holds descriptors for, and back up", () => {
    const deep = "d/".repeat(200);
    mkdirSync(inside("d/".repeat(199)), { recursive: true });
    expect(guest.mkdir(deep)).toBe(0);
    expect(guest.writeFile(`${deep}f`, "deep")).toBe(4);
    expect(guest.writeFile("top", "top")).toBe(3);
    expect(guest.writeFile("d/d/third", "third")).toBe(5);
    expect(guest.readFile(`${deep}f`)).toBe("deep");
    expect(guest.readFile(`${deep}${"../".repeat(200)}top`)).toBe("top");
    expect(guest.readFile(`${deep}${"../".repeat(198)}third`)).toBe("third");
    expect(guest.readFile(`${deep}${"../".repeat(150)}${"d/".repeat(150)}f`)).toBe("deep");
    expect(guest.readFile(`${deep}${"../".repeat(201)}top`)).toBe(-errno.PERM);
  });

  it("keeps names that are no UTF-8 as the bytes they are", () => {
    const name = Uint8Array.of(0x66, 0xff, 0xfe, 0xe4);
    const { directories, root } = guest;
    const handle = directories.pathOpen(root, 0, name, OFLAGS_CREAT, ACCESS_WRITE, 0);
    expect(handle).toBeGreaterThanOrEqual(0);
    expect(existsSync(Buffer.concat([Buffer.from(`${ground.inside}/`), name]))).toBe(true);
    const packed = new Uint8Array(200);
    expect(directories.readdir(directories.pathOpen(root, 0, Buffer.from("."), 0, 0, 0), packed, 2)).toBe(24 + name.length);
    expect(packed.subarray(24, 28)).toEqual(name);
    expect(directories.pathSymlink(name, root, Buffer.from("link"))).toBe(0);
    expect(directories.pathReadlink(root, Buffer.from("link"), packed)).toBe(4);
    expect(packed.subarray(0, 4)).toEqual(name);
    expect(directories.pathUnlinkFile(root, name)).toBe(0);
    expect(guest.names("."), "ä and 文 are UTF-8").toEqual([".", "..", "link"]);
    expect(guest.writeFile("ä文", "x")).toBe(1);
    expect(readFileSync(inside("ä文"), "utf8")).toBe("x");
  });

  it("opens neither devices, FIFOs nor sockets, and does not wait for them", async () => {
    execFileSync("mkfifo", [inside("fifo")]);
    const server = createServer().listen(inside("socket"));
    await new Promise((resolve) => server.once("listening", resolve));
    for (const access of [0, ACCESS_READ, ACCESS_WRITE, ACCESS_READ | ACCESS_WRITE]) {
      expect(guest.open("fifo", { access })).toBe(-errno.NXIO);
      expect(guest.open("socket", { access })).toBe(-errno.NXIO);
    }
    expect(guest.stat("fifo")).toMatchObject({ type: 0 });
    expect(guest.stat("socket")).toMatchObject({ type: 6 });
    expect(guest.open("fifo/")).toBe(-errno.NOTDIR);
    await new Promise((resolve) => server.close(resolve));
    const devices = ground.guest({ path: "/dev" });
    expect(devices.open("null")).toBe(-errno.ACCES);
    expect(devices.open("zero", { access: ACCESS_READ | ACCESS_WRITE })).toBe(-errno.ACCES);
    expect(devices.stat("null")).toMatchObject({ type: 2 });
  });
});

describe("open files", () => {
  const open = (fdflags = 0): number => guest.open("f", { oflags: OFLAGS_CREAT, access: ACCESS_READ | ACCESS_WRITE, fdflags });

  it("keep their position", () => {
    const { directories } = guest;
    const handle = open();
    expect(directories.write(handle, Buffer.from("0123456789"))).toBe(10);
    expect(directories.tell(handle)).toBe(10);
    expect(directories.seek(handle, -4, 1)).toBe(6);
    const buffer = new Uint8Array(8);
    expect(directories.read(handle, buffer)).toBe(4);
    expect(Buffer.from(buffer).toString("latin1", 0, 4)).toBe("6789");
    expect(directories.read(handle, buffer)).toBe(0);
    expect(directories.pread(handle, buffer, 2)).toBe(8);
    expect(directories.tell(handle)).toBe(10);
    expect(directories.seek(handle, -1, 2)).toBe(9);
    expect(directories.seek(handle, 3, 0)).toBe(3);
    expect(directories.pwrite(handle, Buffer.from("xy"), 8)).toBe(2);
    expect(readFileSync(inside("f"), "utf8")).toBe("01234567xy");
  });

  it("refuse positions that there are none of", () => {
    const { directories } = guest;
    const handle = open();
    for (const [offset, whence] of [
      [-1, 0],
      [2 ** 53, 0],
      [Number.NaN, 0],
      [0.5, 0],
      [0, 3],
      [-1, 2],
    ] as const) {
      // prettier-ignore
      expect(directories.seek(handle, offset, whence)).toBe(-errno.INVAL);
    }
    expect(directories.pread(handle, new Uint8Array(1), -1)).toBe(-errno.INVAL);
    expect(directories.pwrite(handle, new Uint8Array(1), 2 ** 60)).toBe(-errno.INVAL);
    expect(directories.setSize(handle, -1)).toBe(-errno.INVAL);
    expect(directories.tell(handle)).toBe(0);
  });

  it("read and write nothing into and from nothing, and memory that threads share", () => {
    const { directories } = guest;
    const handle = open();
    expect(directories.write(handle, new Uint8Array(0))).toBe(0);
    expect(directories.read(handle, new Uint8Array(0))).toBe(0);
    const shared = new Uint8Array(new SharedArrayBuffer(16)).fill(65);
    expect(directories.write(handle, shared.subarray(0, 5))).toBe(5);
    shared.fill(0);
    expect(directories.pread(handle, shared.subarray(8), 0)).toBe(5);
    expect([...shared.subarray(8, 14)]).toEqual([65, 65, 65, 65, 65, 0]);
  });

  it("append, from the start or once told to", () => {
    const { directories } = guest;
    writeFileSync(inside("f"), "one ");
    const handle = open(FDFLAGS_APPEND);
    expect(directories.write(handle, Buffer.from("two "))).toBe(4);
    expect(directories.tell(handle)).toBe(8);
    const other = open();
    expect(directories.setFlags(other, FDFLAGS_APPEND | FDFLAGS_SYNC)).toBe(0);
    expect(directories.flags(other)).toBe(FDFLAGS_APPEND | FDFLAGS_SYNC);
    expect(directories.write(other, Buffer.from("three"))).toBe(5);
    expect(directories.setFlags(other, FDFLAGS_NONBLOCK)).toBe(0);
    expect(directories.pwrite(other, Buffer.from("O"), 0)).toBe(1);
    expect(readFileSync(inside("f"), "utf8")).toBe("One two three");
  });

  it("go on after their name is gone, also with new flags", () => {
    const { directories } = guest;
    const handle = open();
    expect(guest.unlink("f")).toBe(0);
    expect(directories.setFlags(handle, FDFLAGS_APPEND)).toBe(0);
    expect(directories.write(handle, Buffer.from("still"))).toBe(5);
    expect(guest.handleStat(handle)).toMatchObject({ size: 5n, nlink: 0n });
    expect(existsSync(inside("f"))).toBe(false);
  });

  it("change their size", () => {
    const { directories } = guest;
    const handle = open();
    expect(directories.setSize(handle, 1000)).toBe(0);
    expect(directories.allocate(handle, 0, 100)).toBe(0);
    expect(guest.stat("f")).toMatchObject({ size: 1000n });
    expect(directories.allocate(handle, 990, 20)).toBe(0);
    expect(guest.stat("f")).toMatchObject({ size: 1010n });
    expect(directories.allocate(handle, 0, 0)).toBe(-errno.INVAL);
    expect(directories.allocate(handle, 2 ** 53 - 1, 10)).toBe(-errno.INVAL);
    expect(directories.sync(handle)).toBe(0);
    expect(directories.datasync(handle)).toBe(0);
    expect(directories.advise(handle, 0, 10, 5)).toBe(0);
    expect(directories.advise(handle, 0, 10, 6)).toBe(-errno.INVAL);
  });

  it("are directories, too, and then BADF for what only files can", () => {
    const { directories, root } = guest;
    const buffer = new Uint8Array(8);
    const results = [directories.read(root, buffer), directories.write(root, buffer), directories.pread(root, buffer, 0)];
    results.push(directories.pwrite(root, buffer, 0), directories.seek(root, 0, 0), directories.tell(root), directories.setSize(root, 0));
    results.push(directories.allocate(root, 0, 1), directories.advise(root, 0, 0, 0));
    expect(new Set(results)).toEqual(new Set([-errno.BADF]));
    expect(directories.sync(root)).toBe(0);
    expect(guest.handleStat(root)).toMatchObject({ type: 3, ino: BigInt(statSync(ground.inside).ino) });
    expect(directories.readdir(open(), buffer, 0)).toBe(-errno.NOTDIR);
  });

  it("are BADF once closed, whatever is asked", () => {
    const { directories } = guest;
    const handle = open();
    expect(directories.close(handle)).toBe(0);
    expect(directories.close(handle)).toBe(-errno.BADF);
    expect(directories.read(handle, new Uint8Array(1))).toBe(-errno.BADF);
    expect(directories.filetype(handle)).toBe(-errno.BADF);
    expect(guest.open("x", { at: 999 })).toBe(-errno.BADF);
    expect(directories.read(-1, new Uint8Array(1))).toBe(-errno.BADF);
    expect(open(), "its number is given again").toBe(handle);
  });
});

describe("directories", () => {
  it("list what they have, with . and .., types, inodes and cookies", () => {
    mkdirSync(inside("d"));
    writeFileSync(inside("f"), "");
    symlinkSync("f", inside("l"));
    const list = guest.list(".");
    if (typeof list === "number") throw new Error(`errno ${list}`);
    expect(list.slice(0, 2).map(({ name }) => name)).toEqual([".", ".."]);
    expect(list.map(({ next }) => next)).toEqual([1, 2, 3, 4, 5]);
    const types = Object.fromEntries(list.map(({ name, type }) => [name, type]));
    expect(types).toEqual({ ".": 3, "..": 3, d: 3, f: 4, l: 7 });
    for (const { name, ino } of list.slice(2)) expect(ino).toBe(lstatSync(inside(name)).ino);
    expect(list[0]?.ino).toBe(statSync(ground.inside).ino);
    expect(list[1]?.ino, "what is above the mount is not told").toBe(statSync(ground.inside).ino);
  });

  it("list 1,000 entries once each through a small buffer, while entries come and go", () => {
    for (let i = 0; i < 1000; i++) writeFileSync(inside(`file.${i}`), "");
    const names = (guest.list(".", 256) as { name: string }[]).map(({ name }) => name);
    expect(names.length).toBe(1002);
    expect(new Set(names).size).toBe(1002);
    const handle = guest.open(".");
    const buffer = new Uint8Array(256);
    expect(guest.directories.readdir(handle, buffer, 0)).toBe(256);
    const seen = parseDirents(buffer).map(({ name }) => name);
    for (let i = 0; i < 1000; i += 2) if (!seen.includes(`file.${i}`)) guest.unlink(`file.${i}`);
    for (let i = 0; i < 100; i++) writeFileSync(inside(`later.${i}`), "");
    let cookie = parseDirents(buffer).at(-1)?.next ?? 0;
    for (let used = 256; used === 256; cookie = parseDirents(buffer.subarray(0, used)).at(-1)?.next ?? cookie) {
      used = guest.directories.readdir(handle, buffer, cookie);
      seen.push(...parseDirents(buffer.subarray(0, used)).map(({ name }) => name));
    }
    expect(new Set(seen).size).toBe(seen.length);
    for (let i = 1; i < 1000; i += 2) expect(seen).toContain(`file.${i}`);
    expect(seen.some((name) => name.startsWith("later"))).toBe(false);
  });

  it("cut the last entry where the buffer ends, and end at cookies past the end", () => {
    writeFileSync(inside("name"), "");
    const whole = new Uint8Array(200);
    const used = guest.directories.readdir(guest.root, whole, 0);
    expect(used).toBe(24 + 1 + 24 + 2 + 24 + 4);
    for (let space = 0; space <= used; space++) {
      const part = new Uint8Array(space);
      expect(guest.directories.readdir(guest.root, part, 0)).toBe(space);
      expect(part).toEqual(whole.subarray(0, space));
    }
    expect(guest.directories.readdir(guest.root, whole, 3)).toBe(0);
    expect(guest.directories.readdir(guest.root, whole, 2 ** 40)).toBe(0);
    expect(guest.directories.readdir(guest.root, whole, 2 ** 60)).toBe(-errno.INVAL);
    expect(guest.directories.readdir(guest.root, whole, -1)).toBe(-errno.INVAL);
  });

  it("are made and removed", () => {
    expect(guest.mkdir("a")).toBe(0);
    expect(guest.mkdir("a/b/")).toBe(0);
    expect(guest.mkdir("a")).toBe(-errno.EXIST);
    expect(guest.mkdir(".")).toBe(-errno.EXIST);
    expect(guest.mkdir("x/y")).toBe(-errno.NOENT);
    writeFileSync(inside("f"), "");
    symlinkSync("a", inside("l"));
    expect(guest.mkdir("f/x")).toBe(-errno.NOTDIR);
    expect(guest.rmdir("a")).toBe(-errno.NOTEMPTY);
    expect(guest.rmdir("f")).toBe(-errno.NOTDIR);
    expect(guest.rmdir("f/")).toBe(-errno.NOTDIR);
    expect(guest.rmdir("l/")).toBe(-errno.NOTDIR);
    expect(guest.rmdir(".")).toBe(-errno.INVAL);
    expect(guest.rmdir("a/b/")).toBe(0);
    expect(guest.rmdir("a")).toBe(0);
    expect(guest.rmdir("a")).toBe(-errno.NOENT);
  });
});

describe("links and names", () => {
  beforeEach(() => {
    mkdirSync(inside("d"));
    writeFileSync(inside("f"), "text");
  });

  it("unlink files and links, never directories", () => {
    symlinkSync("d", inside("l"));
    expect(guest.unlink("d")).toBe(-errno.ISDIR);
    expect(guest.unlink("d/")).toBe(-errno.ISDIR);
    expect(guest.unlink("f/")).toBe(-errno.NOTDIR);
    expect(guest.unlink("l/")).toBe(-errno.NOTDIR);
    expect(guest.unlink("gone/")).toBe(-errno.NOENT);
    expect(guest.unlink(".")).toBe(-errno.ISDIR);
    expect(guest.unlink("l")).toBe(0);
    expect(guest.unlink("f")).toBe(0);
    expect(guest.unlink("f")).toBe(-errno.NOENT);
    expect(guest.names(".")).toEqual([".", "..", "d"]);
  });

  it("hard links", () => {
    symlinkSync("nowhere", inside("l"));
    expect(guest.link("f", "d/g")).toBe(0);
    expect(guest.stat("f")).toMatchObject({ nlink: 2n });
    expect(guest.link("l", "l2"), "a link itself, not what it names").toBe(0);
    expect(guest.readlink("l2")).toBe("nowhere");
    expect(guest.link("f", "f")).toBe(-errno.EXIST);
    expect(guest.link("f", "d")).toBe(-errno.EXIST);
    expect(guest.link("f", "l")).toBe(-errno.EXIST);
    expect(guest.link("d", "e")).toBe(-errno.PERM);
    expect(guest.link("d/", "e")).toBe(-errno.PERM);
    expect(guest.link(".", "e")).toBe(-errno.PERM);
    expect(guest.link("f/", "e")).toBe(-errno.NOTDIR);
    expect(guest.link("f", "e/")).toBe(-errno.NOENT);
    expect(guest.link("f", ".")).toBe(-errno.EXIST);
    expect(guest.link("gone", "e")).toBe(-errno.NOENT);
    const { directories, root } = guest;
    expect(directories.pathLink(root, 1, Buffer.from("f"), root, Buffer.from("e"))).toBe(-errno.INVAL);
  });

  it("symbolic links", () => {
    expect(guest.symlink("d", "l")).toBe(0);
    expect(guest.symlink("d", "l")).toBe(-errno.EXIST);
    expect(guest.symlink("x", "new/")).toBe(-errno.NOENT);
    expect(guest.symlink("x", "d/")).toBe(-errno.EXIST);
    expect(guest.symlink("x", "f/")).toBe(-errno.NOTDIR);
    expect(guest.symlink("", "l2")).toBe(-errno.NOENT);
    expect(guest.symlink("a\0b", "l2")).toBe(-errno.INVAL);
    expect(guest.symlink("x".repeat(5000), "l2")).toBe(-errno.NAMETOOLONG);
    expect(guest.symlink("/etc", "l2")).toBe(-errno.PERM);
    expect(guest.readlink("l")).toBe("d");
    expect(guest.symlink("target", "l3")).toBe(0);
    expect(guest.readlink("l3", 4)).toBe("targ");
    expect(guest.readlink("l3", 0)).toBe("");
    expect(guest.readlink("f")).toBe(-errno.INVAL);
    expect(guest.readlink("l/")).toBe(-errno.INVAL);
    expect(guest.readlink("l3/")).toBe(-errno.NOENT);
    expect(guest.readlink("f/")).toBe(-errno.NOTDIR);
    expect(guest.readlink(".")).toBe(-errno.INVAL);
    expect(guest.readlink("gone")).toBe(-errno.NOENT);
  });

  it("renames", () => {
    mkdirSync(inside("e"));
    expect(guest.rename("d", "f")).toBe(-errno.NOTDIR);
    expect(guest.rename("f", "d")).toBe(-errno.ISDIR);
    expect(guest.rename("f/", "g")).toBe(-errno.NOTDIR);
    expect(guest.rename("f", "g/")).toBe(-errno.NOTDIR);
    expect(guest.rename("d", "d/sub")).toBe(-errno.INVAL);
    expect(guest.rename(".", "x")).toBe(-errno.BUSY);
    expect(guest.rename("f", "d/..")).toBe(-errno.BUSY);
    expect(guest.rename("gone", "x")).toBe(-errno.NOENT);
    expect(guest.rename("gone/", "x")).toBe(-errno.NOENT);
    expect(guest.rename("f", "d/f")).toBe(0);
    expect(guest.rename("e", "d")).toBe(-errno.NOTEMPTY);
    expect(guest.rename("d/", "e/")).toBe(0);
    expect(guest.readFile("e/f")).toBe("text");
  });

  it("never between two mounts, even of one directory", () => {
    const { directories, root } = guest;
    const other = directories.mount(ground.inside);
    expect(directories.pathRename(root, Buffer.from("f"), other, Buffer.from("g"))).toBe(-errno.XDEV);
    expect(directories.pathLink(root, 0, Buffer.from("f"), other, Buffer.from("g"))).toBe(-errno.XDEV);
    const d = guest.open("d");
    expect(directories.pathRename(root, Buffer.from("f"), d, Buffer.from("g")), "but from one directory to another").toBe(0);
    expect(guest.readFile("d/g")).toBe("text");
  });
});

describe("times", () => {
  it("are set to the nanosecond, and only where the flags say so", () => {
    writeFileSync(inside("f"), "");
    const before = guest.stat("f");
    if (typeof before === "number") throw new Error(`errno ${before}`);
    expect(guest.setTimes("f", 0n, before.mtim - 100n, 4)).toBe(0);
    expect(guest.stat("f")).toMatchObject({ atim: before.atim, mtim: before.mtim - 100n });
    const handle = guest.open("f");
    expect(guest.directories.setTimes(handle, 1_234_567_890_123_456_789n, 0n, 1)).toBe(0);
    expect(guest.handleStat(handle)).toMatchObject({ atim: 1_234_567_890_123_456_789n, mtim: before.mtim - 100n });
    const real = lstatSync(inside("f"), { bigint: true });
    expect(Math.abs(Number(real.atimeNs - 1_234_567_890_123_456_789n))).toBeLessThan(1500);
    utimesSync(inside("f"), 5, 6);
    expect(guest.stat("f"), "another's change is seen").toMatchObject({ atim: 5_000_000_000n, mtim: 6_000_000_000n });
  });

  it("are set to now, of directories and links as well", () => {
    mkdirSync(inside("d"));
    symlinkSync("d", inside("l"));
    utimesSync(inside("d"), 5, 6);
    const start = BigInt(Date.now()) * 1_000_000n;
    expect(guest.setTimes("l", 7n, 8_000_000_000n, 1 | 4, false)).toBe(0);
    expect(guest.stat("l", false)).toMatchObject({ type: 7, mtim: 8_000_000_000n });
    expect(guest.stat("l")).toMatchObject({ type: 3, mtim: 6_000_000_000n });
    expect(guest.setTimes("l", 0n, 0n, 8)).toBe(0);
    const after = guest.stat("d");
    expect(typeof after === "object" && after.mtim >= start && after.atim === 5_000_000_000n).toBe(true);
    expect(guest.setTimes(".", 0n, 3_000_000_000n, 4)).toBe(0);
    expect(statSync(ground.inside).mtimeMs).toBe(3000);
    expect(guest.directories.setTimes(guest.root, 0n, 4_000_000_000n, 4)).toBe(0);
    expect(statSync(ground.inside).mtimeMs).toBe(4000);
  });

  it("are refused with flags that contradict each other", () => {
    writeFileSync(inside("f"), "");
    for (const flags of [1 | 2, 4 | 8, 16, 15]) {
      expect(guest.setTimes("f", 0n, 0n, flags)).toBe(-errno.INVAL);
      expect(guest.directories.setTimes(guest.root, 0n, 0n, flags)).toBe(-errno.INVAL);
    }
    expect(guest.setTimes("gone", 0n, 0n, 1)).toBe(-errno.NOENT);
  });
});

describe("read-only", () => {
  it("reads everything and changes nothing: ROFS", () => {
    mkdirSync(inside("d"));
    writeFileSync(inside("f"), "text");
    utimesSync(inside("f"), 5, 6);
    const reader = ground.guest({ readOnly: true });
    expect(reader.readFile("f")).toBe("text");
    expect(reader.names(".")).toEqual([".", "..", "d", "f"]);
    expect(reader.open("f", { oflags: OFLAGS_CREAT })).toBeGreaterThanOrEqual(0);
    expect(reader.directories.isReadOnly(reader.root)).toBe(true);
    const handle = reader.open("f");
    const changes = [reader.writeFile("f", "x"), reader.writeFile("new", "x"), reader.open("f", { access: ACCESS_WRITE })];
    changes.push(reader.open("f", { oflags: OFLAGS_TRUNC }), reader.mkdir("x"), reader.rmdir("d"), reader.unlink("f"));
    changes.push(reader.symlink("f", "l"), reader.link("f", "g"), reader.rename("f", "g"), reader.setTimes("f", 1n, 1n, 5));
    changes.push(reader.directories.setTimes(handle, 1n, 1n, 5));
    expect(new Set(changes)).toEqual(new Set([-errno.ROFS]));
    expect(reader.directories.setSize(handle, 0)).toBe(-errno.INVAL);
    expect(guest.names(".")).toEqual([".", "..", "d", "f"]);
    expect(readFileSync(inside("f"), "utf8")).toBe("text");
    expect(statSync(inside("f")).mtimeMs).toBe(6000);
  });
});

describe("limits", () => {
  it("open handles: MFILE, mounts among them", () => {
    writeFileSync(inside("f"), "");
    const few = ground.guest({ limits: { maxHandles: 4 } });
    const handles = [few.open("f"), few.open("."), few.open("f")];
    expect(few.open("f")).toBe(-errno.MFILE);
    expect(() => few.directories.mount(ground.inside)).toThrow("Too many host directories: 4 at most.");
    few.directories.close(handles[1] ?? -1);
    expect(few.open("f")).toBe(handles[1]);
  });

  it("size of a file: FBIG; bytes written in all: NOSPC; a short write first", () => {
    const small = ground.guest({ limits: { maxFileSizeBytes: 10, maxWrittenBytes: 25 } });
    const { directories } = small;
    const open = (name: string, fdflags = 0): number =>
      small.open(name, { oflags: OFLAGS_CREAT, access: ACCESS_READ | ACCESS_WRITE, fdflags });
    const handle = open("f");
    expect(directories.write(handle, new Uint8Array(16))).toBe(10);
    expect(directories.write(handle, new Uint8Array(16))).toBe(-errno.FBIG);
    expect(directories.pwrite(handle, new Uint8Array(16), 100)).toBe(-errno.FBIG);
    expect(directories.setSize(handle, 11)).toBe(-errno.FBIG);
    expect(directories.allocate(handle, 5, 6)).toBe(-errno.FBIG);
    expect(directories.write(open("f", FDFLAGS_APPEND), new Uint8Array(1))).toBe(-errno.FBIG);
    expect(directories.write(open("g"), new Uint8Array(16))).toBe(10);
    expect(directories.write(open("h"), new Uint8Array(16))).toBe(5);
    expect(directories.write(open("h"), new Uint8Array(16))).toBe(-errno.NOSPC);
    expect(directories.written).toBe(25);
  });

  it("files created: NOSPC; entries listed: NOMEM", () => {
    const few = ground.guest({ limits: { maxCreatedFiles: 4, maxDirectoryEntries: 4 } });
    expect([few.writeFile("a", "x"), few.mkdir("b"), few.symlink("a", "c"), few.link("a", "d")]).toEqual([1, 0, 0, 0]);
    expect([few.writeFile("e", "x"), few.mkdir("e"), few.symlink("a", "e"), few.link("a", "e")]).toEqual(Array(4).fill(-errno.NOSPC));
    expect(few.writeFile("a", "y")).toBe(1);
    expect(few.names(".")).toHaveLength(6);
    linkSync(inside("a"), inside("e"));
    expect(few.list(".")).toBe(-errno.NOMEM);
  });
});

describe("listings that are kept", () => {
  it("have no more entries in all than one may have; those that gave way are read again", () => {
    mkdirSync(inside("d"));
    for (let i = 0; i < 8; i++) writeFileSync(inside(`d/${i}`), "");
    const { directories } = ground.guest({ limits: { maxDirectoryEntries: 24 } });
    const handles = Array.from({ length: 4 }, () => directories.pathOpen(0, 0, Buffer.from("d"), 0, 0, 0));
    const buffer = new Uint8Array(1024);
    const all = handles.map((handle) => directories.readdir(handle, buffer, 0));
    expect(new Set(all)).toEqual(new Set([24 + 1 + 24 + 2 + 8 * 25]));
    writeFileSync(inside("d/new"), "");
    const names = (handle: number): number => parseDirents(buffer.subarray(0, directories.readdir(handle, buffer, 2))).length;
    expect(names(handles[3] ?? -1), "still kept").toBe(8);
    expect(names(handles[0] ?? -1), "read again").toBe(9);
  });
});

describe("mount", () => {
  it("refuses what is no directory, in one line that says why", () => {
    writeFileSync(inside("f"), "");
    const directories = new HostDirectories();
    expect(() => directories.mount(inside("gone"))).toThrow(/^Cannot give ".*gone" to a container: ENOENT/);
    expect(() => directories.mount(inside("f"))).toThrow(/to a container: ENOTDIR/);
    expect(() => directories.mount("")).toThrow("that is no path");
    expect(() => directories.mount("a\0b")).toThrow("that is no path");
    expect(() => directories.mount("/proc/self")).toThrow("an interface of the kernel");
    expect(() => directories.mount("/sys")).toThrow("an interface of the kernel");
  });

  it("follows the host's own links to the directory", () => {
    mkdirSync(inside("d"));
    symlinkSync("d", inside("l"));
    expect(ground.guest({ path: inside("l") }).mkdir("new")).toBe(0);
    expect(existsSync(inside("d/new"))).toBe(true);
  });
});

describe("errno", () => {
  it("is IO for what the table does not know, be it no error at all", () => {
    expect(errno.errnoOf(Object.assign(new Error(""), { code: "EUNHEARD" }))).toBe(errno.IO);
    expect(errno.errnoOf(new RangeError("Maximum call stack size exceeded"))).toBe(errno.IO);
    expect(errno.errnoOf("text")).toBe(errno.IO);
    expect(errno.errnoOf(Object.assign(new Error(""), { code: 5 }))).toBe(errno.IO);
    expect(errno.errnoOf(Object.assign(new Error(""), { code: "EDQUOT" }))).toBe(errno.DQUOT);
  });
});
