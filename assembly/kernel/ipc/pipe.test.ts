// Pipes from one thread: what a read and a write answer, ends that close, and that bytes come out as they went in.
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { Kernel } from "../../../src/kernel/index.js";
import { census, createGuest, Guest } from "../../../src/kernel/testing/guest.js";
import * as abi from "../abi.js";

const NONBLOCK = abi.FDFLAGS_NONBLOCK;
let kernel: Kernel;
let g: Guest;
let pipe: number;

/** Descriptor 0 reads from the pipe and 1 writes to it, both without blocking. */
beforeEach(() => {
  kernel = new Kernel();
  g = new Guest(kernel);
  pipe = kernel.createPipe();
  for (const end of [0, 1]) g.calls.fd_install_pipe(g.proc, -1, pipe, end, 0);
  g.calls.pipe_release(pipe);
  for (const fd of [0, 1]) g.calls.fd_fdstat_set_flags(g.proc, fd, NONBLOCK);
});

describe("a pipe", () => {
  it("gives what was put in, in order, in pieces of the reader's choice", () => {
    expect([g.write(1, "hello "), g.write(1, "world")]).toEqual([6, 5]);
    expect([g.read(0, 3), g.read(0, 100), g.read(0, 100)]).toEqual(["hel", "lo world", abi.ERRNO_AGAIN]);
  });

  it("reads nothing as nothing, empty or not", () => {
    expect([g.read(0, 0), g.write(1, "")]).toEqual(["", 0]);
  });

  it("takes 64 KiB, then AGAIN; PIPE_BUF bytes wait for room for all of them, more are cut", () => {
    const full = "x".repeat(abi.PIPE_BYTES);
    expect([g.write(1, full), g.write(1, "y")]).toEqual([abi.PIPE_BYTES, -abi.ERRNO_AGAIN]);
    g.read(0, 1000);
    expect(g.write(1, "y".repeat(abi.PIPE_BUF))).toBe(-abi.ERRNO_AGAIN);
    expect(g.write(1, "y".repeat(abi.PIPE_BUF + 1))).toBe(1000);
    g.read(0, abi.PIPE_BUF);
    expect(g.write(1, "z".repeat(abi.PIPE_BUF))).toBe(abi.PIPE_BUF);
  });

  it("without writers ends after what is in it", () => {
    g.write(1, "last");
    g.close(1);
    expect([g.read(0, 2), g.read(0), g.read(0)]).toEqual(["la", "st", ""]);
  });

  it("without readers: PIPE", () => {
    g.close(0);
    expect(g.write(1, "x")).toBe(-abi.ERRNO_PIPE);
  });

  it("is no file: SPIPE, and reading the other end BADF", () => {
    expect([g.seek(0, 0n, 0), g.tell(1)]).toEqual([BigInt(-abi.ERRNO_SPIPE), BigInt(-abi.ERRNO_SPIPE)]);
    expect([g.pread(0, 1, 0n), g.pwrite(1, "x", 0n)]).toEqual([abi.ERRNO_SPIPE, -abi.ERRNO_SPIPE]);
    expect([g.read(1), g.write(0, "x")]).toEqual([abi.ERRNO_BADF, -abi.ERRNO_BADF]);
    expect([g.calls.fd_sync(g.proc, 0), g.calls.fd_filestat_set_size(g.proc, 1, 0n)]).toEqual([abi.ERRNO_SPIPE, abi.ERRNO_SPIPE]);
    expect(g.stat(0)).toMatchObject({ filetype: abi.FILETYPE_UNKNOWN, size: 0n, nlink: 0n });
    expect(g.fdstat(0)).toMatchObject({ filetype: abi.FILETYPE_UNKNOWN, fdflags: NONBLOCK });
  });

  it("marked as a terminal is a character device that cannot be sought", () => {
    const terminal = kernel.createPipe(abi.OPEN_TERMINAL);
    const fd = g.calls.fd_install_pipe(g.proc, -1, terminal, 0, 0);
    const stat = g.fdstat(fd);
    expect(stat).toMatchObject({ filetype: abi.FILETYPE_CHARACTER_DEVICE });
    const seeking = BigInt(abi.RIGHT_FD_SEEK | abi.RIGHT_FD_TELL);
    expect(typeof stat === "object" ? stat.base & seeking : -1n).toBe(0n);
    expect(g.stat(fd)).toMatchObject({ filetype: abi.FILETYPE_CHARACTER_DEVICE });
  });

  it("takes its memory as it fills and gives it back with its last end", async () => {
    const before = census(kernel)["pages"] ?? 0;
    g.write(1, "x");
    expect(census(kernel)["pages"]).toBe(before + 1);
    g.write(1, "x".repeat(60_000));
    expect(census(kernel)["pages"]).toBe(before + 15);
    await g.end();
    expect(census(kernel)).toMatchObject({ pages: 0, pipes: 0, processes: 0, descriptors: 0 });
  });

  it("without memory for what is written: NOMEM, and it goes on when there is some", () => {
    const small = new Kernel({ maxBytes: 40 << 12 });
    const guest = new Guest(small);
    const ring = small.createPipe();
    for (const end of [0, 1]) small.exports.fd_install_pipe(guest.proc, -1, ring, end, 0);
    const fs = small.exports.fs_create(1n << 30n, 100, 1n << 30n);
    guest.put("f");
    const inode = small.exports.tree_open(guest.proc, small.exports.fs_root(fs), 1, 0, abi.OFLAGS_CREAT);
    let at = 0n;
    while (small.exports.tree_write(guest.proc, inode, at, 4096) > 0) at += 4096n;
    expect(guest.write(1, "abc")).toBe(-abi.ERRNO_NOMEM);
    small.exports.tree_release(inode);
    guest.put("f");
    expect(small.exports.tree_remove(guest.proc, small.exports.fs_root(fs), 1, 100)).toBe(0);
    expect([guest.write(1, "abc"), guest.read(0)]).toEqual([3, "abc"]);
  });

  it("bytes in are bytes out, whatever the sizes", () => {
    const move = fc.record({
      writes: fc.boolean(),
      bytes: fc.oneof(fc.integer({ min: 0, max: 9000 }), fc.integer({ min: 0, max: 70_000 })),
    });
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
        let written = 0;
        let read = 0;
        const window = g.window;
        for (const { writes, bytes } of moves) {
          if (writes) {
            for (let i = 0; i < bytes; i++) window[i] = ((written + i) * 7 + ((written + i) >> 8)) & 255;
            if (g.calls.fd_write(g.proc, 1, bytes) === 0) written += Number(g.result());
          } else if (g.calls.fd_read(g.proc, 0, bytes) === 0) {
            const got = Number(g.result());
            for (let i = 0; i < got; i++) {
              if (window[i] !== (((read + i) * 7 + ((read + i) >> 8)) & 255)) throw new Error(`byte ${String(read + i)} is wrong`);
            }
            read += got;
          }
          expect(written - read).toBeLessThanOrEqual(abi.PIPE_BYTES);
        }
        while (g.calls.fd_read(g.proc, 0, 65_536) === 0) read += Number(g.result());
        expect(read).toBe(written);
      }),
      { numRuns: 100 },
    );
  });
});

describe("the limit on output", () => {
  it("lets through what is allowed, then ends the process and says why", () => {
    const guest = new Guest(kernel, { maxOutputBytes: 10 });
    const out = kernel.createPipe();
    kernel.exports.fd_install_pipe(guest.proc, 1, out, 1, abi.OPEN_OUTPUT);
    kernel.exports.fd_install_pipe(guest.proc, 2, out, 1, abi.OPEN_OUTPUT);
    kernel.exports.fd_install_pipe(guest.proc, 5, out, 1, 0);
    kernel.exports.pipe_open(out, 0);
    expect([guest.write(1, "123456"), guest.write(5, "not counted")]).toEqual([6, 11]);
    expect(guest.write(2, "789abc")).toBe(-abi.GATE_KILLED);
    expect(guest.write(5, "x")).toBe(-abi.GATE_KILLED);
    expect([kernel.exports.process_state(guest.proc), kernel.reason(guest.proc)]).toEqual([abi.STATE_DEAD, "output"]);
    const got = kernel.exports.pipe_host_read(out, 1000);
    expect(Buffer.from(kernel.window().slice(0, got)).toString()).toBe("123456not counted789a");
    expect(kernel.exports.process_counter(guest.proc, abi.COUNT_OUTPUT_BYTES)).toBe(10n);
  });

  it("exactly reached is not passed", () => {
    const guest = createGuest({ limits: { maxOutputBytes: 3 } }, kernel);
    expect([guest.write(1, "123"), guest.write(1, ""), guest.write(1, "4")]).toEqual([3, 0, -abi.GATE_KILLED]);
  });
});
