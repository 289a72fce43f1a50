// What a web page can make a browser send to a local server, and must not get through.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { RunningServer } from "./server-running.js";
import { request, sendRaw, serveSample } from "./server-sample.js";

let server: RunningServer & { readonly port: number };
beforeAll(async () => {
  server = await serveSample({ allowedHosts: ["Wardian.Example", "other.example:81"], allowedOrigins: ["https://Friend.example"] });
});
afterAll(() => server?.close());

const get = (headers: Readonly<Record<string, string>>, path = "/v1/info") =>
  sendRaw(server.port, request(server.port, `GET ${path}`, headers));

describe("Host", () => {
  test("is one of ours", async () => {
    const { port } = server;
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `LOCALHOST:${port}`, `[::1]:${port}`, "wardian.example", "wardian.example:9", "other.example:81"])
      expect((await get({ Host: host })).status, host).toBe(200);
  }); // prettier-ignore

  test("is nobody else: names that a page's owner points at us, other ports, lists, none", async () => {
    const { port } = server;
    for (const host of ["evil.example", `evil.example:${port}`, "127.0.0.1", "127.0.0.1:1", `127.0.0.1.evil.example:${port}`, `localhost.:${port}`, "other.example", `x@127.0.0.1:${port}`, `0.0.0.0:${port}`, `127.0.0.1:${port}, evil.example`]) {
      const { status, code } = await get({ Host: host });
      expect([400, 421], host).toContain(status);
      expect(["host-not-allowed", "bad-http"], host).toContain(code);
    }
    expect(await sendRaw(port, "GET /v1/info HTTP/1.1\r\nConnection: close\r\n\r\n")).toMatchObject({ status: 400 });
    expect(await sendRaw(port, "GET /v1/info HTTP/1.0\r\n\r\n")).toMatchObject({ status: 400, code: "bad-http" });
    expect(await sendRaw(port, request(port, "GET /v1/info", { host: "evil.example" }))).toMatchObject({ status: 421 });
    expect(await sendRaw(port, request(port, "GET http://evil.example/v1/info", { Host: "evil.example" }))).toMatchObject({ status: 421 });
  }); // prettier-ignore
});

describe("Origin", () => {
  test("is our own, or an allowed one", async () => {
    const { port } = server;
    expect((await get({ Origin: `http://127.0.0.1:${port}` })).status).toBe(200);
    expect((await get({ Host: `localhost:${port}`, Origin: `http://localhost:${port}` })).status).toBe(200);
    const friend = await get({ Origin: "https://friend.example", "Sec-Fetch-Site": "cross-site" });
    expect(friend.status).toBe(200);
    expect(friend.text).toMatch(/access-control-allow-origin: https:\/\/friend\.example/i);
  });

  test("is nobody else's", async () => {
    const { port } = server;
    const origins = ["http://evil.example", "null", "", `https://127.0.0.1:${port}`, `http://localhost:${port}`, "http://127.0.0.1:1", "http://friend.example"];
    for (const origin of origins) {
      expect(await get({ Origin: origin }), origin).toMatchObject({ status: 403, code: "cross-origin" });
      expect(await get({ Origin: origin }, "/"), origin).toMatchObject({ status: 403 });
      const post = request(port, "POST /v1/instances", { Origin: origin, "Content-Type": "text/plain", "Content-Length": "2" }, "{}");
      expect(await sendRaw(port, post), origin).toMatchObject({ status: 403 });
      expect((await sendRaw(port, request(port, "OPTIONS /v1/info", { Origin: origin }))).text, origin).not.toMatch(/access-control-allow/i);
    }
  }); // prettier-ignore

  test("where it is not sent, Sec-Fetch-Site tells: images, scripts and forms of other pages", async () => {
    const site = (value: string, mode: string, path?: string) => get({ "Sec-Fetch-Site": value, "Sec-Fetch-Mode": mode }, path);
    expect((await site("same-origin", "cors")).status).toBe(200);
    expect((await site("none", "navigate")).status).toBe(200);
    for (const value of ["cross-site", "same-site", "something"]) {
      expect(await site(value, "no-cors")).toMatchObject({ status: 403, code: "cross-origin" });
      expect(await site(value, "navigate")).toMatchObject({ status: 403 });
      expect(await site(value, "no-cors", "/")).toMatchObject({ status: 403 });
      expect(await site(value, "navigate", "/"), "a link").toMatchObject({ status: 200 });
    }
  });
});

describe("WebSockets", () => {
  const upgrade = (path: string, headers: Readonly<Record<string, string>>) =>
    new Promise<string>((resolve) => {
      const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, ["wardian.v1", "bearer.secret"], { headers });
      socket.on("message", (data) => {
        resolve(`${socket.protocol} ${String(data)}`);
        socket.close();
      });
      socket.on("open", () => socket.send("who?"));
      socket.on("unexpected-response", (_request, response) => {
        let text = "";
        response.on("data", (chunk) => (text += String(chunk)));
        response.on("end", () => resolve(`${response.statusCode} ${/"code":"([a-z-]+)"/.exec(text)?.[1]}`));
      });
      socket.on("error", () => {});
    });
  const path = "/v1/instances/a/exec";

  test("open for programs and for our own page, and never echo a token", async () => {
    expect(await upgrade(path, {})).toMatch(/^wardian\.v1 .*"loopback"/);
    expect(await upgrade(path, { Origin: `http://127.0.0.1:${server.port}` })).toMatch(/^wardian\.v1 /);
  });

  test("do not open for another page, by another name, or for what is none", async () => {
    expect(await upgrade(path, { Origin: "http://evil.example" })).toBe("403 cross-origin");
    expect(await upgrade(path, { Host: `evil.example:${server.port}` })).toBe("421 host-not-allowed");
    expect(await upgrade("/v1/instances/b/exec", {}), "the API's own refusal").toBe("404 no-instance");
    expect(await upgrade("/v1/info", {}), "a route without").toBe("400 bad-upgrade");
    expect(await upgrade("/v1/events", {}), "a stream without end").toBe("400 bad-upgrade");
  });

  test("need a whole handshake", async () => {
    const { port } = server;
    const headers = { Connection: "Upgrade", Upgrade: "websocket" };
    expect(await sendRaw(port, request(port, `GET ${path}`, headers))).toMatchObject({ status: 400, code: "bad-upgrade" });
    expect(await sendRaw(port, request(port, `POST ${path}`, headers))).toMatchObject({ status: 400, code: "bad-upgrade" });
    expect(await sendRaw(port, request(port, "GET /v1/info", { Connection: "Upgrade", Upgrade: "h2c" }))).toMatchObject({ status: 400 });
    const noHost = `GET ${path} HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`;
    expect(await sendRaw(port, noHost)).toMatchObject({ status: 400, code: "host-missing" });
  });
});

test("every answer has the headers that keep browsers from harm", async () => {
  for (const path of ["/", "/v1/info", "/no/such"]) {
    const { text } = await get({}, path);
    expect(text).toMatch(/content-security-policy: default-src 'none'.*frame-ancestors 'none'/i);
    expect(text).toMatch(/x-content-type-options: nosniff/i);
    expect(text).toMatch(/cross-origin-resource-policy: same-origin/i);
    if (!path.startsWith("/v1/")) expect(text).toMatch(/referrer-policy: no-referrer/i);
    expect(text).toMatch(/cache-control: no-store/i);
    expect(text).not.toMatch(/strict-transport-security|access-control-allow-origin/i);
  }
});
