// How a request to upgrade ends that did not become a WebSocket: with the answer the app gave. hono's adaptor alone would send the
// status without the reason. May depend on security/ and the files beside it.
import type { IncomingMessage } from "node:http";
import type { RequestFacts } from "./security/connection.js";
import { rawAnswer, refusalBytes } from "./security/refusal.js";
import { NO_PROTOCOL } from "./server-errors.js";

/** Resolves, for the adaptor to go on, when there is nothing left to do for it or the handshake is. */
export async function settleUpgrade(
  incoming: IncomingMessage,
  facts: RequestFacts,
  answer: Response | Promise<Response>,
): Promise<Response> {
  const response = await answer;
  if (response.status < 300 && response.body === null) return response;
  const isRefused = response.status >= 400;
  facts.status = isRefused ? response.status : NO_PROTOCOL.status;
  if (!isRefused) await response.body?.cancel();
  await end(incoming, isRefused ? await bytesOf(response) : refusalBytes(NO_PROTOCOL));
  return response;
}

async function bytesOf(response: Response): Promise<Buffer> {
  const body = await response.text();
  return rawAnswer(response.status, Object.fromEntries(response.headers), body);
}

function end({ socket }: IncomingMessage, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) return resolve();
    socket.once("close", () => resolve());
    socket.end(bytes, () => socket.destroy());
  });
}
