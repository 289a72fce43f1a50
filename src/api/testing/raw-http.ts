// HTTP by hand over a socket of its own: what no proper client would send can be sent. For fuzzing.
import { connect } from "node:net";

export interface RawRequest {
  readonly method: string;
  /** The request's target as it stands in its first line. */
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Without it, no body; Content-Length is added unless there is a header for the body's length. */
  readonly body?: Buffer | undefined;
  /** Hang up after so many bytes of the body. */
  readonly truncateAt?: number | undefined;
}

export interface RawAnswer {
  readonly status: number;
  readonly contentType: string | undefined;
  /** As far as it came before we hung up. */
  readonly body: string;
}

const HEAD_END = Buffer.from("\r\n\r\n");
const MAX_KEPT_BYTES = 1 << 20;

function encode(host: string, { method, target, headers, body, truncateAt }: RawRequest): Buffer {
  const own = headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name));
  const length: [string, string][] = body && !own ? [["Content-Length", String(body.length)]] : [];
  const lines = [["Host", host] as const, ...headers, ...length, ["Connection", "close"] as const];
  const head = `${method} ${target} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
  return Buffer.concat([Buffer.from(head, "latin1"), body?.subarray(0, truncateAt) ?? Buffer.alloc(0)]);
}

/** Undefined where the connection ended without an answer. Rejects when the time is up. */
export function sendRaw(port: number, request: RawRequest, timeLimitMs: number): Promise<RawAnswer | undefined> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const socket = connect({ port, host: "127.0.0.1" });
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(parse(received));
    };
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no answer within ${timeLimitMs} ms`));
    }, timeLimitMs);
    socket.on("error", () => {}).on("close", finish);
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      // Streams go on for ever, and how they go on is no matter here.
      if (isStream(received) || received.length > MAX_KEPT_BYTES) finish();
    });
    socket.write(encode(`127.0.0.1:${port}`, request));
    if (request.truncateAt !== undefined) socket.end();
  });
}

function isStream(received: Buffer): boolean {
  const end = received.indexOf(HEAD_END);
  if (end < 0) return false;
  const head = received.subarray(0, end).toString("latin1");
  return /^HTTP\/1.1 (101|2\d\d)/.test(head) && (/\r\ntransfer-encoding: *chunked/i.test(head) || head.startsWith("HTTP/1.1 101"));
}

function parse(received: Buffer): RawAnswer | undefined {
  const end = received.indexOf(HEAD_END);
  if (end < 0) return undefined;
  const head = received.subarray(0, end).toString("latin1");
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1];
  if (status === undefined) return undefined;
  return {
    status: Number(status),
    contentType: /\r\ncontent-type: *([^\r\n]*)/i.exec(head)?.[1],
    body: received.subarray(end + HEAD_END.length).toString("utf8"),
  };
}
