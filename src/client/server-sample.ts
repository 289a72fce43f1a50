// For tests: a server that does what the test says, and a door to it. Not part of the program. Depends on ws and the files beside it.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { instanceSpecSchema } from "../instance/spec.js";
import { RemoteDoor } from "./remote-door.js";
import type { TransportOptions } from "./transport.js";

export const RECORD = {
  id: "0123456789ab",
  namespace: "default",
  name: "calm-fern",
  state: "exited",
  spec: instanceSpecSchema.parse({ image: "busybox" }),
  createdAt: "2026-11-23T10:00:00.000Z",
  restarts: 0,
  wanted: "stopped",
} as const;

export type Answering = (request: IncomingMessage, response: ServerResponse) => void;

/** What was opened, in order. */
export const opened: (() => unknown)[] = [];

/** For afterEach. */
export async function closeAll(): Promise<void> {
  for (const close of opened.splice(0).toReversed()) await close();
}

export async function serve(
  answer: Answering,
  onSocket?: (socket: WebSocket, request: IncomingMessage) => void,
  options: TransportOptions = { token: "wdn_a_b" },
): Promise<RemoteDoor> {
  const server: Server = createServer(answer);
  if (onSocket !== undefined) {
    const sockets = new WebSocketServer({ server, handleProtocols: () => "wardian.v1" });
    sockets.on("connection", onSocket);
    opened.push(() => {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
    });
  }
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const door = new RemoteDoor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, options);
  opened.push(
    () => new Promise((resolve) => void server.close(resolve).closeAllConnections()),
    () => door[Symbol.asyncDispose](),
  );
  return door;
}

export const json = (response: ServerResponse, value: unknown, status = 200, type = "application/json"): void => {
  response.writeHead(status, { "content-type": type }).end(JSON.stringify(value));
};

export async function readAll(source: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

export async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}
