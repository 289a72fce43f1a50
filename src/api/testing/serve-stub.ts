// The app over real HTTP, on a port of its own, without a guard.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createAdaptorServer, type WebSocketServerLike } from "@hono/node-server";
import { WebSocket, WebSocketServer } from "ws";
import type { Door } from "../../engine/action.js";
import { createApp } from "../app.js";
import { SUBPROTOCOL } from "../socket-message.js";

export interface Served {
  readonly url: string;
  readonly unforeseen: unknown[];
  socket(path: string, protocols?: string[]): WebSocket;
  close(): Promise<void>;
}

export async function serveStub(door: Door): Promise<Served> {
  const unforeseen: unknown[] = [];
  const app = createApp({ doorFor: () => door, onUnforeseen: (error) => unforeseen.push(error) });
  const sockets = new WebSocketServer({ noServer: true, maxPayload: (1 << 20) + 1, handleProtocols: () => SUBPROTOCOL });
  const server = createAdaptorServer({ fetch: app.fetch, websocket: { server: sockets as WebSocketServerLike } });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    unforeseen,
    socket: (path, protocols = [SUBPROTOCOL]) => new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols),
    close: async () => {
      for (const socket of sockets.clients) socket.terminate();
      (server as unknown as { closeAllConnections(): void }).closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
