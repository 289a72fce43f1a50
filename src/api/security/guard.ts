// What every request passes before it reaches the API: Host, Origin, who it is, how often, how much. Needs the connection's facts
// in its environment (server.ts); WebSocket upgrades pass as well. May depend on hono, engine/ and the files beside it.
import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { cors } from "hono/cors";
import type { GuardEnv } from "./connection.js";
import { checkHost, checkOrigin } from "./host-check.js";
import type { Limits } from "./limits.js";
import { OpenStreams } from "./open-streams.js";
import { identify, isRefusal, type Principal, shownToken } from "./principal.js";
import { rateKeyOf, RateLimit } from "./rate-limit.js";
import { type Refusal, refusalResponse } from "./refusal.js";
import type { TokenSet } from "./token-set.js";

export interface GuardOptions {
  readonly limits: Limits;
  readonly tokens?: TokenSet | undefined;
  /** Names, or NAME:PORT, that Host may give. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** SCHEME://HOST[:PORT] of web pages that may call. */
  readonly allowedOrigins?: readonly string[] | undefined;
}

type GuardContext = Context<GuardEnv>;
type Next = () => Promise<void>;

/** These say nothing about instances: the dashboard has to load before it can ask for a token. */
const PUBLIC_PATHS: ReadonlySet<string> = new Set(["/", "/healthz", "/openapi.json", "/docs", "/favicon.ico"]);
const PUBLIC_FOLDERS = /^\/(?:web|docs)\//;
/** Requests that last, or can. */
const LASTING = /\/(?:events|stream|attach|exec|logs|wait|files|archive)$/;
/** Bodies that are handed on as they come. */
const UPLOADS = /\/(?:files|archive)$/;

const CORS_HEADERS = ["Authorization", "Content-Type", "Accept", "Idempotency-Key", "Last-Event-ID"];
const CORS_MAX_AGE_S = 600;

export interface Guard {
  /** In order. */
  readonly handlers: readonly MiddlewareHandler<GuardEnv>[];
  readonly streams: OpenStreams;
}

export function makeGuard(options: GuardOptions): Guard {
  const origins = (options.allowedOrigins ?? []).map((origin) => origin.toLowerCase());
  const streams = new OpenStreams();
  const handlers: MiddlewareHandler<GuardEnv>[] = [checkWebPages(options.allowedHosts ?? [], origins)];
  if (origins.length > 0) handlers.push(cors({ origin: origins, allowHeaders: CORS_HEADERS, maxAge: CORS_MAX_AGE_S }));
  handlers.push(admit(options, streams));
  return { handlers, streams };
}

function isPublic({ req }: GuardContext): boolean {
  if (req.method !== "GET" && req.method !== "HEAD") return false;
  return PUBLIC_PATHS.has(req.path) || PUBLIC_FOLDERS.test(req.path);
}

function checkWebPages(allowedHosts: readonly string[], allowedOrigins: readonly string[]): MiddlewareHandler<GuardEnv> {
  const hosts = new Set(allowedHosts.map((host) => host.toLowerCase()));
  const origins = new Set(allowedOrigins);
  return (c, next) => {
    const { connection } = c.env.facts;
    const headers = {
      host: c.req.header("host"),
      origin: c.req.header("origin"),
      secFetchSite: c.req.header("sec-fetch-site"),
      secFetchMode: c.req.header("sec-fetch-mode"),
    };
    const refusal = checkHost(headers.host, connection, hosts) ?? checkOrigin(headers, connection, origins, isPublic(c));
    return refusal === undefined ? next() : Promise.resolve(refusalResponse(refusal));
  };
}

/** Who it is, and whether that one may do one more. */
function admit({ limits, tokens }: GuardOptions, streams: OpenStreams): MiddlewareHandler<GuardEnv> {
  const rate = new RateLimit(limits.ratePerSecond, limits.ratePerSecond * 2);
  const failures = new RateLimit(limits.failuresPerSecond, limits.failuresBurst);
  const limitBody = bodyLimit({ maxSize: limits.bodyBytes, onError: () => refusalResponse(tooLarge(limits.bodyBytes)) });
  return (c, next) => {
    const { facts } = c.env;
    const addressKey = (): string => rateKeyOf(facts.connection.address);
    if (isPublic(c)) return refuseOr(tooMany(rate.take(addressKey())), next);
    const token = (): string | undefined => shownToken(c.req.header("authorization"), c.req.header("sec-websocket-protocol"));
    const principal = identify(facts.connection, tokens, token);
    if (isRefusal(principal)) return refuseOr(tooMany(failures.take(addressKey())) ?? principal, next);
    facts.caller = principal.caller.name;
    c.set("caller", principal.caller);
    const isLocal = facts.connection.trust === "local";
    const refusal =
      (isLocal ? undefined : tooMany(rate.take(principal.key))) ??
      holdStream(c, principal, streams, isLocal ? Infinity : limits.streamsPerCaller);
    if (refusal !== undefined) return refuseOr(refusal, next);
    return boundBody(c, next, limits, limitBody);
  };
}

function refuseOr(refusal: Refusal | undefined, next: Next): Promise<Response | void> {
  return refusal === undefined ? next() : Promise.resolve(refusalResponse(refusal));
}

function tooMany(waitSeconds: number): Refusal | undefined {
  if (waitSeconds === 0) return undefined;
  return {
    status: 429,
    code: "too-many-requests",
    detail: `too many requests: come back in ${waitSeconds} s`,
    headers: { "Retry-After": String(waitSeconds) },
  };
}

/** Counts a request that lasts until it is over. */
function holdStream(c: GuardContext, principal: Principal, streams: OpenStreams, most: number): Refusal | undefined {
  if (!LASTING.test(c.req.path)) return undefined;
  const { facts } = c.env;
  const release = streams.add(principal, () => facts.end(), most);
  if (release !== undefined) {
    facts.onClose = release;
    return undefined;
  }
  return {
    status: 429,
    code: "too-many-streams",
    detail: "too many events, logs, commands and transfers of one caller are open at once: end one first",
    headers: { "Retry-After": "1" },
  };
}

function tooLarge(limitBytes: number): Refusal {
  return { status: 413, code: "body-too-large", detail: `a body here has at most ${limitBytes} bytes` };
}

/** The parser sees to it that no body is longer than its Content-Length; one without is counted as it comes. */
function boundBody(c: GuardContext, next: Next, limits: Limits, limitBody: MiddlewareHandler): Promise<Response | void> {
  const { method } = c.req;
  if (method === "GET" || method === "HEAD" || (method === "PUT" && UPLOADS.test(c.req.path))) return next();
  if (c.req.header("transfer-encoding") !== undefined) return limitBody(c, next);
  const isTooLarge = Number(c.req.header("content-length") ?? 0) > limits.bodyBytes;
  return refuseOr(isTooLarge ? tooLarge(limits.bodyBytes) : undefined, next);
}
