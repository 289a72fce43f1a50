// Bytes that nobody would send on purpose: whatever comes, the server answers with less than 500 or cuts the connection, and lives on.
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunningServer } from "./server-running.js";
import { request, sendRaw, serveSample } from "./server-sample.js";

let server: RunningServer & { readonly port: number };
beforeAll(async () => {
  server = await serveSample({ limits: { headersMs: 2000, bodyIdleMs: 500 } });
});
afterAll(() => server?.close());

const RUNS = 500;

async function survives(bytes: Uint8Array | string): Promise<void> {
  const { status } = await sendRaw(server.port, bytes, (socket) => socket.end());
  expect(status, JSON.stringify(Buffer.from(bytes).toString("latin1"))).toBeLessThan(500);
}

test("requests with a few bytes changed, taken out, or cut short", async () => {
  const base = [
    () => request(server.port, "GET /v1/info", { Origin: `http://127.0.0.1:${server.port}` }),
    () => request(server.port, "POST /v1/instances", { "Content-Length": "5", "Content-Type": "application/json" }, "{}\r\n."),
    () => request(server.port, "PUT /v1/instances/a/files", { "Transfer-Encoding": "chunked" }, "3\r\nabc\r\n0\r\n\r\n"),
    () => request(server.port, "GET /v1/instances/a/exec", { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==" }, "\x81\x05hello\x88\x00"),
  ]; // prettier-ignore
  const change = fc.record({ at: fc.nat(400), kind: fc.constantFrom("set", "delete", "cut", "repeat"), byte: fc.nat(255) });
  await fc.assert(
    fc.asyncProperty(fc.nat(base.length - 1), fc.array(change, { minLength: 1, maxLength: 4 }), async (which, changes) => {
      let bytes = [...Buffer.from(base[which]?.() ?? "", "latin1")];
      for (const { at, byte, kind } of changes) {
        const index = at % Math.max(1, bytes.length);
        if (kind === "set") bytes[index] = byte;
        else if (kind === "delete") bytes.splice(index, 1);
        else if (kind === "cut") bytes = bytes.slice(0, index);
        else bytes.splice(index, 0, ...bytes.slice(0, byte));
      }
      await survives(Uint8Array.from(bytes));
    }),
    { numRuns: RUNS, seed: 7 },
  );
}, 120_000);

test("headers that browsers and proxies send, with any value", async () => {
  const name = fc.constantFrom("Host", "Origin", "Authorization", "Sec-Fetch-Site", "Sec-WebSocket-Protocol", "Content-Length", "Transfer-Encoding", "Expect", "Upgrade", "Connection", "Content-Type", "Accept"); // prettier-ignore
  const value = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: "binary", maxLength: 20 }), fc.constantFrom("", "null", "0", "-1", "chunked", "close", "Bearer ", "[::]:1", "a@b", "\x00")); // prettier-ignore
  await fc.assert(
    fc.asyncProperty(fc.webPath(), fc.dictionary(name, value, { maxKeys: 5 }), async (path, headers) => {
      await survives(Buffer.from(request(server.port, `GET ${path === "" ? "/" : path}`, headers), "latin1"));
    }),
    { numRuns: RUNS, seed: 8 },
  );
  expect((await sendRaw(server.port, request(server.port, "GET /v1/info"))).status).toBe(200);
}, 120_000);
