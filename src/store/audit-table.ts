// Who has asked for what. May depend on database.ts and bounded-table.ts.
import { BoundedTable } from "./bounded-table.js";
import type { Database, Row, Statement } from "./database.js";
import type { NewAudit, StoredAudit } from "./store.js";

export class AuditTable {
  readonly #insert: Statement;
  readonly #after: Statement;
  readonly #bound: BoundedTable;

  constructor(database: Database, kept: number) {
    this.#insert = database.prepare(
      "INSERT INTO audit (at, caller, namespace, action, instance, outcome, detail) VALUES (?, ?, ?, ?, ?, ?, ?)",
    );
    this.#after = database.prepare("SELECT * FROM audit WHERE id > ? ORDER BY id LIMIT ?");
    this.#bound = new BoundedTable(database, "audit", "id", kept);
  }

  insert(entry: NewAudit, at: string): void {
    const { caller, namespace, action, instance, outcome, detail } = entry;
    this.#bound.added(this.#insert.run(at, caller, namespace, action, instance ?? null, outcome, detail).lastId);
  }

  after(afterId: number, limit: number): StoredAudit[] {
    return this.#after.all(afterId, limit).map(toAudit);
  }
}

function toAudit(row: Row): StoredAudit {
  const { instance, ...rest } = row as unknown as Omit<StoredAudit, "instance"> & { instance: string | null };
  return instance === null ? rest : { ...rest, instance };
}
