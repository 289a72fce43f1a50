// Who did what. May depend on engine/ and the API's own files.
import { createRoute, z } from "@hono/zod-openapi";
import { MAX_PAGE } from "../../engine/views.js";
import { newRouter } from "../api-env.js";
import { wholeNumber } from "../parameters.js";
import { json, problems, secured } from "../responses.js";
import { auditView } from "../schemas.js";

const audit = createRoute({
  method: "get",
  path: "/v1/audit",
  operationId: "readAudit",
  summary: "The audit log, oldest first",
  description: "Every action that changes something, whichever way it came. Needs the scope admin.",
  tags: ["server"],
  security: secured,
  request: {
    query: z.strictObject({
      after: wholeNumber(0, Number.MAX_SAFE_INTEGER).optional().openapi({ description: "The last entry that is known already." }),
      limit: wholeNumber(1, MAX_PAGE).optional(),
    }),
  },
  responses: { 200: json("Its entries.", auditView), ...problems() },
});

export const auditRoutes = () =>
  newRouter().openapi(audit, async (c) => {
    const { after, limit } = c.req.valid("query");
    return c.json({ entries: [...(await c.get("door").apply({ kind: "audit", afterId: after, limit }))] }, 200);
  });
