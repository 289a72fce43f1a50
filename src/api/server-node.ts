// Node's HTTP server as it is set up here: bounds that Node keeps itself, hono's adaptor behind it, and every upgrade taken away from
// the adaptor first. May depend on hono's Node adaptor, ws and the files beside it.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Duplex } from "node:stream";
import type { TlsOptions } from "node:tls";
import { createAdaptorServer, getRequestListener, RequestError, type WebSocketServerLike } from "@hono/node-server";
import { WebSocketServer } from "ws";
import type { Limits } from "./security/limits.js";
import { refusalResponse, sendRefusal } from "./security/refusal.js";
import { FAILED, NO_EXPECTATION, NOT_HTTP } from "./server-errors.js";
import { SUBPROTOCOL } from "./socket-message.js";

export interface NodeServerOptions {
  readonly limits: Limits;
  readonly tls: TlsOptions | undefined;
  readonly webSockets: WebSocketServer;
  fetch(request: Request, env: unknown): Response | Promise<Response>;
  /** `answer` hands it to the app. */
  onRequest(incoming: IncomingMessage, outgoing: ServerResponse, answer: () => void): void;
  onUpgrade(incoming: IncomingMessage, socket: Duplex, answer: () => void): void;
}

const TCP_KEEP_ALIVE_MS = 30_000;
const CHECK_HEADERS_EVERY_MS = 1000;

/** A token among the subprotocols is never sent back. */
export function makeWebSocketServer({ webSocketMessageBytes }: Limits): WebSocketServer {
  const handleProtocols = (offered: Set<string>): string | false => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false);
  return new WebSocketServer({ noServer: true, maxPayload: webSocketMessageBytes, perMessageDeflate: false, handleProtocols });
}

export function makeNodeServer(options: NodeServerOptions): Server {
  const { fetch, limits, tls } = options;
  const errorHandler = (error: unknown): Response => refusalResponse(error instanceof RequestError ? NOT_HTTP : FAILED);
  const answer = getRequestListener(fetch, { errorHandler });
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse): void =>
    options.onRequest(incoming, outgoing, () => void answer(incoming, outgoing));
  const bounds = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    // Uploads may take their time as long as they go on: ServerConnection looks.
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: Math.min(CHECK_HEADERS_EVERY_MS, limits.headersMs),
    // The guard asks for it, with a reason.
    requireHostHeader: false,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
  };
  const make = (): Server =>
    tls === undefined
      ? createServer(bounds, listener)
      : createTlsServer({ ...bounds, ...tls, handshakeTimeout: limits.handshakeMs }, listener);
  const websocket = { server: options.webSockets as WebSocketServerLike };
  const server = createAdaptorServer({ fetch, websocket, createServer: make as typeof createServer }) as Server;
  server.maxConnections = limits.connections;
  // Their size is bounded; to drop those beyond a number in silence could be to drop one that is checked.
  server.maxHeadersCount = 0;
  server.on("checkExpectation", (_incoming, outgoing: ServerResponse) => sendRefusal(outgoing, NO_EXPECTATION));
  takeUpgrades(server, options);
  return server;
}

/** The adaptor's listener knows WebSockets only, and would leave whatever else is asked for hanging. */
function takeUpgrades(server: Server, { onUpgrade }: NodeServerOptions): void {
  const [upgrade] = server.listeners("upgrade");
  server.removeAllListeners("upgrade");
  server.on("upgrade", (incoming: IncomingMessage, socket: Duplex, head: Buffer) =>
    onUpgrade(incoming, socket, () => upgrade?.call(server, incoming, socket, head)),
  );
}
