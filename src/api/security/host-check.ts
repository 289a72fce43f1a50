// Host and Origin: a web page must not drive a local server, neither by a name of its own that it points at us (DNS rebinding)
// nor by requests and WebSockets across origins. Reads what browsers set and pages cannot. May depend on types beside it.
import type { Connection } from "./connection.js";
import type { Refusal } from "./refusal.js";

const LOOPBACK_HOSTS = ["localhost", "127.0.0.1", "[::1]"];
const LOOPBACK_ADDRESS = /^127\.|^::1$/;

/** What may call us so: our address on this connection, and the host that was listened on by name. */
export function hostsOf(localAddress: string, localPort: number, listenHost: string, secure: boolean): ReadonlySet<string> {
  const address = localAddress.replace(/^::ffff:(?=\d+\.)/, "");
  const bracket = (host: string): string => (host.includes(":") && !host.startsWith("[") ? `[${host}]` : host);
  const names = [bracket(address), bracket(listenHost.toLowerCase()), ...(LOOPBACK_ADDRESS.test(address) ? LOOPBACK_HOSTS : [])];
  const isDefaultPort = localPort === (secure ? 443 : 80);
  return new Set(names.flatMap((name) => (isDefaultPort ? [name, `${name}:${localPort}`] : [`${name}:${localPort}`])));
}

/** `allowed` entries are in lower case: "name" goes with any port, "name:port" with that one. */
export function checkHost(host: string | undefined, { hosts }: Connection, allowed: ReadonlySet<string>): Refusal | undefined {
  if (hosts === undefined) return undefined;
  if (host === undefined || host === "") return { status: 400, code: "host-missing", detail: "a request needs a Host header" };
  const name = host.toLowerCase();
  if (hosts.has(name) || allowed.has(name) || allowed.has(name.replace(/:[0-9]{1,5}$/, ""))) return undefined;
  return {
    status: 421,
    code: "host-not-allowed",
    detail: "this server does not go by the name in the Host header; start it with --allowed-host to let it",
  };
}

export interface OriginHeaders {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly secFetchSite: string | undefined;
  readonly secFetchMode: string | undefined;
}

const CROSS_ORIGIN: Refusal = {
  status: 403,
  code: "cross-origin",
  detail: "requests from web pages of another origin are refused; start the server with --allowed-origin to let one in",
};

/**
 * `allowed` holds whole origins in lower case. `isPage` is told for a GET of a page that shows nothing by itself: links to it may
 * stand anywhere. Requests that no browser made have none of these headers.
 */
export function checkOrigin(
  headers: OriginHeaders,
  { hosts, secure }: Connection,
  allowed: ReadonlySet<string>,
  isPage: boolean,
): Refusal | undefined {
  const origin = headers.origin?.toLowerCase();
  if (origin !== undefined) {
    if (allowed.has(origin)) return undefined;
    const own = `${secure ? "https" : "http"}://${headers.host?.toLowerCase() ?? ""}`;
    // On a unix socket whoever passes requests on decides what Host is: nothing is known to be our own origin.
    if (hosts === undefined || origin !== own) return CROSS_ORIGIN;
  }
  const site = headers.secFetchSite;
  if (site === undefined || site === "same-origin" || site === "none") return undefined;
  return isPage && headers.secFetchMode === "navigate" ? undefined : CROSS_ORIGIN;
}
