// From an HTTP request to a WebSocket with a program behind it. Everything that can be refused is refused before, as an HTTP answer.
// May depend on errors, @hono/node-server and the files beside it.
import { upgradeWebSocket } from "@hono/node-server";
import type { Context } from "hono";
import type { WSContext } from "hono/ws";
import type { WebSocket } from "ws";
import { WardianError } from "../errors.js";
import type { ApiEnv } from "./api-env.js";
import { SUBPROTOCOL } from "./socket-message.js";
import { type SocketPlan, StreamSocket } from "./stream-socket.js";

/** Throws `bad-request` where the client speaks something else. */
export function requireSubprotocol(c: Context<ApiEnv>): void {
  const offered = c.req.header("sec-websocket-protocol");
  if (offered === undefined || offered.split(",").some((name) => name.trim() === SUBPROTOCOL)) return;
  throw new WardianError("bad-request", `the WebSocket's subprotocol here is ${SUBPROTOCOL}: offer that`);
}

function incomingOf(c: Context<ApiEnv>): ApiEnv["Bindings"]["incoming"] {
  return (c.env as ApiEnv["Bindings"] | undefined)?.incoming;
}

/** Aborted when the connection ends, be it before the handshake is over. */
export function socketGone(c: Context<ApiEnv>): AbortController {
  const gone = new AbortController();
  incomingOf(c)?.socket.once("close", () => gone.abort());
  return gone;
}

export async function upgrade(c: Context<ApiEnv>, plan: SocketPlan): Promise<Response> {
  const response = incomingOf(c) === undefined ? undefined : await accept(c, plan);
  if (response !== undefined && response.status !== 500) return response;
  plan.onGone(plan.process);
  throw new WardianError("upgrade-required", "WebSockets are not to be had here");
}

/** The adaptor says 500 where its server was not made for WebSockets. */
function accept(c: Context<ApiEnv>, plan: SocketPlan): Promise<Response> {
  let session: StreamSocket | undefined;
  return upgradeWebSocket(
    c,
    {
      onOpen: (_event, context) => {
        session = new StreamSocket((context as WSContext<WebSocket>).raw as WebSocket, plan);
      },
      onMessage: ({ data }) => session?.receive(data as string | ArrayBuffer),
      onClose: () => session?.closed(),
    },
    { onError: plan.onUnforeseen },
  );
}
