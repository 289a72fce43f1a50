// What is answered when a request does not get as far as the API: problem details (RFC 9457) with a stable code, as a Response,
// through Node, or as bytes for a socket. Depends on node only.
import { type ServerResponse, STATUS_CODES } from "node:http";

export interface Refusal {
  readonly status: number;
  /** Stable, kebab-case. */
  readonly code: string;
  /** One line for people. */
  readonly detail: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const PROBLEM_TYPE = "application/problem+json";

function problemText({ status, code, detail }: Refusal): string {
  return JSON.stringify({ type: `urn:wardian:problem:${code}`, title: STATUS_CODES[status] ?? "Error", status, detail, code });
}

export function refusalResponse(refusal: Refusal): Response {
  return new Response(problemText(refusal), { status: refusal.status, headers: headersOf(refusal) });
}

export function sendRefusal(outgoing: ServerResponse, refusal: Refusal): void {
  outgoing.shouldKeepAlive = false;
  outgoing.writeHead(refusal.status, headersOf(refusal)).end(problemText(refusal));
}

function headersOf({ headers }: Refusal): Record<string, string> {
  return { "Content-Type": PROBLEM_TYPE, "Cache-Control": "no-store", ...headers };
}

/** A whole HTTP/1.1 answer, after which the connection ends. */
export function refusalBytes(refusal: Refusal): Buffer {
  return rawAnswer(refusal.status, headersOf(refusal), problemText(refusal));
}

/** For a socket that no ServerResponse stands for. Header values must have come from a Headers object or from ourselves. */
export function rawAnswer(status: number, headers: Readonly<Record<string, string>>, body: string): Buffer {
  const lines = Object.entries({ ...headers, Connection: "close", "Content-Length": String(Buffer.byteLength(body)) });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return Buffer.from(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${head}\r\n${body}`);
}
