// The API as the page uses it: JSON in and out, problems as errors with their code and fields, streams as they are. Asks for
// a token when the server does. Depends on session.ts.
import { askToken, currentToken } from "./session.js";

export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/** What the server said no to: application/problem+json. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: readonly FieldError[];

  constructor(status: number, code: string, message: string, fields: readonly FieldError[] = []) {
    super(message);
    this.status = status;
    this.code = code;
    this.fields = fields;
  }
}

export interface Request {
  readonly method?: "GET" | "POST" | "DELETE" | "PATCH";
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** A path below /v1 with what may be any text in it escaped. */
export function instancePath(id: string, rest = ""): string {
  return `/v1/instances/${encodeURIComponent(id)}${rest}`;
}

/** Throws a Problem, or a TypeError where there is no connection. */
export async function request(path: string, { method = "GET", body, headers = {}, signal }: Request = {}): Promise<Response> {
  for (;;) {
    const token = currentToken();
    const response = await fetch(path, {
      method,
      cache: "no-store",
      credentials: "omit",
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
    if (response.ok) return response;
    if (response.status !== 401) throw await problemOf(response);
    await response.body?.cancel();
    await askToken(token);
  }
}

export async function requestJson<T>(path: string, options?: Request): Promise<T> {
  return (await (await request(path, options)).json()) as T;
}

async function problemOf(response: Response): Promise<Problem> {
  const fallback = `the server answered ${response.status} ${response.statusText}`.trim();
  const value: unknown = await response.json().catch(() => undefined);
  if (typeof value !== "object" || value === null) return new Problem(response.status, "http", fallback);
  const { code, detail, title, errors } = value as { code?: unknown; detail?: unknown; title?: unknown; errors?: unknown };
  const message = [detail, title].find((text): text is string => typeof text === "string" && text !== "") ?? fallback;
  return new Problem(response.status, typeof code === "string" ? code : "http", message, fieldErrors(errors));
}

function fieldErrors(errors: unknown): FieldError[] {
  if (!Array.isArray(errors)) return [];
  const list = errors as readonly unknown[];
  return list.filter((error): error is FieldError => {
    const { path, message } = (error ?? {}) as { path?: unknown; message?: unknown };
    return typeof path === "string" && typeof message === "string";
  });
}

/** An error as one line for people. */
export function describeError(error: unknown): string {
  if (error instanceof Problem) return error.message;
  if (error instanceof TypeError) return "The server cannot be reached.";
  return error instanceof Error ? error.message : String(error);
}
