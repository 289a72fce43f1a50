// The tables of wardian.db, as the steps that have led to them: `user_version` counts the steps a file has behind it. A step that has been
// published is never edited. May depend on database.ts and errors.
import { WardianError } from "../errors.js";
import type { Database } from "./database.js";

/** In the file's header, so that a database of somebody else is not taken for ours: "Wrdn". */
const APPLICATION_ID = 0x5772_646e;

// Nothing refers to an instance by a foreign key: events, audit and idempotency keys outlive it. AUTOINCREMENT, so that a number is never given
// twice, even when the rows that had the highest are gone.
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE instances (
    seq       INTEGER PRIMARY KEY AUTOINCREMENT,
    id        TEXT NOT NULL UNIQUE,
    namespace TEXT NOT NULL,
    name      TEXT NOT NULL,
    record    TEXT NOT NULL,
    UNIQUE (namespace, name)
  ) STRICT;
  CREATE TABLE events (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    at        TEXT NOT NULL,
    type      TEXT NOT NULL,
    namespace TEXT NOT NULL,
    instance  TEXT NOT NULL,
    name      TEXT NOT NULL,
    detail    TEXT NOT NULL
  ) STRICT;
  CREATE TABLE audit (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    at        TEXT NOT NULL,
    caller    TEXT NOT NULL,
    namespace TEXT NOT NULL,
    action    TEXT NOT NULL,
    instance  TEXT,
    outcome   TEXT NOT NULL,
    detail    TEXT NOT NULL
  ) STRICT;
  CREATE TABLE idempotency (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace    TEXT NOT NULL,
    key          TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    instance     TEXT NOT NULL,
    at_ms        INTEGER NOT NULL,
    UNIQUE (namespace, key)
  ) STRICT;
  CREATE INDEX idempotency_at ON idempotency (at_ms);
  `,
];

/** Throws `state-too-new`, `state-corrupt` for a file that is another version's or another program's; only looks. */
export function requireOurs(database: Database): void {
  // A file without a table is new: also one whose making was killed, for all of that is one transaction.
  const isOurs = database.value("PRAGMA application_id") === APPLICATION_ID || database.value("SELECT count(*) FROM sqlite_schema") === 0;
  if (!isOurs)
    throw new WardianError(
      "state-corrupt",
      `${database.path} is a database of another program: move it away, or give another folder with --state`,
    );
  const version = versionOf(database);
  if (version > MIGRATIONS.length)
    throw new WardianError(
      "state-too-new",
      `${database.path} was written by a newer Wardian (schema ${version}, this one knows ${MIGRATIONS.length}): use that one, or another folder with --state`,
    );
}

/** Makes a new file's tables, or brings an older file's up to date. */
export function migrate(database: Database): void {
  const version = versionOf(database);
  if (version === MIGRATIONS.length) return;
  database.transaction(() => {
    for (const step of MIGRATIONS.slice(version)) database.exec(step);
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length}`);
  });
}

function versionOf(database: Database): number {
  return Number(database.value("PRAGMA user_version"));
}

/** Throws `state-corrupt` when the records of the instances are damaged; the long tables are not looked through. */
export function requireSound(database: Database): void {
  const told = String(database.value("PRAGMA quick_check(instances)"));
  if (told === "ok") return;
  throw new WardianError(
    "state-corrupt",
    `${database.path} is damaged (${told.split("\n")[0]}): restore its folder, or move it away to begin anew`,
  );
}
