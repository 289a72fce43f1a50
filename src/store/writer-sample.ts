// For kill.test.ts and runs by hand: a process that writes to a state folder without end, and says before each write what it will do, and after it
// that it is done; to be killed. Not part of the program.
//   node dist/src/store/writer-sample.js FOLDER SEED
import { writeSync } from "node:fs";
import type { InstanceRecord } from "../instance/record.js";
import { InstanceLog } from "./instance-log.js";
import { makeEvent, makeRecord } from "./instance-sample.js";
import { takeOwnership } from "./ownership.js";
import { openStore, type SqliteStore } from "./sqlite-store.js";
import { openStateFolder, type StateFolder } from "./state-folder.js";

/** Small files, so that they are changed often, and so many that none is dropped. */
export const LOG_OPTIONS = { maxFileBytes: 300_000, maxFiles: 10_000 };
export const LOG_IDS = ["one", "two"];

/** One line a write before it, with what it is to be, and `{"done":EVENT_IDS}` after it. */
export type Intent =
  | { readonly kind: "insert"; readonly record: InstanceRecord; readonly key: string }
  | { readonly kind: "update"; readonly record: InstanceRecord; readonly events: number }
  | { readonly kind: "remove"; readonly record: InstanceRecord }
  | { readonly kind: "append"; readonly record: InstanceRecord }
  | { readonly kind: "audit"; readonly detail: string }
  | { readonly kind: "log"; readonly log: string; readonly byte: number; readonly count: number };
export type Line = Intent | { readonly done: readonly number[] } | { readonly ready: true };

function say(line: Line): void {
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
  for (let done = 0; done < bytes.length;) {
    try {
      done += writeSync(1, bytes, done);
    } catch (error) {
      // The reader is behind.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
  }
}

/** mulberry32: numbers that a seed gives again. */
function makeRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

class Writer {
  readonly #seed: number;
  readonly #random: (below: number) => number;
  readonly #store: SqliteStore;
  readonly #logs: ReadonlyMap<string, InstanceLog>;
  readonly #records: InstanceRecord[];
  #made = 0;

  constructor(folder: StateFolder, seed: number) {
    this.#seed = seed;
    this.#random = makeRandom(seed);
    this.#store = openStore(folder.database);
    this.#logs = new Map(LOG_IDS.map((id) => [id, new InstanceLog(folder.instanceLog(id), LOG_OPTIONS)]));
    this.#records = this.#store.instances();
  }

  choose(): Intent {
    const record = this.#records[this.#random(this.#records.length)];
    const kind = this.#random(10);
    if (record === undefined || kind < 2) return this.#chooseInsert();
    if (kind < 4) {
      const next = { ...record, name: `name-${this.#take()}`, restarts: record.restarts + 1 };
      return { kind: "update", record: next, events: this.#random(3) };
    }
    if (kind === 4) return { kind: "remove", record };
    if (kind === 5) return { kind: "append", record };
    if (kind === 6) return { kind: "audit", detail: this.#take() };
    const count = 1 + (this.#random(10) === 0 ? this.#random(200_000) : this.#random(2000));
    return { kind: "log", log: LOG_IDS[this.#random(LOG_IDS.length)] ?? "", byte: this.#random(256), count };
  }

  #take(): string {
    return `${this.#seed}-${this.#made++}`;
  }

  #chooseInsert(): Intent {
    const id = this.#take();
    const record = makeRecord(id);
    return { kind: "insert", record: { ...record, spec: { ...record.spec, append: "x".repeat(this.#random(2000)) } }, key: `key-${id}` };
  }

  /** The events' ids. */
  apply(intent: Intent): readonly number[] {
    switch (intent.kind) {
      case "insert":
        this.#records.push(intent.record);
        return [this.#store.insert(intent.record, makeEvent(intent.record), { key: intent.key, requestHash: intent.key }).id];
      case "update": {
        this.#records[this.#indexOf(intent.record)] = intent.record;
        const event = makeEvent(intent.record, "renamed");
        return this.#store.update(intent.record, ...Array.from({ length: intent.events }, () => event)).map(({ id }) => id);
      }
      case "remove":
        this.#records.splice(this.#indexOf(intent.record), 1);
        return [this.#store.remove(intent.record.id, makeEvent(intent.record, "removed")).id];
      case "append":
        return [this.#store.append(makeEvent(intent.record, "exec-started")).id];
      case "audit":
        this.#store.audit({ caller: "c", namespace: "n", action: "create", outcome: "ok", detail: intent.detail });
        return [];
      case "log":
        this.#logs.get(intent.log)?.append("stdout", Buffer.alloc(intent.count, intent.byte));
        this.#logs.get(intent.log)?.flush();
        return [];
    }
  }

  #indexOf(record: InstanceRecord): number {
    return this.#records.findIndex(({ id }) => id === record.id);
  }
}

function run(path: string, seed: number): never {
  const folder = openStateFolder(path);
  const ownership = takeOwnership(folder);
  if (ownership === undefined) throw new Error("the folder is not free");
  ownership.publish({ pid: process.pid, startedAt: "" });
  const writer = new Writer(folder, seed);
  say({ ready: true });
  for (;;) {
    const intent = writer.choose();
    say(intent);
    say({ done: writer.apply(intent) });
  }
}

// Its types are imported, too.
if (process.argv[1]?.endsWith("writer-sample.js") === true) run(process.argv[2] ?? "", Number(process.argv[3]));
