// The wire wardian.v1 over real WebSockets: what is told, what waits, what happens to the program when the client is gone.
import { once } from "node:events";
import { type PassThrough, Readable, Writable } from "node:stream";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { WebSocket } from "ws";
import { WardianError } from "../errors.js";
import { SocketPulse } from "./socket-pulse.js";
import { serveStub, type Served } from "./testing/serve-stub.js";
import { StubDoor, StubProcess } from "./testing/stub-door.js";

const EXEC = "/v1/instances/web/exec";
const ATTACH = "/v1/instances/web/attach";
let served: Served | undefined;
afterEach(async () => {
  await served?.close();
  served = undefined;
});

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};

interface Wire {
  readonly socket: WebSocket;
  readonly told: Record<string, unknown>[];
  readonly output: Record<1 | 2, string>;
  readonly closed: Promise<number>;
  say(message: unknown): void;
  type(text: string | Uint8Array): void;
}

async function open(door: StubDoor, path: string): Promise<Wire> {
  served ??= await serveStub(door);
  const socket = served.socket(path);
  const told: Record<string, unknown>[] = [];
  const output = { 1: "", 2: "" };
  socket.on("message", (data: Buffer, isBinary) => {
    if (isBinary) output[data[0] as 1 | 2] += data.subarray(1).toString();
    else told.push(JSON.parse(data.toString()) as Record<string, unknown>);
  });
  socket.on("error", () => {});
  const closed = once(socket, "close").then(([code]) => code as number);
  await once(socket, "open");
  return {
    socket,
    told,
    output,
    closed,
    say: (message) => socket.send(JSON.stringify(message)),
    type: (text) => socket.send(Buffer.concat([Buffer.from([0]), Buffer.from(text)])),
  };
}

/** Starts a command whose other side is the test's. */
async function started(process = new StubProcess(), command: object = { args: ["sh"], stdin: true }) {
  const door = new StubDoor({ exec: () => process });
  const wire = await open(door, EXEC);
  wire.say({ type: "exec", command });
  await until(() => wire.told.length > 0);
  return { ...wire, process, door };
}

const write = (stream: Readable, text: string): unknown => (stream as PassThrough).write(text);

describe("an interactive exec", () => {
  test("goes from start to exit", async () => {
    const { process, door, output, told, closed, type, say } = await started(undefined, {
      args: ["sh"],
      tty: { rows: 24, cols: 80 },
      stdin: true,
    });
    expect(door.last).toMatchObject({ kind: "exec", instance: "web", command: { args: ["sh"], tty: { rows: 24, cols: 80 }, stdin: true } });
    type("ls\n");
    expect(String((await once(process.typed, "data"))[0])).toBe("ls\n");
    say({ type: "resize", rows: 50, cols: 132 });
    say({ type: "signal", signal: "SIGINT" });
    await until(() => process.signals.length > 0);
    expect([process.sizes, process.signals]).toEqual([[[132, 50]], ["SIGINT"]]);
    write(process.stdout, "a file\n");
    write(process.stderr, "a warning\n");
    process.end(7);
    expect(await closed).toBe(1000);
    expect(output).toEqual({ 1: "a file\n", 2: "a warning\n" });
    expect(told).toContainEqual({ type: "exit", status: 7, signal: null });
    expect(told).toContainEqual({ type: "eof", stream: 1 });
    expect(told).toContainEqual({ type: "eof", stream: 2 });
    expect(told[0]).toEqual({ type: "started" });
    expect(process.signals).toEqual(["SIGINT"]);
  });

  test("the end of its input is not its end", async () => {
    const { process, type, say, output, closed } = await started();
    type("all of it");
    say({ type: "eof" });
    let typed = "";
    for await (const chunk of process.typed) typed += String(chunk);
    expect(typed).toBe("all of it");
    process.end(0, "answer");
    expect(await closed).toBe(1000);
    expect(output[1]).toBe("answer");
  });

  test("tells when the program has closed its input, and lets go what is typed after it", async () => {
    const { process, told, type, closed } = await started();
    process.stdin.destroy();
    await until(() => told.some(({ type: name, stream }) => name === "eof" && stream === 0));
    type("nobody hears this");
    process.end(0);
    expect(await closed).toBe(1000);
  });

  test("an output that the client closes is closed for the program", async () => {
    const { process, say, told, closed } = await started();
    say({ type: "close", stream: 1 });
    await until(() => process.stdout.destroyed);
    (process.stderr as PassThrough).end("still there");
    process.settle({ code: 0, signal: null, status: 0 });
    expect(await closed).toBe(1000);
    expect(told).toContainEqual({ type: "exit", status: 0, signal: null });
  });

  test("kills the command when the client is gone", async () => {
    const { socket, process, door } = await started();
    socket.terminate();
    await until(() => process.signals.includes("SIGKILL"));
    expect(process.stdout.destroyed).toBe(true);
    expect(door.last).toMatchObject({ command: { signal: { aborted: true } } });
  });

  test("kills a command that has come up after the client was gone", async () => {
    const process = new StubProcess();
    let answer: (process: StubProcess) => void = () => {};
    const door = new StubDoor({ exec: () => new Promise<StubProcess>((resolve) => (answer = resolve)) });
    const { socket, say } = await open(door, EXEC);
    say({ type: "exec", command: { args: ["sh"] } });
    await until(() => door.last?.kind === "exec");
    socket.terminate();
    await until(() => (door.last as { command: { signal: AbortSignal } }).command.signal.aborted);
    answer(process);
    await until(() => process.signals.includes("SIGKILL"));
  });

  test("several at once do not disturb each other", async () => {
    const processes = [new StubProcess(), new StubProcess(), new StubProcess()];
    const left = [...processes];
    const door = new StubDoor({ exec: () => left.shift() as StubProcess });
    const wires: Wire[] = [];
    for (const _process of processes) {
      const wire = await open(door, EXEC);
      wire.say({ type: "exec", command: { args: ["sh"] } });
      await until(() => wire.told.length > 0);
      wires.push(wire);
    }
    processes.forEach((process, index) => process.end(index, `I am ${index}`));
    for (const [index, wire] of wires.entries()) {
      await wire.closed;
      expect(wire.output[1]).toBe(`I am ${index}`);
      expect(wire.told).toContainEqual({ type: "exit", status: index, signal: null });
    }
  });
});

describe("an attachment", () => {
  test("begins by itself, and leaves the program alone when it ends", async () => {
    const process = new StubProcess();
    const door = new StubDoor({ attach: () => process });
    const { told, socket, type } = await open(door, `${ATTACH}?stdin=true`);
    await until(() => told.length > 0);
    expect(door.last).toMatchObject({ kind: "attach", stdin: true });
    type("x");
    expect(String((await once(process.typed, "data"))[0])).toBe("x");
    socket.close();
    await until(() => process.stdout.destroyed);
    expect(process.signals).toEqual([]);
    expect(door.last).toMatchObject({ signal: { aborted: true } });
  });

  test("takes no command", async () => {
    const { say, told, closed } = await open(new StubDoor({ attach: () => new StubProcess() }), ATTACH);
    say({ type: "exec", command: { args: ["sh"] } });
    expect(await closed).toBe(1008);
    expect(told.at(-1)).toMatchObject({ type: "error", code: "bad-request" });
  });
});

describe("back-pressure", () => {
  test("an endless output waits for a client that does not read", async () => {
    const source = { bytes: 0 };
    const endless = Readable.from(
      (async function* () {
        for (;;) {
          source.bytes += 65_536;
          yield Buffer.alloc(65_536, "x");
          await new Promise(setImmediate);
        }
      })(),
    );
    const process = new StubProcess(endless);
    const { socket, told } = await started(process);
    socket.pause();
    expect(told).toEqual([{ type: "started" }]);
    let before = -1;
    for (let quiet = 0; quiet < 20;) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      quiet = source.bytes === before ? quiet + 1 : 0;
      before = source.bytes;
    }
    expect(source.bytes).toBeLessThan(24 << 20);
    socket.resume();
    await until(() => source.bytes > before + (1 << 20)); // it goes on where it stopped
    socket.terminate();
    await until(() => process.signals.includes("SIGKILL") && endless.destroyed);
  });

  test("typing waits for a program that does not read", async () => {
    let typedBytes = 0;
    let go: () => void = () => {};
    const stdin = new Writable({
      highWaterMark: 65_536,
      write(chunk: Buffer, _encoding, done) {
        typedBytes += chunk.length;
        go = done;
        if (typedBytes > 1 << 20) done();
      },
    });
    const { socket, process } = await started(new StubProcess(undefined, undefined, stdin));
    const piece = Buffer.alloc(65_537);
    for (let count = 0; count < 512; count += 1) socket.send(piece);
    let before = -1;
    for (let quiet = 0; quiet < 20;) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      quiet = socket.bufferedAmount === before ? quiet + 1 : 0;
      before = socket.bufferedAmount;
    }
    expect(socket.bufferedAmount).toBeGreaterThan(8 << 20); // of 32 MiB, most is still at the client
    expect(stdin.writableLength).toBeLessThan(1 << 20);
    typedBytes = 1 << 21;
    go();
    await until(() => socket.bufferedAmount === 0);
    process.end(0);
  });
});

describe("what is refused", () => {
  test.each([
    ["/v1/instances/other/exec", 404],
    ["/v1/instances/-/exec", 400],
    ["/v1/instances/web/exec?x=1", 400],
    ["/v1/instances/other/attach", 404],
    ["/v1/events", 400],
    ["/v1/instances/web", 200],
  ])("%s before the upgrade", async (path, status) => {
    served = await serveStub(new StubDoor());
    const socket = served.socket(path);
    socket.on("error", () => {});
    const [, response] = (await once(socket, "unexpected-response")) as [unknown, { statusCode: number }];
    expect(response.statusCode).toBe(status);
  });

  test("another subprotocol", async () => {
    served = await serveStub(new StubDoor());
    const socket = served.socket(EXEC, ["chat"]);
    socket.on("error", () => {});
    const [, response] = (await once(socket, "unexpected-response")) as [unknown, { statusCode: number }];
    expect(response.statusCode).toBe(400);
  });

  test.each([
    ["no JSON", "{"],
    ["no object", "null"],
    ["an unknown type", '{"type":"shutdown"}'],
    ["a second command", '{"type":"exec","command":{"args":["x"]}}'],
    ["a size of nothing", '{"type":"resize","rows":0,"cols":80}'],
    ["a size that is none", '{"type":"resize","rows":1e9,"cols":"80"}'],
    ["no signal", '{"type":"signal","signal":"rm -rf"}'],
    ["more than there is", '{"type":"eof","stream":1}'],
    ["deep JSON", "[".repeat(100_000)],
    ["a binary message for stdout", Buffer.from([1, 65])],
    ["an empty binary message", Buffer.alloc(0)],
  ])("%s, and the command is killed", async (_name, message) => {
    const { socket, process, told, closed } = await started();
    socket.send(message);
    expect(await closed).toBe(1008);
    expect(told.at(-1)).toMatchObject({ type: "error", code: "bad-request" });
    await until(() => process.signals.includes("SIGKILL"));
  });

  test.each([
    ["typing", Buffer.from([0, 65])],
    ["a resize", '{"type":"resize","rows":1,"cols":1}'],
    ["a command of nothing", '{"type":"exec","command":{"args":[]}}'],
  ])("%s before there is a program", async (_name, message) => {
    const { socket, told, closed } = await open(new StubDoor(), EXEC);
    socket.send(message);
    expect(await closed).toBe(1008);
    expect(told).toMatchObject([{ type: "error", code: "bad-request" }]);
  });

  test("a message that is too long", async () => {
    const { socket, process, closed } = await started();
    socket.send(Buffer.alloc((1 << 20) + 2));
    expect(await closed).toBe(1009);
    await until(() => process.signals.includes("SIGKILL"));
  });

  test("an exec that the engine refuses", async () => {
    const door = new StubDoor({ exec: () => Promise.reject(new WardianError("no-agent", "a bare machine runs no commands")) });
    const { say, told, closed } = await open(door, EXEC);
    say({ type: "exec", command: { args: ["x"] } });
    expect(await closed).toBe(1011);
    expect(told).toEqual([{ type: "error", code: "no-agent", message: "a bare machine runs no commands" }]);
  });

  test("a failure of ours is told to the log only", async () => {
    const door = new StubDoor({ exec: () => Promise.reject(new TypeError("secret")) });
    const { say, told, closed } = await open(door, EXEC);
    say({ type: "exec", command: { args: ["x"] } });
    expect(await closed).toBe(1011);
    expect(JSON.stringify(told)).not.toContain("secret");
    expect(served?.unforeseen).toHaveLength(1);
  });

  test("a guest that goes away under a command", async () => {
    const { process, told, closed } = await started();
    const error = new WardianError("agent-closed", "the guest has been powered off");
    process.stdout.destroy(error);
    process.reject(error);
    expect(await closed).toBe(1011);
    expect(told.at(-1)).toEqual({ type: "error", code: "agent-closed", message: error.message });
  });
});

describe("the pulse", () => {
  function beating() {
    vi.useFakeTimers();
    const socket = { isPaused: false, ping: vi.fn(), terminate: vi.fn(), pong: () => {}, on: vi.fn() };
    socket.on.mockImplementation((_event: string, listener: () => void) => (socket.pong = listener));
    const pulse = new SocketPulse(socket as unknown as WebSocket, 1000);
    return { socket, pulse };
  }
  afterEach(() => {
    vi.useRealTimers();
  });

  test("finds a silent client dead", () => {
    const { socket } = beating();
    vi.advanceTimersByTime(1000);
    expect(socket.ping).toHaveBeenCalledTimes(1);
    expect(socket.terminate).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1000);
    expect(socket.terminate).toHaveBeenCalledTimes(1);
  });

  test("leaves alone who answers, who types, who has still to read, and whom we do not read", () => {
    const { socket, pulse } = beating();
    vi.advanceTimersByTime(1000);
    socket.pong();
    vi.advanceTimersByTime(1000);
    pulse.heard();
    vi.advanceTimersByTime(1000);
    pulse.sent();
    vi.advanceTimersByTime(60_000);
    socket.pong();
    socket.isPaused = true;
    vi.advanceTimersByTime(60_000);
    expect(socket.terminate).not.toHaveBeenCalled();
    pulse.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
