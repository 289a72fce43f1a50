// A connection to one SQLite file that nobody else may use meanwhile: how it is opened, what a transaction is, and what the errors of
// SQLite mean to people. May depend on errors.
import { closeSync, openSync } from "node:fs";
import { DatabaseSync } from "@photostructure/sqlite";
import { WardianError } from "../errors.js";

/** The one place that names the library; the instances of its class have no type of their own there. */
type Connection = InstanceType<typeof DatabaseSync>;
export type Row = Readonly<Record<string, unknown>>;
export type Value = string | number | null;

export const IN_MEMORY = ":memory:";
/** For an owner that is about to go; then `state-busy`. */
const BUSY_TIMEOUT_MS = 250;

// Primary result codes of SQLite; an extended code has one of them in its low byte.
const SQLITE = { PERM: 3, BUSY: 5, LOCKED: 6, READONLY: 8, IOERR: 10, CORRUPT: 11, FULL: 13, CANTOPEN: 14, NOTADB: 26 } as const;
export const SQLITE_CONSTRAINT_UNIQUE = 2067;

/** The extended result code, when it is SQLite that has thrown. */
export function sqliteCode(error: unknown): number | undefined {
  const code = error instanceof Error ? (error as Error & { errcode?: unknown }).errcode : undefined;
  return typeof code === "number" ? code : undefined;
}

/** What it means for whoever runs Wardian; an error that is none of the file's is given back as it is. */
function explain(error: unknown, path: string): unknown {
  const told = error instanceof Error ? error.message : String(error);
  const make = (code: string, message: string) => new WardianError(code, message, { cause: error });
  switch ((sqliteCode(error) ?? 0) & 0xff) {
    case SQLITE.CORRUPT:
    case SQLITE.NOTADB:
      return make("state-corrupt", `${path} is damaged or is not Wardian's (${told}): restore its folder, or move it away to begin anew`);
    case SQLITE.PERM:
    case SQLITE.READONLY:
    case SQLITE.IOERR:
    case SQLITE.FULL:
    case SQLITE.CANTOPEN:
      return make("state-unwritable", `${path} cannot be written (${told}): look at the disk's free space and at the folder's permissions`);
    case SQLITE.BUSY:
    case SQLITE.LOCKED:
      return make("state-busy", `${path} is in use by another process: end that one, or give another folder with --state`);
    default:
      return error;
  }
}

/**
 * Only a file that is not there yet: to open and close one would drop the locks that SQLite holds on it in this process. SQLite itself
 * would leave the mode to the umask, and the journals get the mode of the file.
 */
export function createPrivate(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return;
    throw new WardianError("state-unwritable", `${path} cannot be made (${(error as Error).message}): look at the folder's permissions`, {
      cause: error,
    });
  }
}

/** A statement that is compiled once. */
export class Statement {
  readonly #statement: ReturnType<Connection["prepare"]>;

  constructor(statement: ReturnType<Connection["prepare"]>) {
    this.#statement = statement;
  }

  run(...values: readonly Value[]): { readonly changes: number; readonly lastId: number } {
    const { changes, lastInsertRowid } = this.#statement.run(...values.map(withoutNul));
    return { changes, lastId: Number(lastInsertRowid) };
  }

  get(...values: readonly Value[]): Row | undefined {
    return this.#statement.get(...values.map(withoutNul)) as Row | undefined;
  }

  all(...values: readonly Value[]): Row[] {
    return this.#statement.all(...values.map(withoutNul)) as Row[];
  }
}

/** The library cuts a text at a NUL when it reads it back. */
function withoutNul(value: Value): Value {
  return typeof value === "string" ? value.replaceAll("\0", "\u2400") : value;
}

export class Database {
  readonly path: string;
  readonly #db: Connection;
  #isJournaled = false;

  /** Throws `state-unwritable`, `state-corrupt`, `state-busy`. */
  constructor(path: string, busyTimeoutMs = BUSY_TIMEOUT_MS) {
    this.path = path;
    if (path !== IN_MEMORY) createPrivate(path);
    this.#db = this.guard(() => new DatabaseSync(path, { timeout: busyTimeoutMs }));
  }

  /** Runs it, with the errors of SQLite put into our words. */
  guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw explain(error, this.path);
    }
  }

  /** All of it is on disk when this returns, or nothing of it ever. */
  transaction<T>(work: () => T): T {
    return this.guard(() => {
      this.#db.exec("BEGIN IMMEDIATE");
      try {
        const result = work();
        this.#db.exec("COMMIT");
        return result;
      } catch (error) {
        this.#rollback();
        throw error;
      }
    });
  }

  #rollback(): void {
    try {
      // SQLite has done it itself after some errors, such as a full disk.
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
    } catch {
      // what made it necessary says more
    }
  }

  exec(sql: string): void {
    this.guard(() => this.#db.exec(sql));
  }

  prepare(sql: string): Statement {
    return this.guard(() => new Statement(this.#db.prepare(sql)));
  }

  /** Commits go to a journal beside the file, until it is closed. */
  startJournal(): void {
    if (this.path === IN_MEMORY) return;
    this.exec("PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 16777216");
    this.#isJournaled = true;
  }

  /** The one value of a pragma or a query. */
  value(sql: string): unknown {
    return this.guard(() => Object.values((this.#db.prepare(sql).get() as Row | undefined) ?? {})[0]);
  }

  /**
   * The library leaves statements as they are when it closes, and SQLite keeps the connection until they are collected as garbage: so what the
   * connection holds, locks and the journal, is given up first.
   */
  close(): void {
    if (!this.#db.isOpen) return;
    this.#rollback();
    try {
      if (this.#isJournaled) this.#db.exec("PRAGMA journal_mode = DELETE");
      this.#db.exec("PRAGMA locking_mode = NORMAL; SELECT count(*) FROM sqlite_schema");
    } catch {
      // a file that cannot be written or read is left as it is
    }
    this.#db.close();
  }
}
