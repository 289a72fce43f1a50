// The typed client against the real API, over TCP and over a unix socket.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { startServer } from "../api/server.js";
import { Engine } from "../engine/engine.js";
import { createClient } from "./client.js";

const folder = mkdtempSync(join(tmpdir(), "wardian-client-"));
const engine = await Engine.open({ state: join(folder, "state") });
const server = await startServer({ engine, listen: ["127.0.0.1:0", `unix:${join(folder, "api.sock")}`], onNote: () => {} } as Parameters<
  typeof startServer
>[0]);
afterAll(async () => {
  await server.close();
  await engine[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

test.each(server.addresses)("%s: create, inspect, list, remove, with the API's own types", async (address) => {
  const client = createClient(address);
  const created = await client.v1.instances.$post({ query: {}, header: {}, json: { image: "busybox", labels: { a: "1" } } });
  expect(created.status).toBe(201);
  const { id, state } = (await created.json()) as { id: string; state: string };
  expect(state).toBe("created");
  const found = await client.v1.instances.$get({ query: { label: "a=1" } });
  expect(((await found.json()) as { instances: { id: string }[] }).instances.map((instance) => instance.id)).toContain(id);
  expect((await client.v1.instances[":id"].$delete({ param: { id }, query: {} })).status).toBe(204);
  expect((await client.v1.instances[":id"].$get({ param: { id } })).status).toBe(404);
});

test("a fetch of one's own is used", async () => {
  const seen: string[] = [];
  const fetch = (async (url: string) => {
    seen.push(url);
    return new Response("{}");
  }) as unknown as typeof globalThis.fetch;
  await createClient("http://host.example:1", { fetch }).v1.info.$get();
  expect(seen).toEqual(["http://host.example:1/v1/info"]);
});
