// The API under Node: the app behind its guard, its requests counted. Only assembles. May depend on engine/, metrics/ and the
// files beside it.
import type { Door } from "../engine/action.js";
import type { Caller } from "../engine/caller.js";
import type { Meter } from "../metrics/meter.js";
import { createApp } from "./app.js";
import { measureRequests } from "./measure-requests.js";
import { type RunningServer, serveApp, type ServeOptions } from "./server-running.js";

export interface ServerEngine {
  as(caller: Caller): Door;
  readonly meter: Meter;
}

export interface ServerOptions extends ServeOptions {
  readonly engine: ServerEngine;
}

/**
 * Listens. Throws a WardianError: `bad-listen`, `insecure-listen`, `address-in-use`, `listen-failed`, `bad-tls`, `token-file-...`.
 * The engine stays the caller's to close, after the server.
 */
export function startServer({ engine, ...options }: ServerOptions): Promise<RunningServer> {
  const { meter } = engine;
  return serveApp((guard) => {
    const security = [measureRequests(meter), ...guard];
    const onUnforeseen = (error: unknown): void => options.onNote?.(`a request failed: ${describe(error)}`);
    const app = createApp({ doorFor: (caller) => engine.as(caller), security, meter, onUnforeseen });
    return (request, env) => app.fetch(request, env);
  }, options);
}

/** For our own log: where it happened belongs to it. */
function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
