// What may stand in a path or behind the "?" of a request, with its bounds. Every query is strict: a parameter that is not
// known, or that comes twice where once is meant, is an error and not silently something else. May depend on instance/ and zod.
import { z } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { NAME_PATTERN, pathSchema } from "../instance/spec.js";
import type { ApiEnv } from "./api-env.js";
import { BadRequestError } from "./problem.js";

const DIGITS = /^(0|[1-9][0-9]{0,15})$/;

/** A whole number in a query. */
export function wholeNumber(min: number, max: number) {
  return z
    .string()
    .regex(DIGITS, "a whole number")
    .transform(Number)
    .pipe(z.int().min(min).max(max))
    .openapi({ type: "integer", minimum: min, maximum: max });
}

export const flag = z
  .enum(["true", "false"])
  .transform((text) => text === "true")
  .openapi({ type: "string", enum: ["true", "false"] });

/** Values out of a list, separated by commas. */
export function commaList<const T extends string>(values: readonly [T, ...T[]], name: string) {
  const value = z.enum(values);
  return z
    .string()
    .max(1024)
    .transform((text) => text.split(","))
    .pipe(z.array(value).max(values.length))
    .openapi({ type: "string", description: `Any of ${values.join(", ")}; several are separated by commas.`, example: name });
}

const DATE_TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?)?$/;
/** Milliseconds since 1970. */
export const moment = z
  .string()
  .max(40)
  .transform((text, context) => {
    const at = DIGITS.test(text) ? Number(text) : DATE_TIME.test(text) ? Date.parse(text) : Number.NaN;
    if (Number.isFinite(at)) return at;
    context.addIssue({ code: "custom", message: "a time as in 2026-01-31T12:00:00Z, or milliseconds since 1970" });
    return z.NEVER;
  })
  .openapi({
    type: "string",
    description: "A time as in 2026-01-31T12:00:00Z, or milliseconds since 1970.",
    example: "2026-01-31T12:00:00Z",
  });

/** For routes that have no parameters: as strict as the schemas of the others, and free of their cost. */
export const withoutQuery: MiddlewareHandler<ApiEnv> = (c, next) => {
  const search = searchOf(c.req.url);
  if (search === "") return next();
  const [name = ""] = search.split(/[=&]/, 1);
  throw new BadRequestError("query: this takes no parameters", [
    { path: "query", message: `Unrecognized key: ${JSON.stringify(name.slice(0, 64))}` },
  ]);
};

function searchOf(url: string): string {
  const at = url.indexOf("?");
  return at < 0 ? "" : url.slice(at + 1);
}

export const instanceParams = z.object({
  id: z
    .string()
    .regex(NAME_PATTERN, "an instance's id, the beginning of one, or a name")
    .openapi({ description: "An instance's id, at least 4 characters of its beginning, or its name.", example: "web-1" }),
});

export const pathQuery = z.strictObject({ path: pathSchema });
