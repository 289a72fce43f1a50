// After a kill, through the API of the server that was started again: every acknowledged write is there, nothing else is. What was under way is
// either there or not, and from now on the one or the other. Throws Violation. Depends on the files beside it.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Connection } from "./kill-connection.js";
import { checkLog, create, filePath } from "./kill-load.js";
import { type Instance, type Model, must, type StoredEvent } from "./kill-model.js";

const PAGE = 1000;

interface Found {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly spec: { readonly labels: Readonly<Record<string, string>> };
  readonly end?: { readonly reason: string; readonly status: number };
}

export async function check(model: Model, connection: Connection, state: string): Promise<void> {
  checkFolders(state, await listAll(connection));
  // As a client does that got no answer. A server that knew the first one gives its instance; else it makes it now.
  for (const instance of model.instances) if (instance.id === undefined) await create(instance, connection, model);
  const found = new Map((await listAll(connection)).map((record) => [record.id, record]));
  for (const instance of model.instances) {
    const record = found.get(instance.id ?? "");
    found.delete(instance.id ?? "");
    await checkInstance(instance, record, model, connection);
  }
  must(found.size === 0, `instances that nobody asked for: ${JSON.stringify([...found.values()])}`);
  await checkEvents(model, connection);
  await checkAudit(model, connection);
}

async function listAll(connection: Connection): Promise<Found[]> {
  const all: Found[] = [];
  let after = "";
  for (;;) {
    const { instances, next } = await connection.json<{ instances: Found[]; next?: string }>({ path: `/v1/instances?limit=50${after}` });
    all.push(...instances);
    if (next === undefined) break;
    after = `&after=${encodeURIComponent(next)}`;
  }
  const marks = all.map(({ spec }) => spec.labels["mark"]);
  must(new Set(marks).size === marks.length, `an instance is there twice: ${marks.toSorted().join(" ")}`);
  return all;
}

function checkFolders(state: string, records: readonly Found[]): void {
  const ids = new Set(records.map(({ id }) => id));
  const orphans = readdirSync(join(state, "instances")).filter((name) => !ids.has(name));
  must(orphans.length === 0, `folders that belong to no instance: ${orphans.join(" ")}`);
}

async function checkInstance(instance: Instance, record: Found | undefined, model: Model, connection: Connection): Promise<void> {
  const { mark, names, end } = instance;
  if (record === undefined) {
    must(instance.removal === "asked", `${mark} (${instance.id}) is lost`);
    model.remove(instance);
    return;
  }
  instance.removal = "none";
  must(record.spec.labels["mark"] === mark, `${instance.id} is ${record.spec.labels["mark"]}, not ${mark}`);
  must(names.includes(record.name), `${mark} is named ${record.name}, not ${names.join(" or ")}`);
  instance.names = [record.name];
  const states = instance.started > 0 ? ["exited"] : instance.asked > 0 ? ["created", "exited"] : ["created"];
  must(states.includes(record.state), `${mark} is ${record.state}, not ${states.join(" or ")}`);
  const same = end === undefined || (record.end?.reason === end.reason && record.end.status === end.status);
  must(same, `${mark} ended with ${JSON.stringify(end)}; it says ${JSON.stringify(record.end)}`);
  instance.end = record.end ?? instance.end;
  if (instance.body.image === undefined) await checkLogOf(instance, connection);
  else await checkFile(instance, connection);
}

async function checkLogOf(instance: Instance, connection: Connection): Promise<void> {
  const text = (await connection.ask({ path: `/v1/instances/${instance.id}/logs` })).body.toString();
  checkLog(instance, text);
  instance.text = text;
}

async function checkFile(instance: Instance, connection: Connection): Promise<void> {
  const { status, body } = await connection.ask({ path: filePath(instance), allow: [404] });
  const content = status === 404 ? undefined : body;
  const which = instance.files.find((file) => (file === undefined ? content === undefined : content !== undefined && file.equals(content)));
  must(
    content === undefined ? instance.files.includes(undefined) : which !== undefined,
    `the file of ${instance.mark} is not as it was written`,
  );
  instance.files = [content];
}

/** Numbers go up; what was told by the stream is stored as it was told; each instance was made once and removed once. */
async function checkEvents(model: Model, connection: Connection): Promise<void> {
  for (;;) {
    const afterId = model.events.at(-1)?.id ?? 0;
    const { events } = await connection.json<{ events: StoredEvent[] }>({ path: `/v1/events?follow=false&limit=${PAGE}&after=${afterId}` });
    if (events.length === 0) break;
    for (const event of events) {
      must(event.id > (model.events.at(-1)?.id ?? 0), `the event ${event.id} comes after ${model.events.at(-1)?.id}`);
      model.events.push(event);
      const told = model.told.get(event.id);
      must(told === undefined || JSON.stringify(told) === JSON.stringify(event), `the event ${event.id} is not the one that was told`);
      model.told.delete(event.id);
    }
  }
  must(model.told.size === 0, `events are lost: ${[...model.told.keys()].join(" ")}`);
  const counts = countEvents(model.events);
  const all = [...model.instances, ...model.gone];
  const ids = new Set(all.map(({ id }) => id));
  for (const { instance } of model.events) must(ids.has(instance), `an event tells of ${instance}, which nobody asked for`);
  for (const instance of all) checkCounts(instance, (type) => counts.get(`${type} ${instance.id}`) ?? 0);
}

function countEvents(events: readonly StoredEvent[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { type, instance } of events) counts.set(`${type} ${instance}`, (counts.get(`${type} ${instance}`) ?? 0) + 1);
  return counts;
}

function checkCounts(instance: Instance, count: (type: string) => number): void {
  const told = (type: string) => `${instance.mark}: ${count(type)} events "${type}"`;
  must(count("created") === 1, told("created"));
  must(count("removed") === (instance.removal === "done" ? 1 : 0), told("removed"));
  must(count("renamed") >= instance.renamed, told("renamed"));
  must(count("started") >= instance.started && count("started") <= instance.asked, told("started"));
  // Whatever was under way when it was killed.
  instance.renamed = count("renamed");
}

/** Every action that was acknowledged is in the audit log. */
async function checkAudit(model: Model, connection: Connection): Promise<void> {
  const counts = new Map<string, number>();
  for (;;) {
    const path = `/v1/audit?limit=${PAGE}&after=${model.lastAuditId}`;
    const { entries } = await connection.json<{ entries: { id: number; action: string; instance?: string; outcome: string }[] }>({ path });
    if (entries.length === 0) break;
    for (const { id, action, instance, outcome } of entries) {
      must(id > model.lastAuditId, `the audit entry ${id} comes after ${model.lastAuditId}`);
      model.lastAuditId = id;
      if (outcome === "ok") counts.set(`${action} ${instance}`, (counts.get(`${action} ${instance}`) ?? 0) + 1);
    }
  }
  for (const done of model.audit.splice(0)) {
    const left = counts.get(done) ?? 0;
    must(left > 0, `the audit log has no ${done}`);
    counts.set(done, left - 1);
  }
}
