// The store in one SQLite file, or in memory. May depend on the tables beside it, errors and types of instance/.
import { resolve } from "node:path";
import { WardianError } from "../errors.js";
import type { InstanceEvent, InstanceRecord } from "../instance/record.js";
import { AuditTable } from "./audit-table.js";
import { Database, IN_MEMORY, sqliteCode } from "./database.js";
import { EventTable } from "./event-table.js";
import { IdempotencyTable } from "./idempotency-table.js";
import { InstanceTable } from "./instance-table.js";
import { migrate, requireOurs, requireSound } from "./schema.js";
import type { IdempotencyEntry, NewAudit, NewEvent, Store, StoredAudit } from "./store.js";

export const EVENTS_KEPT = 100_000;
export const AUDIT_KEPT = 1_000_000;
/** Within their 24 hours. */
export const IDEMPOTENCY_KEYS_KEPT = 1_000_000;

export interface StoreOptions {
  /** Told of each record that cannot be read, when the instances are asked for. */
  readonly onNote?: ((text: string) => void) | undefined;
  readonly nowMs?: (() => number) | undefined;
  readonly eventsKept?: number | undefined;
  readonly auditKept?: number | undefined;
  readonly idempotencyKeysKept?: number | undefined;
}

/** Throws `state-unwritable`, `state-corrupt`, `state-busy`, `state-too-new`. */
export function openStore(path: string, options: StoreOptions = {}): SqliteStore {
  // Absolute, because SQLite takes some names for URIs.
  const database = new Database(path === IN_MEMORY ? path : resolve(path));
  try {
    prepare(database);
    return new SqliteStore(database, options);
  } catch (error) {
    database.close();
    if (sqliteCode(error) === undefined) throw error;
    // What the schema's version promises is not there.
    const told = (error as Error).message;
    throw new WardianError("state-corrupt", `${database.path} is damaged (${told}): restore its folder, or move it away to begin anew`, {
      cause: error,
    });
  }
}

function prepare(database: Database): void {
  // EXCLUSIVE before the journal: then its index is in our memory instead of in a shared file, and a second process is kept out even when
  // somebody has deleted owner.lock. FULL: a commit has been flushed to the disk, not only written.
  database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF");
  // Somebody else's file is left as it is.
  requireOurs(database);
  database.startJournal();
  migrate(database);
  requireSound(database);
}

export class SqliteStore implements Store {
  readonly #database: Database;
  readonly #onNote: (text: string) => void;
  readonly #nowMs: () => number;
  readonly #instances: InstanceTable;
  readonly #events: EventTable;
  readonly #audit: AuditTable;
  readonly #idempotency: IdempotencyTable;

  constructor(database: Database, options: StoreOptions) {
    this.#database = database;
    this.#onNote = options.onNote ?? (() => undefined);
    this.#nowMs = options.nowMs ?? Date.now;
    this.#instances = new InstanceTable(database);
    this.#events = new EventTable(database, options.eventsKept ?? EVENTS_KEPT);
    this.#audit = new AuditTable(database, options.auditKept ?? AUDIT_KEPT);
    this.#idempotency = new IdempotencyTable(database, options.idempotencyKeysKept ?? IDEMPOTENCY_KEYS_KEPT);
  }

  instances(): InstanceRecord[] {
    return this.#database.guard(() =>
      this.#instances.all((id, reason) => this.#onNote(`the record of the instance ${id} cannot be read and is left as it is: ${reason}`)),
    );
  }

  instanceIds(): string[] {
    return this.#database.guard(() => this.#instances.ids());
  }

  insert(record: InstanceRecord, event: NewEvent, idempotency?: { readonly key: string; readonly requestHash: string }): InstanceEvent {
    return this.#database.transaction(() => {
      this.#instances.insert(record);
      if (idempotency !== undefined) {
        const entry = { requestHash: idempotency.requestHash, instance: record.id };
        this.#idempotency.insert(record.namespace, idempotency.key, entry, this.#nowMs());
      }
      return this.#events.insert(event, this.#now());
    });
  }

  update(record: InstanceRecord, ...events: readonly NewEvent[]): InstanceEvent[] {
    return this.#database.transaction(() => {
      this.#instances.update(record);
      return events.map((event) => this.#events.insert(event, this.#now()));
    });
  }

  remove(id: string, event: NewEvent): InstanceEvent {
    return this.#database.transaction(() => {
      this.#instances.remove(id);
      return this.#events.insert(event, this.#now());
    });
  }

  idempotency(namespace: string, key: string): IdempotencyEntry | undefined {
    return this.#database.guard(() => this.#idempotency.find(namespace, key, this.#nowMs()));
  }

  append(event: NewEvent): InstanceEvent {
    return this.#database.transaction(() => this.#events.insert(event, this.#now()));
  }

  eventsAfter(afterId: number, limit: number): InstanceEvent[] {
    return this.#database.guard(() => this.#events.after(afterId, limit));
  }

  lastEventId(): number {
    return this.#database.guard(() => this.#events.lastId());
  }

  audit(entry: NewAudit): void {
    this.#database.transaction(() => this.#audit.insert(entry, this.#now()));
  }

  auditAfter(afterId: number, limit: number): StoredAudit[] {
    return this.#database.guard(() => this.#audit.after(afterId, limit));
  }

  close(): void {
    this.#database.close();
  }

  #now(): string {
    return new Date(this.#nowMs()).toISOString();
  }
}
