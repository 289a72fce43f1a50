// Who made a request, for as long as what vouches for it holds. May depend on engine/ and types beside it.
import { type Caller, LOCAL_CALLER } from "../../engine/caller.js";
import type { Connection } from "./connection.js";
import type { Refusal } from "./refusal.js";
import type { TokenSet } from "./token-set.js";

export interface Principal {
  readonly caller: Caller;
  /** What its limits are counted by. */
  readonly key: string;
  isValid(): boolean;
}

const always = (): boolean => true;
/** Somebody on this host: every local user can connect, so that files of the host's are not to be had by their paths. */
const LOOPBACK_CALLER: Caller = { ...LOCAL_CALLER, name: "loopback", hostPaths: false };
const LOCAL: Principal = { caller: LOCAL_CALLER, key: "local", isValid: always };
const LOOPBACK: Principal = { caller: LOOPBACK_CALLER, key: "loopback", isValid: always };

const BEARER = /^Bearer +([!-~]{1,512}) *$/i;
const BEARER_PROTOCOL = /^bearer\.([!-~]{1,512})$/;

/** The token in Authorization, or, because browsers' WebSockets cannot send that, among the subprotocols. */
export function shownToken(authorization: string | undefined, webSocketProtocols: string | undefined): string | undefined {
  if (authorization !== undefined) return BEARER.exec(authorization)?.[1];
  for (const protocol of webSocketProtocols?.split(",") ?? []) {
    const token = BEARER_PROTOCOL.exec(protocol.trim())?.[1];
    if (token !== undefined) return token;
  }
  return undefined;
}

const UNAUTHENTICATED: Refusal = {
  status: 401,
  code: "unauthenticated",
  detail: "this needs a valid token: send Authorization: Bearer TOKEN (wardian token create makes one)",
  headers: { "WWW-Authenticate": 'Bearer realm="wardian"' },
};

/** What is shown is only looked at where the listener asks for it. */
export function identify(connection: Connection, tokens: TokenSet | undefined, token: () => string | undefined): Principal | Refusal {
  switch (connection.trust) {
    case "local":
      return LOCAL;
    case "loopback":
      return LOOPBACK;
    case "certificate":
      return ofCertificate(connection.certificate);
    case "token":
      return tokens?.authenticate(token()) ?? UNAUTHENTICATED;
  }
}

function ofCertificate(certificate: Caller | string | undefined): Principal | Refusal {
  if (typeof certificate !== "object")
    return { status: 403, code: "bad-certificate", detail: certificate ?? "this needs a client certificate" };
  return { caller: certificate, key: `certificate:${certificate.name}:${certificate.namespace}`, isValid: always };
}

export function isRefusal(value: Principal | Refusal): value is Refusal {
  return "status" in value;
}
