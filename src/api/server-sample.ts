// A server for tests of what stands before the API: the real guard and listeners around a handful of routes, and raw connections
// to it. May depend on hono, ws and the files beside it.
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { upgradeWebSocket } from "@hono/node-server";
import { Hono, type MiddlewareHandler } from "hono";
import type { GuardEnv } from "./security/connection.js";
import type { FetchApp } from "./server-listener.js";
import { type RunningServer, serveApp, type ServeOptions } from "./server-running.js";

export interface Seen {
  /** Requests that lasted and were told that their client is gone. */
  aborted: number;
  open: number;
}

const FOR_EVER_CHUNK = new Uint8Array(1 << 16);

function sampleApp(security: readonly MiddlewareHandler[], seen: Seen): FetchApp {
  const app = new Hono<GuardEnv>();
  app.use("*", ...security);
  app.onError((_error, c) => c.text("failed", 500));
  app.get("/", (c) => c.text("page"));
  app.get("/v1/info", (c) => c.json(c.get("caller")));
  app.post("/v1/instances", async (c) => c.json({ bytes: (await c.req.arrayBuffer()).byteLength }));
  app.put("/v1/instances/a/files", async (c) => {
    let bytes = 0;
    for await (const chunk of c.req.raw.body ?? []) bytes += (chunk as Uint8Array).length;
    return c.json({ bytes });
  });
  app.put("/v1/instances/slow/files", async (c) => {
    await sleep(2500);
    return c.json({ bytes: (await c.req.arrayBuffer()).byteLength });
  });
  app.get("/v1/events", (c) => {
    seen.open += 1;
    c.req.raw.signal.addEventListener("abort", () => {
      seen.aborted += 1;
      seen.open -= 1;
    });
    return c.body(new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode(": hello\n\n")) }));
  });
  app.get("/v1/flood/logs", (c) => c.body(new ReadableStream({ pull: (controller) => controller.enqueue(FOR_EVER_CHUNK) })));
  app.get(
    "/v1/instances/a/exec",
    upgradeWebSocket((c) => ({ onMessage: (_event, socket) => socket.send(JSON.stringify(c.get("caller"))) })),
  );
  app.get("/v1/instances/b/exec", (c) => c.json({ code: "no-instance" }, 404));
  return (request, env) => app.fetch(request, env);
}

/** On a free port unless `options` say otherwise. */
export async function serveSample(
  options: Partial<ServeOptions> = {},
): Promise<RunningServer & { readonly seen: Seen; readonly port: number }> {
  const seen: Seen = { aborted: 0, open: 0 };
  const server = await serveApp((security) => sampleApp(security, seen), { listen: ["127.0.0.1:0"], ...options });
  const [address = ""] = server.addresses;
  const port = address.startsWith("unix:") ? 0 : Number(new URL(address).port);
  return Object.assign(server, { seen, port });
}

export interface RawAnswer {
  readonly status: number;
  readonly text: string;
  /** Of a problem. */
  readonly code: string | undefined;
}

/** Sends bytes as they are, and gives all that came until the connection ended (the server's end of it, or `untilBytes`). */
export function sendRaw(target: number | string, bytes: string | Uint8Array, feed?: (socket: Socket) => void): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const socket = typeof target === "number" ? connect(target, "127.0.0.1") : connect(target);
    let text = "";
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      text += chunk;
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(readAnswer(text)));
    socket.write(bytes);
    feed?.(socket);
  });
}

function readAnswer(text: string): RawAnswer {
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text, code: /"code":"([a-z-]+)"/.exec(text)?.[1] };
}

/** A request that ends its connection. */
export function request(port: number, line: string, headers: Readonly<Record<string, string>> = {}, body = ""): string {
  const all = { Host: `127.0.0.1:${port}`, Connection: "close", ...headers };
  return `${line} HTTP/1.1\r\n${Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`; // prettier-ignore
}
