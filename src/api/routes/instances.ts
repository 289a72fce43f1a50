// Instances as a collection: list, create, look at, rename, remove. May depend on engine/, instance/ and the API's own files.
import { createRoute, z } from "@hono/zod-openapi";
import { MAX_PAGE } from "../../engine/views.js";
import { INSTANCE_STATES } from "../../instance/lifecycle.js";
import { newRouter } from "../api-env.js";
import { commaList, flag, instanceParams, withoutQuery, wholeNumber } from "../parameters.js";
import { json, jsonBody, problems, secured, theInstance } from "../responses.js";
import { instancePageView, instanceView, renameBody, specBody } from "../schemas.js";

const tags = ["instances"];
const MAX_LABELS = 64;

const label = z.string().max(1153);
const listQuery = z.strictObject({
  state: commaList(INSTANCE_STATES, "running,paused").optional(),
  kind: z.string().max(16).optional(),
  name: z.string().max(64).optional().openapi({ description: "Part of a name, or the beginning of an id." }),
  label: z
    .union([label, z.array(label).max(MAX_LABELS)])
    .transform((labels) => Object.fromEntries([labels].flat().map(parseLabel)))
    .optional()
    .openapi({ type: "array", items: { type: "string" }, description: "KEY=VALUE, or KEY for any value; all of those given." }),
  after: z.string().max(64).optional().openapi({ description: "What the last page gave as `next`." }),
  limit: wholeNumber(1, MAX_PAGE).optional(),
});

function parseLabel(text: string): [key: string, value: string] {
  const at = text.indexOf("=");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

const list = createRoute({
  method: "get",
  path: "/v1/instances",
  operationId: "listInstances",
  summary: "Instances, oldest first",
  tags,
  security: secured,
  request: { query: listQuery },
  responses: { 200: json("A page of them.", instancePageView), ...problems() },
});

const create = createRoute({
  method: "post",
  path: "/v1/instances",
  operationId: "createInstance",
  summary: "Create an instance",
  description:
    "With an Idempotency-Key, the same request may be sent again: it gives the instance that the first one has made. " +
    "With start=true, the answer comes when it runs.",
  tags,
  security: secured,
  request: {
    query: z.strictObject({ start: flag.optional() }),
    headers: z.object({
      "idempotency-key": z
        .string()
        .regex(/^[!-~]{1,255}$/, "1 to 255 visible ASCII characters")
        .optional(),
    }),
    body: jsonBody(specBody, true),
  },
  responses: {
    201: {
      ...json("It is there.", instanceView),
      headers: z.object({ Location: z.string().openapi({ description: "Where it is, also with a problem of its start." }) }),
    },
    ...problems(409, 413, 415, 422),
  },
});

const inspect = createRoute({
  method: "get",
  path: "/v1/instances/{id}",
  operationId: "inspectInstance",
  summary: "Look at an instance",
  tags,
  security: secured,
  middleware: withoutQuery,
  request: { params: instanceParams },
  responses: { 200: theInstance, ...problems(404, 409) },
});

const rename = createRoute({
  method: "patch",
  path: "/v1/instances/{id}",
  operationId: "renameInstance",
  summary: "Rename an instance",
  tags,
  security: secured,
  middleware: withoutQuery,
  request: { params: instanceParams, body: jsonBody(renameBody, true) },
  responses: { 200: theInstance, ...problems(404, 409, 413, 415) },
});

const remove = createRoute({
  method: "delete",
  path: "/v1/instances/{id}",
  operationId: "removeInstance",
  summary: "Remove an instance",
  description: "One that is live only with force=true, which ends it first.",
  tags,
  security: secured,
  request: { params: instanceParams, query: z.strictObject({ force: flag.optional() }) },
  responses: { 204: { description: "It is gone." }, ...problems(404, 409) },
});

export const instanceRoutes = () =>
  newRouter()
    .openapi(list, async (c) => {
      const { state, kind, name, label, after, limit } = c.req.valid("query");
      return c.json(await c.get("door").apply({ kind: "list", filter: { states: state, kind, name, labels: label, after, limit } }), 200);
    })
    .openapi(create, async (c) => {
      const door = c.get("door");
      const idempotencyKey = c.req.valid("header")["idempotency-key"];
      let record = await door.apply({ kind: "create", request: c.req.valid("json"), idempotencyKey });
      c.header("Location", `/v1/instances/${record.id}`);
      // A repeated request finds it started already.
      if (c.req.valid("query").start === true && record.state === "created")
        record = await door.apply({ kind: "start", instance: record.id });
      return c.json(record, 201);
    })
    .openapi(inspect, async (c) => c.json(await c.get("door").apply({ kind: "inspect", instance: c.req.valid("param").id }), 200))
    .openapi(rename, async (c) => {
      const { name } = c.req.valid("json");
      return c.json(await c.get("door").apply({ kind: "rename", instance: c.req.valid("param").id, name }), 200);
    })
    .openapi(remove, async (c) => {
      await c.get("door").apply({ kind: "remove", instance: c.req.valid("param").id, force: c.req.valid("query").force });
      return c.body(null, 204);
    });
