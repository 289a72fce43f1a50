// Files through the system calls: descriptors, rights, positions, errors. WASI preview1, as wasmtime answers.
import { beforeEach, describe, expect, it } from "vitest";
import { ALL_RIGHTS, createGuest, type Guest } from "../../../src/kernel/testing/guest.js";
import * as abi from "../abi.js";

const READ = BigInt(abi.RIGHT_FD_READ);
const WRITE = BigInt(abi.RIGHT_FD_WRITE);

let g: Guest & { fs: number };
beforeEach(() => void (g = createGuest()));

describe("reading and writing", () => {
  it("goes on from the position", () => {
    const fd = g.open("f", abi.OFLAGS_CREAT);
    expect(fd).toBe(4);
    expect([g.write(fd, "hello"), g.write(fd, " world")]).toEqual([5, 6]);
    expect(g.read(fd)).toBe("");
    expect([g.seek(fd, 3n, abi.WHENCE_SET), g.read(fd, 4), g.tell(fd)]).toEqual([3n, "lo w", 7n]);
    expect([g.seek(fd, -2n, abi.WHENCE_CUR), g.seek(fd, -1n, abi.WHENCE_END), g.read(fd)]).toEqual([5n, 10n, "d"]);
  });

  it("at an offset leaves the position alone", () => {
    const fd = g.open("f", abi.OFLAGS_CREAT);
    expect(g.pwrite(fd, "abc", 5n)).toBe(3);
    expect(g.tell(fd)).toBe(0n);
    expect([g.pread(fd, 100, 0n), g.pread(fd, 2, 6n), g.pread(fd, 5, 100n)]).toEqual(["\0\0\0\0\0abc", "bc", ""]);
  });

  it.each([1n << 63n, (1n << 64n) - 1n])("refuses the offset %d", (offset) => {
    const fd = g.open("f", abi.OFLAGS_CREAT);
    expect([g.pread(fd, 1, offset), g.pwrite(fd, "x", offset)]).toEqual([abi.ERRNO_INVAL, -abi.ERRNO_INVAL]);
  });

  it("appends, whatever the position", () => {
    const fd = g.open("f", abi.OFLAGS_CREAT, READ | WRITE, abi.FDFLAGS_APPEND);
    const other = g.open("f");
    g.write(fd, "one");
    g.write(other, "ONE,");
    g.seek(fd, 0n, abi.WHENCE_SET);
    g.write(fd, "two");
    g.pwrite(fd, "three", 0n);
    expect(g.pread(other, 100, 0n)).toBe("ONE,twothree");
    expect(g.tell(fd)).toBe(7n);
    expect(g.calls.fd_fdstat_set_flags(g.proc, fd, 0)).toBe(0);
    g.pwrite(fd, "!", 0n);
    expect(g.pread(other, 3, 0n)).toBe("!NE");
  });

  it.each([
    ["below zero", -1n, abi.WHENCE_SET, abi.ERRNO_INVAL],
    ["below zero from here", -5n, abi.WHENCE_CUR, abi.ERRNO_INVAL],
    ["below zero from the end", -4n, abi.WHENCE_END, abi.ERRNO_INVAL],
    ["past the largest number", 0x7fffffffffffffffn, abi.WHENCE_END, abi.ERRNO_INVAL],
    ["with no such whence", 0n, 3, abi.ERRNO_INVAL],
  ])("refuses to seek %s", (_name, offset, whence, errno) => {
    const fd = g.open("f", abi.OFLAGS_CREAT);
    g.write(fd, "abc");
    expect(g.seek(fd, offset, whence)).toBe(BigInt(-errno));
    expect(g.tell(fd)).toBe(3n);
  });

  it("seeks past the end and leaves a hole", () => {
    const fd = g.open("f", abi.OFLAGS_CREAT);
    expect(g.seek(fd, 10_000n, abi.WHENCE_SET)).toBe(10_000n);
    g.write(fd, "x");
    expect(g.stat(fd)).toMatchObject({ size: 10_001n, filetype: abi.FILETYPE_REGULAR_FILE, nlink: 1n });
    expect(g.pread(fd, 3, 9_998n)).toBe("\0\0x");
  });

  it("answers INVAL for more than the window holds", () => {
    const fd = g.open("f", abi.OFLAGS_CREAT);
    for (const len of [abi.WINDOW_BYTES + 1, -1]) {
      expect(g.calls.fd_read(g.proc, fd, len)).toBe(abi.ERRNO_INVAL);
      expect(g.calls.fd_write(g.proc, fd, len)).toBe(abi.ERRNO_INVAL);
      expect(g.calls.fd_pread(g.proc, fd, len, 0n)).toBe(abi.ERRNO_INVAL);
      expect(g.calls.fd_pwrite(g.proc, fd, len, 0n)).toBe(abi.ERRNO_INVAL);
    }
  });
});

describe("limits", () => {
  it("FBIG past the largest file, a short count up to it", () => {
    g = createGuest({ fs: { maxFileBytes: 10n } });
    const fd = g.open("f", abi.OFLAGS_CREAT);
    expect(g.pwrite(fd, "0123456789ab", 0n)).toBe(10);
    expect(g.pwrite(fd, "x", 10n)).toBe(-abi.ERRNO_FBIG);
    expect(g.calls.fd_filestat_set_size(g.proc, fd, 11n)).toBe(abi.ERRNO_FBIG);
    expect(g.calls.fd_allocate(g.proc, fd, 0n, 11n)).toBe(abi.ERRNO_FBIG);
  });

  it("NOSPC where the disk is full, and room again after a truncation", () => {
    g = createGuest({ fs: { maxBytes: 64n << 10n } });
    const fd = g.open("f", abi.OFLAGS_CREAT);
    let written = 0;
    let last = 0;
    while ((last = g.write(fd, "x".repeat(4096))) > 0) written += last;
    expect(last).toBe(-abi.ERRNO_NOSPC);
    expect(written).toBeGreaterThan(40 << 10);
    expect(g.calls.fd_filestat_set_size(g.proc, fd, 0n)).toBe(0);
    expect(g.pwrite(fd, "x".repeat(4096), 0n)).toBe(4096);
  });

  it("NOSPC where the inodes are used up", () => {
    g = createGuest({ fs: { maxInodes: 3 } });
    expect([g.mkdir("a"), g.open("b", abi.OFLAGS_CREAT), g.mkdir("c")]).toEqual([0, 4, abi.ERRNO_NOSPC]);
  });

  it("MFILE where the descriptors are used up; nothing is created then", () => {
    g = createGuest({ limits: { maxDescriptors: 5 } });
    expect([g.open("a", abi.OFLAGS_CREAT), g.open("b", abi.OFLAGS_CREAT)]).toEqual([4, -abi.ERRNO_MFILE]);
    expect(g.statPath("b")).toBe(abi.ERRNO_NOENT);
    expect([g.close(4), g.open("a")]).toEqual([0, 4]);
  });
});

describe("rights", () => {
  it("a file opened to read cannot be written, and the reverse: BADF, as POSIX and wasmtime have it", () => {
    g.open("f", abi.OFLAGS_CREAT);
    const reads = g.open("f", 0, READ);
    const writes = g.open("f", 0, WRITE);
    expect([g.write(reads, "x"), g.pwrite(reads, "x", 0n)]).toEqual([-abi.ERRNO_BADF, -abi.ERRNO_BADF]);
    expect([g.read(writes), g.pread(writes, 1, 0n)]).toEqual([abi.ERRNO_BADF, abi.ERRNO_BADF]);
    expect([g.write(writes, "x"), g.read(reads)]).toEqual([1, "x"]);
    expect(g.calls.fd_filestat_set_size(g.proc, reads, 0n)).toBe(abi.ERRNO_INVAL);
    expect(g.calls.fd_allocate(g.proc, reads, 0n, 1n)).toBe(abi.ERRNO_BADF);
    expect(g.stat(reads)).toMatchObject({ size: 1n });
    expect(g.seek(reads, 0n, 0)).toBe(0n);
  });

  it("fdstat tells them", () => {
    const fd = g.open("f", abi.OFLAGS_CREAT, READ, abi.FDFLAGS_APPEND | abi.FDFLAGS_SYNC);
    const base = BigInt(abi.RIGHTS_REGULAR_FILE) & ~WRITE;
    const fdflags = abi.FDFLAGS_APPEND | abi.FDFLAGS_SYNC;
    expect(g.fdstat(fd)).toEqual({ filetype: abi.FILETYPE_REGULAR_FILE, fdflags, base, inheriting: 0n });
    g.mkdir("d");
    const dir = g.open("d", abi.OFLAGS_DIRECTORY, READ);
    expect(g.fdstat(dir)).toMatchObject({ filetype: abi.FILETYPE_DIRECTORY, base: BigInt(abi.RIGHTS_DIRECTORY), inheriting: ALL_RIGHTS });
    expect(g.fdstat(99)).toBe(abi.ERRNO_BADF);
  });

  it("once taken away never come back", () => {
    const fd = g.open("f", abi.OFLAGS_CREAT);
    const all = BigInt(abi.RIGHTS_REGULAR_FILE);
    const set = (base: bigint, inheriting = 0n): number => g.calls.fd_fdstat_set_rights(g.proc, fd, base, inheriting);
    expect(set(all & ~BigInt(abi.RIGHT_FD_SEEK))).toBe(0);
    expect(g.seek(fd, 0n, 0)).toBe(BigInt(-abi.ERRNO_NOTCAPABLE));
    expect([set(all), set(0n, READ), set(1n << 40n)]).toEqual(Array(3).fill(abi.ERRNO_NOTCAPABLE));
    expect(set(0n)).toBe(0);
    expect([g.write(fd, "x"), g.read(fd), g.stat(fd)]).toEqual([-abi.ERRNO_NOTCAPABLE, abi.ERRNO_NOTCAPABLE, abi.ERRNO_NOTCAPABLE]);
    expect(g.calls.fd_fdstat_set_rights(g.proc, 99, 0n, 0n)).toBe(abi.ERRNO_BADF);
  });

  type Refusal = readonly [string, number, (guest: Guest) => number];
  const refusals: Refusal[] = [
    ["path_open", abi.RIGHT_PATH_OPEN, (x) => x.open("f")],
    ["path_open with CREAT", abi.RIGHT_PATH_CREATE_FILE, (x) => x.open("n", abi.OFLAGS_CREAT)],
    ["path_open with TRUNC", abi.RIGHT_PATH_FILESTAT_SET_SIZE, (x) => x.open("f", abi.OFLAGS_TRUNC)],
    ["path_create_directory", abi.RIGHT_PATH_CREATE_DIRECTORY, (x) => -x.mkdir("n")],
    ["path_remove_directory", abi.RIGHT_PATH_REMOVE_DIRECTORY, (x) => -x.rmdir("d")],
    ["path_unlink_file", abi.RIGHT_PATH_UNLINK_FILE, (x) => -x.unlink("f")],
    ["path_symlink", abi.RIGHT_PATH_SYMLINK, (x) => -x.symlink("f", "n")],
    ["path_readlink", abi.RIGHT_PATH_READLINK, (x) => -Number(x.readlink("l"))],
    ["path_link, source", abi.RIGHT_PATH_LINK_SOURCE, (x) => -x.link("f", "n")],
    ["path_link, target", abi.RIGHT_PATH_LINK_TARGET, (x) => -x.link("f", "n")],
    ["path_rename, source", abi.RIGHT_PATH_RENAME_SOURCE, (x) => -x.rename("f", "n")],
    ["path_rename, target", abi.RIGHT_PATH_RENAME_TARGET, (x) => -x.rename("f", "n")],
    ["path_filestat_get", abi.RIGHT_PATH_FILESTAT_GET, (x) => -Number(x.statPath("f"))],
    ["path_filestat_set_times", abi.RIGHT_PATH_FILESTAT_SET_TIMES, (x) => -x.calls.path_filestat_set_times(x.proc, 3, 0, 1, 0n, 0n, 1)],
    ["fd_readdir", abi.RIGHT_FD_READDIR, (x) => -Number(x.readdir(3))],
    ["fd_filestat_get", abi.RIGHT_FD_FILESTAT_GET, (x) => -Number(x.stat(3))],
    ["fd_filestat_set_times", abi.RIGHT_FD_FILESTAT_SET_TIMES, (x) => -x.calls.fd_filestat_set_times(x.proc, 3, 0n, 0n, 1)],
  ];
  it.each(refusals)("%s needs its own: NOTCAPABLE without", (_name, right, call) => {
    g.open("f", abi.OFLAGS_CREAT);
    g.mkdir("d");
    g.symlink("f", "l");
    expect(g.calls.fd_fdstat_set_rights(g.proc, 3, ALL_RIGHTS & ~BigInt(right), ALL_RIGHTS)).toBe(0);
    expect(call(g)).toBe(-abi.ERRNO_NOTCAPABLE);
  });

  const ofFiles: Refusal[] = [
    ["fd_advise", abi.RIGHT_FD_ADVISE, (x) => x.calls.fd_advise(x.proc, 4, 0n, 0n, 0)],
    ["fd_allocate", abi.RIGHT_FD_ALLOCATE, (x) => x.calls.fd_allocate(x.proc, 4, 0n, 1n)],
    ["fd_datasync", abi.RIGHT_FD_DATASYNC, (x) => x.calls.fd_datasync(x.proc, 4)],
    ["fd_sync", abi.RIGHT_FD_SYNC, (x) => x.calls.fd_sync(x.proc, 4)],
    ["fd_tell", abi.RIGHT_FD_TELL, (x) => x.calls.fd_tell(x.proc, 4)],
    ["fd_seek", abi.RIGHT_FD_SEEK, (x) => x.calls.fd_seek(x.proc, 4, 0n, 0)],
    ["fd_fdstat_set_flags", abi.RIGHT_FD_FDSTAT_SET_FLAGS, (x) => x.calls.fd_fdstat_set_flags(x.proc, 4, 0)],
    ["fd_filestat_get", abi.RIGHT_FD_FILESTAT_GET, (x) => x.calls.fd_filestat_get(x.proc, 4)],
    ["fd_filestat_set_size", abi.RIGHT_FD_FILESTAT_SET_SIZE, (x) => x.calls.fd_filestat_set_size(x.proc, 4, 0n)],
    ["fd_filestat_set_times", abi.RIGHT_FD_FILESTAT_SET_TIMES, (x) => x.calls.fd_filestat_set_times(x.proc, 4, 0n, 0n, 0)],
  ];
  it.each(ofFiles)("%s of a file needs its own, and works with it", (_name, right, call) => {
    expect(g.open("f", abi.OFLAGS_CREAT)).toBe(4);
    expect(call(g)).toBe(0);
    expect(g.calls.fd_fdstat_set_rights(g.proc, 4, BigInt(abi.RIGHTS_REGULAR_FILE) & ~BigInt(right), 0n)).toBe(0);
    expect(call(g)).toBe(abi.ERRNO_NOTCAPABLE);
    expect(g.close(4)).toBe(0);
    expect(call(g)).toBe(abi.ERRNO_BADF);
  });

  it("what a directory does not pass on cannot be asked for", () => {
    g = createGuest({ rights: ALL_RIGHTS & ~WRITE });
    expect(g.open("f", abi.OFLAGS_CREAT)).toBe(-abi.ERRNO_NOTCAPABLE);
    const fd = g.open("f", abi.OFLAGS_CREAT, READ);
    expect(g.write(fd, "x")).toBe(-abi.ERRNO_BADF);
  });
});

describe("a directory's descriptor", () => {
  it.each([
    ["fd_read", (x: Guest) => x.calls.fd_read(x.proc, 3, 1)],
    ["fd_write", (x: Guest) => x.calls.fd_write(x.proc, 3, 1)],
    ["fd_pread", (x: Guest) => x.calls.fd_pread(x.proc, 3, 1, 0n)],
    ["fd_pwrite", (x: Guest) => x.calls.fd_pwrite(x.proc, 3, 1, 0n)],
    ["fd_seek", (x: Guest) => x.calls.fd_seek(x.proc, 3, 0n, 0)],
    ["fd_tell", (x: Guest) => x.calls.fd_tell(x.proc, 3)],
    ["fd_advise", (x: Guest) => x.calls.fd_advise(x.proc, 3, 0n, 0n, 0)],
    ["fd_allocate", (x: Guest) => x.calls.fd_allocate(x.proc, 3, 0n, 1n)],
    ["fd_filestat_set_size", (x: Guest) => x.calls.fd_filestat_set_size(x.proc, 3, 0n)],
    ["fd_fdstat_set_flags", (x: Guest) => x.calls.fd_fdstat_set_flags(x.proc, 3, 0)],
  ])("%s: BADF", (_name, call) => {
    g = createGuest({ rights: ALL_RIGHTS & ~READ & ~WRITE });
    expect(call(g)).toBe(abi.ERRNO_BADF);
  });

  it("cannot be opened to write: ISDIR", () => {
    g.mkdir("d");
    expect(g.open("d", abi.OFLAGS_DIRECTORY)).toBe(-abi.ERRNO_ISDIR);
    expect(g.open("d", abi.OFLAGS_DIRECTORY, READ)).toBe(4);
  });

  it("is the base of paths; a file's is not", () => {
    g.mkdir("d");
    const d = g.open("d", abi.OFLAGS_DIRECTORY, 0n);
    const f = g.open("x", abi.OFLAGS_CREAT, READ | WRITE, 0, d);
    expect(g.statPath("d/x")).toMatchObject({ size: 0n });
    expect(g.open("y", 0, READ, 0, f)).toBe(-abi.ERRNO_NOTDIR);
    expect(g.open("y", 0, READ, 0, 0)).toBe(-abi.ERRNO_BADF);
    expect([g.mkdir("y", f), g.statPath("y", 0, f), g.readdir(f)]).toEqual(Array(3).fill(abi.ERRNO_BADF));
  });
});

describe("flags", () => {
  it("DSYNC, RSYNC and SYNC cannot be changed, APPEND and NONBLOCK can", () => {
    const fd = g.open("f", abi.OFLAGS_CREAT, READ | WRITE, abi.FDFLAGS_SYNC);
    const set = (flags: number): number => g.calls.fd_fdstat_set_flags(g.proc, fd, flags);
    expect([set(abi.FDFLAGS_SYNC | abi.FDFLAGS_NONBLOCK), set(abi.FDFLAGS_SYNC | abi.FDFLAGS_APPEND)]).toEqual([0, 0]);
    expect([set(0), set(abi.FDFLAGS_SYNC | abi.FDFLAGS_DSYNC), set(32 | abi.FDFLAGS_SYNC)]).toEqual(Array(3).fill(abi.ERRNO_INVAL));
    expect(g.fdstat(fd)).toMatchObject({ fdflags: abi.FDFLAGS_SYNC | abi.FDFLAGS_APPEND });
  });

  it("unknown ones are INVAL", () => {
    const open = (lookup: number, oflags: number, fdflags: number): number =>
      g.calls.path_open(g.proc, 3, lookup, g.put("f")[0] ?? 0, oflags, READ, 0n, fdflags);
    expect([open(2, 0, 0), open(0, 16, 0), open(0, 0, 32)]).toEqual(Array(3).fill(abi.ERRNO_INVAL));
    expect(g.statPath("/f", 2)).toBe(abi.ERRNO_INVAL);
    expect(g.calls.fd_advise(g.proc, g.open("f", abi.OFLAGS_CREAT), 0n, 0n, 6)).toBe(abi.ERRNO_INVAL);
  });
});

describe("times", () => {
  it("are set, to now or to a number, never both", () => {
    const fd = g.open("f", abi.OFLAGS_CREAT);
    const set = (atim: bigint, mtim: bigint, flags: number): number => g.calls.fd_filestat_set_times(g.proc, fd, atim, mtim, flags);
    expect(set(5n, 7n, abi.FSTFLAGS_ATIM | abi.FSTFLAGS_MTIM)).toBe(0);
    expect(g.stat(fd)).toMatchObject({ atim: 5n, mtim: 7n });
    expect(set(0n, 0n, abi.FSTFLAGS_MTIM_NOW)).toBe(0);
    const after = g.stat(fd);
    expect(after).toMatchObject({ atim: 5n });
    expect(typeof after === "object" ? Math.abs(Number(after.mtim / 1_000_000n) - Date.now()) : -1).toBeLessThan(10_000);
    expect(set(0n, 0n, abi.FSTFLAGS_ATIM | abi.FSTFLAGS_ATIM_NOW)).toBe(abi.ERRNO_INVAL);
    expect(set(0n, 0n, abi.FSTFLAGS_MTIM | abi.FSTFLAGS_MTIM_NOW)).toBe(abi.ERRNO_INVAL);
    expect(set(0n, 0n, 16)).toBe(abi.ERRNO_INVAL);
    expect(g.calls.fd_filestat_set_times(g.proc, 1, 0n, 0n, 1)).not.toBe(0);
  });

  it("of a path, through a link or of the link", () => {
    g.open("f", abi.OFLAGS_CREAT);
    g.symlink("f", "l");
    const set = (lookupflags: number, mtim: bigint): number =>
      g.calls.path_filestat_set_times(g.proc, 3, lookupflags, g.put("l")[0] ?? 0, 0n, mtim, abi.FSTFLAGS_MTIM);
    expect([set(1, 11n), set(0, 22n)]).toEqual([0, 0]);
    expect([g.statPath("f"), g.statPath("l", 0)]).toMatchObject([{ mtim: 11n }, { mtim: 22n }]);
  });
});

describe("fd_readdir", () => {
  it("goes on from any cookie, and cuts the last entry off", () => {
    for (const name of ["a", "bb", "ccc"]) g.mkdir(name);
    const all = g.readdir(3);
    if (typeof all === "number") throw new Error(`errno ${String(all)}`);
    expect([...all.names].sort()).toEqual([".", "..", "a", "bb", "ccc"]);
    all.cookies.forEach((cookie, at) => expect(g.readdir(3, 4096, cookie)).toMatchObject({ names: all.names.slice(at + 1) }));
    for (let len = 0; len <= all.bytes + 1; len++) expect(g.readdir(3, len)).toMatchObject({ bytes: Math.min(len, all.bytes) });
    expect(g.readdir(3, 4096, 1n << 60n)).toMatchObject({ names: [], bytes: 0 });
  });
});
