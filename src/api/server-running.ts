// An app on all its addresses: opens them together or not at all, looks after them, closes them. May depend on errors, security/
// and the files beside it.
import type { IncomingMessage } from "node:http";
import type { TlsOptions } from "node:tls";
import type { MiddlewareHandler } from "hono";
import { WardianError } from "../errors.js";
import { assertSecure, DEFAULT_LISTEN, type ListenAddress, resolveListen } from "./listen-address.js";
import type { RequestFacts, Trust } from "./security/connection.js";
import { type Guard, type GuardOptions, makeGuard } from "./security/guard.js";
import { DEFAULT_LIMITS, type Limits } from "./security/limits.js";
import { TokenSet } from "./security/token-set.js";
import { type FetchApp, ServerListener } from "./server-listener.js";
import { loadTls, type TlsFiles } from "./server-tls.js";

const SWEEP_EVERY_MS = 1000;

export interface ServeOptions extends Pick<GuardOptions, "allowedHosts" | "allowedOrigins"> {
  /** HOST:PORT, [ADDRESS]:PORT, PORT or unix:PATH; default 127.0.0.1:7070. */
  readonly listen?: readonly string[] | undefined;
  /** One more socket's path, whose clients are this user whatever else is asked of others. */
  readonly localSocket?: string | undefined;
  readonly tokenFile?: string | undefined;
  /** For TCP addresses. */
  readonly tls?: TlsFiles | undefined;
  readonly limits?: Partial<Limits> | undefined;
  onNote?(text: string): void;
  onAccess?(entry: AccessEntry): void;
}

export interface AccessEntry {
  readonly at: string;
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  /** 101 for a WebSocket. */
  readonly status: number;
  readonly ms: number;
  readonly caller?: string | undefined;
  readonly address: string;
}

export interface RunningServer {
  /** URLs, or unix:PATH, in the order in which they were asked for; the local socket where nothing else was. */
  readonly addresses: readonly string[];
  /** How long nothing has been asked; 0 while something is being answered. */
  idleMs(): number;
  /** Ends streams, lets other answers end for a bounded time, and closes. */
  close(): Promise<void>;
}

/** What is known before anything is opened. */
interface Prepared {
  readonly addresses: readonly ListenAddress[];
  readonly tokens: TokenSet | undefined;
  readonly tls: TlsOptions | undefined;
  /** What is asked of clients; undefined where it is enough that they are on this host. */
  readonly trust: "token" | "certificate" | undefined;
}

/** Throws what makes no sense, is not safe or cannot be read: `bad-listen`, `insecure-listen`, `bad-tls`, `token-file-...`. */
export async function prepareServe(options: ServeOptions): Promise<Prepared> {
  const onNote = (text: string): void => options.onNote?.(text);
  const tokens = options.tokenFile === undefined ? undefined : new TokenSet(options.tokenFile, { onNote });
  const tls = options.tls === undefined ? undefined : loadTls(options.tls);
  const trust = tokens !== undefined ? "token" : options.tls?.clientCaFile !== undefined ? "certificate" : undefined;
  const addresses = await Promise.all((options.listen ?? [DEFAULT_LISTEN]).map(resolveListen));
  assertSecure(addresses, trust !== undefined);
  return { addresses, tokens, tls, trust };
}

/** `makeFetch` gets what has to stand before every route. */
export async function serveApp(
  makeFetch: (security: readonly MiddlewareHandler[]) => FetchApp,
  options: ServeOptions,
): Promise<RunningServer> {
  const prepared = await prepareServe(options);
  const { addresses, tls, tokens, trust } = prepared;
  const limits = limitsOf(options, trust !== undefined);
  const guard = makeGuard({ ...options, limits, tokens });
  const isOpen = addresses.some((address) => address.kind === "tcp" && !address.isLoopback);
  if (isOpen && tls === undefined)
    options.onNote?.("without --tls-cert and --tls-key tokens and everything else pass the network unencrypted");
  const server = new Running(guard, prepared, { ...options, limits }, makeFetch(guard.handlers));
  await server.open();
  return server;
}

/** Without any authentication only this host's own users can call, whom a rate would not keep from anything. */
function limitsOf({ limits }: ServeOptions, isAuthenticated: boolean): Limits {
  return { ...DEFAULT_LIMITS, ...(isAuthenticated ? {} : { ratePerSecond: Infinity }), ...limits };
}

type RunningOptions = Omit<ServeOptions, "tls"> & { readonly limits: Limits };

class Running implements RunningServer {
  readonly #guard: Guard;
  readonly #prepared: Prepared;
  readonly #options: RunningOptions;
  readonly #fetch: FetchApp;
  readonly #listeners: ServerListener[] = [];
  #shown = 0;
  #sweeper: NodeJS.Timeout | undefined;
  #openRequests = 0;
  #lastRequestMs = performance.now();
  #closed: Promise<void> | undefined;

  constructor(guard: Guard, prepared: Prepared, options: RunningOptions, fetch: FetchApp) {
    this.#guard = guard;
    this.#prepared = prepared;
    this.#options = options;
    this.#fetch = fetch;
  }

  async open(): Promise<void> {
    const { localSocket } = this.#options;
    const { addresses, trust } = this.#prepared;
    try {
      for (const address of addresses)
        if (address.kind !== "unix" || address.path !== localSocket) await this.#listen(address, trustOf(address, trust));
      this.#shown = Math.max(1, this.#listeners.length);
      if (localSocket !== undefined) await this.#listen({ kind: "unix", path: localSocket }, "local");
    } catch (error) {
      await this.close();
      throw error;
    }
    let sweptAtMs = performance.now();
    this.#sweeper = setInterval(() => {
      const nowMs = performance.now();
      this.#sweep(nowMs - sweptAtMs);
      sweptAtMs = nowMs;
    }, SWEEP_EVERY_MS).unref();
  }

  get addresses(): readonly string[] {
    return this.#listeners.slice(0, this.#shown).map(({ url }) => url);
  }

  idleMs(): number {
    return this.#openRequests > 0 ? 0 : performance.now() - this.#lastRequestMs;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    clearInterval(this.#sweeper);
    const closed = Promise.all(this.#listeners.map((listener) => listener.close()));
    this.#guard.streams.endAll();
    await closed;
  }

  async #listen(address: ListenAddress, trust: Trust): Promise<void> {
    const listener = await ServerListener.open({
      address,
      trust,
      tls: address.kind === "unix" ? undefined : this.#prepared.tls,
      limits: this.#options.limits,
      fetch: this.#fetch,
      onRequest: () => {
        this.#openRequests += 1;
      },
      onRequestEnd: (incoming, facts, status) => this.#onRequestEnd(incoming, facts, status),
    });
    this.#listeners.push(listener);
  }

  #sweep(elapsedMs: number): void {
    this.#prepared.tokens?.refresh();
    this.#guard.streams.endRevoked();
    for (const listener of this.#listeners) listener.sweep(elapsedMs);
  }

  #onRequestEnd(incoming: IncomingMessage, facts: RequestFacts, status: number): void {
    facts.onClose?.();
    const nowMs = performance.now();
    this.#openRequests -= 1;
    this.#lastRequestMs = nowMs;
    this.#options.onAccess?.({
      at: new Date().toISOString(),
      method: incoming.method ?? "",
      path: (incoming.url ?? "").split("?", 1)[0] ?? "",
      status: facts.status ?? status,
      ms: Math.round(nowMs - facts.sinceMs),
      caller: facts.caller,
      address: facts.connection.address,
    });
  }
}

/** A client certificate cannot be shown on a unix socket: who can open that is this user. */
function trustOf({ kind }: ListenAddress, trust: Trust | undefined): Trust {
  if (kind === "unix") return trust === "token" ? "token" : "local";
  return trust ?? "loopback";
}

/** Throws `bad-option`: where TLS files do not go together. */
export function tlsFilesOf(
  certFile: string | undefined,
  keyFile: string | undefined,
  clientCaFile: string | undefined,
): TlsFiles | undefined {
  if (certFile !== undefined && keyFile !== undefined) return { certFile, keyFile, clientCaFile };
  if (certFile === undefined && keyFile === undefined && clientCaFile === undefined) return undefined;
  throw new WardianError("bad-option", "--tls-cert and --tls-key go together, and --client-ca needs both");
}
