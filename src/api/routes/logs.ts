// What an instance has written, from its log. May depend on engine/, instance/ and the API's own files.
import { createRoute, z } from "@hono/zod-openapi";
import { LOG_STREAMS } from "../../instance/record.js";
import { newRouter } from "../api-env.js";
import { answerStream, asDescribed, goneSignal } from "../body-stream.js";
import { logLines, logText } from "../log-lines.js";
import { negotiate } from "../media-type.js";
import { NDJSON, ndjson } from "../ndjson.js";
import { commaList, flag, instanceParams, moment, wholeNumber } from "../parameters.js";
import { documentedOnly, problems, secured } from "../responses.js";
import { logLine } from "../schemas.js";

const MAX_TAIL_LINES = 1_000_000;

const logs = createRoute({
  method: "get",
  path: "/v1/instances/{id}/logs",
  operationId: "readLogs",
  summary: "Read what an instance has written",
  description: "As text/plain the bytes as they were written; as application/x-ndjson one entry a line.",
  tags: ["exec and streams"],
  security: secured,
  request: {
    params: instanceParams,
    query: z.strictObject({
      follow: flag.optional().openapi({ description: "Go on as more is written, until the instance has ended." }),
      since: moment.optional(),
      until: moment.optional(),
      tail: wholeNumber(0, MAX_TAIL_LINES).optional().openapi({ description: "The last so many lines only." }),
      timestamps: flag.optional().openapi({ description: "Put the time in front of each line; text/plain only." }),
      stream: commaList(LOG_STREAMS, "stdout,stderr").optional(),
    }),
  },
  responses: {
    200: { description: "The log.", content: { "text/plain": { schema: z.string() }, [NDJSON]: { schema: documentedOnly(logLine) } } },
    ...problems(404, 406, 409),
  },
});

export const logRoutes = () =>
  newRouter().openapi(logs, async (c) => {
    const { follow, since, until, tail, timestamps, stream } = c.req.valid("query");
    const type = negotiate(c.req.header("accept"), ["text/plain", NDJSON]);
    const gone = goneSignal(c);
    const entries = await c.get("door").apply({
      kind: "logs",
      instance: c.req.valid("param").id,
      query: { follow, sinceMs: since, untilMs: until, tail, streams: stream },
      signal: gone.signal,
    });
    const leave = (): void => gone.abort();
    if (type === NDJSON) return asDescribed(answerStream(c, NDJSON, ndjson(logLines(entries)), leave));
    // Bytes of a guest's: a browser must not take them for a page.
    c.header("X-Content-Type-Options", "nosniff");
    return asDescribed(answerStream(c, "text/plain; charset=utf-8", logText(entries, timestamps === true), leave));
  });
