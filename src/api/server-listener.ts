// One address that is listened on: its connections, and what is known of each, handed on to the app with every request. May depend
// on types of ws, security/ and the files beside it.
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TlsOptions, TLSSocket } from "node:tls";
import type { WebSocketServer } from "ws";
import type { ListenAddress } from "./listen-address.js";
import { bind } from "./listen-socket.js";
import { callerOfCertificate } from "./security/client-certificate.js";
import type { Connection, RequestFacts, Trust } from "./security/connection.js";
import { hostsOf } from "./security/host-check.js";
import type { Limits } from "./security/limits.js";
import { type Refusal, refusalResponse } from "./security/refusal.js";
import { ServerConnection } from "./server-connection.js";
import { endConnection, FAILED, NO_PROTOCOL, refusalOf, TOO_SLOW } from "./server-errors.js";
import { setHeaders } from "./server-headers.js";
import { makeNodeServer, makeWebSocketServer } from "./server-node.js";
import { settleUpgrade } from "./server-upgrades.js";

export type FetchApp = (request: Request, env: { readonly facts: RequestFacts }) => Response | Promise<Response>;

export interface ListenerOptions {
  readonly address: ListenAddress;
  readonly trust: Trust;
  readonly tls?: TlsOptions | undefined;
  readonly limits: Limits;
  readonly fetch: FetchApp;
  onRequest(): void;
  /** Its answer is sent, or its WebSocket closed, or its connection gone. */
  onRequestEnd(incoming: IncomingMessage, facts: RequestFacts, status: number): void;
}

interface NodeEnv {
  readonly incoming: IncomingMessage;
  /** None for an upgrade. */
  readonly outgoing?: ServerResponse;
}

const GOING_AWAY = 1001;
const CLOSE_IDLE_EVERY_MS = 50;
const SWITCHING = 101;

export class ServerListener {
  readonly #options: ListenerOptions;
  readonly #server: Server;
  readonly #webSockets: WebSocketServer;
  readonly #sockets = new Set<Socket>();
  readonly #perAddress = new Map<string, number>();
  readonly #connections = new Map<Duplex, ServerConnection>();
  /** Whose handshake is done. */
  readonly #secured = new WeakSet<Duplex>();
  /** Of requests to upgrade, while their connections are there. */
  readonly #upgrades = new Map<IncomingMessage, RequestFacts>();
  #isClosing = false;

  /** Throws `address-in-use` or `listen-failed`. */
  static async open(options: ListenerOptions): Promise<ServerListener> {
    const listener = new ServerListener(options);
    await bind(listener.#server, options.address);
    listener.#server.on("error", () => {}); // such as a connection that could not be accepted
    return listener;
  }

  private constructor(options: ListenerOptions) {
    this.#options = options;
    const { limits } = options;
    this.#webSockets = makeWebSocketServer(limits);
    this.#webSockets.on("wsClientError", (_error, socket) => endConnection(socket, new Map(), NO_PROTOCOL));
    this.#server = makeNodeServer({
      limits,
      tls: options.tls,
      webSockets: this.#webSockets,
      fetch: this.#fetch,
      onRequest: (incoming, outgoing, answer) => this.#onRequest(incoming, outgoing, answer),
      onUpgrade: (incoming, socket, answer) => this.#onUpgrade(incoming, socket, answer),
    });
    this.#server.on("connection", (socket: Socket) => this.#onConnection(socket));
    this.#server.on("secureConnection", (socket: TLSSocket) => this.#secured.add(socket));
    this.#server.on("clientError", (error: NodeJS.ErrnoException, socket) => this.#end(socket, refusalOf(error)));
  }

  /** Where it listens: a URL, or unix:PATH. */
  get url(): string {
    const { address, tls } = this.#options;
    if (address.kind === "unix") return `unix:${address.path}`;
    const bound = this.#server.address();
    const port = typeof bound === "object" && bound !== null ? bound.port : address.port;
    return `${tls === undefined ? "http" : "https"}://${address.host.includes(":") ? `[${address.host}]` : address.host}:${port}`;
  }

  /** To be called regularly: cuts clients that stand still. Whoever owns the unix socket may. */
  sweep(elapsedMs: number): void {
    if (this.#options.trust === "local") return;
    for (const connection of this.#connections.values()) {
      const slowness = connection.check(elapsedMs, this.#options.limits);
      if (slowness === "body") this.#end(connection.socket, TOO_SLOW);
      else if (slowness === "answer") connection.socket.destroy();
    }
  }

  /** Accepts nothing more, lets what is being answered end, and cuts the rest after a while. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const client of this.#webSockets.clients) client.close(GOING_AWAY, "the server is going away");
    const idle = setInterval(() => this.#server.closeIdleConnections(), CLOSE_IDLE_EVERY_MS);
    const cut = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, this.#options.limits.closeMs);
    await closed;
    clearInterval(idle);
    clearTimeout(cut);
  }

  #onConnection(socket: Socket): void {
    const address = socket.remoteAddress ?? "unix";
    const count = this.#perAddress.get(address) ?? 0;
    if (this.#isClosing || (address !== "unix" && count >= this.#options.limits.connectionsPerAddress)) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    this.#perAddress.set(address, count + 1);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      const left = (this.#perAddress.get(address) ?? 1) - 1;
      if (left === 0) this.#perAddress.delete(address);
      else this.#perAddress.set(address, left);
    });
  }

  #connectionOf(socket: Socket): ServerConnection {
    const known = this.#connections.get(socket);
    if (known !== undefined) return known;
    const connection = new ServerConnection(socket, this.#factsOf(socket), this.#options.onRequestEnd);
    this.#connections.set(socket, connection);
    socket.once("close", () => {
      this.#connections.delete(socket);
      connection.closeAll();
    });
    return connection;
  }

  #factsOf(socket: Socket): Connection {
    const { address, tls, trust } = this.#options;
    const secure = tls !== undefined;
    if (address.kind === "unix") return { trust, secure, hosts: undefined, address: "unix", isLoopback: true };
    const hosts = hostsOf(socket.localAddress ?? "", socket.localPort ?? 0, address.host, secure);
    const certificate = trust === "certificate" ? callerOfCertificate((socket as TLSSocket).getPeerCertificate().subject) : undefined;
    return { trust, secure, hosts, address: socket.remoteAddress ?? "", certificate, isLoopback: address.isLoopback };
  }

  #onRequest(incoming: IncomingMessage, outgoing: ServerResponse, answer: () => void): void {
    // What was parsed together with a request that had its connection cut.
    if (incoming.socket.destroyed) return;
    const connection = this.#connectionOf(incoming.socket);
    if (connection.open.size >= this.#options.limits.pipelinedRequests) {
      incoming.socket.destroy();
      return;
    }
    this.#options.onRequest();
    connection.begin(incoming, outgoing);
    setHeaders(outgoing, connection.facts.secure && !connection.facts.isLoopback);
    // Node's own maxRequestsPerSocket asks the client to close, and answers 503 to one that does not.
    if (this.#isClosing || connection.requests >= this.#options.limits.requestsPerConnection) outgoing.shouldKeepAlive = false;
    answer();
  }

  #onUpgrade(incoming: IncomingMessage, socket: Duplex, answer: () => void): void {
    const connection = this.#connectionOf(incoming.socket);
    const isWebSocket = incoming.method === "GET" && incoming.headers.upgrade?.toLowerCase() === "websocket";
    if (!isWebSocket || !hasValidUrl(incoming) || this.#isClosing || connection.open.size > 0) {
      socket.on("error", () => socket.destroy());
      endConnection(socket, connection.open, NO_PROTOCOL);
      return;
    }
    const facts: RequestFacts = { connection: connection.facts, sinceMs: performance.now(), end: () => socket.destroy() };
    this.#upgrades.set(incoming, facts);
    this.#options.onRequest();
    socket.once("close", () => {
      this.#upgrades.delete(incoming);
      this.#options.onRequestEnd(incoming, facts, SWITCHING);
    });
    answer();
  }

  readonly #fetch = (request: Request, env: unknown): Response | Promise<Response> => {
    const { incoming, outgoing } = env as NodeEnv;
    const facts = outgoing === undefined ? this.#upgrades.get(incoming) : this.#connections.get(incoming.socket)?.open.get(outgoing);
    if (facts === undefined) return refusalResponse(FAILED);
    // The adaptor finds WebSockets by this very object.
    const response = this.#options.fetch(request, Object.assign(env as NodeEnv, { facts }));
    return outgoing === undefined ? settleUpgrade(incoming, facts, response) : response;
  };

  #end(socket: Duplex, refusal: Refusal): void {
    if (this.#options.tls !== undefined && !this.#secured.has(socket)) socket.destroy();
    else endConnection(socket, this.#connections.get(socket)?.open ?? new Map(), refusal);
  }
}

/** What it has none for, the adaptor would answer with 500. */
function hasValidUrl({ headers, url = "" }: IncomingMessage): boolean {
  return URL.canParse(url.startsWith("/") ? `http://${headers.host ?? "localhost"}${url}` : url);
}
