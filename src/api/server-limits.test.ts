// Clients that are slow, greedy, or speak no HTTP: bounded, answered with a code, and without harm to others.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { Connection } from "./security/connection.js";
import { DEFAULT_LIMITS, type Limits } from "./security/limits.js";
import { ServerConnection } from "./server-connection.js";
import { request, sendRaw, serveSample } from "./server-sample.js";

type Sample = Awaited<ReturnType<typeof serveSample>>;
const open: Sample[] = [];
async function serve(limits: Partial<Limits> = {}): Promise<Sample> {
  const server = await serveSample({ limits });
  open.push(server);
  return server;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

const UPLOAD = "PUT /v1/instances/a/files";
const CHUNKED = { "Transfer-Encoding": "chunked" };

/** Whether the server still does its work. */
async function expectAlive({ port }: Sample): Promise<void> {
  expect((await sendRaw(port, request(port, "GET /v1/info"))).status).toBe(200);
}

async function until(condition: () => boolean): Promise<void> {
  for (const endMs = performance.now() + 10_000; !condition(); await sleep(10)) if (performance.now() > endMs) throw new Error("it never came true");
} // prettier-ignore

describe("slow clients", () => {
  test("headers that never end", async () => {
    const server = await serve({ headersMs: 300 });
    const drip = (socket: Socket): void => {
      const timer = setInterval(() => socket.write("X-A: b\r\n"), 50);
      socket.on("close", () => clearInterval(timer));
    };
    expect(await sendRaw(server.port, "GET /v1/info HTTP/1.1\r\n", drip)).toMatchObject({ status: 408, code: "request-timeout" });
    expect(await sendRaw(server.port, "", () => {}), "not a single byte").toMatchObject({ status: 408 });
    await expectAlive(server);
  });

  test("a body that stops, and one that drips", async () => {
    const server = await serve({ bodyIdleMs: 400 });
    const stopped = request(server.port, UPLOAD, { "Content-Length": "1000" }, "abc");
    expect(await sendRaw(server.port, stopped)).toMatchObject({ status: 408, code: "request-timeout" });
    const drip = (socket: Socket): void => {
      const timer = setInterval(() => socket.write("1\r\na\r\n"), 50);
      socket.on("close", () => clearInterval(timer));
    };
    expect(await sendRaw(server.port, request(server.port, UPLOAD, CHUNKED), drip)).toMatchObject({ status: 408 });
    expect(await sendRaw(server.port, request(server.port, "POST /v1/instances", CHUNKED), drip)).toMatchObject({ status: 408 });
    await expectAlive(server);
  });

  test("an upload that is long and goes on is let be", async () => {
    const server = await serve({ bodyIdleMs: 400, bodyBytesPerSecond: 1000 });
    let sent = 0;
    const feed = (socket: Socket): void => {
      const timer = setInterval(() => {
        sent += 1;
        socket.write(`100\r\n${"x".repeat(256)}\r\n`);
        if (sent < 50) return;
        clearInterval(timer);
        socket.write("0\r\n\r\n");
      }, 50);
    };
    const { status, text } = await sendRaw(server.port, request(server.port, UPLOAD, CHUNKED), feed);
    expect([status, text]).toEqual([200, expect.stringContaining(`{"bytes":${50 * 256}}`)]);
  });

  test("an upload that we ourselves are slow to take is let be", async () => {
    const { port } = await serve({ bodyIdleMs: 400 });
    const size = 32 << 20;
    const bytes = Buffer.concat([
      Buffer.from(request(port, "PUT /v1/instances/slow/files", { "Content-Length": String(size) })),
      Buffer.alloc(size),
    ]);
    expect(await sendRaw(port, bytes)).toMatchObject({ status: 200, text: expect.stringContaining(`{"bytes":${size}}`) });
  });

  test("answers that nobody takes", async () => {
    const server = await serve({ stalledMs: 400 });
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(request(server.port, "GET /v1/flood/logs"));
    await once(socket, "readable"); // and nothing is read
    await until(() => server.idleMs() > 0);
    socket.destroy();
  });
});

describe("answers that trickle", () => {
  function connection() {
    const socket = { bytesRead: 0, bytesWritten: 0, writableLength: 0 };
    const watched = new ServerConnection(socket as unknown as Socket, {} as Connection, () => {});
    const limits: Limits = { ...DEFAULT_LIMITS, stalledMs: 10_000, answerBytesPerSecond: 100 };
    return { socket, check: () => watched.check(1000, limits) };
  }

  test("are cut", () => {
    const { socket, check } = connection();
    Object.assign(socket, { bytesWritten: 1 << 30, writableLength: 1 << 20 });
    const seen = Array.from({ length: 30 }, () => {
      socket.writableLength -= 1;
      return check();
    });
    expect(seen.indexOf("answer")).toBe(11);
  });

  test("are let be when they are taken at a slow but honest pace, or nothing of them is left", () => {
    const { socket, check } = connection();
    Object.assign(socket, { bytesWritten: 1 << 20, writableLength: 1 << 20 });
    for (let n = 0; n < 100; n++) {
      socket.writableLength -= 200;
      expect(check()).toBeUndefined();
    }
    for (let n = 0; n < 100; n++) {
      socket.writableLength = 10; // always something new
      socket.bytesWritten += 10;
      expect(check()).toBeUndefined();
    }
    socket.writableLength = 0;
    for (let n = 0; n < 100; n++) expect(check()).toBeUndefined();
  });
});

describe("requests too large", () => {
  test("headers", async () => {
    const server = await serve();
    const { port } = server;
    expect(await sendRaw(port, request(port, "GET /v1/info", { "X-A": "a".repeat(17 << 10) }))).toMatchObject({ status: 431, code: "headers-too-large" });
    expect(await sendRaw(port, request(port, `GET /${"a".repeat(17 << 10)}`))).toMatchObject({ status: 431 });
    const many = Object.fromEntries(Array.from({ length: 4000 }, (_, n) => [`X-${n}`, "a"]));
    expect(await sendRaw(port, request(port, "GET /v1/info", many))).toMatchObject({ status: 431 });
    const few = Object.fromEntries(Array.from({ length: 2200 }, (_, n) => [n.toString(36), ""]));
    expect(await sendRaw(port, request(port, "GET /v1/info", { ...few, Origin: "http://evil.example" })), "none is dropped").toMatchObject({ status: 403 });
    await expectAlive(server);
  }); // prettier-ignore

  test("bodies, declared and not", async () => {
    const server = await serve({ bodyBytes: 1000 });
    const { port } = server;
    const post = (headers: Readonly<Record<string, string>>, body: string) => sendRaw(port, request(port, "POST /v1/instances", headers, body));
    const chunked = (size: number): string => `${size.toString(16)}\r\n${"x".repeat(size)}\r\n`;
    expect(await post({ "Content-Length": "1000" }, "x".repeat(1000))).toMatchObject({ status: 200 });
    expect(await post(CHUNKED, `${chunked(1000)}0\r\n\r\n`)).toMatchObject({ status: 200 });
    expect(await post({ "Content-Length": "1001" }, "x".repeat(1001))).toMatchObject({ status: 413, code: "body-too-large" });
    expect(await post({ "Content-Length": "99999999999999" }, "x".repeat(10))).toMatchObject({ status: 413 });
    expect(await post(CHUNKED, chunked(600) + chunked(600)), "before its end").toMatchObject({ status: 413 });
    expect(await post({ ...CHUNKED, "Content-Length": "1" }, `${chunked(1200)}0\r\n\r\n`)).toMatchObject({ status: 400 });
    expect(await sendRaw(port, request(port, UPLOAD, { "Content-Length": "3000" }, "x".repeat(3000)))).toMatchObject({ status: 200 });
    await expectAlive(server);
  }); // prettier-ignore

  test("messages of a WebSocket", async () => {
    const server = await serve({ webSocketMessageBytes: 1000 });
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/v1/instances/a/exec`);
    socket.on("open", () => socket.send("x".repeat(1001)));
    expect((await once(socket, "close"))[0]).toBe(1009);
  });
});

describe("too many", () => {
  test("requests that wait on one connection; and what waited is told that the client is gone", async () => {
    const server = await serve({ pipelinedRequests: 8 });
    const { port, seen } = server;
    const stream = request(port, "GET /v1/events", { Connection: "keep-alive" });
    const socket = connect(port, "127.0.0.1");
    socket.write(stream.repeat(8));
    await until(() => seen.open === 8);
    socket.destroy();
    await until(() => seen.aborted === 8);
    const { text } = await sendRaw(port, stream.repeat(9));
    expect(text.match(/HTTP\/1\.1 200/g)?.length ?? 0, "cut").toBeLessThan(9);
    await until(() => seen.open === 0);
    const quick = await sendRaw(port, request(port, "GET /v1/info", { Connection: "keep-alive" }).repeat(7) + request(port, "GET /v1/info"));
    expect(quick.text.match(/HTTP\/1\.1 200/g)).toHaveLength(8);
    await until(() => server.idleMs() > 0);
  }); // prettier-ignore

  test("requests on one connection, in turn", async () => {
    const { port } = await serve({ requestsPerConnection: 2 });
    const keep = request(port, "GET /v1/info", { Connection: "keep-alive" });
    const { text } = await sendRaw(port, keep.repeat(2));
    expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
    expect(text).toMatch(/connection: close/i);
  });

  test("connections", async () => {
    const server = await serve({ connectionsPerAddress: 2 });
    const sockets = [1, 2, 3].map(() => connect(server.port, "127.0.0.1"));
    await Promise.race(sockets.map((socket) => once(socket, "close")));
    await until(() => sockets.filter(({ destroyed }) => destroyed).length === 1);
    const gone = Promise.all(sockets.map((socket) => socket.destroyed || once(socket, "close")));
    for (const socket of sockets) socket.destroy();
    await gone;
    await until(() => server.idleMs() > 0);
    await expectAlive(server);
  });

  test("streams", async () => {
    const server = await serve({ streamsPerCaller: 2 });
    const { port, seen } = server;
    const sockets = [1, 2].map(() => connect(port, "127.0.0.1").on("error", () => {}));
    for (const socket of sockets) socket.write(request(port, "GET /v1/events"));
    await until(() => seen.open === 2);
    expect(await sendRaw(port, request(port, "GET /v1/events"))).toMatchObject({ status: 429, code: "too-many-streams" });
    const webSocket = new WebSocket(`ws://127.0.0.1:${port}/v1/instances/a/exec`);
    webSocket.on("error", () => {});
    expect((await once(webSocket, "unexpected-response"))[1].statusCode).toBe(429);
    await expectAlive(server);
    sockets[0]?.destroy();
    await until(() => seen.open === 1);
    const again = connect(port, "127.0.0.1");
    again.write(request(port, "GET /v1/events"));
    await until(() => seen.open === 2);
    again.destroy();
    sockets[1]?.destroy();
    webSocket.terminate();
  });

  test("requests a second", async () => {
    const server = await serve({ ratePerSecond: 2 });
    const statuses: number[] = [];
    for (let n = 0; n < 6; n += 1) statuses.push((await sendRaw(server.port, request(server.port, "GET /v1/info"))).status);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(0);
    expect(statuses.slice(0, 4)).toEqual([200, 200, 200, 200]);
    const { code, text } = await sendRaw(server.port, request(server.port, "GET /v1/info"));
    expect([code, /retry-after: (\d+)/i.exec(text)?.[1]]).toEqual(["too-many-requests", "1"]);
  });
});

test("what is no HTTP is answered with a problem, and closed", async () => {
  const server = await serve();
  const { port } = server;
  const host = `Host: 127.0.0.1:${port}\r\n`;
  const malformed = [
    "hello\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "GET /v1/info\r\n\r\n", "GET /v1/info HTTP/9.9\r\n\r\n", `GET /v1/info HTTP/1.1\r\n${host} x: y\r\n\r\n`,
    `GET /v1/info HTTP/1.1\r\n${host}Content-Length: -1\r\n\r\n`, `GET /v1/info HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`,
    `POST /v1/instances HTTP/1.1\r\n${host}Transfer-Encoding: chunked, identity\r\n\r\n`, `POST /v1/instances HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
    `GET /\\..\\etc HTTP/1.1\r\n${host}\r\n`, `GET relative HTTP/1.1\r\n${host}\r\n`, `OPTIONS * HTTP/1.1\r\n${host}\r\n`, `GET http:// HTTP/1.1\r\n${host}\r\n`,
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  ]; // prettier-ignore
  for (const bytes of malformed) {
    const end = (socket: Socket): void => void socket.end();
    const answer = await sendRaw(port, bytes.replace(/^(\w+ \S+ HTTP\/1\.1\r\n)/, "$1Connection: close\r\n"), end);
    expect(answer, JSON.stringify(bytes)).toMatchObject({ status: 400, code: "bad-http" });
    expect(answer.text).toMatch(/content-type: application\/problem\+json/i);
  }
  expect(await sendRaw(port, request(port, "GET /v1/info", { Expect: "miracles" }))).toMatchObject({ status: 417, code: "bad-http" });
  expect((await sendRaw(port, `CONNECT evil.example:80 HTTP/1.1\r\n${host}\r\n`)).status).toBe(0);
  await expectAlive(server);
});

test("closing ends streams and WebSockets, and takes bounded time", async () => {
  const server = await serve({ closeMs: 300 });
  const { port, seen } = server;
  const stream = sendRaw(port, request(port, "GET /v1/events"));
  const half = sendRaw(port, request(port, UPLOAD, { "Content-Length": "10" }, "abc"));
  const idle = sendRaw(port, "");
  const webSocket = new WebSocket(`ws://127.0.0.1:${port}/v1/instances/a/exec`);
  await once(webSocket, "open");
  await until(() => seen.open === 1);
  const closed = once(webSocket, "close");
  const sinceMs = performance.now();
  await server.close();
  expect(performance.now() - sinceMs).toBeLessThan(2000);
  expect([1001, 1006]).toContain((await closed)[0]);
  await Promise.all([stream, half, idle]);
  expect((await sendRaw(port, "")).status).toBe(0);
});
