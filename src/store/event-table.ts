// What has happened to instances, numbered over all namespaces. May depend on database.ts, bounded-table.ts and types of instance/.
import type { InstanceEvent } from "../instance/record.js";
import { BoundedTable } from "./bounded-table.js";
import type { Database, Row, Statement } from "./database.js";
import type { NewEvent } from "./store.js";

export class EventTable {
  readonly #insert: Statement;
  readonly #after: Statement;
  readonly #last: Statement;
  readonly #bound: BoundedTable;

  constructor(database: Database, kept: number) {
    this.#insert = database.prepare("INSERT INTO events (at, type, namespace, instance, name, detail) VALUES (?, ?, ?, ?, ?, ?)");
    this.#after = database.prepare("SELECT * FROM events WHERE id > ? ORDER BY id LIMIT ?");
    // Not max(id), which would go back when the newest rows were gone.
    this.#last = database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'events'");
    this.#bound = new BoundedTable(database, "events", "id", kept);
  }

  insert(event: NewEvent, at: string): InstanceEvent {
    const { type, namespace, instance, name, detail } = event;
    const { lastId } = this.#insert.run(at, type, namespace, instance, name, JSON.stringify(detail));
    this.#bound.added(lastId);
    return { id: lastId, at, type, namespace, instance, name, detail };
  }

  after(afterId: number, limit: number): InstanceEvent[] {
    return this.#after.all(afterId, limit).map(toEvent);
  }

  lastId(): number {
    return Number(this.#last.get()?.["seq"] ?? 0);
  }
}

// The columns' types are the table's (STRICT), and only insert() writes it.
function toEvent(row: Row): InstanceEvent {
  const { detail, ...rest } = row as unknown as Omit<InstanceEvent, "detail"> & { detail: string };
  return { ...rest, detail: JSON.parse(detail) as InstanceEvent["detail"] };
}
