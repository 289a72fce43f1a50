// The server about itself. May depend on engine/ and the API's own files.
import { createRoute, z } from "@hono/zod-openapi";
import { newRouter } from "../api-env.js";
import { withoutQuery } from "../parameters.js";
import { json, problems, secured } from "../responses.js";
import { infoView } from "../schemas.js";

const tags = ["server"];

const info = createRoute({
  method: "get",
  path: "/v1/info",
  operationId: "readInfo",
  summary: "Version, host, and how many instances are in each state",
  tags,
  security: secured,
  middleware: withoutQuery,
  responses: { 200: json("The server.", infoView), ...problems() },
});

const health = createRoute({
  method: "get",
  path: "/healthz",
  operationId: "readHealth",
  summary: "Whether the server answers",
  tags,
  responses: { 200: json("It does.", z.object({ status: z.literal("ok") }).openapi("Health")) },
});

export const infoRoutes = () =>
  newRouter()
    .openapi(info, async (c) => c.json(await c.get("door").apply({ kind: "info" }), 200))
    .openapi(health, (c) => c.json({ status: "ok" as const }, 200));
