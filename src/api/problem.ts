// Every answer that is not a success: problem details (RFC 9457) with a stable code. What we did not foresee is told as
// `internal` and nothing more; it goes to the log instead. May depend on errors, zod, hono and problem-status.ts.
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { ZodError } from "zod";
import { WardianError } from "../errors.js";
import { type ProblemStatus, problemStatus } from "./problem-status.js";

export const PROBLEM_TYPE = "application/problem+json";
const MAX_TOLD_ERRORS = 32;
const MAX_TOLD_CHARS = 512;

export const problemSchema = z
  .object({
    type: z.string().describe("urn:wardian:problem:CODE"),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe("One line for people."),
    code: z.string().describe("Stable; what programs look at."),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .describe("What is wrong with the request, where it is its form."),
  })
  .openapi("Problem");
export type Problem = z.infer<typeof problemSchema>;

// prettier-ignore
const TITLES: Readonly<Record<ProblemStatus, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  426: "Upgrade Required",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  507: "Insufficient Storage",
};

/** A request whose form is wrong, and where. */
export class BadRequestError extends WardianError {
  constructor(
    detail: string,
    readonly errors: Problem["errors"],
  ) {
    super("bad-request", detail);
  }
}

/** Details would be of the host, and help nobody who cannot see its log. */
const OURS = "something went wrong in the server; its log says what";

/** `undefined` for what was not foreseen. */
function foreseen(error: unknown): WardianError | undefined {
  if (error instanceof WardianError) return error;
  if (!(error instanceof HTTPException)) return undefined;
  // Thrown by the validators, before a handler of ours runs.
  if (error.status === 415) return new WardianError("unsupported-media-type", "send the body as application/json");
  if (error.status === 413) return new WardianError("body-too-large", "the body is too large");
  return error.status === 400 ? new WardianError("malformed-json", "the body is not JSON") : undefined;
}

export function problemOf(error: unknown): Problem & { readonly status: ProblemStatus } {
  const known = foreseen(error);
  const status = known && problemStatus(known.code);
  if (!known || !status) return problem(500, "internal", OURS);
  if (status === 500) return problem(500, known.code, OURS);
  const errors = known instanceof BadRequestError ? known.errors : undefined;
  return { ...problem(status, known.code, oneLine(known.message)), ...(errors ? { errors } : {}) };
}

/** Whether the server's log should hold it. */
export function isUnforeseen(error: unknown): boolean {
  return problemOf(error).status >= 500;
}

function problem(status: ProblemStatus, code: string, detail: string): Problem & { readonly status: ProblemStatus } {
  return { type: `urn:wardian:problem:${code}`, title: TITLES[status], status, detail, code };
}

function oneLine(text: string): string {
  const line = text.split("\n", 1)[0] ?? "";
  return line.length > MAX_TOLD_CHARS ? `${line.slice(0, MAX_TOLD_CHARS)}...` : line;
}

export function answerProblem(c: Context, error: unknown): Response {
  const about = problemOf(error);
  c.header("Content-Type", PROBLEM_TYPE);
  c.header("Cache-Control", "no-store");
  if (about.status === 426) c.header("Upgrade", "websocket");
  return c.body(JSON.stringify(about), about.status satisfies ContentfulStatusCode);
}

type Validation = { readonly success: true } | { readonly success: false; readonly error: ZodError; readonly target: string };

/** For OpenAPIHono's defaultHook: what a schema refuses. */
export function refuseInvalid(result: Validation): undefined {
  if (result.success) return;
  throw badRequest(result.target, result.error);
}

export function badRequest(target: string, error: ZodError): BadRequestError {
  const issues = error.issues.slice(0, MAX_TOLD_ERRORS);
  const errors = issues.map((issue) => ({ path: pathOf(target, issue.path), message: oneLine(issue.message) }));
  const [first] = errors;
  return new BadRequestError(first ? oneLine(`${first.path}: ${first.message}`) : "the request is not valid", errors);
}

/** `limits.cpus` for what is in the body; `query.limit`, `path.id`, `header.range` for the rest. */
function pathOf(target: string, path: readonly PropertyKey[]): string {
  const parts = [...(target === "json" ? [] : [target === "param" ? "path" : target]), ...path.map(String)];
  return oneLine(parts.join(".")) || "body";
}
