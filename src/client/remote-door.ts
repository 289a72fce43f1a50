// An engine at the other end of a connection: each action is a request, with the results and the errors of the engine itself. What
// the server says is checked against our own schemas. May depend on errors, instance/, engine/, metrics/ and the files beside it.
import type { IncomingMessage } from "node:http";
import { posix } from "node:path";
import { z } from "zod";
import type { Action, Door, ResultOf, Results } from "../engine/action.js";
import { auditSchema, engineInfoSchema, type InstanceFilter, instancePageSchema, volumeViewSchema } from "../engine/views.js";
import { WardianError } from "../errors.js";
import { FILE_TYPES, type FileStat } from "../instance/file-tree.js";
import { instanceSchema } from "../instance/record.js";
import type { RunningProcess } from "../instance/running-process.js";
import { NAME_PATTERN } from "../instance/spec.js";
import { hostMetricsSchema, instanceMetricsSchema } from "../metrics/view.js";
import { PROBLEM_LIMIT_BYTES } from "./problem.js";
import { RemoteProcess } from "./remote-process.js";
import { readEvents, readLogs } from "./remote-streams.js";
import { readText, Transport, type TransportOptions } from "./transport.js";

type Of<K extends Action["kind"]> = Extract<Action, { kind: K }>;
type Handlers = { [K in Action["kind"]]: (action: Of<K>) => Promise<Results[K]> };

/** A guest's start takes seconds, on a slow host minutes; what ends one waits for it. */
const SLOW_ANSWER_MS = 10 * 60_000;
const DEFAULT_GRACE_MS = 10_000;
/** One question of a wait; it is asked again until there is an end. */
const WAIT_MS = 30_000;

const fileStatSchema: z.ZodType<FileStat> = z.object({
  name: z.string(),
  type: z.enum(FILE_TYPES),
  sizeBytes: z.number(),
  mode: z.int(),
  uid: z.int(),
  gid: z.int(),
  modifiedAt: z.string(),
  target: z.string().exactOptional(),
});

export class RemoteDoor implements Door {
  readonly #transport: Transport;

  readonly #handlers: Handlers = {
    create: ({ request, idempotencyKey }) =>
      this.#transport.json(instanceSchema, "POST", "/v1/instances", {
        json: request,
        ...(idempotencyKey === undefined ? {} : { headers: { "idempotency-key": idempotencyKey } }),
      }),
    list: ({ filter = {} }) => this.#transport.json(instancePageSchema, "GET", "/v1/instances", { query: queryOf(filter) }),
    inspect: ({ instance }) => this.#transport.json(instanceSchema, "GET", pathOf(instance)),
    start: ({ instance, hooks }) => this.#drive(instance, "start", undefined, { signal: hooks?.signal }),
    stop: ({ instance, signal, graceMs }) => this.#drive(instance, "stop", { signal, graceMs }, { graceMs }),
    kill: ({ instance, signal }) => this.#drive(instance, "kill", { signal }),
    pause: ({ instance }) => this.#drive(instance, "pause"),
    resume: ({ instance }) => this.#drive(instance, "resume"),
    restart: ({ instance, graceMs }) => this.#drive(instance, "restart", { graceMs }, { graceMs }),
    remove: async ({ instance, force }) => {
      await this.#transport.send("DELETE", pathOf(instance), { query: { force }, patienceMs: SLOW_ANSWER_MS });
      return undefined;
    },
    rename: ({ instance, name }) => this.#transport.json(instanceSchema, "PATCH", pathOf(instance), { json: { name } }),
    wait: (action) => this.#wait(action),
    exec: (action) => this.#exec(action),
    attach: ({ instance, stdin = false, next = false, signal }) =>
      this.#open(pathOf(instance, "/attach"), { stdin, tty: false }, signal && givenUp(signal), { query: { stdin, next } }),
    logs: async ({ instance, query = {}, signal }) => readLogs(this.#transport, pathOf(instance, "/logs"), query, signal),
    events: async ({ query = {}, signal }) => readEvents(this.#transport, query, signal),
    "stat-file": ({ instance, path }) => this.#transport.json(fileStatSchema, "GET", pathOf(instance, "/files/stat"), { query: { path } }),
    "list-files": async ({ instance, path }) => {
      const schema = z.object({ files: z.array(fileStatSchema) });
      return (await this.#transport.json(schema, "GET", pathOf(instance, "/files/list"), { query: { path } })).files;
    },
    "read-file": (action) => this.#readFile(action),
    "write-file": async ({ instance, path, content, options: { mode, uid, gid } = {} }) => {
      const query = { path, mode: mode?.toString(8), uid, gid };
      await this.#transport.send("PUT", pathOf(instance, "/files"), { query, bytes: content, patienceMs: SLOW_ANSWER_MS });
      return undefined;
    },
    "remove-file": async ({ instance, path }) => {
      await this.#transport.send("DELETE", pathOf(instance, "/files"), { query: { path } });
      return undefined;
    },
    "get-archive": async ({ instance, path }) => {
      const { body } = await this.#transport.request("GET", pathOf(instance, "/archive"), { query: { path }, silenceMs: 0 });
      return this.#transport.stream(body);
    },
    "put-archive": async ({ instance, path, tar }) => {
      const headers = { "content-type": "application/x-tar" };
      await this.#transport.send("PUT", pathOf(instance, "/archive"), {
        query: { path },
        headers,
        bytes: tar,
        patienceMs: SLOW_ANSWER_MS,
      });
      return undefined;
    },
    metrics: ({ instance, windowMs }) =>
      this.#transport.json(instanceMetricsSchema, "GET", pathOf(instance, "/metrics"), { query: { windowMs } }),
    "host-metrics": ({ windowMs }) => this.#transport.json(hostMetricsSchema, "GET", "/v1/metrics", { query: { windowMs } }),
    "list-volumes": async () =>
      (await this.#transport.json(z.object({ volumes: z.array(volumeViewSchema) }), "GET", "/v1/volumes")).volumes,
    audit: async ({ afterId, limit }) => {
      const schema = z.object({ entries: z.array(auditSchema) });
      return (await this.#transport.json(schema, "GET", "/v1/audit", { query: { after: afterId, limit } })).entries;
    },
    info: () => this.#transport.json(engineInfoSchema, "GET", "/v1/info"),
  };

  constructor(url: string, options: TransportOptions = {}) {
    this.#transport = new Transport(url, options);
  }

  async apply<A extends Action>(action: A): Promise<ResultOf<A>> {
    // The table's type ties each kind to its result; a union of functions cannot be called without this step.
    const handler = this.#handlers[action.kind] as unknown as (action: A) => Promise<ResultOf<A>>;
    return handler(action);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#transport.close();
  }

  #drive(
    instance: string,
    verb: string,
    json?: object,
    { graceMs = DEFAULT_GRACE_MS, signal }: { graceMs?: number | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<Results["stop"]> {
    const patienceMs = Math.min(SLOW_ANSWER_MS + graceMs, 2 ** 31 - 1);
    return this.#transport.json(instanceSchema, "POST", pathOf(instance, `/${verb}`), { json, patienceMs, signal });
  }

  async #wait({ instance, until, signal }: Of<"wait">): Promise<Results["wait"]> {
    // By its id: the name could come to be another's while we wait.
    const { id } = await this.#transport.json(instanceSchema, "GET", pathOf(instance), { signal });
    for (;;) {
      try {
        const query = { until, timeoutMs: WAIT_MS };
        const answer = await this.#transport.request("GET", pathOf(id, "/wait"), { query, signal, patienceMs: 2 * WAIT_MS });
        const text = await readText(answer.body, PROBLEM_LIMIT_BYTES << 8);
        return answer.status === 204 ? undefined : instanceSchema.parse(JSON.parse(text));
      } catch (error) {
        if (!(error instanceof WardianError) || error.code !== "wait-timeout") throw this.#transport.explain(error, signal);
      }
    }
  }

  async #exec({ instance, command: { signal, ...command } }: Of<"exec">): Promise<RunningProcess> {
    const streams = { stdin: command.stdin === true, tty: command.tty !== undefined && command.tty !== false };
    return this.#open(pathOf(instance, "/exec"), streams, signal, { first: { type: "exec", command } });
  }

  /** A WebSocket; with `first`, that is said first, and the program is there once the server says so. */
  async #open(
    path: string,
    streams: { readonly stdin: boolean; readonly tty: boolean },
    signal: AbortSignal | undefined,
    { query, first }: { readonly query?: Readonly<Record<string, boolean>>; readonly first?: object },
  ): Promise<RunningProcess> {
    signal?.throwIfAborted();
    const socket = this.#transport.openSocket(path, query);
    const process = await new Promise<RemoteProcess>((resolve, reject) => {
      const fail = (error: unknown): void => {
        signal?.removeEventListener("abort", abort);
        socket.on("error", () => {}).terminate();
        reject(this.#transport.explain(error, signal));
      };
      const abort = (): void => fail(signal?.reason);
      signal?.addEventListener("abort", abort, { once: true });
      socket.once("error", fail);
      socket.once("unexpected-response", (_request, response) => void this.#explainRefusal(response).then(fail));
      socket.once("open", () => {
        signal?.removeEventListener("abort", abort);
        socket.off("error", fail);
        if (first !== undefined) socket.send(JSON.stringify(first), () => {});
        resolve(new RemoteProcess(socket, streams, signal));
      });
    });
    await process.started;
    return process;
  }

  async #explainRefusal(response: IncomingMessage): Promise<WardianError> {
    const text = await readText(response, PROBLEM_LIMIT_BYTES).catch(() => "");
    return this.#transport.refusal(response.statusCode ?? 0, response.headers["content-type"] ?? "", text);
  }

  async #readFile({ instance, path }: Of<"read-file">): Promise<Results["read-file"]> {
    const { body, headers } = await this.#transport.request("GET", pathOf(instance, "/files"), { query: { path }, silenceMs: 0 });
    const told = (name: string): string => String(headers[`wardian-file-${name}`] ?? "");
    const modified = new Date(String(headers["last-modified"]));
    const stat = fileStatSchema.safeParse({
      name: posix.basename(posix.resolve("/", path)) || "/",
      type: "file",
      sizeBytes: Number(told("size") || Number.NaN),
      mode: Number.parseInt(told("mode"), 8),
      uid: Number(told("uid") || Number.NaN),
      gid: Number(told("gid") || Number.NaN),
      modifiedAt: Number.isNaN(modified.getTime()) ? undefined : modified.toISOString(),
    });
    if (stat.success) return { stat: stat.data, content: this.#transport.stream(body) };
    body.on("error", () => {}).destroy();
    throw new WardianError("bad-answer", "the server sent a file without saying what it is; does it have our version?");
  }
}

/** As the engine's attachments take an abort: whatever the reason, it is ours. */
function givenUp(signal: AbortSignal): AbortSignal {
  const ours = new AbortController();
  const abort = (): void => ours.abort(new WardianError("aborted", "the attachment was given up"));
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  return ours.signal;
}

/** A reference that is none would make a path of another meaning. */
function pathOf(instance: string, rest = ""): string {
  if (!NAME_PATTERN.test(instance)) throw new WardianError("no-instance", `there is no instance ${JSON.stringify(instance.slice(0, 100))}`);
  return `/v1/instances/${instance}${rest}`;
}

function queryOf({
  states,
  kind,
  name,
  labels = {},
  after,
  limit,
}: InstanceFilter): Record<string, string | number | readonly string[] | undefined> {
  return {
    state: states?.join(","),
    kind,
    name,
    label: Object.entries(labels).map(([key, value]) => (value === "" ? key : `${key}=${value}`)),
    after,
    limit,
  };
}
