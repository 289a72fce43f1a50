// Requests that Node's parser gives up on, or that time runs out for: answered as problems, then the connection ends.
// May depend on security/.
import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { type Refusal, refusalBytes } from "./security/refusal.js";

// prettier-ignore
const REFUSALS: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW:           { status: 431, code: "headers-too-large", detail: "the request's headers are too large" },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, code: "body-too-large",    detail: "the body's chunk extensions are too large" },
  ERR_HTTP_REQUEST_TIMEOUT:      { status: 408, code: "request-timeout",   detail: "the request did not come in time" },
};
const MALFORMED: Refusal = { status: 400, code: "bad-http", detail: "this is no HTTP/1.1 request" };
export const TOO_SLOW: Refusal = { status: 408, code: "request-timeout", detail: "the request's body comes too slowly" };

export const NO_PROTOCOL: Refusal = {
  status: 400,
  code: "bad-upgrade",
  detail: "nothing here upgrades to what was asked for; WebSockets do, by GET",
};
export const NOT_HTTP: Refusal = { status: 400, code: "bad-http", detail: "the request's target or Host is not valid" };
export const NO_EXPECTATION: Refusal = {
  status: 417,
  code: "bad-http",
  detail: "the Expect header asks for what this server does not know",
};
export const FAILED: Refusal = { status: 500, code: "internal", detail: "something went wrong inside Wardian" };
const LAST_ANSWER_MS = 1000;

export function refusalOf(error: NodeJS.ErrnoException): Refusal {
  return REFUSALS[error.code ?? ""] ?? MALFORMED;
}

/** Ends a connection, with a last answer where one can still be told from what was sent before. `open`: its unanswered requests. */
export function endConnection(socket: Duplex, open: ReadonlyMap<ServerResponse, unknown>, refusal: Refusal): void {
  const [response, ...others] = open.keys();
  const isSilent = response === undefined ? true : others.length === 0 && !response.headersSent;
  if (!isSilent || !socket.writable || socket.destroyed) {
    socket.destroy();
    return;
  }
  socket.end(refusalBytes(refusal), () => socket.destroy());
  // One who does not read must not keep it.
  setTimeout(() => socket.destroy(), LAST_ANSWER_MS).unref();
}
