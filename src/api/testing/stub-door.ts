// An engine for the API's tests: it remembers what it was asked, answers what a test gives it, and otherwise behaves like an engine
// with one instance, "web" (id i-0001), that runs.
import { Duplex, PassThrough, Readable, type Writable } from "node:stream";
import type { Action, Door, ResultOf, Results } from "../../engine/action.js";
import type { VolumeView } from "../../engine/views.js";
import { WardianError } from "../../errors.js";
import type { FileStat } from "../../instance/file-tree.js";
import type { InstanceEvent, InstanceRecord, LogEntry } from "../../instance/record.js";
import type { RunningProcess } from "../../instance/running-process.js";
import { instanceSpecSchema } from "../../instance/spec.js";
import type { ExitStatus } from "../../machine/agent/index.js";

export const AT = "2026-01-31T12:00:00.000Z";

export const RECORD: InstanceRecord = {
  id: "i-0001",
  namespace: "default",
  name: "web",
  state: "running",
  spec: instanceSpecSchema.parse({ image: "busybox" }),
  createdAt: AT,
  startedAt: AT,
  restarts: 0,
  wanted: "running",
};

export const STAT: FileStat = { name: "hosts", type: "file", sizeBytes: 5, mode: 0o644, uid: 0, gid: 0, modifiedAt: AT };

export const EVENT: InstanceEvent = { id: 7, at: AT, type: "started", namespace: "default", instance: "i-0001", name: "web", detail: {} };

const USE = { instance: "i-0001", name: "web", state: "running", guestPath: "/v", readOnly: false } as const;
export const VOLUME: VolumeView = { namespace: "default", name: "data", isMade: true, sizeBytes: 65_536, usedBytes: 4096, inodes: 1, maxInodes: 16, usedBy: [USE] }; // prettier-ignore

const ABOUT = { instance: "i-0001", name: "web", state: "running" };
const LIMITS = { memoryBytes: 1, cpus: 1, vcpus: 1 };

type Handlers = { [K in Action["kind"]]?: (action: Extract<Action, { kind: K }>) => Results[K] | Promise<Results[K]> };

const DEFAULTS: Handlers = {
  create: ({ request }) => ({ ...RECORD, state: "created", spec: instanceSpecSchema.parse(request) }),
  list: () => ({ instances: [RECORD] }),
  inspect: () => RECORD,
  start: () => RECORD,
  stop: () => ({ ...RECORD, state: "exited" }),
  kill: () => ({ ...RECORD, state: "exited" }),
  pause: () => ({ ...RECORD, state: "paused" }),
  resume: () => RECORD,
  restart: () => RECORD,
  remove: () => undefined,
  rename: ({ name }) => ({ ...RECORD, name }),
  wait: () => ({ ...RECORD, state: "exited" }),
  exec: () => new StubProcess().end(0, "out", "err"),
  attach: () => new StubProcess().end(0, "out", "err"),
  logs: () => from<LogEntry>({ at: AT, stream: "stdout", bytes: Buffer.from("a line\n") }),
  events: () => from(EVENT),
  "stat-file": () => STAT,
  "list-files": () => [STAT],
  "read-file": () => ({ stat: STAT, content: Readable.from([Buffer.from("hello")]) }),
  "write-file": async ({ content }) => void (await drain(content)),
  "remove-file": () => undefined,
  "get-archive": () => Readable.from([Buffer.alloc(1024)]),
  "put-archive": async ({ tar }) => void (await drain(tar)),
  metrics: () => ({ ...ABOUT, at: AT, windowMs: 1000, limits: LIMITS, counters: {}, devices: {}, deviceRates: {}, rates: {} }),
  "host-metrics": () => ({ at: AT, windowMs: 1000, values: {}, histograms: {}, series: [], instances: {} }),
  "list-volumes": () => [VOLUME],
  audit: () => [{ id: 1, at: AT, caller: "local", namespace: "default", action: "create", outcome: "ok", detail: "" }],
  info: () => ({ version: "0", startedAt: AT, hostCpus: 2, hostMemoryBytes: 1, workers: 1, instances: {} }),
};

export class StubDoor implements Door {
  readonly asked: Action[] = [];
  readonly #handlers: Handlers;

  constructor(handlers: Handlers = {}) {
    this.#handlers = { ...DEFAULTS, ...handlers };
  }

  async apply<A extends Action>(action: A): Promise<ResultOf<A>> {
    this.asked.push(action);
    if ("instance" in action && action.instance !== "web" && action.instance !== "i-0001")
      throw new WardianError("no-instance", `there is no instance ${action.instance}`);
    const handler = this.#handlers[action.kind] as unknown as (action: A) => ResultOf<A>;
    return handler(action);
  }

  get last(): Action | undefined {
    return this.asked.at(-1);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** A program whose other side is the test's. */
export class StubProcess implements RunningProcess {
  readonly stdin: Writable;
  /** What has been typed, and not read yet. */
  readonly typed = new PassThrough({ highWaterMark: 64 << 10 });
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly signals: (string | number)[] = [];
  readonly sizes: [cols: number, rows: number][] = [];
  readonly exit: Promise<ExitStatus>;
  settle!: (exit: ExitStatus) => void;
  reject!: (reason: unknown) => void;

  constructor(stdout: Readable = new PassThrough(), stderr: Readable = new PassThrough(), stdin?: Writable) {
    [this.stdout, this.stderr, this.stdin] = [stdout, stderr, stdin ?? this.typed];
    this.exit = new Promise((settle, reject) => ([this.settle, this.reject] = [settle, reject]));
    this.exit.catch(() => {});
  }

  /** As the agent's: SIGKILL ends it. */
  kill(signal: string | number = "SIGTERM"): void {
    this.signals.push(signal);
    if (signal === "SIGKILL") {
      this.settle({ code: null, signal: "SIGKILL", status: 137 });
      for (const stream of [this.stdout, this.stderr]) if (stream instanceof Duplex && !stream.destroyed) stream.end();
    }
  }

  resize(cols: number, rows: number): void {
    this.sizes.push([cols, rows]);
  }

  end(code: number, stdout = "", stderr = ""): this {
    if (this.stdout instanceof Duplex) this.stdout.end(stdout);
    if (this.stderr instanceof Duplex) this.stderr.end(stderr);
    this.settle({ code, signal: null, status: code });
    return this;
  }
}

export async function* from<T>(...items: T[]): AsyncGenerator<T> {
  yield* items;
}

export async function drain(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}
