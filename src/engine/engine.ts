// Applies actions: the one place behind every door. Only assembles; each part is a file beside it. May depend on errors, config,
// metrics/, container/, instance/, store/.
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { readVersion } from "../config.js";
import { containerFigures } from "../container/runtime.js";
import { WardianError } from "../errors.js";
import type { FileTree } from "../instance/file-tree.js";
import { HostFiles } from "../instance/host-files.js";
import { nameSchema } from "../instance/spec.js";
import { workerCount, workerPool } from "../machine/worker-pool.js";
import { readHostFigures } from "../metrics/host-figures.js";
import { HOST_METRICS } from "../metrics/catalog.js";
import { HOST_DERIVED_METRICS } from "../metrics/derived.js";
import { Meter, type Metered } from "../metrics/meter.js";
import type { HostMetrics, InstanceMetrics } from "../metrics/view.js";
import { type Ownership, takeOwnership } from "../store/ownership.js";
import { openStore } from "../store/sqlite-store.js";
import { openStateFolder, type StateFolder } from "../store/state-folder.js";
import type { Store } from "../store/store.js";
import type { Action, Door, ResultOf, Results } from "./action.js";
import { type Caller, LOCAL_CALLER } from "./caller.js";
import { badRequest, hashRequest, makeRecord, nameTaken, parseRequest } from "./creation.js";
import { Directory, homeOf, sees } from "./directory.js";
import { requireFreeDisks } from "./disks.js";
import { EventFeed } from "./event-feed.js";
import type { Interruptible } from "./file-changes.js";
import { filesOf } from "./instance-files.js";
import { ManagedInstance } from "./managed-instance.js";
import { Pipelines } from "./pipelines.js";
import { requireCapacity, requireRoom } from "./quotas.js";
import { recover } from "./recovery.js";
import { describeAction, isAudited, requireScope } from "./scopes.js";
import { Sockets } from "./sockets.js";
import type { Surroundings } from "./surroundings.js";
import { type EngineInfo, MAX_PAGE } from "./views.js";
import { Volumes } from "./volumes.js";

export interface EngineOptions {
  /** Folder that keeps instances, events and logs. Left out: a temporary one; false: nothing is kept. */
  readonly state?: string | false | undefined;
  /** Where specs find files by name; default: the state folder's images/. */
  readonly images?: string | undefined;
  /** Of the state folder, where the caller has it already. */
  readonly ownership?: Ownership | undefined;
  /** Told of what went wrong without anybody having asked. */
  readonly onNote?: ((text: string) => void) | undefined;
}

type Handlers = { [K in Action["kind"]]: (action: Extract<Action, { kind: K }>, caller: Caller) => Promise<Results[K]> };

/** For instances to end by themselves when the engine is closed. */
const CLOSE_GRACE_MS = 3_000;

export class Engine implements Door {
  readonly meter: Meter;
  readonly #store: Store;
  readonly #directory = new Directory();
  readonly #volumes = new Volumes((namespace) => this.#directory.recordsIn(namespace));
  readonly #sockets = new Sockets((namespace) => this.#directory.recordsIn(namespace));
  readonly #pipelines = new Pipelines(this.#directory);
  readonly #feed: EventFeed;
  readonly #files: HostFiles;
  readonly #around: Surroundings;
  readonly #startedAt = new Date().toISOString();
  readonly #release: () => void;
  #isClosing = false;
  #closed: Promise<void> | undefined;

  readonly #handlers: Handlers = {
    create: (action, caller) => this.#create(action, caller),
    list: async ({ filter }, caller) => this.#directory.page(caller, filter),
    inspect: async ({ instance }, caller) => this.#find(instance, caller).record,
    start: async ({ instance, hooks }, caller) => this.#start(this.#find(instance, caller), caller, hooks),
    stop: async ({ instance, signal, graceMs }, caller) => this.#find(instance, caller).stop(signal, graceMs),
    kill: async ({ instance, signal }, caller) => this.#find(instance, caller).kill(signal),
    pause: async ({ instance }, caller) => this.#find(instance, caller).pause(),
    resume: async ({ instance }, caller) => this.#find(instance, caller).resume(),
    restart: async ({ instance, graceMs }, caller) => {
      const found = this.#find(instance, caller);
      return found.restart(graceMs, () => this.#requireCapacity(found, caller));
    },
    remove: async ({ instance, force }, caller) => {
      await this.#find(instance, caller).remove(force);
      return undefined;
    },
    rename: async ({ instance, name }, caller) => this.#rename(this.#find(instance, caller), name),
    wait: async ({ instance, until, signal }, caller) => this.#find(instance, caller).wait(until, signal),
    exec: async ({ instance, command }, caller) => this.#find(instance, caller).exec(command),
    attach: async ({ instance, ...options }, caller) => this.#find(instance, caller).attach(options),
    logs: async ({ instance, query, signal }, caller) => this.#logs(this.#find(instance, caller), query, signal),
    events: async ({ query = {}, signal }, caller) => {
      const id = query.instance === undefined ? undefined : this.#eventInstance(query.instance, caller);
      return this.#feed.read(
        query,
        (event) =>
          sees(caller, event.namespace) && (id === undefined || event.instance === id) && (query.types?.includes(event.type) ?? true),
        signal,
      );
    },
    "stat-file": async ({ instance, path }, caller) => (await this.#tree(instance, caller)).stat(path),
    "list-files": async ({ instance, path }, caller) => (await this.#tree(instance, caller)).list(path),
    "read-file": async ({ instance, path }, caller) => (await this.#tree(instance, caller)).read(path),
    "write-file": async ({ instance, path, content, options }, caller) =>
      this.#changeFiles(this.#find(instance, caller), path, (tree, interruptible) => tree.write(path, interruptible(content), options)),
    "remove-file": async ({ instance, path }, caller) => this.#changeFiles(this.#find(instance, caller), path, (tree) => tree.remove(path)),
    "get-archive": async ({ instance, path }, caller) => (await this.#tree(instance, caller)).archive(path),
    "put-archive": async ({ instance, path, tar }, caller) =>
      this.#changeFiles(this.#find(instance, caller), path, (tree, interruptible) => tree.extract(path, interruptible(tar))),
    metrics: async ({ instance, windowMs }, caller) => this.#metrics(this.#find(instance, caller), windowMs),
    "host-metrics": async ({ windowMs }, caller) => this.#hostMetrics(caller, windowMs),
    "list-volumes": async (_action, caller) => this.#volumes.list(this.#recordsOf(caller)),
    audit: async ({ afterId = 0, limit = MAX_PAGE }, caller) => this.#auditOf(caller, afterId, limit),
    info: async (_action, caller) => this.#info(caller),
  };

  private constructor(options: EngineOptions, store: Store, folder: StateFolder | undefined, release: () => void) {
    this.#store = store;
    this.#release = release;
    this.#feed = new EventFeed(store);
    this.#files = new HostFiles(options.images ?? folder?.images);
    this.meter = new Meter({
      live: () => this.#live(),
      hostFigures: () => ({ ...readHostFigures(), worker_threads: workerPool.size }),
      sharedFigures: () => ({ ...this.#volumes.figures(), ...containerFigures() }),
    });
    this.#around = {
      store,
      meter: this.meter,
      files: this.#files,
      folder,
      isClosing: () => this.#isClosing,
      publish: (events) => {
        for (const _event of events) this.meter.countEvent();
        this.#feed.publish(events);
      },
      requireFreeDisks: (instance) => requireFreeDisks(instance, this.#directory.all()),
      volumes: this.#volumes,
      sockets: this.#sockets,
      pipelines: this.#pipelines,
      onRemoved: (instance) => {
        this.#directory.delete(instance);
        this.#pipelines.removed(instance.id);
        this.#sockets.release(instance.record.namespace);
        return this.#volumes.release(instance.record.namespace).catch((error: Error) => this.#around.onNote(error.message));
      },
      onNote: options.onNote ?? (() => {}),
    };
    this.meter.start();
  }

  /** Reads what is stored; instances that ran when the last engine ended are ended, or started again, as their policy says. */
  static async open(options: EngineOptions = {}): Promise<Engine> {
    if (options.state === false) return new Engine(options, openStore(":memory:"), undefined, () => {});
    const temporary = options.state === undefined ? mkdtempSync(join(tmpdir(), "wardian-")) : undefined;
    const folder = openStateFolder(options.state ?? temporary ?? "");
    const ownership = options.ownership ?? takeOwnership(folder);
    if (ownership === undefined)
      throw new WardianError(
        "state-in-use",
        `another Wardian process uses the state folder ${folder.path}: use that one, or another folder`,
      );
    const release = (): void => {
      if (options.ownership === undefined) ownership.release();
      if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
    };
    let engine: Engine;
    try {
      engine = new Engine(options, openStore(folder.database, { onNote: options.onNote }), folder, release);
    } catch (error) {
      release();
      throw error;
    }
    const { store } = engine.#around;
    await recover(store, folder, engine.#around.onNote, (record) => engine.#adopt(new ManagedInstance(record, engine.#around)));
    return engine;
  }

  /** The door of somebody else. */
  as(caller: Caller): Door {
    return { apply: (action) => this.#apply(action, caller), [Symbol.asyncDispose]: async () => {} };
  }

  apply<A extends Action>(action: A): Promise<ResultOf<A>> {
    return this.#apply(action, LOCAL_CALLER);
  }

  async #apply<A extends Action>(action: A, caller: Caller): Promise<ResultOf<A>> {
    // Before it is applied: afterwards it may be removed, or have another name.
    const about = isAudited(action.kind) && "instance" in action ? this.#directory.look(action.instance, caller)?.record : undefined;
    // What a caller may not do at all is no action; it must not fill the log either.
    requireScope(action.kind, caller);
    try {
      if (this.#isClosing) throw new WardianError("closing", "Wardian is shutting down");
      // The table's type ties each kind to its result; a union of functions cannot be called without this step.
      const handler = this.#handlers[action.kind] as unknown as (action: A, caller: Caller) => Promise<ResultOf<A>>;
      const result = await handler(action, caller);
      this.#audit(action, caller, "ok", about ?? (action.kind === "create" ? (result as Results["create"]) : undefined));
      return result;
    } catch (error) {
      this.#audit(action, caller, error instanceof WardianError ? error.code : "internal", about);
      throw error;
    }
  }

  #auditOf(caller: Caller, afterId: number, limit: number): Results["audit"] {
    if (caller.namespace !== "*")
      throw new WardianError("forbidden", "the audit log is of all namespaces: it takes an admin of all of them");
    return this.#store.auditAfter(afterId, limit);
  }

  #audit(action: Action, caller: Caller, outcome: string, about: Results["inspect"] | undefined): void {
    if (!isAudited(action.kind) || this.#isClosing) return;
    const instance = about?.id ?? ("instance" in action ? action.instance : undefined);
    const namespace = about?.namespace ?? homeOf(caller);
    try {
      const detail = describeAction(action, about?.spec);
      this.#store.audit({ caller: caller.name, namespace, action: action.kind, instance, outcome, detail });
    } catch (error) {
      this.#around.onNote(`the audit log could not be written: ${(error as Error).message}`);
    }
  }

  /** Ends every instance and closes the store; what is to run again by its policy does at the next opening. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#isClosing = true;
    this.meter.stop();
    await Promise.allSettled([...this.#directory.all()].map((instance) => instance.close(CLOSE_GRACE_MS)));
    this.#sockets.close();
    await this.#volumes.close();
    this.#store.close();
    this.#release();
  }

  #adopt(instance: ManagedInstance): ManagedInstance {
    this.#directory.add(instance);
    return instance;
  }

  #find(ref: string, caller: Caller): ManagedInstance {
    return this.#directory.find(ref, caller);
  }

  *#live(): Generator<Metered> {
    for (const { id, measured } of this.#directory.all()) {
      if (measured !== undefined) yield { id, sample: () => measured.sample() };
    }
  }

  async #create({ request, idempotencyKey }: Extract<Action, { kind: "create" }>, caller: Caller): Promise<Results["create"]> {
    const asked = parseRequest(request);
    const requestHash = hashRequest(asked);
    const spec = await this.#files.admit(asked, caller.hostPaths);
    // From here to the insertion nothing else can happen: two requests with one key, or one name, meet in order.
    const earlier = idempotencyKey === undefined ? undefined : this.#store.idempotency(homeOf(caller), idempotencyKey);
    if (earlier !== undefined) {
      if (earlier.requestHash !== requestHash)
        throw new WardianError("idempotency-mismatch", "this idempotency key was used for another request: use a new one");
      return this.#find(earlier.instance, caller).record;
    }
    requireRoom(caller, this.#recordsOf(caller));
    const record = makeRecord(this.#pipelines.admit(spec, caller), caller, this.#directory);
    this.#volumes.admit(record);
    this.#sockets.admit(record);
    const { id, namespace, name } = record;
    const event = { type: "created", namespace, instance: id, name, detail: {} } as const;
    const stored = this.#store.insert(record, event, idempotencyKey === undefined ? undefined : { key: idempotencyKey, requestHash });
    this.#adopt(new ManagedInstance(record, this.#around));
    this.#around.publish([stored]);
    return record;
  }

  #recordsOf(caller: Caller): Results["create"][] {
    return this.#directory.of(caller).map(({ record }) => record);
  }

  async #start(instance: ManagedInstance, caller: Caller, hooks: Extract<Action, { kind: "start" }>["hooks"]): Promise<Results["start"]> {
    if (!instance.isLive) this.#requireCapacity(instance, caller);
    return instance.start(hooks);
  }

  #requireCapacity({ record }: ManagedInstance, caller: Caller): void {
    requireCapacity(caller, record, this.#recordsOf(caller), this.#volumes.bytesWith(record));
  }

  #rename(instance: ManagedInstance, name: string): Results["rename"] {
    const parsed = nameSchema.safeParse(name);
    if (!parsed.success) throw badRequest(parsed.error);
    if (name === instance.record.name) return instance.record;
    if (this.#directory.isNameTaken(instance.record.namespace, name)) throw nameTaken(name);
    return instance.rename(name);
  }

  #logs(
    { log, id }: ManagedInstance,
    query: Parameters<NonNullable<ManagedInstance["log"]>["read"]>[0] = {},
    signal?: AbortSignal,
  ): Results["logs"] {
    if (log === undefined) throw new WardianError("no-logs", `no log is kept of ${id}`);
    return log.read(query, signal);
  }

  /** Of an instance that may be gone: its events are still there, by its whole id. */
  #eventInstance(ref: string, caller: Caller): string {
    try {
      return this.#find(ref, caller).id;
    } catch (error) {
      if (error instanceof WardianError && error.code === "no-instance") return ref;
      throw error;
    }
  }

  #tree(ref: string, caller: Caller): ReturnType<typeof filesOf> {
    return filesOf(this.#find(ref, caller), this.#files, this.#around.folder);
  }

  async #changeFiles(
    instance: ManagedInstance,
    path: string,
    change: (tree: FileTree, interruptible: Interruptible) => Promise<void>,
  ): Promise<undefined> {
    await instance.changeFiles(path, async (interruptible) =>
      change(await filesOf(instance, this.#files, this.#around.folder), interruptible),
    );
    return undefined;
  }

  #metrics({ record, memoryBytes }: ManagedInstance, windowMs: number | undefined): InstanceMetrics {
    const { id, name, state, spec } = record;
    return this.meter.instance({ id, name, state, memoryBytes, vcpus: 1, cpus: spec.limits.cpus }, windowMs);
  }

  #hostMetrics(caller: Caller, windowMs: number | undefined): HostMetrics {
    const metrics = this.meter.host(windowMs, this.#countStates(caller));
    return caller.namespace === "*" ? metrics : withoutOthers(metrics);
  }

  #countStates(caller: Caller): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { state } of this.#recordsOf(caller)) counts[state] = (counts[state] ?? 0) + 1;
    return counts;
  }

  #info(caller: Caller): EngineInfo {
    return {
      version: readVersion(),
      startedAt: this.#startedAt,
      hostCpus: availableParallelism(),
      hostMemoryBytes: totalmem(),
      workers: workerCount(),
      instances: this.#countStates(caller),
    };
  }
}

/** The host's own figures: what the engine and the API count tells of every namespace. */
function withoutOthers(metrics: HostMetrics): HostMetrics {
  const isOfHost = (name: string): boolean => name in HOST_METRICS || name in HOST_DERIVED_METRICS;
  const values = Object.fromEntries(Object.entries(metrics.values).filter(([name]) => isOfHost(name)));
  return { ...metrics, values, histograms: {}, series: metrics.series.filter(({ metric }) => isOfHost(metric)) };
}
