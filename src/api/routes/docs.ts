// The OpenAPI document, and a page that shows it: Swagger UI's own files, served from here, so that it works without the Internet
// and under a policy that runs no script but ours. May depend on errors, web/ and the API's own files.
import { readFileSync } from "node:fs";
import type { OpenAPIHono } from "@hono/zod-openapi";
import { Hono } from "hono";
import { WardianError } from "../../errors.js";
import { builtFolder } from "../../web/assets.js";
import { PAGE_POLICY } from "../../web/routes.js";
import type { ApiEnv } from "../api-env.js";
import { SECURITY_SCHEME } from "../responses.js";

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Wardian API</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css" />
    <link rel="icon" href="data:," />
  </head>
  <body>
    <div id="reference"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/show.js"></script>
  </body>
</html>
`;
const SHOW = `SwaggerUIBundle({ url: "/openapi.json", dom_id: "#reference", deepLinking: true, validatorUrl: null });
`;
const SCRIPT = "text/javascript; charset=utf-8";
/** Anybody may ask for these, many times at once: every answer is the same bytes. */
const VENDORED = { "swagger-ui-bundle.js": SCRIPT, "swagger-ui.css": "text/css; charset=utf-8" } as const;

function readVendored(name: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(readFileSync(new URL(`vendor/${name}`, builtFolder())));
  } catch (cause) {
    throw new WardianError("not-built", "the reference page's files are missing: run `npm run build`", { cause });
  }
}

/** Below /docs. */
export function docsRoutes(): Hono<ApiEnv> {
  const loaded = new Map<string, Uint8Array<ArrayBuffer>>();
  const vendored = (name: string): Uint8Array<ArrayBuffer> => {
    const bytes = loaded.get(name) ?? readVendored(name);
    loaded.set(name, bytes);
    return bytes;
  };
  const app = new Hono<ApiEnv>();
  app.use("/docs/*", async (c, next) => {
    c.header("Content-Security-Policy", PAGE_POLICY);
    c.header("X-Content-Type-Options", "nosniff");
    c.header("Cache-Control", "no-cache");
    await next();
  });
  app.get("/docs", (c) => c.html(PAGE));
  app.get("/docs/show.js", (c) => c.body(SHOW, 200, { "Content-Type": SCRIPT }));
  for (const [name, type] of Object.entries(VENDORED))
    app.get(`/docs/${name}`, (c) => c.body(vendored(name), 200, { "Content-Type": type }));
  return app;
}

/** As JSON, made once, when it is asked for. */
export function documentOf(app: OpenAPIHono<ApiEnv>, version: string): () => Uint8Array<ArrayBuffer> {
  let text: Uint8Array<ArrayBuffer> | undefined;
  return () => (text ??= new TextEncoder().encode(JSON.stringify(describeApi(app, version))));
}

function describeApi(app: OpenAPIHono<ApiEnv>, version: string): object {
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Wardian",
      version,
      description: "Instances over HTTP: create them, drive them, run commands in them, measure them. Errors are application/problem+json.",
      license: { name: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    tags: [
      { name: "instances", description: "Create, find, remove." },
      { name: "lifecycle", description: "From state to state." },
      { name: "exec and streams", description: "Commands, the main program, logs." },
      { name: "files", description: "Of running and stopped instances." },
      { name: "volumes", description: "Folders in memory that containers share." },
      { name: "metrics", description: "What things cost." },
      { name: "server", description: "About the server itself." },
    ],
  });
}

export const securityScheme = {
  name: SECURITY_SCHEME,
  scheme: {
    type: "http",
    scheme: "bearer",
    description: "A token as `wardian token create` makes it. Not needed on a unix socket or loopback.",
  },
} as const;
