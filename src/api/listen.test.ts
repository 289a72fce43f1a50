// Where a server may listen, and what it leaves behind there.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { assertSecure, resolveListen } from "./listen-address.js";
import { request, sendRaw, serveSample } from "./server-sample.js";
import { tlsFilesOf } from "./server-running.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "wardian-listen-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const path = (name: string): string => join(folder, name);
const callerAt = async (socket: string): Promise<unknown> => {
  const { text } = await sendRaw(socket, request(0, "GET /v1/info"));
  return JSON.parse(text.slice(text.indexOf("\r\n\r\n") + 4));
};

test("addresses are read as people write them", async () => {
  expect(await resolveListen("7070")).toMatchObject({ address: "127.0.0.1", port: 7070, isLoopback: true });
  expect(await resolveListen("[::1]:1")).toMatchObject({ address: "::1", isLoopback: true });
  expect(await resolveListen("localhost:1")).toMatchObject({ host: "localhost", isLoopback: true });
  expect(await resolveListen("0.0.0.0:1")).toMatchObject({ isLoopback: false });
  expect(await resolveListen("unix:/a/../b")).toEqual({ kind: "unix", path: "/b" });
  for (const bad of ["", ":1", "a:b", "127.0.0.1", "127.0.0.1:65536", "::1:1", "[::1]", "http://127.0.0.1:1", "unix:", "unix:\0", `unix:/${"a".repeat(120)}`, "[nothing]:1", "no.such.host.invalid:1"])
    await expect(resolveListen(bad), bad).rejects.toMatchObject({ code: "bad-listen" });
}); // prettier-ignore

test("without authentication nobody else can reach it", async () => {
  for (const listen of ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[::ffff:192.0.2.1]:0"])
    await expect(serveSample({ listen: ["127.0.0.1:0", listen] }), listen).rejects.toMatchObject({ code: "insecure-listen" });
  const all = await Promise.all(["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "unix:/a"].map(resolveListen));
  expect(() => assertSecure(all, false)).not.toThrow();
  expect(() => tlsFilesOf("a", undefined, undefined)).toThrow(/go together/);
  expect(() => tlsFilesOf(undefined, undefined, "ca")).toThrow(/go together/);
});

test("a unix socket is its owner's alone, who may do everything", async () => {
  const socket = path("private.sock");
  const server = await serveSample({ listen: [`unix:${socket}`] });
  expect(server.addresses).toEqual([`unix:${socket}`]);
  expect(statSync(socket).mode & 0o777).toBe(0o600);
  expect(await callerAt(socket)).toMatchObject({ name: "local", scope: "admin", hostPaths: true });
  expect(await sendRaw(socket, request(0, "GET /v1/info", { Host: "any", Origin: "http://any" })), "a proxy's clients").toMatchObject({
    code: "cross-origin",
  });
  await expect(serveSample({ listen: [`unix:${socket}`] })).rejects.toMatchObject({ code: "address-in-use" });
  expect(await callerAt(socket), "the first one goes on").toMatchObject({ name: "local" });
  await server.close();
  expect(existsSync(socket)).toBe(false);
});

test("loopback is an admin without the host's paths; the local socket is beside it", async () => {
  const localSocket = path("owner.sock");
  const server = await serveSample({ localSocket });
  expect(server.addresses).toHaveLength(1);
  const { text } = await sendRaw(server.port, request(server.port, "GET /v1/info"));
  expect(text).toContain('"name":"loopback","scope":"admin","namespace":"*","quotas":{},"hostPaths":false');
  expect(await callerAt(localSocket)).toMatchObject({ name: "local" });
  await server.close();
});

test("what a dead process left is replaced, and nothing else", async () => {
  const socket = path("stale.sock");
  const script = `require("net").createServer().listen(${JSON.stringify(socket)}, () => process.kill(process.pid, "SIGKILL"))`;
  await once(spawn(process.execPath, ["-e", script]), "exit");
  expect(statSync(socket).isSocket()).toBe(true);
  const server = await serveSample({ listen: [`unix:${socket}`] });
  expect(await callerAt(socket)).toMatchObject({ name: "local" });
  await server.close();
  writeFileSync(path("file"), "precious");
  await expect(serveSample({ listen: [`unix:${path("file")}`] })).rejects.toMatchObject({ code: "listen-failed" });
  expect(statSync(path("file")).size).toBe(8);
  await expect(serveSample({ listen: [`unix:${path("no/such/folder")}`] })).rejects.toMatchObject({ code: "listen-failed" });
});

test("a port in use is told, and what was opened before is closed again", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const taken = other.address();
  const port = typeof taken === "object" && taken !== null ? taken.port : 0;
  const first = path("first.sock");
  await expect(serveSample({ listen: [`unix:${first}`, `127.0.0.1:${port}`] })).rejects.toMatchObject({ code: "address-in-use" });
  expect(existsSync(first)).toBe(false);
  other.close();
});
