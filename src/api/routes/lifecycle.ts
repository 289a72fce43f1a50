// What moves an instance from state to state, and the wait for that. May depend on errors, engine/, instance/ and the API's own files.
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { WaitCondition } from "../../engine/action.js";
import { WardianError } from "../../errors.js";
import { INSTANCE_STATES } from "../../instance/lifecycle.js";
import type { InstanceRecord } from "../../instance/record.js";
import { type ApiEnv, newRouter } from "../api-env.js";
import { goneSignal } from "../body-stream.js";
import { instanceParams, withoutQuery, wholeNumber } from "../parameters.js";
import { jsonBody, problems, secured, theInstance } from "../responses.js";
import { killBody, restartBody, stopBody } from "../schemas.js";

const tags = ["lifecycle"];
const MAX_WAIT_MS = 2 ** 31 - 1;

/** A step that takes nothing but the instance. */
function plainStep<const V extends string>(verb: V, summary: string, description: string) {
  return createRoute({
    method: "post",
    path: `/v1/instances/{id}/${verb}` as const,
    operationId: `${verb}Instance`,
    summary,
    description,
    tags,
    security: secured,
    middleware: withoutQuery,
    request: { params: instanceParams },
    responses: { 200: theInstance, ...problems(404, 409, 422) },
  });
}

/** A step that takes more, all of it optional: the body may be left out. */
function step<const V extends string, S extends z.ZodType>(verb: V, body: S, summary: string, description: string) {
  return createRoute({
    method: "post",
    path: `/v1/instances/{id}/${verb}` as const,
    operationId: `${verb}Instance`,
    summary,
    description,
    tags,
    security: secured,
    middleware: withoutQuery,
    request: { params: instanceParams, body: jsonBody(body, false) },
    responses: { 200: theInstance, ...problems(404, 409, 413, 415, 422) },
  });
}

const start = plainStep("start", "Start an instance", "Answers when it runs: a guest's agent has answered, its command has been started.");
const pause = plainStep("pause", "Pause an instance", "Answers when no instruction is executed any more; the guest's clock stands, too.");
const resume = plainStep("resume", "Go on with a paused instance", "Answers when it runs again.");
const stop = step(
  "stop",
  stopBody,
  "Stop an instance",
  "Sends the signal (default: the instance's stopSignal); after graceMs it is ended by force.",
);
const kill = step(
  "kill",
  killBody,
  "Kill an instance",
  "Without a signal, or with SIGKILL, it is switched off; another signal goes to the main program.",
);
const restart = step("restart", restartBody, "Stop an instance and start it again", "Answers when it runs again.");

const CONDITIONS = [...INSTANCE_STATES, "removed"] as const satisfies readonly WaitCondition[];
const wait = createRoute({
  method: "get",
  path: "/v1/instances/{id}/wait",
  operationId: "waitForInstance",
  summary: "Wait until an instance is in a state",
  description: "Without `until`: until it is no longer live.",
  tags,
  security: secured,
  request: {
    params: instanceParams,
    query: z.strictObject({ until: z.enum(CONDITIONS).optional(), timeoutMs: wholeNumber(0, MAX_WAIT_MS).optional() }),
  },
  responses: { 200: theInstance, 204: { description: "It was removed." }, ...problems(404, 408, 409) },
});

/** Undefined where it was removed. Throws `wait-timeout`. */
async function waitFor(
  c: Context<ApiEnv>,
  instance: string,
  until: WaitCondition | undefined,
  timeoutMs: number | undefined,
): Promise<InstanceRecord | undefined> {
  const gone = goneSignal(c);
  let isLate = false;
  const expire = (): void => {
    isLate = true;
    gone.abort();
  };
  const timer = timeoutMs === undefined ? undefined : setTimeout(expire, timeoutMs);
  try {
    return await c.get("door").apply({ kind: "wait", instance, until, signal: gone.signal });
  } catch (error) {
    if (isLate) throw new WardianError("wait-timeout", `the instance was not ${until ?? "ended"} within ${timeoutMs} ms`, { cause: error });
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

const apply = (c: Context<ApiEnv>, kind: "start" | "pause" | "resume", instance: string): Promise<InstanceRecord> =>
  c.get("door").apply({ kind, instance });

export const lifecycleRoutes = () =>
  newRouter()
    .openapi(start, async (c) => c.json(await apply(c, "start", c.req.valid("param").id), 200))
    .openapi(pause, async (c) => c.json(await apply(c, "pause", c.req.valid("param").id), 200))
    .openapi(resume, async (c) => c.json(await apply(c, "resume", c.req.valid("param").id), 200))
    .openapi(stop, async (c) => {
      const { signal, graceMs } = c.req.valid("json");
      return c.json(await c.get("door").apply({ kind: "stop", instance: c.req.valid("param").id, signal, graceMs }), 200);
    })
    .openapi(kill, async (c) => {
      const { signal } = c.req.valid("json");
      return c.json(await c.get("door").apply({ kind: "kill", instance: c.req.valid("param").id, signal }), 200);
    })
    .openapi(restart, async (c) => {
      const { graceMs } = c.req.valid("json");
      return c.json(await c.get("door").apply({ kind: "restart", instance: c.req.valid("param").id, graceMs }), 200);
    })
    .openapi(wait, async (c) => {
      const { until, timeoutMs } = c.req.valid("query");
      const record = await waitFor(c, c.req.valid("param").id, until, timeoutMs);
      return record === undefined ? c.body(null, 204) : c.json(record, 200);
    });
