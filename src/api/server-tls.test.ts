// TLS 1.3 and client certificates, with certificates of the openssl command.
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get, type RequestOptions } from "node:https";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type ConnectionOptions } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callerOfCertificate } from "./security/client-certificate.js";
import { type Certificate, makeAuthority, makeCertificate } from "./security/tls-sample.js";
import { serveSample } from "./server-sample.js";

let folder = "";
let authority: Certificate;
let stranger: Certificate;
let own: Certificate;
let alice: Certificate;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "wardian-tls-"));
  authority = makeAuthority(folder, "authority");
  stranger = makeAuthority(folder, "stranger");
  own = makeCertificate(folder, authority, "server", "/CN=localhost");
  alice = makeCertificate(folder, authority, "alice", "/O=team/OU=read/CN=alice");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly hsts: string | undefined;
}

function ask(port: number, client?: Certificate, options: RequestOptions = {}): Promise<Answer> {
  const identity = client === undefined ? {} : { cert: readFileSync(client.certFile), key: readFileSync(client.keyFile) };
  return new Promise((resolve, reject) => {
    const all = { host: "127.0.0.1", port, path: "/v1/info", agent: false as const, ca: readFileSync(authority.certFile), ...identity, ...options };
    get(all, (response) => {
      let body = "";
      response.on("data", (chunk) => (body += String(chunk)));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body, hsts: response.headers["strict-transport-security"] }));
    }).on("error", reject);
  });
} // prettier-ignore

/** The negotiated version, or the error's code. */
async function versionOf(port: number, options: ConnectionOptions): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, ca: readFileSync(authority.certFile), ...options });
  try {
    await once(socket, "secureConnect");
    return socket.getProtocol() ?? "none";
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  } finally {
    socket.destroy();
  }
}

describe("TLS", () => {
  test("is 1.3, and nothing older", async () => {
    const server = await serveSample({ tls: own });
    expect(server.addresses[0]).toBe(`https://127.0.0.1:${server.port}`);
    expect(await versionOf(server.port, {})).toBe("TLSv1.3");
    for (const maxVersion of ["TLSv1.2", "TLSv1.1"] as const)
      expect(await versionOf(server.port, { minVersion: "TLSv1", maxVersion }), maxVersion).toMatch(/PROTOCOL_VERSION|ECONNRESET|NO_PROTOCOLS|UNSUPPORTED/);
    const answer = await ask(server.port);
    expect(answer).toMatchObject({ status: 200, hsts: undefined });
    expect((await ask(server.port, undefined, { headers: { Origin: `https://127.0.0.1:${server.port}` } })).status).toBe(200);
    expect((await ask(server.port, undefined, { headers: { Origin: `http://127.0.0.1:${server.port}` } })).status).toBe(403);
    await server.close();
  }); // prettier-ignore

  test("a client that speaks none, or never finishes, is let go", async () => {
    const server = await serveSample({ tls: own, limits: { handshakeMs: 200 } });
    for (const bytes of ["GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01"]) {
      const socket = connectTcp(server.port, "127.0.0.1");
      socket.on("error", () => {});
      socket.write(bytes);
      socket.resume();
      await once(socket, "close");
    }
    expect((await ask(server.port)).status).toBe(200);
    await server.close();
  });

  test("an upload that stops is cut there as well", async () => {
    const server = await serveSample({ tls: own, limits: { bodyIdleMs: 300 } });
    const socket = connect({ host: "127.0.0.1", port: server.port, ca: readFileSync(authority.certFile) });
    await once(socket, "secureConnect");
    socket.write(`PUT /v1/instances/a/files HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nContent-Length: 9\r\n\r\nab`);
    expect(String((await once(socket, "data"))[0])).toContain("408");
    await server.close();
  });

  test("connections are counted while they are there, and closing cuts what is left", async () => {
    const server = await serveSample({ tls: own, limits: { connectionsPerAddress: 2, closeMs: 200 } });
    for (let n = 0; n < 8; n += 1) expect((await ask(server.port)).status).toBe(200);
    const socket = connect({ host: "127.0.0.1", port: server.port, ca: readFileSync(authority.certFile) });
    socket.on("error", () => {});
    await once(socket, "secureConnect");
    socket.write(`PUT /v1/instances/a/files HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nContent-Length: 9\r\n\r\nab`);
    const closed = once(socket.resume(), "close");
    const sinceMs = performance.now();
    await server.close();
    await closed;
    expect(performance.now() - sinceMs).toBeLessThan(2000);
  });

  test("files that are none are told in one line", async () => {
    const empty = join(folder, "empty");
    writeFileSync(empty, "");
    for (const tls of [
      { ...own, certFile: "/no/such" },
      { ...own, keyFile: stranger.keyFile },
      { ...own, certFile: empty },
      { ...own, clientCaFile: empty },
      { ...own, clientCaFile: own.keyFile },
    ])
      await expect(serveSample({ tls })).rejects.toMatchObject({ code: "bad-tls", message: expect.stringMatching(/^[^\n]+$/) });
  });
});

describe("client certificates", () => {
  const serveMutual = () => serveSample({ listen: ["0.0.0.0:0"], tls: { ...own, clientCaFile: authority.certFile } });

  test("say who it is", async () => {
    const server = await serveMutual();
    const answer = await ask(server.port, alice);
    expect(JSON.parse(answer.body)).toEqual({ name: "alice", scope: "read", namespace: "team", quotas: {}, hostPaths: false });
    expect(answer.hsts).toMatch(/max-age/);
    expect(await ask(server.port, makeCertificate(folder, authority, "nobody", "/O=team/OU=root/CN=x"))).toMatchObject({ status: 403 });
    await server.close();
  });

  test("of nobody, of another authority, of another's key, or run out: not even a request", async () => {
    const server = await serveMutual();
    const forged = makeCertificate(folder, stranger, "forged", "/O=team/OU=admin/CN=alice");
    await expect(ask(server.port)).rejects.toThrow();
    await expect(ask(server.port, forged)).rejects.toThrow();
    await expect(ask(server.port, makeCertificate(folder, authority, "old", "/CN=old", -1))).rejects.toThrow();
    expect((await ask(server.port, alice)).status).toBe(200);
    await server.close();
  });

  test("are read strictly", () => {
    const subject = (fields: Record<string, unknown>) => callerOfCertificate(fields as never);
    expect(subject({ CN: "a" })).toEqual({ name: "a", scope: "operate", namespace: "default", quotas: {}, hostPaths: false });
    expect(subject({ CN: "a", OU: "admin" })).toMatchObject({ scope: "admin", namespace: "*" });
    for (const fields of [{}, { CN: "" }, { CN: ["a", "b"] }, { CN: "a\nOU=admin" }, { CN: "a", OU: "root" }, { CN: "a", OU: ["read", "admin"] }, { CN: "a", O: "*" }, { CN: "a", O: "a/b" }, { CN: "a", O: ["x", "y"] }])
      expect(subject(fields), JSON.stringify(fields)).toBeTypeOf("string");
    expect(callerOfCertificate(undefined)).toBeTypeOf("string");
  }); // prettier-ignore
});
