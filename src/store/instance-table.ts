// The records of instances: JSON, validated when it is read, beside the columns that must be unique. May depend on database.ts, errors and
// instance/record.
import { WardianError } from "../errors.js";
import { instanceSchema, type InstanceRecord } from "../instance/record.js";
import { type Database, type Row, sqliteCode, SQLITE_CONSTRAINT_UNIQUE, type Statement } from "./database.js";

export class InstanceTable {
  readonly #all: Statement;
  readonly #ids: Statement;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #remove: Statement;

  constructor(database: Database) {
    this.#all = database.prepare("SELECT id, namespace, name, record FROM instances ORDER BY seq");
    this.#ids = database.prepare("SELECT id FROM instances ORDER BY seq");
    this.#insert = database.prepare("INSERT INTO instances (id, namespace, name, record) VALUES (?, ?, ?, ?)");
    this.#update = database.prepare("UPDATE instances SET namespace = ?, name = ?, record = ? WHERE id = ?");
    this.#remove = database.prepare("DELETE FROM instances WHERE id = ?");
  }

  /** Oldest first. A record that cannot be read stays in the table, and keeps its name taken: `onUnreadable` is told. */
  all(onUnreadable: (id: string, reason: string) => void): InstanceRecord[] {
    const records: InstanceRecord[] = [];
    for (const row of this.#all.all()) {
      const record = parse(row);
      if (typeof record === "string") onUnreadable(String(row["id"]), record);
      else records.push(record);
    }
    return records;
  }

  ids(): string[] {
    return this.#ids.all().map((row) => String(row["id"]));
  }

  insert(record: InstanceRecord): void {
    naming(record, () => this.#insert.run(record.id, record.namespace, record.name, JSON.stringify(record)));
  }

  update(record: InstanceRecord): void {
    const { changes } = naming(record, () => this.#update.run(record.namespace, record.name, JSON.stringify(record), record.id));
    if (changes === 0) throw noInstance(record.id);
  }

  remove(id: string): void {
    if (this.#remove.run(id).changes === 0) throw noInstance(id);
  }
}

/** The record, or what is wrong with it. */
function parse(row: Row): InstanceRecord | string {
  let json: unknown;
  try {
    json = JSON.parse(String(row["record"]));
  } catch {
    return "no JSON";
  }
  const { data, error } = instanceSchema.safeParse(json);
  if (data === undefined) return error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ");
  const same = data.id === row["id"] && data.namespace === row["namespace"] && data.name === row["name"];
  return same ? data : "its id, namespace or name is not that of its row";
}

function naming<T>(record: InstanceRecord, write: () => T): T {
  try {
    return write();
  } catch (error) {
    const taken = sqliteCode(error) === SQLITE_CONSTRAINT_UNIQUE && (error as Error).message.includes("instances.namespace");
    if (!taken) throw error;
    throw new WardianError(
      "name-taken",
      `the name ${record.name} is taken: take another one, or remove or rename the instance that has it`,
      {
        cause: error,
      },
    );
  }
}

function noInstance(id: string): WardianError {
  return new WardianError("no-instance", `there is no instance ${JSON.stringify(id)}`);
}
