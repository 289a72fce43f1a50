// The way to a server: HTTP requests through undici, over TCP, TLS or a unix socket, each answer bounded and each failure a
// WardianError; and WebSockets over the same ways. May depend on errors and the files beside it.
import { createRequire } from "node:module";
import { connect } from "node:net";
import { PassThrough, type Readable } from "node:stream";
import type * as undici from "undici";
import type { ClientOptions, WebSocket } from "ws";
import type { z } from "zod";
import { WardianError } from "../errors.js";
import { type Address, parseAddress } from "./address.js";
import { describeFailure } from "./failure.js";
import { PROBLEM_LIMIT_BYTES, parseJson, problemError } from "./problem.js";

/** What to trust, and who we are, in PEM. */
export interface TlsOptions {
  readonly ca?: string | Buffer | undefined;
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
}

export interface TransportOptions {
  readonly token?: string | undefined;
  readonly tls?: TlsOptions | undefined;
}

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface RequestOptions {
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it comes. */
  readonly bytes?: AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal | undefined;
  /** Until the answer begins. */
  readonly patienceMs?: number | undefined;
  /** Between two pieces of the answer; 0: without limit. */
  readonly silenceMs?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readable;
}

const CONNECT_TIMEOUT_MS = 10_000;
const ANSWER_TIMEOUT_MS = 60_000;
const HEADER_LIMIT_BYTES = 64 << 10;
/** A page of instances with large environments is large; no answer is larger. */
const JSON_LIMIT_BYTES = 64 << 20;
const PROTOCOL = "wardian.v1";
/** Of one message: a megabyte of a stream, and what is around it. */
const MESSAGE_LIMIT_BYTES = (1 << 20) + 4096;
const TOKEN_PATTERN = /^[\x21-\x7e]{1,512}$/;

/** Read when a server is first asked: undici and ws cost a process that asks none a fifth of a second and 17 MiB. */
const load = createRequire(import.meta.url);
export const loadUndici = (): typeof undici => load("undici") as typeof undici;
const loadWs = (): typeof WebSocket => load("ws") as typeof WebSocket;

export class Transport {
  readonly address: Address;
  readonly agent: undici.Agent;
  /** Who we are. */
  readonly headers: Readonly<Record<string, string>>;
  readonly #tls: ClientOptions;

  constructor(url: string, { token, tls = {} }: TransportOptions) {
    this.address = parseAddress(url);
    if (token !== undefined && !TOKEN_PATTERN.test(token)) throw new WardianError("bad-option", "the token is none: it has odd characters");
    this.headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    this.#tls = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
    const socket = this.address.socketPath === undefined ? {} : { socketPath: this.address.socketPath };
    this.agent = new (loadUndici().Agent)({
      connect: { timeout: CONNECT_TIMEOUT_MS, ...this.#tls, ...socket },
      maxHeaderSize: HEADER_LIMIT_BYTES,
    });
  }

  /** An answer with a status of success; its body must be read or destroyed. */
  async request(method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", path: string, options: RequestOptions = {}): Promise<Answer> {
    const { json, bytes, signal, patienceMs = ANSWER_TIMEOUT_MS, silenceMs = ANSWER_TIMEOUT_MS } = options;
    const type = bytes !== undefined ? "application/octet-stream" : "application/json";
    const content = bytes === undefined ? undefined : new Content(bytes);
    const body = content ?? (json === undefined ? undefined : JSON.stringify(json));
    try {
      const answer = await loadUndici().request(`${this.address.base}${path}${encodeQuery(options.query)}`, {
        dispatcher: this.agent,
        method,
        headers: { ...this.headers, ...(body === undefined ? {} : { "content-type": type }), ...options.headers },
        headersTimeout: patienceMs,
        bodyTimeout: silenceMs,
        ...(body === undefined ? {} : { body: body as string }), // undici takes iterables, too; its types do not say so
        ...(signal === undefined ? {} : { signal }),
      });
      const { statusCode: status, headers } = answer;
      if (status >= 200 && status < 300) return { status, headers, body: answer.body };
      const text = await readText(answer.body, PROBLEM_LIMIT_BYTES).catch(() => "");
      throw this.refusal(status, String(headers["content-type"] ?? ""), text);
    } catch (error) {
      throw content?.failure === undefined ? this.explain(error, signal) : content.failure.error;
    }
  }

  /** The JSON that is answered, as `schema` has it. */
  async json<S extends z.ZodType>(
    schema: S,
    method: "GET" | "POST" | "PATCH",
    path: string,
    options?: RequestOptions,
  ): Promise<z.output<S>> {
    const { body, headers } = await this.request(method, path, options);
    if (!/^application\/json\b/.test(String(headers["content-type"] ?? ""))) {
      body.on("error", () => {}).destroy();
      throw new WardianError("bad-answer", `the server at ${this.address.shown} did not answer with JSON; is it a Wardian server?`);
    }
    const text = await this.#reading(readText(body, JSON_LIMIT_BYTES), options?.signal);
    const parsed = schema.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    const where = issue === undefined ? "" : ` (${issue.path.join(".")}: ${issue.message})`;
    throw new WardianError(
      "bad-answer",
      `the server at ${this.address.shown} answered with something else than was asked for${where}; does it have our version?`,
    );
  }

  /** An answer's body for somebody to read; that it breaks off is a WardianError. */
  stream(body: Readable): Readable {
    const stream = new PassThrough();
    body.on("error", (error) => stream.destroy(this.explain(error) as Error));
    body.pipe(stream);
    stream.on("error", () => {}); // whoever reads it meets it, too
    stream.on("close", () => body.destroy());
    return stream;
  }

  /** Nothing is expected of the answer's body. */
  async send(method: "POST" | "PUT" | "DELETE", path: string, options?: RequestOptions): Promise<void> {
    const { body } = await this.request(method, path, options);
    await this.#reading(readText(body, JSON_LIMIT_BYTES), options?.signal);
  }

  /** Connecting; whoever asks listens to its events. */
  openSocket(path: string, query?: Query): WebSocket {
    return this.openSocketAt(`${this.address.webSocketBase}${path}${encodeQuery(query)}`);
  }

  openSocketAt(url: string): WebSocket {
    const { socketPath } = this.address;
    return new (loadWs())(url, PROTOCOL, {
      headers: this.headers,
      handshakeTimeout: CONNECT_TIMEOUT_MS,
      maxPayload: MESSAGE_LIMIT_BYTES,
      perMessageDeflate: false,
      followRedirects: false,
      ...this.#tls,
      ...(socketPath === undefined ? {} : { createConnection: () => connect(socketPath) }),
    });
  }

  /** What a connection's failure means to people; an abort is its reason. */
  explain(error: unknown, signal?: AbortSignal): unknown {
    if (error instanceof WardianError) return error;
    if (signal?.aborted === true) return signal.reason;
    const what = describeFailure(error, this.address, this.#tls.cert !== undefined);
    return new WardianError("unreachable", `the server at ${this.address.shown} ${what}`, { cause: error });
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }

  /** What an answer with an error's status means. Of a token, the server does not say whether it was missing or wrong; we know. */
  refusal(status: number, contentType: string, body: string): WardianError {
    if (status !== 401) return problemError(this.address.shown, status, contentType, body);
    const where = `the server at ${this.address.shown}`;
    const hasToken = this.headers.authorization !== undefined;
    const message = hasToken ? `${where} refused the token` : `${where} asks for a token: set WARDIAN_TOKEN or give --token-file`;
    return new WardianError("unauthenticated", message);
  }

  async #reading<T>(reading: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    try {
      return await reading;
    } catch (error) {
      throw this.explain(error, signal);
    }
  }
}

/** What is sent, and what it threw itself: that is the caller's own, and nobody else's failure. */
class Content implements AsyncIterable<Uint8Array> {
  failure: { readonly error: unknown } | undefined;

  constructor(private readonly source: AsyncIterable<Uint8Array>) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      yield* this.source;
    } catch (error) {
      this.failure = { error };
      throw error;
    }
  }
}

/** Throws `bad-answer` for more than that. */
export async function readText(body: AsyncIterable<Uint8Array>, limitBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    if (sizeBytes > limitBytes) throw new WardianError("bad-answer", `the server answered with more than ${limitBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function encodeQuery(query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? (value as readonly string[]) : [value]) params.append(name, String(one));
  }
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}
