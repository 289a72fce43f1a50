// What lasts, against a server that does what the test says: events and logs that are followed, and programs behind WebSockets.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { RemoteDoor } from "./remote-door.js";
import { all, type Answering, closeAll, json, opened, readAll, RECORD, serve } from "./server-sample.js";

afterEach(closeAll);

describe("what follows", () => {
  const event = (id: number) => ({
    id,
    at: "2026-11-23T10:00:00.000Z",
    type: "started",
    namespace: "default",
    instance: RECORD.id,
    name: "n",
    detail: {},
  });

  test("events go on after the last one when the connection was lost", async () => {
    const asked: (string | undefined)[] = [];
    const door = await serve((request, response) => {
      asked.push(request.headers["last-event-id"] as string | undefined);
      response.writeHead(200, { "content-type": "text/event-stream" });
      const first = asked.length === 1 ? 5 : 7;
      for (const id of [first, first + 1]) response.write(`id: ${id}\nevent: started\ndata: ${JSON.stringify(event(id))}\n\n`);
      if (asked.length < 3) setTimeout(() => response.destroy(), 20);
    });
    const abort = new AbortController();
    const ids: number[] = [];
    for await (const { id } of await door.apply({ kind: "events", query: { follow: true, afterId: 4 }, signal: abort.signal })) {
      ids.push(id);
      if (ids.length === 4) abort.abort();
    }
    expect(ids).toEqual([5, 6, 7, 8]);
    expect(asked.slice(0, 2)).toEqual(["4", "6"]);
  });

  test("a server that stays away is given up", { timeout: 30_000 }, async () => {
    const door = await serve((_request, response) => void response.destroy());
    const events = await door.apply({ kind: "events", query: { follow: true } });
    await expect(all(events)).rejects.toMatchObject({ code: "unreachable" });
  });

  test("kept events come page by page, in order", async () => {
    const door = await serve((request, response) => {
      const after = Number(new URL(request.url ?? "", "http://x").searchParams.get("after"));
      json(response, { events: after < 4 ? [event(after + 1), event(after + 2)] : [] });
    });
    const events = await all(await door.apply({ kind: "events", query: { instance: "web" } }));
    expect(events.map(({ id }) => id)).toEqual([1, 2, 3, 4]);
  });

  test("events that go round in circles are refused", async () => {
    const door = await serve((_request, response) => json(response, { events: [event(1)] }));
    await expect(all(await door.apply({ kind: "events" }))).rejects.toMatchObject({ code: "bad-answer" });
  });

  test("logs go on without loss and without repetition", async () => {
    const entries = [10, 10, 11, 11, 12].map((ms, i) => ({
      at: `2026-11-23T10:00:00.0${ms}Z`,
      stream: "stdout",
      data: `${i}`,
      encoding: "utf8",
    }));
    const asked: string[] = [];
    const door = await serve((request, response) => {
      const { searchParams } = new URL(request.url ?? "", "http://x");
      asked.push(searchParams.get("since") ?? "");
      response.writeHead(200, { "content-type": "application/x-ndjson" });
      const sinceMs = Number(searchParams.get("since") ?? 0);
      const shown = entries.filter(({ at }) => Date.parse(at) >= sinceMs);
      const isLast = asked.length > 2;
      for (const entry of isLast ? shown : shown.slice(0, asked.length === 1 ? 3 : 2)) response.write(`${JSON.stringify(entry)}\n`);
      if (isLast) response.end();
      else setTimeout(() => response.destroy(), 20);
    });
    const said = await all(await door.apply({ kind: "logs", instance: "web", query: { follow: true, tail: 5 } }));
    expect(said.map(({ bytes: data }) => Buffer.from(data).toString())).toEqual(["0", "1", "2", "3", "4"]);
    expect(asked[1]).toBe(String(Date.parse(entries[2]?.at ?? "")));
  });
});

describe("programs", () => {
  const refuse: Answering = (_request, response) => void response.writeHead(404).end();

  test("have streams in both directions, signals, a size, and an end", async () => {
    const heard: unknown[] = [];
    const door = await serve(refuse, (socket, request) => {
      expect(request.url).toBe("/v1/instances/web/exec");
      socket.on("message", (data: Buffer, isBinary) => {
        heard.push(isBinary ? data.toString("latin1") : JSON.parse(data.toString()));
        if (heard.length === 1) socket.send('{"type":"started"}');
        if (heard.length === 5) {
          socket.send(Buffer.from("\x01out"));
          socket.send(Buffer.from("\x02err"));
          for (const message of [
            { type: "eof", stream: 1 },
            { type: "eof", stream: 2 },
            { type: "exit", status: 143, signal: "SIGTERM" },
          ])
            socket.send(JSON.stringify(message));
          socket.close(1000);
        }
      });
    });
    const command = await door.apply({ kind: "exec", instance: "web", command: { args: ["cat"], stdin: true, endAtExit: true } });
    command.resize(80, 24);
    command.kill(15);
    command.stdin.end("typed");
    expect(await Promise.all([readAll(command.stdout), readAll(command.stderr), command.exit])).toEqual([
      "out",
      "err",
      { code: null, signal: "SIGTERM", status: 143 },
    ]);
    expect(heard).toEqual([
      { type: "exec", command: { args: ["cat"], stdin: true, endAtExit: true } },
      { type: "resize", cols: 80, rows: 24 },
      { type: "signal", signal: "SIGTERM" },
      "\0typed",
      { type: "eof" },
    ]);
  });

  test("that are refused say why, before and after the handshake", async () => {
    const early = await serve(
      (_request, response) => void response.writeHead(404).end(),
      (socket) => socket.send('{"type":"error","code":"no-agent","message":"it is bare"}', () => socket.close(1008)),
    );
    await expect(early.apply({ kind: "exec", instance: "web", command: { args: ["a"] } })).rejects.toMatchObject({
      code: "no-agent",
      message: "it is bare",
    });
    const server = createServer();
    server.on("upgrade", (_request, socket) => {
      const body = JSON.stringify({ code: "not-running", detail: "it is off" });
      socket.end(
        `HTTP/1.1 409 Conflict\r\ncontent-type: application/problem+json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
      );
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    opened.push(() => new Promise((resolve) => void server.close(resolve).closeAllConnections()));
    await using door = new RemoteDoor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await expect(door.apply({ kind: "attach", instance: "web" })).rejects.toMatchObject({ code: "not-running", message: "it is off" });
  });

  test.each([
    ["bytes of no stream", Buffer.from("\x07x")],
    ["an empty message", Buffer.alloc(0)],
    ["text that is no JSON", "hello"],
    ["a message of no type", '{"type":"dance"}'],
    ["JSON that is no object", "null"],
    ["an exit without a status", '{"type":"exit"}'],
    ["a status that would look like success", '{"type":"exit","status":256,"signal":null}'],
    ["a message beyond the limit", Buffer.alloc(3 << 20, 1)],
  ])("%s ends them with an error", async (_what, message) => {
    const door = await serve(refuse, (socket) => {
      socket.send('{"type":"started"}');
      socket.send(message);
    });
    const attached = await door.apply({ kind: "attach", instance: "web" });
    await expect(attached.exit).rejects.toMatchObject({ code: expect.stringMatching(/^(bad-answer|connection-lost)$/) });
    await expect(readAll(attached.stdout)).rejects.toThrow();
  });

  test("output that nobody reads stops the server, and goes on when it is read", async () => {
    const chunk = Buffer.alloc(1 + (64 << 10), "\x01");
    let sentBytes = 0;
    let isOver = false;
    const door = await serve(refuse, (socket) => {
      socket.send('{"type":"started"}');
      const flood = (): void => {
        if (isOver || socket.readyState !== socket.OPEN) return;
        if (sentBytes >= 64 << 20) return void socket.send('{"type":"exit","status":0,"signal":null}', () => socket.close());
        sentBytes += chunk.length - 1;
        socket.send(chunk, () => setImmediate(flood));
      };
      flood();
    });
    const attached = await door.apply({ kind: "attach", instance: "web" });
    // Until nothing moves any more.
    for (let before = -1; before !== sentBytes;) {
      before = sentBytes;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(sentBytes).toBeLessThan(16 << 20);
    let readBytes = 0;
    for await (const data of attached.stdout as AsyncIterable<Buffer>) readBytes += data.length;
    isOver = true;
    expect(readBytes).toBe(64 << 20);
    expect((await attached.exit).status).toBe(0);
  });

  test("input waits for a server that does not read", async () => {
    let resume = (): void => {};
    let receivedBytes = 0;
    const door = await serve(refuse, (socket) => {
      socket.send('{"type":"started"}');
      socket.pause();
      resume = () => socket.resume();
      socket.on("message", (data: Buffer, isBinary) => {
        if (isBinary) receivedBytes += data.length - 1;
        else if (data.includes("eof")) socket.send('{"type":"exit","status":0,"signal":null}', () => socket.close());
      });
    });
    const attached = await door.apply({ kind: "attach", instance: "web", stdin: true });
    let writtenBytes = 0;
    const chunk = Buffer.alloc(256 << 10);
    while (attached.stdin.write(chunk, () => (writtenBytes += chunk.length))) if (writtenBytes > 64 << 20) break;
    for (let i = 0; i < 100; i++) attached.stdin.write(chunk);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(writtenBytes).toBeLessThan(16 << 20);
    attached.stdin.end();
    resume();
    expect((await attached.exit).status).toBe(0);
    expect(receivedBytes % chunk.length).toBe(0);
    expect(receivedBytes).toBeGreaterThan(100 * chunk.length);
  });

  test("an attachment that is given up leaves the program's input open", async () => {
    const heard: string[] = [];
    let closed = (): void => {};
    const gone = new Promise<void>((resolve) => (closed = resolve));
    const door = await serve(refuse, (socket) => {
      socket.send('{"type":"started"}');
      socket.on("message", (data: Buffer) => void heard.push(data.toString()));
      socket.on("close", closed);
    });
    const abort = new AbortController();
    const attached = await door.apply({ kind: "attach", instance: "web", stdin: true, signal: abort.signal });
    abort.abort();
    await expect(attached.exit).rejects.toMatchObject({ code: "aborted" });
    await gone;
    expect(heard).toEqual([]);
  });

  test("what is not wanted any more is told once, and the rest goes on", async () => {
    const heard: unknown[] = [];
    const door = await serve(refuse, (socket) => {
      socket.send('{"type":"started"}');
      socket.on("message", (data: Buffer) => {
        heard.push(JSON.parse(data.toString()));
        socket.send(Buffer.from("\x01late"));
        socket.send(Buffer.from("\x02more"));
        socket.send('{"type":"exit","status":0,"signal":null}', () => socket.close());
      });
    });
    const attached = await door.apply({ kind: "attach", instance: "web" });
    attached.stdout.destroy();
    expect(await readAll(attached.stderr)).toBe("more");
    expect(heard).toEqual([{ type: "close", stream: 1 }]);
  });
});
