// What people are told when a server with TLS does not let us in: real servers, with certificates of the openssl command.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { RequestListener } from "node:http";
import { createServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Certificate, makeAuthority, makeCertificate } from "../api/security/tls-sample.js";
import { RemoteDoor } from "./remote-door.js";
import { json, RECORD } from "./server-sample.js";
import type { TlsOptions } from "./transport.js";

const closing: (() => unknown)[] = [];
let authority: TlsOptions;
let ours: TlsOptions;
let forged: TlsOptions;
let open = "";
let mutual = "";

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), "wardian-failure-"));
  closing.push(() => rmSync(folder, { recursive: true }));
  const [signer, stranger] = [makeAuthority(folder, "authority"), makeAuthority(folder, "stranger")];
  const ca = readFileSync(signer.certFile);
  const identity = ({ certFile, keyFile }: Certificate): TlsOptions => ({ cert: readFileSync(certFile), key: readFileSync(keyFile) });
  const own = identity(makeCertificate(folder, signer, "server", "/CN=localhost"));
  authority = { ca };
  ours = { ca, ...identity(makeCertificate(folder, signer, "alice", "/CN=alice")) };
  forged = { ca, ...identity(makeCertificate(folder, stranger, "forged", "/CN=alice")) };
  open = await listen({ ...own });
  mutual = await listen({ ...own, ca, requestCert: true, rejectUnauthorized: true });
});
afterAll(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const answer: RequestListener = (_request, response) => json(response, RECORD);

async function listen(options: ServerOptions): Promise<string> {
  const server = createServer({ ...options, minVersion: "TLSv1.3" }, answer);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  closing.push(() => new Promise((resolve) => void server.close(resolve).closeAllConnections()));
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What a request and a WebSocket are told. */
async function failuresAt(url: string, tls: TlsOptions): Promise<string[]> {
  await using door = new RemoteDoor(url, { tls });
  const told = (error: Error): string => error.message.replace(`the server at ${url} `, "");
  const asked = [door.apply({ kind: "inspect", instance: "web" }), door.apply({ kind: "attach", instance: "web" })];
  return await Promise.all(asked.map((answering) => answering.then(() => "", told)));
}

test("a certificate of an authority that nobody knows", async () => {
  const reason = "has a certificate that nobody we know has signed: give its authority's with --tls-ca";
  expect(await failuresAt(open, {})).toEqual([reason, reason]);
});

test("a server that wants a certificate of ours", async () => {
  const reason = "ended the connection; if it asks for client certificates, give --tls-cert and --tls-key";
  expect(await failuresAt(mutual, authority)).toEqual([reason, reason]);
  await using door = new RemoteDoor(mutual, { tls: ours });
  expect(await door.apply({ kind: "inspect", instance: "web" })).toEqual(RECORD);
});

test("a server that wants another one", async () => {
  const reason = "ended the connection; it may not accept our certificate";
  expect(await failuresAt(mutual, forged)).toEqual([reason, reason]);
});
