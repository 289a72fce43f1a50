// The session against a fake guest: what it sends, what it bounds, and what it refuses.
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { setImmediate as turn } from "node:timers/promises";
import { beforeEach, describe, expect, test } from "vitest";
import { WardianError } from "../../errors.js";
import type { ExecProcess } from "./exec.js";
import { FakeGuest } from "./fake-guest.js";
import { u32 } from "./message.js";
import { FRAME, LIMITS, STREAM } from "./protocol.js";
import { AgentSession } from "./session.js";

const exited = (code: number): Uint8Array => Uint8Array.of(0, code, 0, 0, 0, 0, 0, 0);

let guest: FakeGuest;
let session: AgentSession;
let id: number;
let cat: ExecProcess;

beforeEach(async () => {
  guest = new FakeGuest();
  session = await guest.open();
  cat = session.exec({ args: ["cat"], stdin: true });
  id = guest.last(FRAME.EXEC).id;
});

describe("hello", () => {
  test("another major version is refused in one line", async () => {
    const other = new FakeGuest();
    other.major = 9;
    await expect(other.open()).rejects.toMatchObject({ code: "agent-version", message: expect.stringContaining("speaks protocol 9") });
    expect(other.closed).toBe(true);
  });

  test("is said again when the agent announces itself", async () => {
    const late = new FakeGuest();
    let heard = false; // the first HELLO is lost: nobody has opened the port yet
    const answer = late.sayHello.bind(late);
    late.sayHello = (number) => {
      if (heard) answer(number);
    };
    const waiting = new AgentSession(late.transport).hello();
    heard = true;
    late.sayHello(0);
    expect(await waiting).toMatchObject({ major: 1 });
  });

  test("an agent that starts anew ends the session", async () => {
    guest.sayHello(0);
    await expect(cat.exit).rejects.toMatchObject({ code: "agent-protocol" });
  });

  test("nothing works before it; giving up on it ends", async () => {
    const silent = new FakeGuest();
    silent.sayHello = () => {};
    const early = new AgentSession(silent.transport);
    expect(() => early.exec({ args: ["true"] })).toThrow("await hello() first");
    await expect(early.hello({ signal: AbortSignal.timeout(5) })).rejects.toMatchObject({ code: "agent-closed" });
  });
});

describe("flow", () => {
  test("stdin stops at the window and goes on with credit", async () => {
    const sentBytes = (): number => guest.received.reduce((sum, frame) => sum + (frame.type === FRAME.DATA ? frame.payload.length : 0), 0);
    cat.stdin.write(Buffer.alloc(LIMITS.WINDOW_BYTES * 2));
    await turn();
    const first = sentBytes();
    expect(first).toBeLessThanOrEqual(LIMITS.WINDOW_BYTES);
    expect(first).toBeGreaterThan(LIMITS.WINDOW_BYTES - LIMITS.FRAME_COST_BYTES);
    guest.send(FRAME.CREDIT, STREAM.STDIN, id, u32(65_536));
    expect(sentBytes()).toBeGreaterThan(first + 65_536 - LIMITS.FRAME_COST_BYTES);
    expect(sentBytes()).toBeLessThanOrEqual(first + 65_536);
  });

  test("stdin waits for a full transport", async () => {
    let free = (): void => {};
    guest.full = new Promise((resolve) => {
      free = resolve;
    });
    cat.stdin.write(Buffer.alloc(100_000));
    await turn();
    const before = guest.received.length;
    expect(guest.received.filter((frame) => frame.type === FRAME.DATA)).toHaveLength(1);
    guest.full = undefined;
    free();
    await turn();
    expect(guest.received.length).toBeGreaterThan(before);
  });

  test("credit comes back only for what has been read", async () => {
    const frame = Buffer.alloc(LIMITS.PAYLOAD_BYTES);
    for (let left = LIMITS.WINDOW_BYTES; left >= frame.length; left -= frame.length) guest.send(FRAME.DATA, STREAM.STDOUT, id, frame);
    await turn();
    const credits = (): number => guest.received.filter((entry) => entry.type === FRAME.CREDIT).length;
    expect(credits()).toBe(0);
    cat.stdout.resume();
    await turn();
    expect(credits()).toBeGreaterThan(0);
  });

  test("a destroyed reader says STOP; what still comes is dropped", async () => {
    cat.stdout.destroy();
    await turn();
    expect(guest.last(FRAME.STOP)).toMatchObject({ id, stream: STREAM.STDOUT });
    guest.send(FRAME.DATA, STREAM.STDOUT, id, Buffer.from("late"));
    await session.exec({ args: ["true"] });
  });

  test("moves 100 MB through one stream", async () => {
    const frame = Buffer.alloc(LIMITS.PAYLOAD_BYTES);
    let credit: number = LIMITS.WINDOW_BYTES;
    let left = 3200;
    const pump = (): void => {
      for (; left > 0 && credit >= frame.length; left--, credit -= frame.length) guest.send(FRAME.DATA, STREAM.STDOUT, id, frame);
      if (left === 0) guest.send(FRAME.EOF, STREAM.STDOUT, id);
      left ||= -1;
    };
    guest.onFrame = ({ type, payload }) => {
      if (type !== FRAME.CREDIT) return;
      credit += Buffer.from(payload).readUInt32LE(0);
      setImmediate(pump);
    };
    let bytes = 0;
    cat.stdout.on("data", (part: Buffer) => {
      bytes += part.length;
    });
    const began = performance.now();
    pump();
    await once(cat.stdout, "end");
    expect(bytes).toBe(3200 * frame.length);
    expect(bytes / 1e3 / (performance.now() - began)).toBeGreaterThan(50); // really several hundred; test machines are busy
  });
});

describe("trees", () => {
  const done = (errno: number, words = ""): Uint8Array => Buffer.concat([u32(errno), Buffer.from(words)]);

  test("are asked for as they are wanted, and come as a stream", async () => {
    const asked = session.getTree("/a", { contents: "changed", depth: 3 });
    const { id: tree, payload } = guest.last(FRAME.TREE_GET);
    expect(payload).toEqual(Buffer.concat([u32(2, 3), Buffer.from("/a")]));
    guest.send(FRAME.DATA, STREAM.STDOUT, tree, Buffer.from("archive"));
    guest.send(FRAME.EOF, STREAM.STDOUT, tree);
    guest.send(FRAME.FILE_DONE, 0, tree, done(0));
    expect(await text(await asked)).toBe("archive");
  });

  test("fail with the guest's errno, before the first byte and after", async () => {
    const asked = session.getTree("/a");
    guest.send(FRAME.FILE_DONE, 0, guest.last(FRAME.TREE_GET).id, done(2, "no such file or directory"));
    await expect(asked).rejects.toMatchObject({
      code: "agent-file",
      errno: 2,
      message: "cannot read /a in the guest: no such file or directory",
    });
    const begun = session.getTree("/b");
    const { id: tree } = guest.last(FRAME.TREE_GET);
    guest.send(FRAME.DATA, STREAM.STDOUT, tree, Buffer.from("a"));
    const archive = await begun;
    guest.send(FRAME.FILE_DONE, 0, tree, done(5));
    await expect(text(archive)).rejects.toMatchObject({ errno: 5 });
    const put = session.putTree("/c", [Buffer.from("x")]);
    guest.send(FRAME.FILE_DONE, 0, guest.last(FRAME.TREE_PUT).id, done(28, "x: no space left on device"));
    await expect(put).rejects.toMatchObject({ errno: 28, message: "cannot unpack into /c in the guest: x: no space left on device" });
    const removal = session.remove("/d");
    guest.send(FRAME.FILE_DONE, 0, guest.last(FRAME.REMOVE).id, done(16));
    await expect(removal).rejects.toMatchObject({ errno: 16 });
  });

  test("given up are closed", async () => {
    const abort = new AbortController();
    const [archive, removal] = [session.getTree("/a", { signal: abort.signal }), session.remove("/b", { signal: abort.signal })];
    abort.abort(new Error("enough"));
    await expect(archive).rejects.toThrow("enough");
    await expect(removal).rejects.toThrow("enough");
    await turn();
    expect(guest.received.filter(({ type }) => type === FRAME.CLOSE)).toHaveLength(2);
  });

  test("need an agent that has them", async () => {
    const old = new FakeGuest();
    old.minor = 0;
    const older = await old.open();
    await expect(older.remove("/a")).rejects.toMatchObject({ code: "agent-version" });
  });

  test.each([
    ["done before its end", FRAME.FILE_DONE, 0, done(0)],
    ["on another stream", FRAME.DATA, STREAM.STDERR, Uint8Array.of(1)],
    ["with a file's header", FRAME.FILE_INFO, 0, new Uint8Array(24)],
  ])("an archive %s ends the session", async (_name, type, stream, payload) => {
    const asked = session.getTree("/a");
    guest.send(type, stream, guest.last(FRAME.TREE_GET).id, payload);
    await expect(asked).rejects.toMatchObject({ code: "agent-protocol" });
  });
});

test("a command's whole life", async () => {
  guest.send(FRAME.STARTED, 0, id, u32(42));
  guest.send(FRAME.DATA, STREAM.STDOUT, id, Buffer.from("out"));
  guest.send(FRAME.DATA, STREAM.STDERR, id, Buffer.from("err"));
  cat.stdin.end("in");
  cat.kill("SIGUSR1");
  await turn();
  expect(guest.last(FRAME.SIGNAL).payload).toEqual(Buffer.from([10, 0, 0, 0]));
  expect(guest.last(FRAME.EOF)).toMatchObject({ id, stream: STREAM.STDIN });
  guest.send(FRAME.EOF, STREAM.STDOUT, id);
  guest.send(FRAME.EXIT, 0, id, exited(3));
  guest.send(FRAME.EOF, STREAM.STDERR, id);
  expect([cat.pid, await text(cat.stdout), await text(cat.stderr), (await cat.exit).status]).toEqual([42, "out", "err", 3]);
  expect(() => cat.kill("NOPE")).toThrow("there is no signal NOPE");
  guest.send(FRAME.EOF, STREAM.STDERR, id); // the channel is over
  await session.closed;
});

// What the guest must not send; each ends the session, and every promise and stream with it.
const BREACHES: [string, (guest: FakeGuest, id: number) => void][] = [
  ["an oversized frame", (g) => g.raw(Uint8Array.of(0xff, 0xff, FRAME.DATA, 1, 1, 0, 0, 0))],
  ["an unknown type", (g) => g.raw(Uint8Array.of(0, 0, 99, 0, 0, 0, 0, 0))],
  ["an unknown stream", (g, i) => g.send(FRAME.DATA, 3, i, Uint8Array.of(1))],
  ["data on stdin", (g, i) => g.send(FRAME.DATA, 0, i, Uint8Array.of(1))],
  ["empty data", (g, i) => g.send(FRAME.DATA, 1, i)],
  ["data on no channel", (g, i) => g.send(FRAME.DATA, 1, i + 1, Uint8Array.of(1))],
  [
    "a second end",
    (g, i) => {
      g.send(FRAME.EOF, 1, i);
      g.send(FRAME.EOF, 1, i);
    },
  ],
  [
    "data after the end",
    (g, i) => {
      g.send(FRAME.EOF, 1, i);
      g.send(FRAME.DATA, 1, i, Uint8Array.of(1));
    },
  ],
  [
    "a second exit",
    (g, i) => {
      g.send(FRAME.EXIT, 0, i, exited(0));
      g.send(FRAME.EXIT, 0, i, exited(0));
    },
  ],
  [
    "a second start",
    (g, i) => {
      g.send(FRAME.STARTED, 0, i, u32(5));
      g.send(FRAME.STARTED, 0, i, u32(5));
    },
  ],
  ["credit never used", (g, i) => g.send(FRAME.CREDIT, 0, i, u32(1))],
  ["a short exit", (g, i) => g.send(FRAME.EXIT, 0, i, Uint8Array.of(0))],
  ["an exit of no kind", (g, i) => g.send(FRAME.EXIT, 0, i, Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0))],
  ["a long exit", (g, i) => g.send(FRAME.EXIT, 0, i, new Uint8Array(1000))],
  ["a frame of the host's", (g, i) => g.send(FRAME.EXEC, 0, i)],
  ["PONG without PING", (g) => g.send(FRAME.PONG, 0, 0, new Uint8Array(8))],
  ["BYE unasked", (g) => g.send(FRAME.BYE, 0, 0)],
  ["HELLO without magic", (g) => g.send(FRAME.HELLO, 0, 1, new Uint8Array(16))],
  [
    "more than the window",
    (g, i) => {
      for (let n = 0; n < 9; n++) g.send(FRAME.DATA, 1, i, new Uint8Array(LIMITS.PAYLOAD_BYTES));
    },
  ],
  [
    "tiny frames piling up",
    (g, i) => {
      for (let n = 0; n < 1300; n++) g.send(FRAME.DATA, 1, i, Uint8Array.of(1));
    },
  ],
];

test.each(BREACHES)("%s ends the session", async (_name, breach) => {
  breach(guest, id);
  await expect(session.ping()).rejects.toMatchObject({ code: "agent-protocol" });
  expect(guest.closed).toBe(true);
  expect(cat.stdin.destroyed).toBe(true);
  expect(cat.stderr.destroyed).toBe(true);
  await session.closed;
});

test("texts from the guest cannot steer a terminal", async () => {
  guest.send(FRAME.ERROR, 0, 0, Buffer.from("no\x1b[2J\u009b1m"));
  const error = await session.ping().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(WardianError);
  expect((error as WardianError).message).toMatch(/: no\?\[2J\?1m$/);
});

test("a machine that goes away fails what was running", async () => {
  const pinged = session.ping();
  guest.leave();
  await expect(cat.exit).rejects.toMatchObject({ code: "agent-closed" });
  await expect(pinged).rejects.toMatchObject({ code: "agent-closed" });
});
