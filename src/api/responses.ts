// The pieces that routes' descriptions are put together from. May depend on zod and the schemas beside it.
import type { z } from "@hono/zod-openapi";
import { PROBLEM_TYPE, problemSchema } from "./problem.js";
import type { ProblemStatus } from "./problem-status.js";
import { instanceView } from "./schemas.js";

export function json<S extends z.ZodType>(description: string, schema: S) {
  return { description, content: { "application/json": { schema } } };
}

export function jsonBody<S extends z.ZodType>(schema: S, required: boolean) {
  return { required, content: { "application/json": { schema } } };
}

/** Another form of an answer: described, and of no type, so that a typed client reads the first form. */
export function documentedOnly(schema: z.ZodType): z.ZodType<never> {
  return schema as z.ZodType<never>;
}

const WORDS: Partial<Record<ProblemStatus, string>> = {
  400: "The request is not valid; `errors` says where.",
  401: "No valid token or certificate.",
  403: "Not allowed to this caller, or beyond its quotas.",
  404: "There is no such thing in the caller's namespace.",
  409: "Not possible in the state that things are in.",
};
type ProblemResponse = { description: string; content: { [PROBLEM_TYPE]: { schema: typeof problemSchema } } };

/** 400, 401 and 403, which every route has, and those. */
export function problems<const S extends ProblemStatus>(...statuses: readonly S[]): { [K in S | 400 | 401 | 403]: ProblemResponse } {
  const answer = (status: ProblemStatus): [ProblemStatus, ProblemResponse] => [
    status,
    {
      description: WORDS[status] ?? `The code says which problem it is (${status}).`,
      content: { [PROBLEM_TYPE]: { schema: problemSchema } },
    },
  ];
  return Object.fromEntries(([400, 401, 403, ...statuses] as const).map(answer)) as { [K in S | 400 | 401 | 403]: ProblemResponse };
}

export const SECURITY_SCHEME = "token";
export const secured = [{ [SECURITY_SCHEME]: [] as string[] }];

export const theInstance = json("The instance as it is now.", instanceView);
