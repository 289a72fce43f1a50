// How many requests there were, and how long each took until its answer began; by the pattern of the route, so that what clients
// make up costs nothing. May depend on hono and metrics/.
import type { Context, MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import type { Meter } from "../metrics/meter.js";

const UNMATCHED = "unmatched";

/** Goes before all others, so that what they refuse is counted, too. */
export function measureRequests(meter: Pick<Meter, "observeRequest">): MiddlewareHandler {
  return async (c, next) => {
    const startedAt = performance.now();
    try {
      await next();
    } finally {
      meter.observeRequest(routeOf(c), c.req.method, c.res.status, (performance.now() - startedAt) / 1000);
    }
  };
}

/** As the OpenAPI document writes it; what Hono adds to a parameter is left out. Middleware is registered for ALL methods. */
function routeOf(c: Context): string {
  const route = matchedRoutes(c).findLast(({ method }) => method !== "ALL");
  return route === undefined ? UNMATCHED : patternOf(route.path);
}

/** There are as many as routes. */
const patterns = new Map<string, string>();

function patternOf(path: string): string {
  const known = patterns.get(path);
  if (known !== undefined) return known;
  const pattern = path.replace(/:(\w+)(\{[^/]*\})?/g, "{$1}");
  patterns.set(path, pattern);
  return pattern;
}
