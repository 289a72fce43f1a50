// Where a server is: http://HOST:PORT, https://HOST:PORT, or unix:/PATH for a socket in the file system. May depend on errors.
import { resolve } from "node:path";
import { WardianError } from "../errors.js";

export interface Address {
  /** What requests' paths are put behind; without a "/" at its end. */
  readonly base: string;
  /** The same for WebSockets: ws: or wss:. */
  readonly webSocketBase: string;
  readonly socketPath?: string;
  /** For messages. */
  readonly shown: string;
}

/** Throws `bad-option`. */
export function parseAddress(text: string): Address {
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length).replace(/^\/\/(?=\/)/, "");
    if (path === "" || path.includes("\0")) throw bad(text);
    return { base: "http://localhost", webSocketBase: "ws://localhost", socketPath: resolve(path), shown: `unix:${path}` };
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:") || url.search !== "" || url.hash !== "") throw bad(text);
  if (url.username !== "" || url.password !== "")
    throw new WardianError("bad-option", "an address holds no user or password: give a token in WARDIAN_TOKEN or with --token-file");
  const base = `${url.origin}${url.pathname}`.replace(/\/+$/, "");
  return { base, webSocketBase: base.replace(/^http/, "ws"), shown: base };
}

function bad(text: string): WardianError {
  const shown = JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}...` : text);
  return new WardianError("bad-option", `${shown} is no server's address: write http://HOST:PORT, https://HOST:PORT or unix:/PATH`);
}
