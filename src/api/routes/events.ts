// What happens to instances: as it happens, or what is stored. May depend on engine/, instance/ and the API's own files.
import { createRoute, z } from "@hono/zod-openapi";
import type { EventQuery } from "../../engine/action.js";
import { MAX_PAGE } from "../../engine/views.js";
import { EVENT_TYPES, type InstanceEvent } from "../../instance/record.js";
import { NAME_PATTERN } from "../../instance/spec.js";
import { newRouter } from "../api-env.js";
import { answerStream, goneSignal } from "../body-stream.js";
import { EVENT_STREAM, eventStream, type ServerEvent } from "../event-stream.js";
import { negotiate } from "../media-type.js";
import { commaList, flag, wholeNumber } from "../parameters.js";
import { documentedOnly, problems, secured } from "../responses.js";
import { eventsView, eventView } from "../schemas.js";

const eventId = wholeNumber(0, Number.MAX_SAFE_INTEGER);

const events = createRoute({
  method: "get",
  path: "/v1/events",
  operationId: "readEvents",
  summary: "What happens to instances",
  description:
    "As server-sent events, from now on, or after the event that `after` or Last-Event-ID names; with follow=false, what is stored, " +
    "oldest first, as JSON.",
  tags: ["instances"],
  security: secured,
  request: {
    query: z.strictObject({
      instance: z.string().regex(NAME_PATTERN, "an instance's id or name").optional(),
      type: commaList(EVENT_TYPES, "started,exited").optional(),
      after: eventId.optional(),
      follow: flag.optional(),
      limit: wholeNumber(1, MAX_PAGE).optional().openapi({ description: "With follow=false: at most so many." }),
    }),
    headers: z.object({ "last-event-id": eventId.optional() }),
  },
  responses: {
    200: {
      description: "The events; server-sent ones have an event's JSON as their data.",
      content: { "application/json": { schema: eventsView }, [EVENT_STREAM]: { schema: documentedOnly(eventView) } },
    },
    ...problems(404, 406, 409),
  },
});

async function* told(events: AsyncIterable<InstanceEvent>): AsyncGenerator<ServerEvent> {
  for await (const event of events) yield { id: String(event.id), event: event.type, data: event };
}

async function collect(events: AsyncIterable<InstanceEvent>): Promise<InstanceEvent[]> {
  const all: InstanceEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

export const eventRoutes = () =>
  newRouter().openapi(events, async (c) => {
    const { instance, type, after, follow = true, limit } = c.req.valid("query");
    const afterId = c.req.valid("header")["last-event-id"] ?? after;
    negotiate(c.req.header("accept"), [follow ? EVENT_STREAM : "application/json"]);
    const gone = goneSignal(c);
    const query: EventQuery = { afterId, instance, types: type, follow, ...(follow ? {} : { limit: limit ?? MAX_PAGE }) };
    const found = await c.get("door").apply({ kind: "events", query, signal: gone.signal });
    if (!follow) return c.json({ events: await collect(found) }, 200);
    return answerStream(c, EVENT_STREAM, eventStream(told(found)), () => gone.abort());
  });
