// What a request carries on its way through the API, and the router that every file in routes/ begins with. May depend on types
// of engine/, hono and problem.ts.
import { OpenAPIHono } from "@hono/zod-openapi";
import type { Caller } from "../engine/caller.js";
import type { Door } from "../engine/action.js";
import { refuseInvalid } from "./problem.js";

export interface ApiEnv {
  Variables: {
    /** Set by the security middleware. */
    caller: Caller;
    /** The engine, as the caller may use it. */
    door: Door;
    /** For the log: an error that nobody foresaw. */
    onUnforeseen: (error: unknown) => void;
  };
  /** Of the platform; there under Node. */
  Bindings: {
    readonly outgoing?: { destroy(): unknown } | undefined;
    readonly incoming?: { readonly socket: { once(event: "close", listener: () => void): unknown } } | undefined;
  };
}

export function newRouter(): OpenAPIHono<ApiEnv> {
  return new OpenAPIHono<ApiEnv>({ defaultHook: refuseInvalid });
}
