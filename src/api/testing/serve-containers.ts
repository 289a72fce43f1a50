// Programs behind the real API: an engine with a folder of images, a server on TCP and one on a socket of the user's own, and both of
// the clients that we have.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type WardianClient } from "../../client/client.js";
import { RemoteDoor } from "../../client/remote-door.js";
import { Engine } from "../../engine/engine.js";
import type { InstanceRecord } from "../../instance/record.js";
import type { InstanceRequest } from "../../instance/spec.js";
import { updateTokenFile } from "../security/token-file.js";
import { makeToken } from "../security/token.js";
import { startServer } from "../server.js";
import type { RunningServer } from "../server-running.js";

export type TokenWish = Parameters<typeof makeToken>[0];

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly bytes: Buffer;
  /** JSON, or text. Untyped: tests say what they expect of it. */
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

export class ContainerServer implements AsyncDisposable {
  readonly url: string;
  /** Of whoever can reach the port: hono's own client, and ours. */
  readonly client: WardianClient;
  readonly door: RemoteDoor;
  /** Of the user whose server it is. */
  readonly local: RemoteDoor;
  #images = 0;

  private constructor(
    readonly folder: string,
    readonly engine: Engine,
    private readonly server: RunningServer,
    socket: string,
    readonly unforeseen: readonly string[],
    private readonly tokens: readonly string[],
  ) {
    this.url = server.addresses[0] ?? "";
    this.client = createClient(this.url, { token: tokens[0] });
    this.door = this.as(0);
    this.local = new RemoteDoor(`unix:${socket}`);
  }

  /** With tokens, these are asked for on TCP; the first one is the clients'. */
  static async open(tokens: readonly TokenWish[] = []): Promise<ContainerServer> {
    const folder = mkdtempSync(join(tmpdir(), "wardian-containers-"));
    mkdirSync(join(folder, "images"));
    const made = tokens.map((token) => makeToken(token));
    const tokenFile = tokens.length === 0 ? undefined : join(folder, "tokens.json");
    if (tokenFile !== undefined) updateTokenFile(tokenFile, () => made.map(({ record }) => record));
    const engine = await Engine.open({ state: join(folder, "state"), images: join(folder, "images") });
    const unforeseen: string[] = [];
    const onNote = (text: string): void => void (text.startsWith("a request failed") && unforeseen.push(text));
    const localSocket = join(folder, "local.sock");
    const server = await startServer({ engine, listen: ["127.0.0.1:0"], localSocket, tokenFile, onNote });
    return new ContainerServer(
      folder,
      engine,
      server,
      localSocket,
      unforeseen,
      made.map(({ token }) => token),
    );
  }

  as(token: number): RemoteDoor {
    return new RemoteDoor(this.url, { token: this.tokens[token] });
  }

  /** A file in the images folder; its name. */
  image(bytes: Uint8Array, name = `program${String(this.#images++)}.wasm`): string {
    writeFileSync(join(this.folder, "images", name), bytes);
    return name;
  }

  async create(bytes: Uint8Array, request: InstanceRequest = {}): Promise<string> {
    const json = { kind: "container", image: this.image(bytes), ...request } as const;
    const response = await this.client.v1.instances.$post({ query: {}, header: {}, json });
    const body = (await response.json()) as { id: string; detail?: string };
    if (response.status !== 201) throw new Error(`${String(response.status)}: ${body.detail ?? ""}`);
    return body.id;
  }

  async start(bytes: Uint8Array, request: InstanceRequest = {}): Promise<string> {
    const id = await this.create(bytes, request);
    await this.door.apply({ kind: "start", instance: id });
    return id;
  }

  /** How it ended. */
  async ended(id: string): Promise<NonNullable<InstanceRecord["end"]>> {
    const { body } = await this.ask("GET", `/v1/instances/${id}/wait?timeoutMs=30000`);
    return (body as { end: NonNullable<InstanceRecord["end"]> }).end;
  }

  /** As bare as HTTP is. */
  async ask(
    method: string,
    path: string,
    { json, body, headers = {}, token = 0 }: { json?: unknown; body?: string; headers?: Record<string, string>; token?: number } = {},
  ): Promise<Answer> {
    const bearer = this.tokens[token];
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(json === undefined ? {} : { "Content-Type": "application/json" }),
        ...(bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` }),
        ...headers,
      },
      ...(json === undefined ? (body === undefined ? {} : { body }) : { body: JSON.stringify(json) }),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const type = response.headers.get("content-type") ?? "";
    return { status: response.status, type, bytes, body: /\bjson$/.test(type) ? JSON.parse(bytes.toString()) : bytes.toString() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.door, this.local].map((door) => door[Symbol.asyncDispose]()));
    await this.server.close();
    await this.engine[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
