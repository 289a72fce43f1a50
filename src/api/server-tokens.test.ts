// Tokens at a running server: who gets in, and for how long.
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WebSocket } from "ws";
import { updateTokenFile } from "./security/token-file.js";
import { makeToken } from "./security/token.js";
import { request, sendRaw, serveSample } from "./server-sample.js";
import type { ServeOptions } from "./server-running.js";

let folder = "";
let tokenFile = "";
let token = "";
const notes: string[] = [];
let server: Awaited<ReturnType<typeof serveSample>> | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "wardian-server-tokens-"));
  tokenFile = join(folder, "tokens.json");
  const made = makeToken({ name: "alice", scope: "operate", namespace: "team", quotas: { running: 1 } });
  updateTokenFile(tokenFile, () => [made.record]);
  token = made.token;
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  notes.length = 0;
  rmSync(folder, { recursive: true, force: true });
});

async function serve(options: Partial<ServeOptions> = {}): Promise<number> {
  server = await serveSample({ tokenFile, onNote: (text) => void notes.push(text), ...options });
  return server.port;
}
const get = (port: number | string, headers: Readonly<Record<string, string>>, path = "/v1/info") =>
  sendRaw(port, request(typeof port === "number" ? port : 0, `GET ${path}`, headers));
const bearer = () => ({ Authorization: `Bearer ${token}` });

test("a token makes a caller; without one only pages that say nothing are shown", async () => {
  const port = await serve();
  const answer = await get(port, bearer());
  expect(answer.status).toBe(200);
  expect(answer.text).toContain('{"name":"alice","scope":"operate","namespace":"team","quotas":{"running":1},"hostPaths":false}');
  expect((await get(port, {}, "/")).status).toBe(200);
  for (const path of ["/v1/info", "/metrics", "/v1", "/no/such", "//", "/%76%31/info", "/web/../v1/info", "/docs/../v1/info", "/docs/..%2fv1/info", "/V1/info", "/v1/info?/web/"])
    expect((await get(port, {}, path)).status, path).not.toBe(200);
  const refused = await get(port, { Authorization: "Bearer wdn_0000000000000000_nothing" });
  expect(refused).toMatchObject({ status: 401, code: "unauthenticated" });
  expect(refused.text).toMatch(/www-authenticate: Bearer/i);
  expect((await get(port, {}, `/v1/info?token=${token}&access_token=${token}`)).status).toBe(401);
  expect((await sendRaw(port, request(port, "POST /", {}))).status, "public for reading only").toBe(401);
}); // prettier-ignore

test("failures of one address are told to slow down; a valid token passes all the same", async () => {
  const port = await serve({ limits: { failuresPerSecond: 0.001, failuresBurst: 3 } });
  const statuses = [];
  for (let n = 0; n < 5; n += 1) statuses.push((await get(port, { Authorization: "Bearer nothing" })).status);
  expect(statuses).toEqual([401, 401, 401, 429, 429]);
  expect((await get(port, bearer())).status).toBe(200);
});

test("a browser's WebSocket shows it as a subprotocol", async () => {
  const port = await serve();
  const url = `ws://127.0.0.1:${port}/v1/instances/a/exec`;
  const socket = new WebSocket(url, ["wardian.v1", `bearer.${token}`]);
  socket.on("open", () => socket.send("who?"));
  expect(String((await once(socket, "message"))[0])).toContain('"alice"');
  expect(socket.protocol).toBe("wardian.v1");
  socket.close();
  const only = new WebSocket(url, [`bearer.${token}`]);
  only.on("error", () => {});
  const opened = await new Promise((resolve) => only.once("open", () => resolve("open")).once("error", ({ message }) => resolve(message)));
  expect([opened, only.protocol], "never sent back").toEqual(["Server sent no subprotocol", ""]);
  only.terminate();
  const none = new WebSocket(url, ["wardian.v1"]);
  none.on("error", () => {});
  expect((await once(none, "unexpected-response"))[1].statusCode).toBe(401);
  none.terminate();
});

test("a revoked token's streams end, and it opens nothing more", async () => {
  const port = await serve();
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/instances/a/exec`, ["wardian.v1", `bearer.${token}`]);
  await once(socket, "open");
  const stream = get(port, bearer(), "/v1/events");
  const closed = once(socket, "close");
  updateTokenFile(tokenFile, () => []);
  await Promise.all([closed, stream]);
  expect((await get(port, bearer())).status).toBe(401);
  expect(notes).toContain("the token file has changed: 0 tokens");
});

test("a unix socket asks for tokens, too, where they are; the local socket does not", async () => {
  const path = join(folder, "s");
  const localSocket = join(folder, "local");
  await serve({ listen: [`unix:${path}`], localSocket });
  expect((await get(path, {})).status).toBe(401);
  expect((await get(path, bearer())).text).toContain('"alice"');
  expect((await get(localSocket, {})).text).toContain('"local"');
});

test("tokens open other addresses, with a word about encryption", async () => {
  const port = await serve({ listen: ["0.0.0.0:0"] });
  expect((await get(port, bearer())).status).toBe(200);
  expect(notes.join()).toMatch(/unencrypted/);
});

test("the access log names callers, and holds no query", async () => {
  const lines: unknown[] = [];
  const port = await serve({ onAccess: (entry) => void lines.push(entry) });
  await get(port, bearer(), `/v1/info?secret=${token}`);
  await get(port, {});
  expect(lines).toEqual([
    expect.objectContaining({ method: "GET", path: "/v1/info", status: 200, caller: "alice", address: "127.0.0.1" }),
    expect.objectContaining({ path: "/v1/info", status: 401, caller: undefined }),
  ]);
});
