import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "@photostructure/sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Database } from "./database.js";
import { makeEvent, makeRecord } from "./instance-sample.js";
import { IDEMPOTENCY_MS } from "./idempotency-table.js";
import { openStore, SqliteStore, type StoreOptions } from "./sqlite-store.js";

let folder: string;
let path: string;
let store: SqliteStore | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "wardian-store-"));
  path = join(folder, "wardian.db");
});

afterEach(() => {
  store?.close();
  store = undefined;
  rmSync(folder, { recursive: true, force: true });
});

function open(options?: StoreOptions, at = path): SqliteStore {
  store?.close();
  store = openStore(at, options);
  return store;
}

/** The file as another program sees it. */
function edit(sql: string): void {
  store?.close();
  store = undefined;
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
}

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return "ok";
};

describe.each(["file", ":memory:"])("store in %s", (kind) => {
  const fresh = (options?: StoreOptions) => open(options, kind === "file" ? path : kind);

  it("gives back what was put in, oldest first", () => {
    const db = fresh({ nowMs: () => 1000 });
    const [b, a] = [makeRecord("b"), makeRecord("a")];
    const event = db.insert(b, makeEvent(b, "created", { n: 1, s: "x", t: true }));
    expect(event).toEqual({ id: 1, at: "1970-01-01T00:00:01.000Z", ...makeEvent(b, "created", { n: 1, s: "x", t: true }) });
    db.insert(a, makeEvent(a));
    expect(db.instances()).toEqual([b, a]);
    expect(db.instanceIds()).toEqual(["b", "a"]);
    expect(db.eventsAfter(0, 1)).toEqual([event]);
    expect(db.lastEventId()).toBe(2);
  });

  it("updates a record together with its events", () => {
    const db = fresh();
    const record = makeRecord("a");
    db.insert(record, makeEvent(record));
    const later = { ...record, name: "other", state: "running" as const };
    const events = db.update(later, makeEvent(later, "renamed"), makeEvent(later, "started"));
    expect(events.map(({ id, type }) => [id, type])).toEqual([
      [2, "renamed"],
      [3, "started"],
    ]);
    expect(db.update(later)).toEqual([]);
    expect(db.instances()).toEqual([later]);
  });

  it("keeps names unique within a namespace, and leaves no trace of what was refused", () => {
    const db = fresh();
    const first = makeRecord("a", { name: "n" });
    db.insert(first, makeEvent(first));
    const same = makeRecord("b", { name: "n" });
    expect(codeOf(() => db.insert(same, makeEvent(same), { key: "k", requestHash: "h" }))).toBe("name-taken");
    expect(db.idempotency("default", "k")).toBeUndefined();
    const elsewhere = makeRecord("c", { name: "n", namespace: "other" });
    db.insert(elsewhere, makeEvent(elsewhere));
    const third = makeRecord("d");
    db.insert(third, makeEvent(third));
    expect(codeOf(() => db.update({ ...third, name: "n" }, makeEvent(third, "renamed")))).toBe("name-taken");
    expect(db.instances()).toEqual([first, elsewhere, third]);
    expect(db.lastEventId()).toBe(3);
    db.remove("a", makeEvent(first, "removed"));
    expect(codeOf(() => db.update({ ...third, name: "n" }))).toBe("ok");
  });

  it("knows no instance that is not there", () => {
    const db = fresh();
    const record = makeRecord("a");
    expect(codeOf(() => db.update(record, makeEvent(record)))).toBe("no-instance");
    expect(codeOf(() => db.remove("a", makeEvent(record)))).toBe("no-instance");
    expect(db.lastEventId()).toBe(0);
  });

  it("remembers idempotency keys for 24 hours, per namespace, also of instances that are gone", () => {
    let nowMs = 5000;
    const db = fresh({ nowMs: () => nowMs });
    const record = makeRecord("a");
    db.insert(record, makeEvent(record), { key: "k", requestHash: "h" });
    db.remove("a", makeEvent(record, "removed"));
    expect(db.idempotency("default", "k")).toEqual({ requestHash: "h", instance: "a" });
    expect(db.idempotency("other", "k")).toBeUndefined();
    const again = makeRecord("b");
    expect(codeOf(() => db.insert(again, makeEvent(again), { key: "k", requestHash: "i" }))).toBe("idempotency-mismatch");
    expect(db.instances()).toEqual([]);
    nowMs += IDEMPOTENCY_MS - 1;
    expect(db.idempotency("default", "k")).toBeDefined();
    nowMs += 1;
    expect(db.idempotency("default", "k")).toBeUndefined();
    db.insert(again, makeEvent(again), { key: "k", requestHash: "i" });
    expect(db.idempotency("default", "k")).toEqual({ requestHash: "i", instance: "b" });
  });

  it("keeps the newest events, audit entries and keys only", () => {
    const db = fresh({ eventsKept: 10, auditKept: 5, idempotencyKeysKept: 3 });
    for (let i = 1; i <= 100; i++) {
      const record = makeRecord(`i${i}`);
      db.insert(record, makeEvent(record), { key: `k${i}`, requestHash: "h" });
      db.audit({ caller: "c", namespace: "n", action: "create", outcome: "ok", detail: String(i) });
    }
    const events = db.eventsAfter(0, 1000).map(({ id }) => id);
    expect(events.length).toBeGreaterThanOrEqual(10);
    expect(events.length).toBeLessThanOrEqual(20);
    expect(events.at(-1)).toBe(100);
    const audit = db.auditAfter(0, 1000).map(({ detail }) => detail);
    expect(audit.length).toBeGreaterThanOrEqual(5);
    expect(audit.length).toBeLessThanOrEqual(10);
    expect(audit.at(-1)).toBe("100");
    expect(db.idempotency("default", "k100")).toBeDefined();
    expect(db.idempotency("default", "k94")).toBeUndefined();
    expect(db.instances().length).toBe(100);
  });

  it("keeps the audit log as told", () => {
    const db = fresh({ nowMs: () => 0 });
    const detail = 'odd \0 "text" \u{1f600} \ud800';
    db.audit({ caller: "me", namespace: "n", action: "remove", instance: "i", outcome: "forbidden", detail });
    db.audit({ caller: "me", namespace: "n", action: "info", outcome: "ok", detail: "" });
    const [first, second] = db.auditAfter(0, 10);
    expect(first).toEqual({
      id: 1,
      at: "1970-01-01T00:00:00.000Z",
      caller: "me",
      namespace: "n",
      action: "remove",
      instance: "i",
      outcome: "forbidden",
      detail: detail.replace("\0", "\u2400").replace("\ud800", "\ufffd"),
    });
    expect(second).toEqual({ id: 2, at: first?.at, caller: "me", namespace: "n", action: "info", outcome: "ok", detail: "" });
    expect(db.auditAfter(1, 10)).toEqual([second]);
  });
});

describe("store on disk", () => {
  it("is the same when it is opened again, and numbers go on", () => {
    const record = makeRecord("a");
    open({ eventsKept: 1 }).insert(record, makeEvent(record), { key: "k", requestHash: "h" });
    store?.remove("a", makeEvent(record, "removed"));
    edit("DELETE FROM events");
    const db = open();
    expect(db.lastEventId()).toBe(2);
    expect(db.append(makeEvent(record, "exec-started")).id).toBe(3);
    expect(db.idempotency("default", "k")?.instance).toBe("a");
  });

  it("is for its user alone", () => {
    const old = process.umask(0);
    try {
      open().append(makeEvent(makeRecord("a")));
    } finally {
      process.umask(old);
    }
    for (const name of ["wardian.db", "wardian.db-wal"]) expect([name, statSync(join(folder, name)).mode & 0o777]).toEqual([name, 0o600]);
  });

  it("is opened once", () => {
    open();
    expect(codeOf(() => openStore(path))).toBe("state-busy");
    store?.append(makeEvent(makeRecord("a")));
  });

  it("reads a record of before instances had an engine, and keeps the engine of one that has", () => {
    const { spec } = makeRecord("x");
    const [old, told] = [makeRecord("old"), makeRecord("told", { spec: { ...spec, engine: "interpret" } })];
    for (const record of [old, told]) open().insert(record, makeEvent(record));
    edit(`UPDATE instances SET record = json_remove(record, '$.spec.engine') WHERE id = 'old'`);
    expect(open().instances()).toEqual([old, told]);
    expect(old.spec.engine).toBe("auto");
  });

  it("leaves a record that it cannot read where it is, and says so", () => {
    const [a, b] = [makeRecord("a"), makeRecord("b")];
    open().insert(a, makeEvent(a));
    store?.insert(b, makeEvent(b));
    edit(`UPDATE instances SET record = json_set(record, '$.state', 'flying') WHERE id = 'a'`);
    const notes: string[] = [];
    const db = open({ onNote: (text) => notes.push(text) });
    expect(db.instances()).toEqual([b]);
    expect(db.instanceIds()).toEqual(["a", "b"]);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/instance a .*state/);
    const thief = makeRecord("c", { name: a.name });
    expect(codeOf(() => db.insert(thief, makeEvent(thief)))).toBe("name-taken");
    edit(`UPDATE instances SET record = '{"' WHERE id = 'a'; UPDATE instances SET name = 'x' WHERE id = 'b'`);
    expect(open({ onNote: (text) => notes.push(text) }).instances()).toEqual([]);
    expect(notes).toHaveLength(3);
  });

  it("refuses the file of a newer version, and leaves it alone", () => {
    open();
    edit("PRAGMA user_version = 99");
    expect(codeOf(() => open())).toBe("state-too-new");
    edit("PRAGMA user_version = 1");
    expect(codeOf(() => open())).toBe("ok");
  });

  it("refuses what is no database, or not ours", () => {
    writeFileSync(path, "no database, but long enough to be read as the header of one".repeat(200));
    expect(codeOf(() => open())).toBe("state-corrupt");
    rmSync(path);
    edit("CREATE TABLE cats (name TEXT)");
    const before = readFileSync(path);
    expect(codeOf(() => open())).toBe("state-corrupt");
    expect(readFileSync(path).equals(before)).toBe(true);
    rmSync(path);
    mkdirSync(path);
    expect(codeOf(() => open())).toBe("state-unwritable");
  });

  it("refuses a file that has lost its tables, or was cut off", () => {
    open();
    edit("DROP TABLE audit");
    expect(codeOf(() => open())).toBe("state-corrupt");
    rmSync(path);
    const db = open();
    for (let i = 0; i < 200; i++) db.insert(makeRecord(`i${i}`), makeEvent(makeRecord(`i${i}`)));
    db.close();
    truncateSync(path, Math.floor(statSync(path).size / 2 / 4096) * 4096);
    expect(codeOf(() => open())).toBe("state-corrupt");
  });

  it("takes an empty file for a new one", () => {
    writeFileSync(path, "");
    expect(open().instances()).toEqual([]);
  });

  it("says where it cannot write", () => {
    expect(codeOf(() => open({}, join(folder, "no", "such", "folder.db")))).toBe("state-unwritable");
    if (process.geteuid?.() === 0) return;
    chmodSync(folder, 0o500);
    expect(codeOf(() => open())).toBe("state-unwritable");
    chmodSync(folder, 0o700);
  });

  it("fails a write whole when the disk is full, and goes on when there is room again", () => {
    open().close();
    const database = new Database(path);
    const db = (store = new SqliteStore(database, {}));
    const record = makeRecord("a");
    db.insert(record, makeEvent(record));
    // A bound of SQLite's own stands for the disk's; it is at least what the file has now.
    database.exec("PRAGMA max_page_count = 1");
    const big = makeRecord("b", {
      name: "big",
      spec: { ...record.spec, labels: Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`l${i}`, "y".repeat(1000)])) },
    });
    expect(codeOf(() => db.insert(big, makeEvent(big)))).toBe("state-unwritable");
    database.exec("PRAGMA max_page_count = 1000000");
    expect(db.instances()).toEqual([record]);
    expect(db.insert(big, makeEvent(big)).id).toBe(2);
  });

  it("leaves one file when it is closed", () => {
    open().append(makeEvent(makeRecord("a")));
    store?.close();
    expect(existsSync(`${path}-wal`)).toBe(false);
  });
});
