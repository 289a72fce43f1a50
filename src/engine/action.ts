// Everything that can be asked of Wardian, as one union: the doors (library, command line, HTTP) make actions, an engine applies
// them, here or at the other end of a connection. May depend on types of instance/, metrics/ and machine/.
import type { Readable } from "node:stream";
import type { FileStat, WriteOptions } from "../instance/file-tree.js";
import type { InstanceEvent, InstanceRecord, LogEntry, LogQuery } from "../instance/record.js";
import type { Command, InstanceRequest } from "../instance/spec.js";
import type { StartHooks } from "../instance/start-hooks.js";
import type { RunningProcess } from "../instance/running-process.js";
import type { HostMetrics, InstanceMetrics } from "../metrics/view.js";
import type { AuditRecord, EngineInfo, InstanceFilter, InstancePage, VolumeView } from "./views.js";
import type { InstanceState } from "../instance/lifecycle.js";

/** An instance's id, a prefix of at least 4 characters that only one has, or its name. */
type InstanceRef = string;

// prettier-ignore
export type Action =
  | { readonly kind: "create";      readonly request: InstanceRequest; readonly idempotencyKey?: string | undefined }
  | { readonly kind: "list";        readonly filter?: InstanceFilter | undefined }
  | { readonly kind: "inspect";     readonly instance: InstanceRef }
  /** `hooks` are for doors in this process. */
  | { readonly kind: "start";       readonly instance: InstanceRef; readonly hooks?: StartHooks | undefined }
  | { readonly kind: "stop";        readonly instance: InstanceRef; readonly signal?: string | undefined; readonly graceMs?: number | undefined }
  | { readonly kind: "kill";        readonly instance: InstanceRef; readonly signal?: string | undefined }
  | { readonly kind: "pause";       readonly instance: InstanceRef }
  | { readonly kind: "resume";      readonly instance: InstanceRef }
  | { readonly kind: "restart";     readonly instance: InstanceRef; readonly graceMs?: number | undefined }
  | { readonly kind: "remove";      readonly instance: InstanceRef; readonly force?: boolean | undefined }
  | { readonly kind: "rename";      readonly instance: InstanceRef; readonly name: string }
  | { readonly kind: "wait";        readonly instance: InstanceRef; readonly until?: WaitCondition | undefined; readonly signal?: AbortSignal | undefined }
  | { readonly kind: "exec";        readonly instance: InstanceRef; readonly command: ExecCommand }
  | { readonly kind: "attach";      readonly instance: InstanceRef } & AttachOptions
  | { readonly kind: "logs";        readonly instance: InstanceRef; readonly query?: LogQuery | undefined; readonly signal?: AbortSignal | undefined }
  | { readonly kind: "events";      readonly query?: EventQuery | undefined; readonly signal?: AbortSignal | undefined }
  | { readonly kind: "stat-file";   readonly instance: InstanceRef; readonly path: string }
  | { readonly kind: "list-files";  readonly instance: InstanceRef; readonly path: string }
  | { readonly kind: "read-file";   readonly instance: InstanceRef; readonly path: string }
  | { readonly kind: "write-file";  readonly instance: InstanceRef; readonly path: string; readonly content: AsyncIterable<Uint8Array>; readonly options?: WriteOptions | undefined }
  | { readonly kind: "remove-file"; readonly instance: InstanceRef; readonly path: string }
  | { readonly kind: "get-archive"; readonly instance: InstanceRef; readonly path: string }
  | { readonly kind: "put-archive"; readonly instance: InstanceRef; readonly path: string; readonly tar: AsyncIterable<Uint8Array> }
  | { readonly kind: "metrics";     readonly instance: InstanceRef; readonly windowMs?: number | undefined }
  | { readonly kind: "host-metrics"; readonly windowMs?: number | undefined }
  | { readonly kind: "list-volumes" }
  | { readonly kind: "audit";       readonly afterId?: number | undefined; readonly limit?: number | undefined }
  | { readonly kind: "info" };

export type WaitCondition = InstanceState | "removed";

export type ExecCommand = Command & {
  /** The outputs end with the command, even where its children still hold them. */
  readonly endAtExit?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
};

export interface AttachOptions {
  /** Its input, too; where that is kept open. */
  readonly stdin?: boolean | undefined;
  /** To its next run, where it has ended. To one that has never run anybody may attach. */
  readonly next?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface EventQuery {
  /** Those after it; without it, and following, from now on. */
  readonly afterId?: number | undefined;
  readonly instance?: string | undefined;
  readonly types?: readonly string[] | undefined;
  readonly follow?: boolean | undefined;
  readonly limit?: number | undefined;
}

/** What each action gives. */
export interface Results {
  create: InstanceRecord;
  list: InstancePage;
  inspect: InstanceRecord;
  /** Resolves when the instance runs: a guest's agent has answered, its command is on its way. One that cannot run ends it with 126 or 127. */
  start: InstanceRecord;
  /** These resolve when it is done. */
  stop: InstanceRecord;
  kill: InstanceRecord;
  pause: InstanceRecord;
  resume: InstanceRecord;
  restart: InstanceRecord;
  remove: undefined;
  rename: InstanceRecord;
  /** Undefined where it was removed meanwhile. Default: until it is no longer live. */
  wait: InstanceRecord | undefined;
  exec: RunningProcess;
  /** The main program's streams, shared with the log and with others attached; kill() signals the main program. */
  attach: RunningProcess;
  logs: AsyncIterable<LogEntry>;
  events: AsyncIterable<InstanceEvent>;
  "stat-file": FileStat;
  "list-files": readonly FileStat[];
  "read-file": { readonly stat: FileStat; readonly content: Readable };
  "write-file": undefined;
  "remove-file": undefined;
  "get-archive": Readable;
  "put-archive": undefined;
  metrics: InstanceMetrics;
  "host-metrics": HostMetrics;
  "list-volumes": readonly VolumeView[];
  audit: readonly AuditRecord[];
  info: EngineInfo;
}

export type ResultOf<A extends Action> = Results[A["kind"]];

/** An engine, wherever it is. */
export interface Door extends AsyncDisposable {
  /** Does it. Throws a WardianError for what cannot be done. */
  apply<A extends Action>(action: A): Promise<ResultOf<A>>;
}
