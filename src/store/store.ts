// What outlives the process, as the engine sees it. Every method is one transaction that is on disk when it returns; a kill
// before that leaves no trace of it. May depend on types of instance/.
import type { InstanceEvent, InstanceRecord } from "../instance/record.js";

/** An event before it has a number and a time. */
export type NewEvent = Omit<InstanceEvent, "id" | "at">;

export interface NewAudit {
  readonly caller: string;
  readonly namespace: string;
  readonly action: string;
  readonly instance?: string | undefined;
  readonly outcome: string;
  readonly detail: string;
}

export interface StoredAudit extends NewAudit {
  readonly id: number;
  readonly at: string;
}

export interface IdempotencyEntry {
  /** SHA-256 of the request, hex: the same key with another request is an error. */
  readonly requestHash: string;
  readonly instance: string;
}

export interface Store {
  /** All of them, oldest first. */
  instances(): InstanceRecord[];
  /** Also of records that cannot be read, which instances() leaves out: what is on disk for these is nobody's orphan. */
  instanceIds(): string[];
  /** A new record, the event that tells of it, and, with `idempotency`, the key that gives it again. Throws `name-taken`. */
  insert(record: InstanceRecord, event: NewEvent, idempotency?: { readonly key: string; readonly requestHash: string }): InstanceEvent;
  /** The record as it is now, with the events that tell why. Throws `name-taken`. */
  update(record: InstanceRecord, ...events: readonly NewEvent[]): InstanceEvent[];
  remove(id: string, event: NewEvent): InstanceEvent;
  /** Keys are kept for 24 hours, per namespace. */
  idempotency(namespace: string, key: string): IdempotencyEntry | undefined;
  append(event: NewEvent): InstanceEvent;
  /** At most `limit`, in order; old events beyond EVENTS_KEPT are dropped. */
  eventsAfter(afterId: number, limit: number): InstanceEvent[];
  lastEventId(): number;
  audit(entry: NewAudit): void;
  auditAfter(afterId: number, limit: number): StoredAudit[];
  close(): void;
}
