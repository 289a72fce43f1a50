// The client against a server that does what the test says: requests as they should be, and every way in which an answer can be a lie.
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import type { Action } from "../engine/action.js";
import { RemoteDoor } from "./remote-door.js";
import { all, type Answering, closeAll, json, opened, readAll, RECORD, serve } from "./server-sample.js";

afterEach(closeAll);

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

describe("requests", () => {
  // prettier-ignore
  const REQUESTS: [Action, string, unknown?][] = [
    [{ kind: "create", request: { image: "busybox" }, idempotencyKey: "k" }, "POST /v1/instances", { image: "busybox" }],
    [{ kind: "list", filter: { states: ["running", "paused"], labels: { a: "1", b: "" }, limit: 5, after: "x" } }, "GET /v1/instances?state=running%2Cpaused&label=a%3D1&label=b&after=x&limit=5"],
    [{ kind: "inspect", instance: "web" }, "GET /v1/instances/web"],
    [{ kind: "start", instance: "web" }, "POST /v1/instances/web/start"],
    [{ kind: "stop", instance: "web", signal: "SIGINT", graceMs: 5 }, "POST /v1/instances/web/stop", { signal: "SIGINT", graceMs: 5 }],
    [{ kind: "kill", instance: "web", signal: "HUP" }, "POST /v1/instances/web/kill", { signal: "HUP" }],
    [{ kind: "pause", instance: "web" }, "POST /v1/instances/web/pause"],
    [{ kind: "resume", instance: "web" }, "POST /v1/instances/web/resume"],
    [{ kind: "restart", instance: "web", graceMs: 0 }, "POST /v1/instances/web/restart", { graceMs: 0 }],
    [{ kind: "rename", instance: "web", name: "new" }, "PATCH /v1/instances/web", { name: "new" }],
  ];
  test.each(REQUESTS)("%j", async (action, line, body) => {
    const door = await serve(async (request, response) => {
      const text = await readAll(request);
      expect(`${request.method} ${request.url}`).toBe(line);
      expect(text === "" ? undefined : JSON.parse(text)).toEqual(body);
      expect(request.headers.authorization).toBe("Bearer wdn_a_b");
      expect(request.headers["idempotency-key"]).toBe(action.kind === "create" ? "k" : undefined);
      json(response, action.kind === "list" ? { instances: [RECORD] } : RECORD);
    });
    expect(await door.apply(action)).toEqual(action.kind === "list" ? { instances: [RECORD] } : RECORD);
  });

  test("a removal has no answer", async () => {
    const door = await serve((request, response) => {
      expect(`${request.method} ${request.url}`).toBe("DELETE /v1/instances/web?force=true");
      response.writeHead(204).end();
    });
    expect(await door.apply({ kind: "remove", instance: "web", force: true })).toBeUndefined();
  });

  test("a wait asks again until there is an end, by the id", async () => {
    let asked = 0;
    const door = await serve((request, response) => {
      if (request.url === "/v1/instances/web") return json(response, { ...RECORD, state: "running" });
      expect(request.url).toMatch(/^\/v1\/instances\/0123456789ab\/wait\?timeoutMs=\d+$/);
      asked += 1;
      if (asked < 3) json(response, { code: "wait-timeout", detail: "not yet" }, 408, "application/problem+json");
      else json(response, RECORD);
    });
    expect(await door.apply({ kind: "wait", instance: "web" })).toEqual(RECORD);
    expect(asked).toBe(3);
  });

  test("files go up and come down as they are", async () => {
    const door = await serve(async (request, response) => {
      if (request.method === "PUT") {
        expect(request.url).toBe("/v1/instances/web/files?path=%2Fa+b&mode=640&uid=7");
        expect(await readAll(request)).toBe("content");
        response.writeHead(204).end();
        return;
      }
      const about = { size: "7", mode: "0640", uid: "7", gid: "0" };
      const headers = Object.fromEntries(Object.entries(about).map(([name, value]) => [`wardian-file-${name}`, value]));
      response.writeHead(200, { ...headers, "last-modified": "Mon, 23 Nov 2026 10:00:00 GMT" }).end("content");
    });
    await door.apply({ kind: "write-file", instance: "web", path: "/a b", content: bytes("content"), options: { mode: 0o640, uid: 7 } });
    const { stat, content } = await door.apply({ kind: "read-file", instance: "web", path: "/a b" });
    expect(stat).toEqual({ name: "a b", type: "file", sizeBytes: 7, mode: 0o640, uid: 7, gid: 0, modifiedAt: "2026-11-23T10:00:00.000Z" });
    expect(await readAll(content)).toBe("content");
  });

  test("what the caller's own content throws comes back as it is", async () => {
    const door = await serve((request) => void request.resume());
    const content = (async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from("a");
      throw new RangeError("mine");
    })();
    await expect(door.apply({ kind: "write-file", instance: "web", path: "/a", content })).rejects.toThrow(new RangeError("mine"));
  });

  test.each(["..", ".", "", "a/b", "a?b", "%2e%2e", "a\nb", "-x"])(
    "a reference that is none, %j, is never asked about",
    async (instance) => {
      const door = await serve(() => expect.unreachable());
      await expect(door.apply({ kind: "remove", instance })).rejects.toMatchObject({ code: "no-instance" });
    },
  );

  test("over a unix socket", async () => {
    const folder = mkdtempSync(join(tmpdir(), "wardian-client-"));
    const path = join(folder, "a:b.sock");
    const server = createServer((_request, response) => json(response, RECORD));
    const sockets = new WebSocketServer({ server, handleProtocols: () => "wardian.v1" });
    sockets.on("connection", (socket) => {
      socket.send('{"type":"started"}');
      socket.send(Buffer.from("\x01hello"));
      socket.send('{"type":"exit","status":3,"signal":null}', () => socket.close(1000));
    });
    server.listen(path);
    await once(server, "listening");
    opened.push(
      () => rmSync(folder, { recursive: true }),
      () => new Promise((resolve) => void server.close(resolve).closeAllConnections()),
    );
    await using door = new RemoteDoor(`unix:${path}`);
    expect(await door.apply({ kind: "inspect", instance: "web" })).toEqual(RECORD);
    const attached = await door.apply({ kind: "attach", instance: "web" });
    expect(await readAll(attached.stdout)).toBe("hello");
    expect(await attached.exit).toEqual({ code: 3, signal: null, status: 3 });
  });
});

describe("a server that refuses us says what to do, whatever was asked for", () => {
  const refuse: Answering = (_request, response) =>
    json(response, { code: "unauthenticated", detail: "no" }, 401, "application/problem+json");
  // prettier-ignore
  const ASKED: [string, (door: RemoteDoor) => Promise<unknown>][] = [
    ["a record",           (door) => door.apply({ kind: "inspect", instance: "web" })],
    ["a file",             (door) => door.apply({ kind: "read-file", instance: "web", path: "/a" })],
    ["an archive",         (door) => door.apply({ kind: "get-archive", instance: "web", path: "/" })],
    ["a small upload",     (door) => door.apply({ kind: "write-file", instance: "web", path: "/a", content: bytes("a") })],
    ["an upload, no end",  (door) => door.apply({ kind: "put-archive", instance: "web", path: "/", tar: endless() })],
    ["an exec",            (door) => door.apply({ kind: "exec", instance: "web", command: { args: ["true"] } })],
    ["an attachment",      (door) => door.apply({ kind: "attach", instance: "web" })],
    ["logs",               async (door) => all(await door.apply({ kind: "logs", instance: "web", query: { follow: true } }))],
    ["events",             async (door) => all(await door.apply({ kind: "events", query: { follow: true } }))],
  ];
  test.each(ASKED)("%s", async (_what, ask) => {
    const refused = expect.objectContaining({ code: "unauthenticated", message: expect.stringMatching(/ refused the token$/) });
    await expect(ask(await serve(refuse))).rejects.toEqual(refused);
    const asks = expect.objectContaining({
      code: "unauthenticated",
      message: expect.stringMatching(/ asks for a token: set WARDIAN_TOKEN or give --token-file$/),
    });
    await expect(ask(await serve(refuse, undefined, {}))).rejects.toEqual(asks);
  });
});

describe("answers that are none", () => {
  const LIES: [string, Answering][] = [
    ["another type", (_q, r) => void r.writeHead(200, { "content-type": "text/html" }).end("<html>")],
    ["cut JSON", (_q, r) => void r.writeHead(200, { "content-type": "application/json" }).end('{"id":')],
    ["another shape", (_q, r) => json(r, { id: 7 })],
    ["an unknown state", (_q, r) => json(r, { ...RECORD, state: "flying" })],
    ["a redirect", (_q, r) => void r.writeHead(302, { location: "http://127.0.0.1:1/" }).end()],
    ["an error without reason", (_q, r) => void r.writeHead(500, { "content-type": "text/plain" }).end("stack trace")],
    ["an endless error", (_q, r) => void Readable.from(endless()).pipe(r.writeHead(500, { "content-type": "application/problem+json" }))],
  ];
  test.each(LIES)("%s", async (_what, answer) => {
    const door = await serve(answer);
    await expect(door.apply({ kind: "inspect", instance: "web" })).rejects.toMatchObject({ code: "bad-answer" });
  });

  test("JSON without end is given up, and costs what the limit says", async () => {
    const before = process.memoryUsage().rss;
    const door = await serve(
      (_request, response) => void Readable.from(endless()).pipe(response.writeHead(200, { "content-type": "application/json" })),
    );
    await expect(door.apply({ kind: "inspect", instance: "web" })).rejects.toMatchObject({ code: "bad-answer" });
    expect(process.memoryUsage().rss - before).toBeLessThan(512 << 20);
  });

  test("a connection that breaks, and one that is not to be had", async () => {
    const door = await serve(
      (_request, response) => void response.writeHead(200, { "content-type": "application/json" }).write("{", () => response.destroy()),
    );
    await expect(door.apply({ kind: "inspect", instance: "web" })).rejects.toMatchObject({ code: "unreachable" });
    await using nobody = new RemoteDoor("unix:/nowhere/at/all.sock");
    await expect(nobody.apply({ kind: "inspect", instance: "web" })).rejects.toMatchObject({ code: "unreachable" });
    await expect(nobody.apply({ kind: "attach", instance: "web" })).rejects.toMatchObject({ code: "unreachable" });
  });

  test("a file that breaks off does not look whole", async () => {
    const door = await serve(
      (_request, response) =>
        void response.writeHead(200, { "content-type": "application/x-tar" }).write("abc", () => setImmediate(() => response.destroy())),
    );
    const tar = await door.apply({ kind: "get-archive", instance: "web", path: "/" });
    await expect(readAll(tar)).rejects.toMatchObject({ code: "unreachable" });
  });
});

async function* endless(): AsyncGenerator<Uint8Array> {
  const chunk = Buffer.alloc(1 << 20, 0x20);
  for (;;) yield chunk;
}
