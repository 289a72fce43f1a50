// Headers that every answer has, set before the app's own, which may say otherwise: the pages' policy lets their own scripts run.
// Depends on node only.
import type { ServerResponse } from "node:http";

// prettier-ignore
const HEADERS: readonly (readonly [string, string])[] = [
  ["Content-Security-Policy",      "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"],
  ["X-Content-Type-Options",       "nosniff"],
  ["Cross-Origin-Resource-Policy", "same-origin"],
  ["Cache-Control",                "no-store"],
];
// prettier-ignore
const PAGE_HEADERS: readonly (readonly [string, string])[] = [
  ["Referrer-Policy",              "no-referrer"],
  ["Cross-Origin-Opener-Policy",   "same-origin"],
];
const HSTS_ONE_YEAR = "max-age=31536000";

export function setHeaders(outgoing: ServerResponse, withHsts: boolean): void {
  for (const [name, value] of HEADERS) outgoing.setHeader(name, value);
  if (outgoing.req.url?.startsWith("/v1/") !== true) for (const [name, value] of PAGE_HEADERS) outgoing.setHeader(name, value);
  if (withHsts) outgoing.setHeader("Strict-Transport-Security", HSTS_ONE_YEAR);
}
