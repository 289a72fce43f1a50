// poll_oneoff and the socket calls, from one thread. WASI preview1: subscription, event.
import { beforeEach, describe, expect, it } from "vitest";
import { systemHost } from "../../../src/kernel/index.js";
import { ALL_RIGHTS, census, createGuest, Guest } from "../../../src/kernel/testing/guest.js";
import * as abi from "../abi.js";

type Subscription =
  { clock: number; timeout: bigint; absolute?: boolean; flags?: number } | { read: number } | { write: number } | { tag: number };
interface Event {
  userdata: number;
  error: number;
  type: number;
  nbytes: number;
  flags: number;
}

let g: Guest & { fs: number };
let pipe: number;
/** Descriptor 4 reads from a pipe, 5 writes to it. */
beforeEach(() => {
  g = createGuest();
  pipe = g.kernel.createPipe();
  for (const end of [0, 1]) g.calls.fd_install_pipe(g.proc, -1, pipe, end, 0);
});

function poll(...subscriptions: Subscription[]): Event[] | number {
  const view = new DataView(g.kernel.memory.buffer, g.calls.process_window(g.proc), abi.WINDOW_BYTES);
  subscriptions.forEach((s, i) => {
    const at = i * abi.SUBSCRIPTION_BYTES;
    for (let byte = 0; byte < abi.SUBSCRIPTION_BYTES; byte++) view.setUint8(at + byte, 0);
    view.setBigUint64(at, BigInt(100 + i), true);
    view.setUint8(at + 8, "tag" in s ? s.tag : "clock" in s ? 0 : "read" in s ? 1 : 2);
    if ("clock" in s) {
      view.setUint32(at + 16, s.clock, true);
      view.setBigUint64(at + 24, s.timeout, true);
      view.setUint16(at + 40, s.flags ?? (s.absolute ? 1 : 0), true);
    } else if (!("tag" in s)) view.setInt32(at + 16, "read" in s ? s.read : s.write, true);
  });
  const errno = g.calls.poll_oneoff(g.proc, subscriptions.length);
  if (errno !== 0) return errno;
  return [...Array(Number(g.result())).keys()].map((i) => ({
    userdata: Number(view.getBigUint64(i * 32, true)),
    error: view.getUint16(i * 32 + 8, true),
    type: view.getUint8(i * 32 + 10),
    nbytes: Number(view.getBigUint64(i * 32 + 16, true)),
    flags: view.getUint16(i * 32 + 24, true),
  }));
}

const HANGUP = abi.EVENTRWFLAGS_FD_READWRITE_HANGUP;
const event = (userdata: number, type: number, nbytes = 0, flags = 0, error = 0): Event => ({ userdata, error, type, nbytes, flags });
const realtime = (): bigint => BigInt(Date.now()) * 1_000_000n;

describe("poll_oneoff", () => {
  it.each([0, -1, abi.MAX_SUBSCRIPTIONS + 1])("%d subscriptions: INVAL", (count) => {
    expect(g.calls.poll_oneoff(g.proc, count)).toBe(abi.ERRNO_INVAL);
  });

  it("waits for a relative time, on either clock", () => {
    for (const clock of [abi.CLOCKID_REALTIME, abi.CLOCKID_MONOTONIC]) {
      const from = performance.now();
      expect(poll({ clock, timeout: 20_000_000n })).toEqual([event(100, abi.EVENTTYPE_CLOCK)]);
      expect(performance.now() - from).toBeGreaterThanOrEqual(19);
    }
  });

  it("puts the time to the account", () => {
    const blocked = (): number => Number(g.calls.process_counter(g.proc, abi.COUNT_BLOCKED_NS)) / 1e6;
    const from = performance.now();
    for (let i = 0; i < 4; i++) poll({ clock: abi.CLOCKID_MONOTONIC, timeout: 10_000_000n });
    expect(blocked()).toBeGreaterThan(35);
    expect(blocked()).toBeLessThanOrEqual(performance.now() - from);
  });

  it("waits until an absolute time; one that is past is there at once", () => {
    const from = performance.now();
    expect(poll({ clock: abi.CLOCKID_REALTIME, timeout: realtime() + 30_000_000n, absolute: true })).toHaveLength(1);
    expect(poll({ clock: abi.CLOCKID_MONOTONIC, timeout: systemHost.clockTimeGet(1) + 20_000_000n, absolute: true })).toHaveLength(1);
    expect(performance.now() - from).toBeGreaterThanOrEqual(45);
    expect(poll({ clock: abi.CLOCKID_REALTIME, timeout: 1n, absolute: true })).toHaveLength(1);
  });

  it("only the first of several clocks, and none that lies too far", () => {
    const never = 0xffffffffffffffffn;
    expect(poll({ clock: 0, timeout: never }, { clock: 1, timeout: 5_000_000n }, { clock: 1, timeout: never, absolute: true })).toEqual([
      event(101, 0),
    ]);
  });

  it.each([
    ["no such clock", { clock: 4, timeout: 0n }],
    ["a clock of CPU time", { clock: abi.CLOCKID_PROCESS_CPUTIME, timeout: 0n }],
    ["an unknown flag", { clock: 0, timeout: 0n, flags: 2 }],
    ["an unknown type", { tag: 3 }],
  ])("%s: INVAL", (_name, subscription) => {
    expect(poll({ read: 0 }, subscription)).toBe(abi.ERRNO_INVAL);
  });

  it("tells what can be read and written, and who hung up", () => {
    expect(poll({ read: 4 }, { write: 5 })).toEqual([event(101, abi.EVENTTYPE_FD_WRITE, abi.PIPE_BYTES)]);
    g.write(5, "abc");
    expect(poll({ read: 4 }, { write: 5 })).toEqual([event(100, 1, 3), event(101, 2, abi.PIPE_BYTES - 3)]);
    g.close(5);
    expect(poll({ read: 4 })).toEqual([event(100, 1, 3, HANGUP)]);
    g.read(4);
    expect(poll({ read: 4 })).toEqual([event(100, 1, 0, HANGUP)]);
  });

  it("a pipe that is full cannot be written until PIPE_BUF bytes are free; without readers it hung up", () => {
    g.write(5, "x".repeat(abi.PIPE_BYTES));
    g.read(4, 1000);
    expect(poll({ write: 5 }, { clock: 1, timeout: 1n })).toEqual([event(101, 0)]);
    g.read(4, 4000);
    expect(poll({ write: 5 })).toEqual([event(100, 2, 5000)]);
    g.close(4);
    expect(poll({ write: 5 })).toEqual([event(100, 2, 0, HANGUP)]);
  });

  it("files are always ready, at their end with HANGUP, as in wasmtime", () => {
    const fd = g.open("f", abi.OFLAGS_CREAT);
    g.write(fd, "abcdef");
    expect(poll({ read: fd }, { write: fd })).toEqual([event(100, 1, 0, HANGUP), event(101, 2, 65_536)]);
    g.seek(fd, 2n, 0);
    expect(poll({ read: fd })).toEqual([event(100, 1, 4)]);
  });

  it("errors are of the one event: BADF, NOTCAPABLE", () => {
    const fd = g.open("f", abi.OFLAGS_CREAT);
    g.calls.fd_fdstat_set_rights(g.proc, fd, BigInt(abi.RIGHT_FD_READ), 0n);
    g.calls.fd_install_host(g.proc, 1, ALL_RIGHTS, ALL_RIGHTS, abi.FILETYPE_REGULAR_FILE, 0);
    const host = Number(g.result());
    expect(poll({ read: 99 }, { read: 3 }, { read: 5 }, { read: fd }, { read: host }, { read: 0 })).toEqual([
      event(100, 1, 0, 0, abi.ERRNO_BADF),
      event(101, 1, 0, 0, abi.ERRNO_BADF),
      event(102, 1, 0, 0, abi.ERRNO_BADF),
      event(103, 1, 0, 0, abi.ERRNO_NOTCAPABLE),
      event(104, 1, 1),
      event(105, 1, 0, HANGUP),
    ]);
  });

  it("as many subscriptions as fit, all ready", () => {
    const all = poll(...Array.from({ length: abi.MAX_SUBSCRIPTIONS }, (): Subscription => ({ write: 5 })));
    expect(all).toHaveLength(abi.MAX_SUBSCRIPTIONS);
    expect(Array.isArray(all) && all.every((e, i) => e.userdata === 100 + i && e.nbytes === abi.PIPE_BYTES)).toBe(true);
  });

  it("leaves nobody in a wait set", () => {
    poll({ read: 4 }, { read: 4 }, { clock: 1, timeout: 1_000_000n });
    const count = new Int32Array(g.kernel.memory.buffer)[(g.calls.pipe_word(pipe, 0) - 8) >> 2];
    expect(count).toBe(0);
  });
});

describe("sockets", () => {
  const recv = (fd: number, len: number, flags = 0): string | number => {
    const errno = g.calls.sock_recv(g.proc, fd, len, flags);
    return errno === 0 ? g.text(Number(g.result())) : errno;
  };
  const send = (fd: number, text: string, flags = 0): number => {
    const errno = g.calls.sock_send(g.proc, fd, g.put(text)[0] ?? 0, flags);
    return errno === 0 ? Number(g.result()) : -errno;
  };
  const pair = (): [number, number] => {
    expect(g.calls.socket_pair(g.proc, -1, g.proc, -1)).toBe(0);
    return [Number(g.result(0)), Number(g.result(1))];
  };

  it("a pair talks in both directions, by either kind of call", () => {
    const [a, b] = pair();
    expect([send(a, "to b"), g.write(b, "to a"), g.read(b), recv(a, 100)]).toEqual([4, 4, "to b", "to a"]);
    expect(g.fdstat(a)).toMatchObject({ filetype: abi.FILETYPE_SOCKET_STREAM });
  });

  it("PEEK leaves it there, WAITALL waits for all of it or the end", () => {
    const [a, b] = pair();
    send(a, "abcdef");
    expect([recv(b, 3, abi.RIFLAGS_RECV_PEEK), recv(b, 3), recv(b, 3, abi.RIFLAGS_RECV_WAITALL)]).toEqual(["abc", "abc", "def"]);
    send(a, "xy");
    g.close(a);
    expect([recv(b, 9, abi.RIFLAGS_RECV_WAITALL), recv(b, 9), send(b, "x")]).toEqual(["xy", "", -abi.ERRNO_PIPE]);
  });

  it("shutdown closes one direction", () => {
    const [a, b] = pair();
    expect(g.calls.sock_shutdown(g.proc, a, abi.SDFLAGS_WR)).toBe(0);
    expect([recv(b, 9), send(b, "x"), recv(a, 9), send(a, "x")]).toEqual(["", 1, "x", -abi.ERRNO_PIPE]);
    expect(g.calls.sock_shutdown(g.proc, a, abi.SDFLAGS_RD)).toBe(0);
    expect([recv(a, 9), send(b, "x")]).toEqual(["", -abi.ERRNO_PIPE]);
    expect([0, 4, -1].map((how) => g.calls.sock_shutdown(g.proc, a, how))).toEqual(Array(3).fill(abi.ERRNO_INVAL));
  });

  it("unknown flags are NOTSUP, what is no socket NOTSOCK, what is not open BADF", () => {
    const [a] = pair();
    expect([recv(a, 1, 4), send(a, "x", 1), g.calls.sock_recv(g.proc, a, -1, 0)]).toEqual([
      abi.ERRNO_NOTSUP,
      -abi.ERRNO_NOTSUP,
      abi.ERRNO_INVAL,
    ]);
    for (const [fd, errno] of [
      [3, abi.ERRNO_NOTSOCK],
      [4, abi.ERRNO_NOTSOCK],
      [99, abi.ERRNO_BADF],
    ] as const) {
      const answers = [recv(fd, 1), -send(fd, "x"), g.calls.sock_shutdown(g.proc, fd, 1), g.calls.sock_accept(g.proc, fd, 0)];
      expect(answers).toEqual(Array(4).fill(errno));
    }
    expect(g.calls.sock_accept(g.proc, a, 0)).toBe(abi.ERRNO_INVAL);
  });

  it("a listener accepts what connects, in order; AGAIN where nothing does", () => {
    const listener = g.calls.listener_create();
    const client = new Guest(g.kernel);
    expect(g.calls.fd_install_connection(client.proc, -1, listener)).toBe(-abi.ERRNO_CONNREFUSED);
    const fd = g.calls.fd_install_listener(g.proc, -1, listener);
    g.calls.fd_fdstat_set_flags(g.proc, fd, abi.FDFLAGS_NONBLOCK);
    expect(g.calls.sock_accept(g.proc, fd, 0)).toBe(abi.ERRNO_AGAIN);
    expect(poll({ read: fd }, { clock: 1, timeout: 1n })).toEqual([event(101, 0)]);
    const ends = [1, 2].map(() => g.calls.fd_install_connection(client.proc, -1, listener));
    ends.forEach((end) => client.write(end, `from ${String(end)}`));
    expect(poll({ read: fd })).toEqual([event(100, 1, 2)]);
    const accepted = ends.map(() => (g.calls.sock_accept(g.proc, fd, abi.FDFLAGS_NONBLOCK) === 0 ? Number(g.result()) : -1));
    expect(accepted.map((end) => recv(end, 99))).toEqual(ends.map((end) => `from ${String(end)}`));
    expect(recv(accepted[0] ?? -1, 1)).toBe(abi.ERRNO_AGAIN);
    expect([g.calls.sock_accept(g.proc, fd, 1), g.calls.sock_recv(g.proc, fd, 1, 0)]).toEqual([abi.ERRNO_INVAL, abi.ERRNO_NOTCONN]);
  });

  it("a full backlog is AGAIN; closing the listener ends what waits in it", async () => {
    const before = census(g.kernel);
    const listener = g.calls.listener_create();
    const client = new Guest(g.kernel, { maxDescriptors: 200 });
    const server = new Guest(g.kernel);
    const fd = g.calls.fd_install_listener(server.proc, -1, listener);
    g.calls.listener_release(listener);
    for (let i = 0; i < abi.MAX_BACKLOG; i++) expect(g.calls.fd_install_connection(client.proc, -1, listener)).toBe(i);
    expect(g.calls.fd_install_connection(client.proc, -1, listener)).toBe(-abi.ERRNO_AGAIN);
    server.close(fd);
    expect([client.read(0), client.write(0, "x")]).toEqual(["", -abi.ERRNO_PIPE]);
    await client.end();
    await server.end();
    expect(census(g.kernel)).toEqual(before);
  });
});
