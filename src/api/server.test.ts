// The whole server: guard, app and engine together.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Scope } from "../engine/caller.js";
import { Engine } from "../engine/engine.js";
import { updateTokenFile } from "./security/token-file.js";
import { makeToken } from "./security/token.js";
import { startServer } from "./server.js";
import type { RunningServer } from "./server-running.js";

let folder = "";
let engine: Engine;
let server: RunningServer;
const tokens = new Map<string, string>();
const notes: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "wardian-server-"));
  const tokenFile = join(folder, "tokens");
  const made = (name: string, scope: Scope, namespace: string, instances?: number): void => {
    const { record, token } = makeToken({ name, scope, namespace, quotas: { instances } });
    updateTokenFile(tokenFile, (records) => [...records, record]);
    tokens.set(name, token);
  };
  made("reader", "read", "team");
  made("worker", "operate", "team", 1);
  made("stranger", "operate", "other");
  made("root", "admin", "*");
  engine = await Engine.open({ state: false });
  server = await startServer({ engine, listen: ["127.0.0.1:0"], tokenFile, onNote: (text) => void notes.push(text) });
});
afterAll(async () => {
  await server?.close();
  await engine?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function ask(name: string | undefined, path: string, init: RequestInit = {}): Promise<{ status: number; body: Record<string, unknown> }> {
  const authorization = name === undefined ? undefined : `Bearer ${tokens.get(name)}`;
  const headers = { ...(authorization === undefined ? {} : { authorization }), "content-type": "application/json" };
  const response = await fetch(`${server.addresses[0]}${path}`, { ...init, headers });
  const text = await response.text();
  return { status: response.status, body: text.startsWith("{") ? (JSON.parse(text) as Record<string, unknown>) : { text } };
} // prettier-ignore

const create = (name: string) =>
  ask(name, "/v1/instances", { method: "POST", body: JSON.stringify({ image: "busybox", labels: { a: "b" } }) });

describe("a token's", () => {
  test("absence keeps everybody from instances and metrics, and nobody from pages", async () => {
    for (const path of ["/v1/instances", "/v1/info", "/metrics", "/v1/metrics", "/v1/audit", "/v1/events?follow=false", "/nothing"])
      expect(await ask(undefined, path), path).toMatchObject({ status: 401, body: { code: "unauthenticated" } });
    for (const path of ["/", "/docs", "/openapi.json", "/healthz"]) expect((await ask(undefined, path)).status, path).toBe(200);
  });

  test("scope, namespace and quotas hold", async () => {
    expect(await create("reader")).toMatchObject({ status: 403, body: { code: "forbidden" } });
    const { body, status } = await create("worker");
    expect([status, body["namespace"]]).toEqual([201, "team"]);
    expect(await create("worker")).toMatchObject({ status: 403, body: { code: "quota-exceeded" } });
    expect((await ask("reader", `/v1/instances/${String(body["id"])}`)).status).toBe(200);
    expect(await ask("stranger", `/v1/instances/${String(body["id"])}`)).toMatchObject({ status: 404, body: { code: "no-instance" } });
    expect((await ask("worker", "/v1/audit")).status).toBe(403);
    const audit = await ask("root", "/v1/audit");
    const entries = JSON.stringify(audit.body);
    expect(entries).toContain('"caller":"worker"');
    expect(entries).not.toContain('"caller":"reader"'); // what one may not do at all must not fill the log
    for (const token of tokens.values()) expect(entries).not.toContain(token.slice(-43));
  });
});

test("what the guard refuses is counted with the rest, and nothing was unforeseen", async () => {
  await ask(undefined, "/v1/info");
  expect(String((await ask("root", "/metrics")).body["text"])).toContain('{route="/v1/info",method="GET",status="4xx"}');
  expect(notes).toEqual([]);
});
