// The API as a Hono app: middleware, then routes. Only assembles. The app itself has no server, no port, no engine of its own;
// mount it where you like. May depend on config, engine/, metrics/, web/ and the API's own files.
import type { Context, Hono, MiddlewareHandler } from "hono";
import { readVersion } from "../config.js";
import type { Door } from "../engine/action.js";
import { type Caller, LOCAL_CALLER } from "../engine/caller.js";
import type { Meter } from "../metrics/meter.js";
import { webRoutes } from "../web/routes.js";
import { type ApiEnv, newRouter } from "./api-env.js";
import { refuseUnknown } from "./known-methods.js";
import { answerProblem, isUnforeseen } from "./problem.js";
import { archiveRoutes } from "./routes/archive.js";
import { attachRoutes } from "./routes/attach.js";
import { auditRoutes } from "./routes/audit.js";
import { docsRoutes, documentOf, securityScheme } from "./routes/docs.js";
import { eventRoutes } from "./routes/events.js";
import { execRoutes } from "./routes/exec.js";
import { fileRoutes } from "./routes/files.js";
import { infoRoutes } from "./routes/info.js";
import { instanceRoutes } from "./routes/instances.js";
import { lifecycleRoutes } from "./routes/lifecycle.js";
import { logRoutes } from "./routes/logs.js";
import { metricsRoutes } from "./routes/metrics.js";
import { volumeRoutes } from "./routes/volumes.js";

export interface AppOptions {
  /** The engine, as a caller may use it. */
  doorFor(caller: Caller): Door;
  /** Run first, in order; they set c.get("caller"). Without any, everybody is the user whose process this is: for tests, and behind one's own. */
  readonly security?: readonly MiddlewareHandler[] | undefined;
  readonly meter?: Pick<Meter, "openStream"> | undefined;
  /** The dashboard. */
  readonly page?: Hono | undefined;
  readonly version?: string | undefined;
  /** Told of errors that nobody foresaw; clients learn nothing of them. */
  readonly onUnforeseen?: ((error: unknown) => void) | undefined;
}

const everybodyIsLocal: MiddlewareHandler<ApiEnv> = (c, next) => {
  c.set("caller", LOCAL_CALLER);
  return next();
};
const NO_METER: Pick<Meter, "openStream"> = { openStream: () => {} };

/** HEAD is GET without the body; what would have been the body's source must not stay open. */
async function withoutBody(c: Context<ApiEnv>, next: () => Promise<void>): Promise<void> {
  await next();
  await c.res.body?.cancel();
}

export function createApp(options: AppOptions) {
  const { security = [everybodyIsLocal], meter = NO_METER, page = webRoutes(), version = readVersion(), onUnforeseen = () => {} } = options;
  const app = newRouter();
  for (const handler of security) app.use(handler);
  app.use((c, next) => {
    c.set("onUnforeseen", onUnforeseen);
    if (c.get("caller") !== undefined) c.set("door", options.doorFor(c.get("caller")));
    return c.req.method === "HEAD" ? withoutBody(c, next) : next();
  });
  app.onError((error, c) => {
    if (isUnforeseen(error) && !c.req.raw.signal.aborted) onUnforeseen(error);
    return answerProblem(c, error);
  });
  app.notFound(refuseUnknown(() => app.routes));
  app.openAPIRegistry.registerComponent("securitySchemes", securityScheme.name, securityScheme.scheme);
  const document = documentOf(app, version);
  app.get("/openapi.json", (c) => c.body(document(), 200, { "Content-Type": "application/json" }));
  app.route("/", docsRoutes());
  app.route("/", page);
  return app
    .route("/", instanceRoutes())
    .route("/", lifecycleRoutes())
    .route("/", execRoutes())
    .route("/", attachRoutes())
    .route("/", logRoutes())
    .route("/", fileRoutes())
    .route("/", archiveRoutes())
    .route("/", eventRoutes())
    .route("/", volumeRoutes())
    .route("/", metricsRoutes(meter))
    .route("/", auditRoutes())
    .route("/", infoRoutes());
}

/** For hono's typed client: `hc<AppType>(url)`. */
export type AppType = ReturnType<typeof createApp>;
