// The messages of an interactive exec or attach over WebSocket, subprotocol wardian.v1. Binary: one byte that names the
// stream, then bytes. Text: JSON. Depends on nothing.
//
//   +--------+-----------------+
//   | stream | bytes ...       |   stream: 0 stdin, 1 stdout, 2 stderr
//   +--------+-----------------+

export const SUBPROTOCOL = "wardian.v1";
export const STDIN = 0;
/** Well under the most that a message may have. */
const MAX_PAYLOAD_BYTES = 256 << 10;

export interface Output {
  readonly stream: 1 | 2;
  readonly bytes: Uint8Array;
}

export type ServerMessage =
  | { readonly type: "started" }
  | { readonly type: "eof"; readonly stream: number }
  | { readonly type: "exit"; readonly status: number | null; readonly signal: string | number | null; readonly failure?: string }
  | { readonly type: "error"; readonly code: string; readonly message: string };

/** A browser cannot set headers on a WebSocket: the token goes as a second subprotocol, which the server does not choose. */
export function subprotocols(token: string | undefined): string[] {
  return token === undefined ? [SUBPROTOCOL] : [SUBPROTOCOL, `bearer.${token}`];
}

/** Input as frames, each of a size that the server takes. */
export function* stdinFrames(bytes: Uint8Array): Generator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < bytes.length; at += MAX_PAYLOAD_BYTES) {
    const part = bytes.subarray(at, at + MAX_PAYLOAD_BYTES);
    const frame = new Uint8Array(part.length + 1);
    frame[0] = STDIN;
    frame.set(part, 1);
    yield frame;
  }
}

/** Undefined for a frame that is no output. */
export function parseOutput(data: ArrayBuffer): Output | undefined {
  const bytes = new Uint8Array(data);
  const stream = bytes[0];
  return stream === 1 || stream === 2 ? { stream, bytes: bytes.subarray(1) } : undefined;
}

/** Undefined for what is no message we know: a newer server may say more. */
export function parseMessage(text: string): ServerMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || !("type" in value)) return undefined;
  const known = ["started", "eof", "exit", "error"].includes(String(value.type));
  return known ? (value as ServerMessage) : undefined;
}
