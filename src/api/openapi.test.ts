// The OpenAPI document: valid, complete, and the page that shows it.
import { Validator } from "@seriousme/openapi-schema-validator";
import { beforeAll, describe, expect, test } from "vitest";
import { createApp } from "./app.js";
import { StubDoor } from "./testing/stub-door.js";

interface Operation {
  operationId?: string;
  summary?: string;
  tags?: string[];
  security?: unknown[];
  requestBody?: { content: Record<string, { schema: Record<string, unknown> }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: Record<string, unknown> }> }>;
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown>; securitySchemes: Record<string, unknown> };
}

const app = createApp({ doorFor: () => new StubDoor(), version: "1.2.3" });
let document: Document;
let operations: [name: string, operation: Operation][];

beforeAll(async () => {
  document = (await (await app.request("/openapi.json")).json()) as Document;
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [`${method} ${path}`, operation]),
  );
});

describe("the OpenAPI document", () => {
  test("is valid OpenAPI 3.1", async () => {
    expect(document).toMatchObject({ openapi: "3.1.0", info: { title: "Wardian", version: "1.2.3" } });
    expect(await new Validator().validate({ ...structuredClone(document) })).toEqual({ valid: true });
  });

  test("has every route of the API", () => {
    const documented = new Set(operations.map(([name]) => name));
    const routed = app.routes
      .filter(({ method, path }) => method !== "ALL" && (path.startsWith("/v1/") || path === "/metrics" || path === "/healthz"))
      .map(({ method, path }) => `${method.toLowerCase()} ${path.replace(/:(\w+)/g, "{$1}")}`);
    expect(documented).toEqual(new Set(routed));
    expect(documented.size).toBeGreaterThan(25);
  });

  test("names and describes every operation", () => {
    const ids = operations.map(([, { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [name, { operationId, summary, tags }] of operations)
      expect({ name, operationId, summary, tags }).toEqual({
        name,
        operationId: expect.stringMatching(/^[a-z][A-Za-z]+$/) as string,
        summary: expect.stringMatching(/^\S.{5,}$/) as string,
        tags: [expect.any(String) as string],
      });
  });

  test("names every schema of JSON", () => {
    for (const [name, { requestBody, responses }] of operations) {
      const contents = [requestBody?.content ?? {}, ...Object.values(responses).map(({ content = {} }) => content)];
      for (const content of contents)
        for (const [type, { schema }] of Object.entries(content))
          if (/json/.test(type))
            expect([name, type, schema]).toEqual([name, type, { $ref: expect.stringMatching(/^#\/components\/schemas\/[A-Z]/) as string }]);
    }
  });

  test("tells of a token, and of the problems there can be", () => {
    expect(document.components.securitySchemes).toMatchObject({ token: { type: "http", scheme: "bearer" } });
    for (const [name, { security, responses }] of operations) {
      if (name === "get /healthz") continue;
      expect([name, security]).toEqual([name, [{ token: [] }]]);
      for (const status of ["400", "401", "403"]) expect([name, Object.keys(responses)]).toEqual([name, expect.arrayContaining([status])]);
      for (const [status, { content }] of Object.entries(responses))
        if (status >= "400") expect(Object.keys(content ?? {})).toEqual(["application/problem+json"]);
    }
  });
});

describe("the reference page", () => {
  test("runs no script of its own", async () => {
    const page = await app.request("/docs");
    expect(page.headers.get("content-security-policy")).toMatch(/script-src 'self'(;|$)/);
    const html = await page.text();
    expect(html).not.toMatch(/<script(?![^>]* src="\/docs\/)|\son\w+=|https?:/);
    for (const [, path] of html.matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
      const file = await app.request(String(path));
      expect([path, file.status, file.headers.get("x-content-type-options")]).toEqual([path, 200, "nosniff"]);
    }
  });

  test("does not answer for others", async () => {
    expect((await app.request("/v1/info")).headers.get("content-security-policy")).toBeNull();
  });
});
