// The keys with which clients mark a request that they may send twice. May depend on database.ts, bounded-table.ts and errors.
import { WardianError } from "../errors.js";
import { BoundedTable } from "./bounded-table.js";
import type { Database, Statement } from "./database.js";
import type { IdempotencyEntry } from "./store.js";

/** A key may be used anew after that. */
export const IDEMPOTENCY_MS = 24 * 60 * 60 * 1000;

export class IdempotencyTable {
  readonly #find: Statement;
  readonly #insert: Statement;
  readonly #expire: Statement;
  readonly #bound: BoundedTable;

  constructor(database: Database, kept: number) {
    this.#find = database.prepare("SELECT request_hash, instance FROM idempotency WHERE namespace = ? AND key = ? AND at_ms > ?");
    this.#insert = database.prepare(
      "INSERT INTO idempotency (namespace, key, request_hash, instance, at_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    );
    this.#expire = database.prepare("DELETE FROM idempotency WHERE at_ms <= ?");
    this.#bound = new BoundedTable(database, "idempotency", "seq", kept);
  }

  find(namespace: string, key: string, nowMs: number): IdempotencyEntry | undefined {
    const row = this.#find.get(namespace, key, nowMs - IDEMPOTENCY_MS);
    return row === undefined ? undefined : { requestHash: String(row["request_hash"]), instance: String(row["instance"]) };
  }

  /** Throws `idempotency-mismatch` for a key that is in use. */
  insert(namespace: string, key: string, entry: IdempotencyEntry, nowMs: number): void {
    this.#expire.run(nowMs - IDEMPOTENCY_MS);
    const { changes, lastId } = this.#insert.run(namespace, key, entry.requestHash, entry.instance, nowMs);
    if (changes === 0)
      throw new WardianError("idempotency-mismatch", "this idempotency key is in use: take another one for another request");
    this.#bound.added(lastId);
  }
}
