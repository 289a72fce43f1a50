// The dashboard's files over HTTP: `/` and `/web/...`, from the list in assets.ts and from nowhere else, so that no path can
// lead out of it. Each file is read once. May depend on errors, hono and assets.ts.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { Hono, type Context } from "hono";
import { WardianError } from "../errors.js";
import { type Asset, ASSETS, builtFolder, INDEX } from "./assets.js";

/**
 * No script but ours, no connection but to the server it came from, and no page around it. Styles: the terminal writes a
 * style sheet of its own and colours cells by attribute, which has no other way to be allowed.
 */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

interface Loaded {
  readonly type: string;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly etag: string;
}

/** `folder` holds the built files (default: where the build puts them). */
export function webRoutes(folder: URL = builtFolder()): Hono {
  const assets = new Map(ASSETS.map((asset) => [asset.path, asset]));
  const loaded = new Map<string, Loaded>();
  const serve = (c: Context, path: string): Response => {
    const asset = assets.get(path);
    if (asset === undefined) return c.notFound() as Response;
    const file = loaded.get(path) ?? load(folder, asset);
    loaded.set(path, file);
    return answer(c, file);
  };
  const app = new Hono();
  app.get("/", (c) => serve(c, INDEX));
  for (const { path } of ASSETS) app.get(`/web/${path}`, (c) => serve(c, path));
  return app;
}

function load(folder: URL, { path, type }: Asset): Loaded {
  try {
    const body = new Uint8Array(readFileSync(new URL(path, folder)));
    return { type, body, etag: `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"` };
  } catch (cause) {
    throw new WardianError("not-built", "the dashboard's files are missing: run `npm run build`", { cause });
  }
}

function answer(c: Context, { type, body, etag }: Loaded): Response {
  c.header("ETag", etag);
  // Asked for anew each time, answered by 304 while nothing changed: a newer Wardian on the same port is never mixed with an older page.
  c.header("Cache-Control", "no-cache");
  c.header("X-Content-Type-Options", "nosniff");
  c.header("Referrer-Policy", "no-referrer");
  c.header("Content-Security-Policy", PAGE_POLICY);
  if (c.req.header("if-none-match")?.includes(etag) === true) return c.body(null, 304);
  c.header("Content-Type", type);
  return c.body(body);
}
