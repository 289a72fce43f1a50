// Which methods a path takes, for those that it does not: 405 with Allow, or 404. May depend on errors, hono and problem.ts.
import type { Context, NotFoundHandler } from "hono";
import { WardianError } from "../errors.js";
import type { ApiEnv } from "./api-env.js";
import { answerProblem } from "./problem.js";

interface Known {
  readonly method: string;
  readonly path: string;
}

/** `/v1/instances/:id` as what a path must match. */
function patternOf(path: string): RegExp {
  const parts = path.split("/").map((part) => (part.startsWith(":") ? "[^/]+" : part.replace(/[^A-Za-z0-9_-]/g, "\\$&")));
  return new RegExp(`^${parts.join("/")}$`);
}

/** `routes` is asked when the first request needs it: when all of them are there. */
export function refuseUnknown(routes: () => readonly Known[]): NotFoundHandler<ApiEnv> {
  let known: { method: string; pattern: RegExp }[] | undefined;
  const methodsOf = (path: string): string[] => {
    known ??= routes()
      .filter(({ method }) => method !== "ALL")
      .map((route) => ({ method: route.method, pattern: patternOf(route.path) }));
    const methods = new Set(known.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method));
    if (methods.has("GET")) methods.add("HEAD");
    return [...methods].sort();
  };
  return (c: Context<ApiEnv>) => {
    const methods = methodsOf(c.req.path);
    if (methods.length === 0)
      return answerProblem(c, new WardianError("no-route", "there is nothing at this path; /openapi.json has all there is"));
    c.header("Allow", methods.join(", "));
    return answerProblem(c, new WardianError("method-not-allowed", `this path takes ${methods.join(", ")}`));
  };
}
