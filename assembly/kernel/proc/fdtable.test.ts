// The descriptor table: numbers, closing, renumbering, preopened directories; against a model.
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { Kernel } from "../../../src/kernel/index.js";
import { census, createGuest, type Guest, Guest as Process } from "../../../src/kernel/testing/guest.js";
import * as abi from "../abi.js";

let g: Guest & { fs: number };
beforeEach(() => void (g = createGuest()));
const renumber = (from: number, to: number): number => g.calls.fd_renumber(g.proc, from, to);

describe("numbers", () => {
  it("are the lowest free ones", () => {
    const open = (): number => g.open("f", abi.OFLAGS_CREAT);
    expect([open(), open(), open()]).toEqual([4, 5, 6]);
    expect([g.close(1), g.close(5)]).toEqual([0, 0]);
    expect([open(), open(), open()]).toEqual([1, 5, 7]);
  });

  it.each([-1, 8, 1023, 1024, 4096, 0x7fffffff, -0x80000000])("%d is not open: BADF", (fd) => {
    expect([g.close(fd), g.read(fd), renumber(fd, 3), g.prestat(fd), g.calls.fd_sync(g.proc, fd)]).toEqual(Array(5).fill(abi.ERRNO_BADF));
  });
});

describe("fd_renumber", () => {
  it("closes the target and keeps position and rights", () => {
    const from = g.open("f", abi.OFLAGS_CREAT);
    const to = g.open("g", abi.OFLAGS_CREAT);
    g.write(from, "abc");
    expect(renumber(from, to)).toBe(0);
    expect([g.tell(to), g.close(from), g.pread(to, 9, 0n)]).toEqual([3n, abi.ERRNO_BADF, "abc"]);
  });

  it("to itself; not to a free number, nor beyond the limit", () => {
    const from = g.open("f", abi.OFLAGS_CREAT);
    const { ERRNO_BADF } = abi;
    expect([renumber(from, from), renumber(from, 70), renumber(from, 1024), renumber(from, -1)]).toEqual([
      0,
      ERRNO_BADF,
      ERRNO_BADF,
      ERRNO_BADF,
    ]);
    expect([g.tell(from), g.open("f")]).toEqual([0n, from + 1]);
  });

  it("a preopened directory stays one under its new number, and its old target is gone", () => {
    g.open("f", abi.OFLAGS_CREAT);
    expect([g.prestat(3), renumber(3, 4), g.prestat(4), g.prestat(3)]).toEqual(["/", 0, "/", abi.ERRNO_BADF]);
    expect(g.statPath("f", 1, 4)).toMatchObject({ nlink: 1n });
    expect([g.close(4), g.prestat(4)]).toEqual([0, abi.ERRNO_BADF]);
  });
});

describe("fd_prestat_dir_name", () => {
  it("wants room for the name, and a preopened directory", () => {
    expect(g.calls.fd_prestat_dir_name(g.proc, 3, 0)).toBe(abi.ERRNO_NAMETOOLONG);
    g.mkdir("d");
    const fd = g.open("d", abi.OFLAGS_DIRECTORY, 0n);
    expect([g.calls.fd_prestat_dir_name(g.proc, fd, 9), g.calls.fd_prestat_get(g.proc, fd)]).toEqual([abi.ERRNO_NOTDIR, abi.ERRNO_BADF]);
  });

  it.each([
    [0, abi.ERRNO_INVAL],
    [5000, abi.ERRNO_NAMETOOLONG],
  ])("a name of %d bytes is refused when it is installed", (length, errno) => {
    expect(g.calls.fd_install_preopen(g.proc, g.calls.fs_root(g.fs), length, 0n, 0n)).toBe(-errno);
  });
});

describe("numbers chosen by the host", () => {
  it("are refused where they are taken or beyond the limit", () => {
    const other = new Process(g.kernel, { maxDescriptors: 2, maxPipes: 1 });
    const install = (fd: number): number => g.calls.fd_install_null(other.proc, fd, 0);
    expect([install(1), install(1), install(2), install(-1), install(-1)]).toEqual([
      1,
      -abi.ERRNO_MFILE,
      -abi.ERRNO_MFILE,
      0,
      -abi.ERRNO_MFILE,
    ]);
  });

  it("pipes have a limit of their own", () => {
    const other = new Process(g.kernel, { maxPipes: 1 });
    const pipe = g.kernel.createPipe();
    expect([0, 1].map((end) => g.calls.fd_install_pipe(other.proc, -1, pipe, end, 0))).toEqual([0, -abi.ERRNO_MFILE]);
  });
});

describe("host descriptors", () => {
  it("are answered GATE_HOST with the handle after their rights were looked at", () => {
    const read = BigInt(abi.RIGHT_FD_READ);
    expect(g.calls.fd_install_host(g.proc, 77, read, read, abi.FILETYPE_REGULAR_FILE, 0)).toBe(0);
    const fd = Number(g.result());
    expect([g.calls.fd_read(g.proc, fd, 10), g.result()]).toEqual([abi.GATE_HOST, 77n]);
    expect([g.write(fd, "x"), g.tell(fd)]).toEqual([-abi.ERRNO_BADF, BigInt(-abi.ERRNO_NOTCAPABLE)]);
    expect([g.close(fd), g.result(), g.close(fd)]).toEqual([abi.GATE_HOST, 77n, abi.ERRNO_BADF]);
  });

  it("directories carry a name; two-directory calls want both of one kind", () => {
    g.put("/host");
    const all = BigInt(abi.RIGHTS_ALL);
    expect(g.calls.fd_install_host_preopen(g.proc, 5, 5, all, all)).toBe(4);
    expect(g.prestat(4)).toBe("/host");
    expect([g.open("x", 0, 0n, 0, 4), g.result()]).toEqual([-abi.GATE_HOST, 5n]);
    expect([g.rename("a", "b", 3, 4), g.link("a", "b", 4, 3)]).toEqual([abi.ERRNO_XDEV, abi.ERRNO_XDEV]);
    expect([g.rename("a", "b", 4, 4), g.result(0), g.result(1)]).toEqual([abi.GATE_HOST, 5n, 5n]);
    expect([renumber(3, 4), g.result(), g.prestat(4)]).toEqual([abi.GATE_HOST, 5n, "/"]);
  });
});

const DIRECTORY = -1;
const NULL = -2;
/** What the table should do: a map from numbers to the file that each stands for. */
const steps = fc.array(
  fc.oneof(
    fc.record({ op: fc.constant("open" as const), file: fc.integer({ min: 0, max: 3 }) }),
    fc.record({ op: fc.constant("close" as const), fd: fc.integer({ min: -1, max: 12 }) }),
    fc.record({ op: fc.constant("renumber" as const), from: fc.integer({ min: 0, max: 12 }), to: fc.integer({ min: 0, max: 13 }) }),
  ),
  { maxLength: 60 },
);

describe("the table", () => {
  it("does what a map would, and gives everything back", async () => {
    const kernel = new Kernel();
    const limit = 12;
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const before = census(kernel);
        const guest = createGuest({ limits: { maxDescriptors: limit } }, kernel);
        const model = new Map<number, number>([0, 1, 2, 3].map((fd) => [fd, fd === 3 ? DIRECTORY : NULL]));
        const lowest = (): number => [...Array(limit).keys()].find((fd) => !model.has(fd)) ?? -abi.ERRNO_MFILE;
        for (const step of list) {
          if (step.op === "open") {
            const expected = model.get(3) === DIRECTORY ? lowest() : undefined;
            if (expected === undefined) continue;
            const fd = guest.open(`f${String(step.file)}`, abi.OFLAGS_CREAT);
            expect(fd).toBe(expected);
            if (fd >= 0) model.set(fd, step.file);
            if (fd >= 0) guest.pwrite(fd, String(step.file), 0n);
          } else if (step.op === "close") {
            expect(guest.close(step.fd)).toBe(model.delete(step.fd) ? 0 : abi.ERRNO_BADF);
          } else {
            const file = model.get(step.from);
            const valid = file !== undefined && model.has(step.to);
            expect(guest.calls.fd_renumber(guest.proc, step.from, step.to)).toBe(valid ? 0 : abi.ERRNO_BADF);
            if (valid && step.from !== step.to) {
              model.set(step.to, file);
              model.delete(step.from);
            }
          }
        }
        for (const [fd, file] of model) if (file >= 0) expect(guest.pread(fd, 1, 0n)).toBe(String(file));
        await guest.end();
        while (kernel.exports.fs_destroy(guest.fs, 1000) !== 0);
        expect(census(kernel)).toEqual(before);
      }),
      { numRuns: 200 },
    );
  });
});
