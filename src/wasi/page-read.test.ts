// Bytes that fd_pread copies from where they lie in a file, while another process writes them, cuts the file, and puts what it freed to another use.
import { afterEach, describe, expect, it } from "vitest";
import * as abi from "../../assembly/kernel/abi.js";
import { ALL_RIGHTS, createGuest, Guest } from "../kernel/testing/guest.js";
import { CallThread } from "../kernel/testing/threads.js";
import { CALL_COUNTERS } from "./call.js";
import { Clock } from "./clock.js";
import { Context } from "./context.js";
import type { KernelCalls } from "./kernel-calls.js";
import { PREVIEW1 } from "./preview1.js";

const PAGE = abi.PAGE_BYTES;
const [IOV_AT, COUNT_AT, INTO] = [0, 16, 8192];
const [A, B, OTHER] = [65, 66, 83];

const threads: CallThread[] = [];
afterEach(async () => void (await Promise.all(threads.splice(0).map((thread) => thread.end()))));

/** A process and its fd_pread, as a program calls it: the errno, or what it read; and what the program's memory holds there. */
function setUp() {
  const guest = createGuest();
  const { kernel, proc, calls } = guest;
  const memory = new WebAssembly.Memory({ initial: 1 });
  const context = new Context({
    kernel: calls as unknown as KernelCalls,
    buffer: kernel.memory.buffer,
    proc,
    windowPtr: calls.process_window(proc),
    resultsPtr: calls.process_results(proc),
    args: [],
    env: [],
    clock: new Clock(),
    counts: new Float64Array(CALL_COUNTERS.length),
  });
  context.memory.attach(memory);
  const fdPread = PREVIEW1.fd_pread.bind(context) as (fd: number, iovs: number, count: number, offset: bigint, out: number) => number;
  const view = new DataView(memory.buffer);
  const into = new Uint8Array(memory.buffer, INTO, PAGE);
  view.setUint32(IOV_AT, INTO, true);
  const pread = (fd: number, len: number, offset: bigint): number | Uint8Array => {
    view.setUint32(IOV_AT + 4, len, true);
    into.fill(0);
    const errno = fdPread(fd, IOV_AT, 1, offset, COUNT_AT);
    return errno === 0 ? into.subarray(0, view.getUint32(COUNT_AT, true)) : errno;
  };
  return { guest, pread, into, context };
}

/** Another process that sees the same files. */
function neighbour({ kernel, fs }: ReturnType<typeof createGuest>): Guest {
  const guest = new Guest(kernel);
  for (const fd of [0, 1, 2]) kernel.exports.fd_install_null(guest.proc, fd, 0);
  guest.put("/");
  kernel.exports.fd_install_preopen(guest.proc, kernel.exports.fs_root(fs), 1, ALL_RIGHTS, ALL_RIGHTS);
  return guest;
}

describe("fd_pread", () => {
  it("gives the same wherever it begins and however long it is", () => {
    const { guest, pread, context } = setUp();
    const fd = guest.open("f", abi.OFLAGS_CREAT);
    const text = Buffer.from(Array.from({ length: 2 * PAGE + 2500 }, (_, i) => 33 + ((i * 7 + (i >> 6)) % 90)));
    guest.write(fd, text.toString());
    let read = 0;
    for (const at of [0, 1, 1000, PAGE - 1024, PAGE - 1023, PAGE, 2 * PAGE, 2 * PAGE + 1500, text.length - 1, text.length, 3 * PAGE]) {
      for (const len of [0, 1, 1023, 1024, 1025, PAGE - 1, PAGE]) {
        const got = pread(fd, len, BigInt(at)) as Uint8Array;
        expect(Buffer.compare(got, text.subarray(at, at + len))).toBe(0);
        read += got.length;
      }
    }
    expect(context.counts[CALL_COUNTERS.indexOf("read_bytes")]).toBe(read);
    expect(pread(fd, PAGE, -1n)).toBe(abi.ERRNO_INVAL);
    expect(pread(99, PAGE, 0n)).toBe(abi.ERRNO_BADF);
    expect(pread(0, PAGE, 0n)).toBe(abi.ERRNO_SPIPE);
    expect(pread(guest.open("f", 0, BigInt(abi.RIGHT_FD_WRITE)), PAGE, 0n)).toBe(abi.ERRNO_BADF);
  });

  it("leaves nothing of a page whose file was changed by another process after the kernel said where it lies", () => {
    const { guest, into, context } = setUp();
    const { calls, proc } = guest;
    const other = neighbour(guest);
    const fd = guest.open("f", abi.OFLAGS_CREAT);
    const theirs = other.open("f");
    const changes = [
      () => other.pwrite(theirs, "x", 0n),
      () => calls.fd_filestat_set_size(other.proc, theirs, 10n),
      () => (other.close(theirs), other.open("f", abi.OFLAGS_TRUNC)),
    ];
    for (const change of changes) {
      guest.pwrite(fd, "a".repeat(PAGE), 0n);
      const give = (): boolean => {
        const [at, versionPtr, version] = [1, 2, 3].map((index) => Number(guest.result(index))) as [number, number, number];
        return context.window.givePage(INTO, PAGE, at, versionPtr, version);
      };
      expect(calls.fd_pread_page(proc, fd, PAGE, 0n)).toBe(abi.GATE_PAGE);
      expect(give()).toBe(true);
      expect(into.every((byte) => byte === 97)).toBe(true);
      change();
      expect(give()).toBe(false);
      expect(into.every((byte) => byte === 0)).toBe(true);
    }
  });

  it("never gives half of one write and half of another, nor what was never in the file", async () => {
    const { guest, pread, into } = setUp();
    const { kernel } = guest;
    const writer = neighbour(guest);
    const fd = guest.open("f", abi.OFLAGS_CREAT);
    const task = { proc: writer.proc, fd: writer.open("f"), other: writer.open("other", abi.OFLAGS_CREAT), untilMs: Date.now() + 1500 };
    const thread = new CallThread(
      kernel.shared,
      `const { proc, fd, other, untilMs } = task;
       const put = (to, byte) => (windowOf(proc).fill(byte, 0, ${PAGE}), calls.fd_pwrite(proc, to, ${PAGE}, 0n));
       let rounds = 0;
       for (; Date.now() < untilMs; rounds++) {
         for (let i = 0; i < 4; i++) put(fd, ${A}), put(fd, ${B});
         calls.fd_filestat_set_size(proc, fd, 0n);
         put(other, ${OTHER}); // on the page that has become free
         calls.fd_filestat_set_size(proc, other, 0n);
       }
       return rounds;`,
    );
    threads.push(thread);
    await thread.ready;
    const rounds = thread.run(task);
    const seen = { nothing: 0, a: 0, b: 0, else: 0 };
    while (Date.now() < task.untilMs) {
      for (let i = 0; i < 100; i++) {
        const { length } = pread(fd, PAGE, 0n) as Uint8Array;
        const first = into[0] as number;
        const isWhole = into.every((byte) => byte === first) && length === (first === 0 ? 0 : PAGE);
        if (!isWhole) seen.else++;
        else if (first === 0) seen.nothing++;
        else if (first === A) seen.a++;
        else if (first === B) seen.b++;
        else seen.else++;
      }
    }
    expect(await rounds).toBeGreaterThan(100);
    expect(seen.else).toBe(0);
    expect(seen.a + seen.b).toBeGreaterThan(0);
  });
});
