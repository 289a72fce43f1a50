// A table that only grows at its end and is cut at its beginning: the newest rows are kept, and trimming costs a little every thousandth
// time instead of each time. May depend on database.ts.
import type { Database, Statement } from "./database.js";

/** Rows that a table may have beyond what it is to keep; never more than it is to keep. */
const TRIM_STEP = 1000;

export class BoundedTable {
  readonly #kept: number;
  readonly #step: number;
  readonly #trim: Statement;
  #untrimmed = 0;

  /** `column` is the table's AUTOINCREMENT key. */
  constructor(database: Database, table: string, column: string, kept: number) {
    this.#kept = kept;
    this.#step = Math.min(TRIM_STEP, kept);
    this.#trim = database.prepare(`DELETE FROM ${table} WHERE ${column} <= ?`);
    // The first row that is added now trims: the count is not stored.
    this.#untrimmed = this.#step;
  }

  /** To be called in the transaction that has added the row `id`. */
  added(id: number): void {
    if (++this.#untrimmed < this.#step) return;
    this.#trim.run(id - this.#kept);
    this.#untrimmed = 0;
  }
}
