// The typed HTTP client: hono's, with the API's own routes as its type, over TCP, TLS or a unix socket. May depend on types of api/,
// and on the files beside it.
import { hc } from "hono/client";
import type { AppType } from "../api/app.js";
import { loadUndici, Transport, type TransportOptions } from "./transport.js";

export interface ClientOptions extends TransportOptions {
  /** Instead of our own; it then minds TLS and sockets itself. */
  readonly fetch?: typeof fetch | undefined;
}

export type WardianClient = ReturnType<typeof hc<AppType>>;

/**
 * `url`: http://HOST:PORT, https://HOST:PORT or unix:/PATH. Its calls give responses of whatever status, as fetch does; for the actions
 * themselves, with errors thrown, there is openDoor().
 */
export function createClient(url: string, options: ClientOptions = {}): WardianClient {
  const transport = new Transport(url, options);
  const ownFetch = ((input: string, init: object) =>
    loadUndici().fetch(input, { ...init, dispatcher: transport.agent })) as unknown as typeof fetch;
  return hc<AppType>(transport.address.base, {
    fetch: options.fetch ?? ownFetch,
    headers: transport.headers,
    webSocket: (socketUrl) => transport.openSocketAt(String(socketUrl)) as unknown as WebSocket,
  });
}
