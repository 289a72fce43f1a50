// Metrics over HTTP: of an instance, of the host, as a stream, the catalog, and the page for Prometheus. What they show goes through
// the door, and so holds to the caller's namespace. May depend on metrics/, engine/ and the files of api/.
import { createRoute, z } from "@hono/zod-openapi";
import { openMetricsName } from "../../metrics/catalog.js";
import { METRIC_GROUPS } from "../../metrics/groups.js";
import type { Meter } from "../../metrics/meter.js";
import { METRICS_FORMATS, type MetricsFormat, renderOpenMetrics } from "../../metrics/openmetrics.js";
import { WINDOW_MS } from "../../metrics/sample-history.js";
import { hostMetricsSchema, instanceMetricsSchema } from "../../metrics/view.js";
import { newRouter } from "../api-env.js";
import { answerStream, goneSignal } from "../body-stream.js";
import { EVENT_STREAM, eventStream, type ServerEvent } from "../event-stream.js";
import { type Snapshot, readPage, snapshots, type Watched } from "../metrics-snapshots.js";
import { instanceParams, withoutQuery, wholeNumber } from "../parameters.js";
import { json, problems, secured } from "../responses.js";

const INTERVAL_MS = { default: 1000, min: 250, max: 60_000 } as const;
const MAX_WATCHED = 100;

const windowMs = wholeNumber(WINDOW_MS.min, WINDOW_MS.max).optional().describe(`Rates are over this time; default ${WINDOW_MS.default}.`);
const windowQuery = z.strictObject({ windowMs });
const refs = z
  .union([z.string().max(8192), z.array(z.string().max(8192)).max(MAX_WATCHED)])
  .transform((given) => [given].flat().flatMap((text) => text.split(",")))
  .pipe(z.array(instanceParams.shape.id).max(MAX_WATCHED))
  .transform((names) => [...new Set(names)])
  .openapi({ type: "array", items: { type: "string" }, description: "Ids or names, repeated or with commas; default: all that are on." });
const streamQuery = z.strictObject({
  intervalMs: wholeNumber(INTERVAL_MS.min, INTERVAL_MS.max).optional().describe(`Default ${INTERVAL_MS.default}.`),
  instance: refs.optional(),
  windowMs: windowMs.describe("Rates are over this time; default: the interval."),
});

// Clones, because what was made before the OpenAPI library was loaded has no names to give.
const instanceMetricsView = instanceMetricsSchema.clone().openapi("InstanceMetrics");
const hostMetricsView = hostMetricsSchema.clone().openapi("HostMetrics");
const snapshotView = z.object({ host: hostMetricsView, instances: z.array(instanceMetricsView) }).openapi("MetricsSnapshot");
const catalogView = z
  .object({
    metrics: z.array(
      z.object({
        name: z.string(),
        group: z.string(),
        type: z.string(),
        unit: z.string(),
        help: z.string(),
        labels: z.array(z.string()),
        formula: z.string().optional(),
        openMetricsName: z.string().optional(),
      }),
    ),
  })
  .openapi("MetricsCatalog");

const tags = ["metrics"];

const ofInstance = createRoute({
  method: "get",
  path: "/v1/instances/{id}/metrics",
  operationId: "getInstanceMetrics",
  summary: "Counters of an instance and its rates over a window",
  tags,
  security: secured,
  request: { params: instanceParams, query: windowQuery },
  responses: { 200: json("As of now.", instanceMetricsView), ...problems(404, 409) },
});
const ofHost = createRoute({
  method: "get",
  path: "/v1/metrics",
  operationId: "getHostMetrics",
  summary: "Figures of the host, the engine and the API",
  tags,
  security: secured,
  request: { query: windowQuery },
  responses: { 200: json("As of now.", hostMetricsView), ...problems() },
});
const catalog = createRoute({
  method: "get",
  path: "/v1/metrics/catalog",
  operationId: "getMetricsCatalog",
  summary: "What each metric means",
  tags,
  security: secured,
  middleware: withoutQuery,
  responses: { 200: json("All that there are.", catalogView), ...problems() },
});
const stream = createRoute({
  method: "get",
  path: "/v1/metrics/stream",
  operationId: "streamMetrics",
  summary: "Metrics of the host and of instances, again and again",
  tags,
  security: secured,
  request: { query: streamQuery },
  responses: {
    200: { description: 'Events "metrics"; each has the host and its instances.', content: { [EVENT_STREAM]: { schema: snapshotView } } },
    ...problems(404, 409),
  },
});
const page = createRoute({
  method: "get",
  path: "/metrics",
  operationId: "scrapeMetrics",
  summary: "For Prometheus: the host, and the instances of the caller's namespace that are on",
  tags,
  security: secured,
  middleware: withoutQuery,
  responses: {
    200: {
      description: "OpenMetrics to whoever accepts it, else the older text format.",
      content: {
        [METRICS_FORMATS.openmetrics]: { schema: z.string() },
        [METRICS_FORMATS.text]: { schema: z.string() },
      },
    },
    ...problems(),
  },
});

const CATALOG: z.infer<typeof catalogView> = {
  metrics: METRIC_GROUPS.flatMap(({ name: group, labels, metrics }) =>
    Object.entries(metrics).map(([name, { type, unit, help, formula, labels: own = [] }]) => ({
      name,
      group,
      type,
      unit,
      help,
      labels: [...(labels ?? []), ...own],
      ...(formula === undefined ? {} : { formula }),
      ...(labels === undefined ? {} : { openMetricsName: openMetricsName(name, { type, unit, help }) }),
    })),
  ),
};

/** `meter` counts the streams that are open. */
export function metricsRoutes(meter: Pick<Meter, "openStream">) {
  return newRouter()
    .openapi(ofInstance, async (c) => {
      const metrics = await c.get("door").apply({ kind: "metrics", instance: c.req.valid("param").id, ...c.req.valid("query") });
      return c.json(metrics, 200);
    })
    .openapi(ofHost, async (c) => c.json(await c.get("door").apply({ kind: "host-metrics", ...c.req.valid("query") }), 200))
    .openapi(catalog, (c) => c.json(CATALOG, 200))
    .openapi(stream, async (c) => {
      const { intervalMs = INTERVAL_MS.default, instance, ...query } = c.req.valid("query");
      const door = c.get("door");
      for (const name of instance ?? []) await door.apply({ kind: "inspect", instance: name }); // a problem now, not an empty stream
      const watched: Watched = { instances: instance, intervalMs, windowMs: query.windowMs ?? Math.max(intervalMs, WINDOW_MS.min) };
      const gone = goneSignal(c);
      meter.openStream(1);
      const ended = (): void => meter.openStream(-1);
      if (gone.signal.aborted) ended();
      else gone.signal.addEventListener("abort", ended, { once: true });
      return answerStream(c, EVENT_STREAM, eventStream(toEvents(snapshots(door, watched, gone.signal))), () => gone.abort());
    })
    .openapi(page, async (c) => {
      const format: MetricsFormat = /\bapplication\/openmetrics-text\b/i.test(c.req.header("accept") ?? "") ? "openmetrics" : "text";
      const text = await renderOpenMetrics(await readPage(c.get("door")), format);
      return c.body(text, 200, { "Content-Type": METRICS_FORMATS[format], "Cache-Control": "no-store" });
    });
}

async function* toEvents(source: AsyncIterable<Snapshot>): AsyncGenerator<ServerEvent> {
  for await (const data of source) yield { event: "metrics", data };
}
