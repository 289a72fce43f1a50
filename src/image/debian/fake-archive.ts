// For tests: a small Debian archive on loopback, signed by a throw-away key, and a way to misbehave. Depends on archive/samples.

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { createCleartextMessage, generateKey, type PrivateKey, sign } from "openpgp";
import { makeAr, makeTar, storeXz } from "../archive/samples.js";

export interface FakePackage {
  name: string;
  version: string;
  depends?: string;
  files?: Readonly<Record<string, Uint8Array | string>>;
}

/** Returns true when it has answered itself. */
export type Intercept = (path: string, request: IncomingMessage, response: ServerResponse, body: Buffer | undefined) => boolean;

export interface FakeKey {
  privateKey: PrivateKey;
  publicKey: string;
}

export async function makeKey(): Promise<FakeKey> {
  const { privateKey, publicKey } = await generateKey({ userIDs: [{ name: "Throw-away" }], type: "rsa", rsaBits: 2048, format: "object" });
  return { privateKey, publicKey: publicKey.armor() };
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

export class FakeArchive {
  readonly files = new Map<string, Buffer>();
  readonly requests: string[] = [];
  intercept: Intercept = () => false;
  readonly #key: FakeKey;
  readonly #server = createServer((request, response) => this.#answer(request, response));

  constructor(key: FakeKey) {
    this.#key = key;
  }

  get mirror(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/debian`;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Replaces everything; `fields` go into the Release file. */
  async publish(packages: readonly FakePackage[], fields: Readonly<Record<string, string>> = {}): Promise<void> {
    this.files.clear();
    const list = Buffer.from(packages.map((item) => this.#addPackage(item)).join("\n"));
    const folder = "dists/sid/main/binary-riscv64";
    const packed = storeXz(list);
    this.files.set(`${folder}/Packages.xz`, packed);
    this.files.set(`${folder}/by-hash/SHA256/${sha256(packed)}`, packed);
    const lines = [
      ["main/binary-riscv64/Packages", list],
      ["main/binary-riscv64/Packages.xz", packed],
    ] as const;
    const head = { Suite: "unstable", Codename: "sid", Date: new Date().toUTCString(), "Acquire-By-Hash": "yes", ...fields };
    const release = `${Object.entries(head)
      .map(([key, value]) => `${key}: ${value}\n`)
      .join("")}SHA256:\n${lines.map(([name, bytes]) => ` ${sha256(bytes)} ${bytes.length} ${name}\n`).join("")}`;
    const message = await createCleartextMessage({ text: release });
    this.files.set("dists/sid/InRelease", Buffer.from(await sign({ message, signingKeys: this.#key.privateKey })));
  }

  #addPackage(item: FakePackage): string {
    const tar = makeTar(Object.entries(item.files ?? {}).map(([name, data]) => ({ name: `./${name}`, data })));
    const deb = makeAr([
      ["debian-binary", "2.0\n"],
      ["control.tar.gz", gzipSync(makeTar([]))],
      ["data.tar.xz", storeXz(tar)],
    ]);
    const filename = `pool/main/${item.name}_${item.version.replace(/^\d+:/, "")}_riscv64.deb`;
    this.files.set(filename, deb);
    const depends = item.depends === undefined ? "" : `Depends: ${item.depends}\n`;
    return `Package: ${item.name}\nVersion: ${item.version}\n${depends}Description: for a test\n of many lines\nFilename: ${filename}\nSize: ${deb.length}\nSHA256: ${sha256(deb)}\n`;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURIComponent(request.url ?? "").replace(/^\/debian\//, "");
    this.requests.push(path + (request.headers.range === undefined ? "" : ` ${request.headers.range}`));
    const body = this.files.get(path);
    if (this.intercept(path, request, response, body)) return;
    if (body === undefined) {
      response.writeHead(404).end("not here");
      return;
    }
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    if (from > 0)
      response.writeHead(206, { "content-length": body.length - from, "content-range": `bytes ${from}-${body.length - 1}/${body.length}` });
    else response.writeHead(200, { "content-length": body.length });
    response.end(body.subarray(from));
  }
}
