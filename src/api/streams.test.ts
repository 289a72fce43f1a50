// Streams over real HTTP: what is sent as it comes, what waits, what is left behind when one side goes away.
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { afterEach, describe, expect, test } from "vitest";
import { WardianError } from "../errors.js";
import { EVENT, from, STAT, StubDoor, StubProcess } from "./testing/stub-door.js";
import { serveStub, type Served } from "./testing/serve-stub.js";

let served: Served | undefined;
afterEach(async () => {
  await served?.close();
  served = undefined;
});

async function get(door: StubDoor, path: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  served = await serveStub(door);
  const asked = request(served.url + path, { headers });
  asked.end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  response.on("error", () => {});
  return response;
}

async function textUntil(response: IncomingMessage, part: string): Promise<string> {
  let text = "";
  for await (const chunk of response.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    text += chunk.toString();
    if (text.includes(part)) return text;
  }
  return text;
}

/** Endless, and counts what was taken; ends by its signal only. */
class Endless {
  bytes = 0;
  ended = false;
  async *chunks(signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
    try {
      while (signal?.aborted !== true) {
        this.bytes += 65_536;
        yield Buffer.alloc(65_536, "x");
        await new Promise(setImmediate);
      }
    } finally {
      this.ended = true;
    }
  }
}

const stalled = async (source: { readonly bytes: number }): Promise<void> => {
  for (let before = -1, quiet = 0; quiet < 20;) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    quiet = source.bytes === before ? quiet + 1 : 0;
    before = source.bytes;
  }
};

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};

/** Below this stays whatever a client that does not read leaves in sockets and streams. */
const BOUND_BYTES = 24 << 20;

describe("server-sent events", () => {
  test("come as they happen, with numbers to go on from", async () => {
    let tell: () => void = () => {};
    const door = new StubDoor({
      events: async function* () {
        yield EVENT;
        await new Promise<void>((resolve) => (tell = resolve));
        yield { ...EVENT, id: 8, type: "exited" } as const;
      } as never,
    });
    const response = await get(door, "/v1/events?after=2", { "Last-Event-ID": "6" });
    expect(response.headers["content-type"]).toBe("text/event-stream");
    expect(await textUntil(response, `"type":"started"`)).toBe(`retry: 2000\n\nid: 7\nevent: started\ndata: ${JSON.stringify(EVENT)}\n\n`);
    expect(door.last).toMatchObject({ query: { afterId: 6, follow: true } });
    tell();
    expect(await textUntil(response, "never")).toContain("id: 8\nevent: exited\n");
  });

  test("end when the client goes away", async () => {
    let signal: AbortSignal | undefined;
    const door = new StubDoor({
      events: async function* ({ signal: given }: { signal?: AbortSignal }) {
        signal = given;
        yield EVENT;
        await once(given as AbortSignal, "abort");
      } as never,
    });
    const response = await get(door, "/v1/events");
    await textUntil(response, "started");
    response.destroy();
    await until(() => signal?.aborted === true);
  });
});

describe("a long answer", () => {
  test.each([
    ["logs", "/v1/instances/web/logs?follow=true", {}],
    ["logs as lines", "/v1/instances/web/logs?follow=true", { Accept: "application/x-ndjson" }],
  ] as const)("%s wait for a client that does not read, and end when it is gone", async (_name, path, headers) => {
    const source = new Endless();
    const door = new StubDoor({
      logs: ({ signal }) =>
        (async function* () {
          for await (const bytes of source.chunks(signal)) yield { at: STAT.modifiedAt, stream: "stdout", bytes } as const;
        })(),
    });
    const response = await get(door, path, headers);
    await stalled(source);
    expect(source.bytes).toBeLessThan(BOUND_BYTES);
    response.destroy();
    await until(() => source.ended);
    expect(served?.unforeseen).toEqual([]);
  });

  test("an exec's output waits, and the command is killed when the client is gone", async () => {
    const source = new Endless();
    const process = new StubProcess(Readable.from(source.chunks(undefined)));
    let signal: AbortSignal | undefined;
    served = await serveStub(new StubDoor({ exec: ({ command }) => ((signal = command.signal), process) }));
    const headers = { Accept: "application/x-ndjson", "Content-Type": "application/json" };
    const asked = request(`${served.url}/v1/instances/web/exec`, { method: "POST", headers });
    asked.on("error", () => {});
    asked.end('{"args":["yes"]}');
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    response.on("error", () => {});
    await stalled(source);
    expect(source.bytes).toBeLessThan(BOUND_BYTES);
    response.destroy();
    await until(() => source.ended);
    expect(process.signals).toEqual(["SIGKILL"]);
    expect(signal?.aborted).toBe(true);
  });

  test("a command whose answer nobody waits for any more is killed", async () => {
    const process = new StubProcess();
    const door = new StubDoor({ exec: () => process });
    served = await serveStub(door);
    const asked = request(`${served.url}/v1/instances/web/exec`, { method: "POST", headers: { "Content-Type": "application/json" } });
    asked.on("error", () => {});
    asked.end('{"args":["sleep"]}');
    await until(() => door.asked.length === 1);
    asked.destroy();
    await until(() => process.signals.includes("SIGKILL"));
    expect(process.stdout.destroyed).toBe(true);
    expect(served.unforeseen).toEqual([]);
  });

  test("a file is read no faster than it is taken, and closed when nobody does", async () => {
    const source = new Endless();
    const content = Readable.from(source.chunks(undefined));
    const response = await get(new StubDoor({ "read-file": () => ({ stat: STAT, content }) }), "/v1/instances/web/files?path=/x");
    await stalled(source);
    expect(source.bytes).toBeLessThan(BOUND_BYTES);
    response.destroy();
    await until(() => source.ended && content.destroyed);
  });

  test.each([
    ["at once", 0],
    ["midway", 3],
  ])("that fails %s is broken off, and not ended", async (_name, chunks) => {
    const content = Readable.from(
      (async function* () {
        for (let at = 0; at < chunks; at += 1) {
          yield Buffer.alloc(100_000, "x");
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        throw new WardianError("file-failed", "the secret disk is broken");
      })(),
    );
    served = await serveStub(new StubDoor({ "read-file": () => ({ stat: STAT, content }) }));
    const asked = request(`${served.url}/v1/instances/web/files?path=/x`);
    asked.end();
    const received: Buffer[] = [];
    const outcome = await new Promise<string>((resolve) => {
      asked.on("error", () => resolve("broken"));
      asked.on("response", (response: IncomingMessage) => {
        response.on("data", (chunk: Buffer) => received.push(chunk));
        response.on("end", () => resolve("ended"));
        response.on("error", () => resolve("broken"));
      });
    });
    expect(outcome).toBe("broken");
    expect(Buffer.concat(received).toString()).not.toContain("secret");
  });

  test("an attachment has both outputs as they come, and leaves the program alone", async () => {
    const process = new StubProcess();
    const door = new StubDoor({ attach: () => process });
    const response = await get(door, "/v1/instances/web/attach?stdin=true");
    (process.stderr as unknown as NodeJS.WritableStream).write("warning ");
    expect(await textUntil(response, "warning ")).toBe("warning ");
    (process.stdout as unknown as NodeJS.WritableStream).write("text");
    expect(await textUntil(response, "text")).toBe("text");
    expect(door.last).toMatchObject({ stdin: false });
    response.destroy();
    await until(() => process.stdout.destroyed);
    expect(process.signals).toEqual([]);
  });
});

describe("a long body", () => {
  test("comes as fast as it is taken", async () => {
    let taken = 0;
    let go: () => void = () => {};
    const door = new StubDoor({
      "write-file": async ({ content }) => {
        await new Promise<void>((resolve) => (go = resolve));
        for await (const bytes of content) taken += bytes.length;
        return undefined;
      },
    });
    served = await serveStub(door);
    const asked = request(`${served.url}/v1/instances/web/files?path=/x`, { method: "PUT" });
    const sent = { bytes: 0 };
    const chunk = Buffer.alloc(65_536);
    const total = 64 << 20;
    const pump = (): void => {
      while (sent.bytes < total) {
        sent.bytes += chunk.length;
        if (!asked.write(chunk)) return void asked.once("drain", pump);
      }
      asked.end();
    };
    pump();
    await stalled(sent);
    expect(sent.bytes).toBeLessThan(BOUND_BYTES);
    go();
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    expect([response.statusCode, taken]).toEqual([204, total]);
  });

  test("that breaks off is an error to the engine, and to no log", async () => {
    let failure: unknown;
    const door = new StubDoor({
      "write-file": async ({ content }) => {
        try {
          for await (const _bytes of content);
        } catch (error) {
          failure = error;
          throw error;
        }
        return undefined;
      },
    });
    served = await serveStub(door);
    const asked = request(`${served.url}/v1/instances/web/files?path=/x`, { method: "PUT", headers: { "Content-Length": "1000" } });
    asked.on("error", () => {});
    asked.write("half");
    await until(() => door.asked.length === 1);
    asked.destroy();
    await until(() => failure !== undefined);
    expect(failure).toMatchObject({ code: "aborted" });
    expect(served.unforeseen).toEqual([]);
  });

  test("that nobody wants is answered before its end", async () => {
    const door = new StubDoor({ "put-archive": () => Promise.reject(new WardianError("no-file", "there is no such folder")) });
    served = await serveStub(door);
    const body = Readable.toWeb(Readable.from(new Endless().chunks(AbortSignal.timeout(1000)))) as ReadableStream;
    const outcome = await fetch(`${served.url}/v1/instances/web/archive?path=/x`, {
      method: "PUT",
      body,
      duplex: "half",
    } as RequestInit).then(
      (response) => response.status,
      () => "cut",
    );
    expect([404, "cut"]).toContain(outcome);
  });
});

test("iterables that are over are over for the client", async () => {
  const response = await get(new StubDoor({ events: () => from(EVENT) }), "/v1/events");
  expect(await textUntil(response, "never")).toContain("id: 7");
});
