// What the Node side tells the guard of the connection a request came by. May depend on types of engine/.
import type { Caller } from "../../engine/caller.js";

/**
 * Whom a listener takes its clients for. local: whoever can open the unix socket is this user; loopback: somebody on this host,
 * with all rights but paths of the host; token: whoever shows one; certificate: whom the client's certificate names.
 */
export type Trust = "local" | "loopback" | "token" | "certificate";

export interface Connection {
  readonly trust: Trust;
  /** TLS. */
  readonly secure: boolean;
  /** What Host may say, in lower case, beside the hosts that were allowed by option; undefined on a unix socket: anything. */
  readonly hosts: ReadonlySet<string> | undefined;
  /** The client's, for limits and logs; "unix" on a unix socket. */
  readonly address: string;
  /** The listener's address is one of this host's own. */
  readonly isLoopback: boolean;
  /** Whom the client's certificate names, or why it names nobody. */
  readonly certificate?: Caller | string | undefined;
}

/** One request, as the guard sees and marks it. */
export interface RequestFacts {
  readonly connection: Connection;
  /** By performance.now(). */
  readonly sinceMs: number;
  /** Set once it is known: for the access log. */
  caller?: string;
  /** Where it is not the response that says it. */
  status?: number;
  /** Called once when the request is over, its answer with it. */
  onClose?: () => void;
  /** Cuts the connection. */
  end(): void;
}

export interface GuardEnv {
  Bindings: { facts: RequestFacts };
  Variables: { caller: Caller };
}
