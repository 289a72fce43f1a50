// kill -9 at any instant: whatever a process has been told is written is there for the next one, and nothing is there in part. Needs the
// build: the process that is killed runs from dist. WARDIAN_KILLS says how often (default 20), WARDIAN_KILL_SEED repeats a run's writes.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { expect, it } from "vitest";
import type { InstanceRecord } from "../instance/record.js";
import { InstanceLog } from "./instance-log.js";
import { takeOwnership } from "./ownership.js";
import { openStore, type SqliteStore } from "./sqlite-store.js";
import { openStateFolder, type StateFolder } from "./state-folder.js";
import { type Intent, type Line, LOG_IDS, LOG_OPTIONS } from "./writer-sample.js";

const WRITER = new URL("../../dist/src/store/writer-sample.js", import.meta.url).pathname;
const KILLS = Number(process.env["WARDIAN_KILLS"] ?? 20);
const SEED = Number(process.env["WARDIAN_KILL_SEED"] ?? Math.floor(Math.random() * 1e9));
/** Long enough for some thousand writes. */
const LONGEST_RUN_MS = 300;

/** What must be there: every write that was acknowledged. */
interface Model {
  records: Map<string, InstanceRecord>;
  events: [id: number, type: string, instance: string][];
  keys: Map<string, string>;
  audit: string[];
  logs: Map<string, Buffer[]>;
}

const makeModel = (): Model => ({
  records: new Map(),
  events: [],
  keys: new Map(),
  audit: [],
  logs: new Map(LOG_IDS.map((id) => [id, []])),
});

const EVENT_TYPES = { insert: "created", update: "renamed", remove: "removed", append: "exec-started", audit: "", log: "" } as const;

function acknowledge(model: Model, intent: Intent, ids: readonly number[]): void {
  if (intent.kind === "insert") model.keys.set(intent.key, intent.record.id);
  if (intent.kind === "insert" || intent.kind === "update") model.records.set(intent.record.id, intent.record);
  if (intent.kind === "remove") model.records.delete(intent.record.id);
  if (intent.kind === "audit") model.audit.push(intent.detail);
  if (intent.kind === "log") model.logs.get(intent.log)?.push(Buffer.alloc(intent.count, intent.byte));
  if ("record" in intent) for (const id of ids) model.events.push([id, EVENT_TYPES[intent.kind], intent.record.id]);
}

/** Runs a writer, kills it, and gives the write that was under way, if one was. */
async function killOne(folder: string, seed: number, model: Model, afterMs: number, atOnce: boolean): Promise<Intent | undefined> {
  const child = spawn(process.execPath, [WRITER, folder, String(seed)], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  let timer = atOnce ? setTimeout(() => child.kill("SIGKILL"), afterMs) : undefined;
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    timer ??= setTimeout(() => child.kill("SIGKILL"), afterMs);
  });
  const [, signal] = (await once(child, "close")) as [number | null, string | null];
  clearTimeout(timer);
  expect(signal, "the writer ended by itself").toBe("SIGKILL");
  let open: Intent | undefined;
  // What follows the last newline was not said.
  for (const line of text.split("\n").slice(0, -1)) {
    const said = JSON.parse(line) as Line;
    if ("kind" in said) open = said;
    else if ("done" in said && open !== undefined) {
      acknowledge(model, open, said.done);
      open = undefined;
    }
  }
  return open;
}

/** What is there. */
async function readBack(folder: StateFolder, model: Model, open: Intent | undefined): Promise<Model> {
  const notes: string[] = [];
  const ownership = takeOwnership(folder);
  expect(ownership, "the folder is free").toBeDefined();
  const store = openStore(folder.database, { onNote: (note) => notes.push(note) });
  const found = readStore(store, [...model.keys.keys(), ...(open?.kind === "insert" ? [open.key] : [])]);
  for (const id of LOG_IDS) {
    const log = new InstanceLog(folder.instanceLog(id), { ...LOG_OPTIONS, onNote: (note) => notes.push(note) });
    for await (const { bytes } of log.read()) found.logs.get(id)?.push(Buffer.from(bytes));
    log.close();
  }
  store.close();
  ownership?.release();
  expect(notes).toEqual([]);
  return found;
}

function readStore(store: SqliteStore, keys: readonly string[]): Model {
  const found = makeModel();
  for (const record of store.instances()) found.records.set(record.id, record);
  for (const event of store.eventsAfter(0, 1_000_000)) found.events.push([event.id, event.type, event.instance]);
  for (const { detail } of store.auditAfter(0, 1_000_000)) found.audit.push(detail);
  for (const key of keys) {
    const entry = store.idempotency("default", key);
    if (entry !== undefined) found.keys.set(key, entry.instance);
  }
  expect(store.lastEventId()).toBe(found.events.at(-1)?.[0] ?? 0);
  return found;
}

/** The ids that its events would have had. */
const nextIds = (model: Model, intent: Intent): number[] => {
  const count = intent.kind === "update" ? intent.events : "record" in intent ? 1 : 0;
  const last = model.events.at(-1)?.[0] ?? 0;
  return Array.from({ length: count }, (_, i) => last + 1 + i);
};

const sorted = (model: Model) => ({ ...model, records: [...model.records].toSorted(), logs: undefined });

/** It equals the model, or the model with the write that was under way; gives which. */
function compare(found: Model, model: Model, open: Intent | undefined): boolean {
  const inStore = open !== undefined && open.kind !== "log";
  const changed = (): boolean => !isDeepStrictEqual(found.records, model.records);
  const applied = inStore && (found.events.length > model.events.length || found.audit.length > model.audit.length || changed());
  if (applied) acknowledge(model, open, nextIds(model, open));
  expect(sorted(found)).toEqual(sorted(model));
  for (const id of LOG_IDS) compareLog(found, model, id, open?.kind === "log" && open.log === id ? open : undefined);
  return applied;
}

/** Of the entry under way, a beginning may be there: a long one is several records. */
function compareLog(found: Model, model: Model, id: string, open: Extract<Intent, { kind: "log" }> | undefined): void {
  const [there, acknowledged] = [Buffer.concat(found.logs.get(id) ?? []), Buffer.concat(model.logs.get(id) ?? [])];
  const rest = there.subarray(acknowledged.length);
  expect(there.subarray(0, acknowledged.length).equals(acknowledged), `what was acknowledged of the log ${id}`).toBe(true);
  expect(rest.equals(Buffer.alloc(open === undefined ? 0 : rest.length, open?.byte)), `the end of the log ${id}`).toBe(true);
  expect(rest.length).toBeLessThanOrEqual(open?.count ?? 0);
  model.logs.get(id)?.push(rest);
}

it(`loses nothing that was acknowledged in ${KILLS} kills`, { timeout: 60_000 + KILLS * 5000 }, async () => {
  const path = mkdtempSync(join(tmpdir(), "wardian-kill-"));
  const model = makeModel();
  let [underWay, applied] = [0, 0];
  try {
    for (let round = 0; round < KILLS; round++) {
      const seed = SEED + round;
      // Every fourth is killed while it starts.
      const open = await killOne(path, seed, model, Math.random() * LONGEST_RUN_MS, round % 4 === 3);
      const found = await readBack(openStateFolder(path), model, open);
      if (open !== undefined) underWay++;
      if (compare(found, model, open)) applied++;
    }
  } catch (error) {
    throw new Error(`with WARDIAN_KILL_SEED=${SEED}`, { cause: error });
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
  const logBytes = [...model.logs.values()].flat().reduce((sum, bytes) => sum + bytes.length, 0);
  expect(model.events.length).toBeGreaterThan(KILLS);
  console.log(
    `${KILLS} kills: ${model.events.length} events, ${model.records.size} records, ${model.audit.length} audit entries, ${logBytes} bytes of ` +
      `logs; ${underWay} writes were under way, ${applied} of them were there`,
  );
});
