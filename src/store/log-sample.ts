// For the tests of logs: what a log gives, as text. Not part of the program. May depend on instance-log.ts.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { LogEntry, LogQuery } from "../instance/record.js";
import type { InstanceLog } from "./instance-log.js";

export const bytes = (text: string): Buffer => Buffer.from(text);

/** The names of its files, in order. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder).toSorted((a, b) => Number(a.slice(4)) - Number(b.slice(4)));
}

export const lastFileIn = (folder: string): string => join(folder, filesIn(folder).at(-1) ?? "");

export async function collect(log: InstanceLog, query?: LogQuery): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for await (const entry of log.read(query)) entries.push(entry);
  return entries;
}

export async function textOf(log: InstanceLog, query?: LogQuery): Promise<string> {
  return Buffer.concat((await collect(log, query)).map((entry) => entry.bytes)).toString("latin1");
}

export interface Follower {
  readonly done: Promise<void>;
  readonly seen: () => string;
  /** Resolves when what was read ends so. */
  readonly until: (end: string) => Promise<void>;
}

/** Reads as it comes. */
export function follow(log: InstanceLog, query: LogQuery = {}, signal?: AbortSignal): Follower {
  let seen = "";
  let check = () => {};
  const done = (async () => {
    for await (const entry of log.read({ ...query, follow: true }, signal)) {
      seen += Buffer.from(entry.bytes).toString("latin1");
      check();
    }
  })();
  const until = (end: string) =>
    new Promise<void>((resolve) => {
      check = () => {
        if (seen.endsWith(end)) resolve();
      };
      check();
    });
  return { done, until, seen: () => seen };
}
