// The routes of metrics before a real engine, with bare-metal programs. Uses the compiled worker in dist/.
import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ServerType, serve } from "@hono/node-server";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createApp } from "../app.js";
import { readServerEvents } from "../../client/sse.js";
import { type Caller, LOCAL_CALLER } from "../../engine/caller.js";
import { Engine } from "../../engine/engine.js";
import { makeTar } from "../../image/archive/samples.js";
import type { InstanceRecord } from "../../instance/record.js";
import { writePrograms } from "../../instance/program-sample.js";
import { hostMetricsSchema, instanceMetricsSchema } from "../../metrics/view.js";

const GUEST: Caller = { name: "guest", scope: "read", namespace: "other", quotas: {}, hostPaths: false };

let folder: string;
let engine: Engine;
let caller: Caller;
let app: ReturnType<typeof createApp>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "wardian-metrics-"));
  writePrograms(join(folder, "images"));
  engine = await Engine.open({ state: false, images: join(folder, "images") });
  caller = LOCAL_CALLER;
  app = createApp({ doorFor: () => engine.as(caller), meter: engine.meter });
});

afterEach(async () => {
  await engine[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function started(name: string, kernel = "loop"): Promise<InstanceRecord> {
  const { id } = await engine.apply({ kind: "create", request: { name, kernel, limits: { memory: "16M" } } });
  return engine.apply({ kind: "start", instance: id });
}

const getJson = async (path: string): Promise<unknown> => (await app.request(path)).json();
const codeOf = async (path: string): Promise<unknown> => {
  const response = await app.request(path);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  return [response.status, ((await response.json()) as { code: string }).code];
};

test("an instance that burns a CPU shows it", async () => {
  const { id } = await started("burner");
  await vi.waitFor(async () => {
    const metrics = instanceMetricsSchema.parse(await getJson("/v1/instances/burner/metrics?windowMs=1000"));
    expect(metrics).toMatchObject({ instance: id, name: "burner", state: "running", limits: { memoryBytes: 2 ** 24, cpus: 1, vcpus: 1 } });
    expect(metrics.rates.cpu_utilization).toBeGreaterThan(0.2);
    expect(metrics.rates.instructions_per_second).toBeGreaterThan(1e5);
  }, 20_000);
});

test("a guest is measured from its power-on, before it is up", async () => {
  writeFileSync(join(folder, "images", "root.tar"), makeTar([{ name: "etc/", flag: "5" }]));
  const request = { name: "boots", image: "root.tar", kernel: "loop", limits: { memory: "64M" } };
  const { id } = await engine.apply({ kind: "create", request });
  const starting = engine.apply({ kind: "start", instance: id });
  starting.catch(() => {}); // it never comes up
  await vi.waitFor(async () => {
    const metrics = instanceMetricsSchema.parse(await getJson("/v1/instances/boots/metrics?windowMs=1000"));
    expect(metrics.state).toBe("starting");
    expect(metrics.windowMs).toBeGreaterThan(900);
    expect(metrics.rates.instructions_per_second).toBeGreaterThan(1e5);
  }, 20_000);
  await engine.apply({ kind: "kill", instance: id });
  await expect(starting).rejects.toMatchObject({ code: "aborted" });
  expect(await getJson("/v1/instances/boots/metrics")).toMatchObject({ state: "exited", counters: {} });
});

test("an instance that is off has no counters; one that is not there is a problem", async () => {
  await engine.apply({ kind: "create", request: { name: "off", kernel: "loop", limits: { memory: "16M" } } });
  expect(await getJson("/v1/instances/off/metrics")).toMatchObject({ state: "created", windowMs: 0, counters: {}, devices: {}, rates: {} });
  expect(await codeOf("/v1/instances/none/metrics")).toEqual([404, "no-instance"]);
});

test.each([
  "/v1/instances/x/metrics?windowMs=999",
  "/v1/instances/x/metrics?windowMs=600001",
  "/v1/instances/x/metrics?windowMs=5e3",
  "/v1/instances/x/metrics?windowMs=1000&windowMs=2000",
  "/v1/instances/x/metrics?window=5000",
  "/v1/instances/..%2f/metrics",
  "/v1/metrics?windowMs=-1",
  "/v1/metrics/catalog?x=1",
  "/v1/metrics/stream?intervalMs=249",
  "/v1/metrics/stream?intervalMs=60001",
  "/v1/metrics/stream?instance=",
  "/v1/metrics/stream?instance=ok,%00",
  `/v1/metrics/stream?instance=${"a,".repeat(200)}a`,
  "/metrics?instance=1",
])("%s is a bad request", async (path) => {
  expect(await codeOf(path)).toEqual([400, "bad-request"]);
});

test("the host's figures", async () => {
  await started("one");
  const host = hostMetricsSchema.parse(await getJson("/v1/metrics?windowMs=10000"));
  expect(host.instances).toEqual({ running: 1 });
  expect(host.values).toMatchObject({ starts: 1, start_failures: 0 });
  expect(host.values.process_cpu_seconds).toBeGreaterThan(0);
  expect(host.histograms.start_seconds?.count).toBe(1);
});

test("the catalog tells everything, with formulas and names", async () => {
  const { metrics } = (await getJson("/v1/metrics/catalog")) as { metrics: { name: string }[] };
  expect(metrics).toContainEqual(expect.objectContaining({ name: "cpu_utilization", formula: "cpu_busy_seconds / (wall x vcpus)" }));
  expect(metrics).toContainEqual({
    name: "device_read_bytes",
    group: "device",
    type: "counter",
    unit: "bytes",
    help: "Bytes the guest has read.",
    labels: ["id", "name", "namespace", "device"],
    openMetricsName: "wardian_device_read_bytes_total",
  });
});

test("the page for Prometheus comes as asked for, and has the caller's namespace only", async () => {
  const { id } = await started("one");
  const text = await app.request("/metrics");
  expect(text.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(await text.text()).toContain(`wardian_instructions_total{id="${id}",name="one",namespace="default"} `);
  const accept =
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5";
  const open = await app.request("/metrics", { headers: { accept } });
  expect(open.headers.get("content-type")).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
  expect(await open.text()).toMatch(/# EOF\n$/);
  caller = GUEST;
  expect(await (await app.request("/metrics")).text()).not.toContain(id);
  expect(await codeOf("/v1/instances/one/metrics")).toEqual([404, "no-instance"]);
  await engine.apply({ kind: "remove", instance: id, force: true });
  caller = LOCAL_CALLER;
  expect(await (await app.request("/metrics")).text()).not.toContain(id);
});

describe("the stream", () => {
  let server: ServerType;
  let base: string;
  beforeEach(async () => {
    await new Promise<void>((resolve) => {
      server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => {
        base = `http://127.0.0.1:${port}`;
        resolve();
      });
    });
  });
  afterEach(() => void server.close());

  const openStreams = (): number | undefined => engine.meter.host(undefined, {}).values.api_open_streams;

  async function* watch(query: string): AsyncGenerator<{ host: unknown; instances: { name: string }[] }> {
    const leave = new AbortController();
    try {
      const { body, status, headers } = await fetch(`${base}/v1/metrics/stream${query}`, { signal: leave.signal });
      expect([status, headers.get("content-type")]).toEqual([200, "text/event-stream"]);
      if (body === null) throw new Error("no body");
      for await (const { type, data } of readServerEvents(body)) if (type === "metrics") yield JSON.parse(data);
    } finally {
      leave.abort();
    }
  }

  test("tells the host and all that are on, in rounds; instances come and go", async () => {
    const one = await started("one");
    const seen: string[] = [];
    for await (const { host, instances } of watch("?intervalMs=250")) {
      hostMetricsSchema.parse(host);
      for (const metrics of instances) instanceMetricsSchema.parse(metrics);
      const names = instances.map(({ name }) => name).join(" ");
      if (seen.at(-1) === names) continue;
      seen.push(names);
      if (names === "one") await started("two");
      else if (names === "one two") await engine.apply({ kind: "remove", instance: one.id, force: true });
      else break;
    }
    expect(seen).toEqual(["one", "one two", "two"]);
    await vi.waitFor(() => expect(openStreams()).toBe(0), 5000);
  });

  test("tells those that are named, on or off, and goes on when one is removed", async () => {
    const names = ["a1", "b2", "c3"];
    for (const name of names) await engine.apply({ kind: "create", request: { name, kernel: "loop", limits: { memory: "16M" } } });
    let rounds = 0;
    for await (const { instances } of watch("?instance=a1,c3,a1&instance=b2,a1&intervalMs=250")) {
      if (++rounds === 1) {
        expect(instances.map(({ name }) => name)).toEqual(["a1", "c3", "b2"]);
        expect(openStreams()).toBe(1);
        await engine.apply({ kind: "remove", instance: "c3" });
      } else if (instances.length === 2) break;
    }
    await vi.waitFor(() => expect(openStreams()).toBe(0), 5000);
  });

  test("of an instance that is not there is a problem; HEAD opens nothing", async () => {
    expect(await codeOf("/v1/metrics/stream?instance=none")).toEqual([404, "no-instance"]);
    const head = await fetch(`${base}/v1/metrics/stream`, { method: "HEAD" });
    expect([head.status, head.headers.get("content-type"), openStreams()]).toEqual([200, "text/event-stream", 0]);
  });
});
