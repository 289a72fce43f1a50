// The reference page's files: read once, and the same bytes in every answer, because anybody may ask for them many times at once.
import { Hono } from "hono";
import { expect, test, vi } from "vitest";
import { createApp } from "../app.js";
import type { ApiEnv } from "../api-env.js";
import { docsRoutes } from "./docs.js";

/** What the handlers gave to `c.body`. */
async function givenFor(app: { fetch(request: Request): Response | Promise<Response> }, path: string): Promise<unknown[]> {
  const given: unknown[] = [];
  const Original = globalThis.Response;
  vi.stubGlobal(
    "Response",
    class extends Original {
      constructor(body?: BodyInit | null, init?: ResponseInit) {
        super(body, init);
        given.push(body);
      }
    },
  );
  try {
    for (let n = 0; n < 2; n++) expect((await app.fetch(new Request(`http://localhost${path}`))).status).toBe(200);
  } finally {
    vi.unstubAllGlobals();
  }
  return given;
}

test.each(["/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css"])("%s", async (path) => {
  const [first, second, ...others] = await givenFor(new Hono<ApiEnv>().route("/", docsRoutes()), path);
  expect(first).toBeInstanceOf(Uint8Array);
  expect(second === first).toBe(true);
  expect(others).toEqual([]);
});

test("/openapi.json", async () => {
  const app = createApp({ doorFor: () => ({ apply: () => Promise.reject(new Error("not asked")) }) as never });
  const given = await givenFor(app, "/openapi.json");
  expect(given[0]).toBeInstanceOf(Uint8Array);
  expect(given.map((body) => body === given[0])).toEqual([true, true]);
});
