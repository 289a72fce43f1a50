// A container over HTTP, from create to remove: real programs, a real server, its answers as any client sees them.
import { mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as programs from "../container/program-samples.js";
import { ECHO_CLIENT, ECHO_SERVER } from "../container/socket-samples.js";
import type { InstanceRequest } from "../instance/spec.js";
import { assemble } from "../wasm/module-samples.js";
import { type Answer, ContainerServer } from "./testing/serve-containers.js";

let server: ContainerServer;
beforeAll(async () => {
  server = await ContainerServer.open();
});
afterAll(async () => {
  expect(server.unforeseen).toEqual([]);
  await server[Symbol.asyncDispose]();
});

const post = (id: string, verb: string, json?: unknown): Promise<Answer> => server.ask("POST", `/v1/instances/${id}/${verb}`, { json });
const remove = (id: string): Promise<Answer> => server.ask("DELETE", `/v1/instances/${id}?force=true`);

describe("a container over HTTP", () => {
  test("is created of an image and arguments with the typed client, and started", async () => {
    const image = server.image(programs.TELLS, "tells.wasm");
    const created = await server.client.v1.instances.$post({
      query: { start: "true" },
      header: {},
      json: { kind: "container", name: "teller", image, command: ["--dir", "x y", ""], env: { A: "b c" } },
    });
    if (!created.ok) throw new Error((await created.json()).detail);
    const { id, spec } = await created.json();
    expect(spec).toMatchObject({ kind: "container", image, command: ["--dir", "x y", ""], mounts: [], tier: "auto", pausable: false });
    expect(await server.ended(id)).toMatchObject({ reason: "exited", status: 0 });
    const logs = await server.client.v1.instances[":id"].logs.$get({ param: { id: "teller" }, query: {} });
    expect(await logs.text()).toBe("tells.wasm\0--dir\0x y\0\0A=b c\0");
    const listed = await server.ask("GET", "/v1/instances?kind=container&name=teller");
    expect(listed.body.instances).toMatchObject([{ id, name: "teller", state: "exited" }]);
    expect((await server.ask("GET", "/v1/instances?kind=vm")).body.instances).toEqual([]);
    expect((await server.client.v1.instances[":id"].$delete({ param: { id }, query: {} })).status).toBe(204);
    expect((await server.ask("GET", `/v1/instances/${id}`)).status).toBe(404);
  });

  test("is the same one when it is asked for twice under one key", async () => {
    const json = { kind: "container", image: server.image(programs.HELLO) };
    const headers = { "Idempotency-Key": "once" };
    const [first, second] = [await server.ask("POST", "/v1/instances?start=true", { json, headers }), await server.ask("POST", "/v1/instances?start=true", { json, headers })]; // prettier-ignore
    expect([first.status, second.status, second.body.id]).toEqual([201, 201, first.body.id]);
    await server.ended(first.body.id);
    expect((await server.ask("GET", `/v1/instances/${first.body.id}/logs`)).body).toBe("hello\n");
  });

  test.each<readonly [string, Uint8Array, InstanceRequest, object]>([
    ["its own status", programs.endsWith(5), {}, { reason: "exited", status: 5, message: "it ended with status 5" }],
    ["a trap", programs.DIVIDE, {}, { reason: "crashed", status: 134, message: expect.stringMatching(/^the program trapped: .*divi/) }],
    ["its stack", programs.DEEP, {}, { reason: "crashed", status: 134, message: expect.stringContaining("out of stack") }],
    [
      "its fuel",
      programs.LOOP,
      { limits: { fuel: 1000 } },
      { reason: "out-of-fuel", status: 134, message: "the program was ended: its fuel is used up" },
    ],
    ["its CPU time", programs.LOOP, { limits: { cpuTimeMs: 50 } }, { reason: "cpu-time", status: 124, message: "its CPU time was up" }],
    ["its output", programs.FLOOD, { limits: { output: 100_000 } }, { reason: "output-limit", status: 137 }],
    ["its time", programs.LOOP, { limits: { runTimeMs: 150 } }, { reason: "timeout", status: 124 }],
    ["its time, while it waits", programs.ECHO, { stdin: true, limits: { runTimeMs: 150 } }, { reason: "timeout", status: 124 }],
    ["memory that grows to its limit only", programs.GROWS, { limits: { memory: "2M" } }, { reason: "exited", status: 32 }],
  ])("ends with %s", async (_what, bytes, request, end) => {
    expect(await server.ended(await server.start(bytes, request))).toMatchObject(end);
  });

  test("knows no limit of another name, and says so", async () => {
    const json = { kind: "container", image: server.image(programs.LOOP), limits: { cpuSeconds: 1 } };
    const { status, body } = await server.ask("POST", "/v1/instances", { json });
    expect([status, body.code, JSON.stringify(body)]).toEqual([400, "bad-request", expect.stringContaining("cpuSeconds")]);
  });

  test.each<readonly [string, object, string]>([
    ["descriptors: too few", { descriptors: 2 }, "limits.descriptors"],
    ["descriptors: too many", { descriptors: 5000 }, "limits.descriptors"],
    ["CPU time: none", { cpuTimeMs: 0 }, "limits.cpuTimeMs"],
    ["output: none", { output: 0 }, "limits.output"],
    ["files: half a one", { createdFiles: 0.5 }, "limits.createdFiles"],
    ["tables: larger than V8's", { tableElements: 10_000_001 }, "limits.tableElements"],
  ])("a limit out of its bounds is refused at its field: %s", async (_what, limits, path) => {
    const json = { kind: "container", image: server.image(programs.LOOP), limits };
    const { status, body } = await server.ask("POST", "/v1/instances", { json });
    expect([status, JSON.stringify(body)]).toEqual([400, expect.stringContaining(path)]);
  });

  test.each<readonly [string, string, unknown, object]>([
    ["killed", "kill", undefined, { reason: "killed", status: 137 }],
    ["killed by SIGKILL", "kill", { signal: "KILL" }, { reason: "killed", status: 137 }],
    ["killed by 9", "kill", { signal: "9" }, { reason: "killed", status: 137 }],
    ["sent a signal by its number", "kill", { signal: "64" }, { reason: "exited", status: 192 }],
    ["sent SIGINT", "kill", { signal: "SIGINT" }, { reason: "exited", status: 130, message: "it was ended by SIGINT" }],
    ["stopped", "stop", undefined, { reason: "stopped", status: 143, message: "it was ended by SIGTERM" }],
    ["stopped its own way", "stop", { signal: "HUP" }, { reason: "stopped", status: 129 }],
    ["stopped by a signal that does nothing, after its grace", "stop", { signal: "SIGWINCH", graceMs: 50 }, { reason: "stopped" }],
  ])("is %s", async (_what, verb, json, end) => {
    const id = await server.start(programs.LOOP);
    expect((await post(id, verb, json)).status).toBe(200);
    expect(await server.ended(id)).toMatchObject(end);
  });

  test("takes no signal that does not exist, and none that does nothing ends it", async () => {
    const id = await server.start(programs.LOOP);
    expect((await post(id, "kill", { signal: "SIGNOPE" })).status).toBe(400);
    for (const signal of ["SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "TTIN", "SIGTTOU"])
      expect((await post(id, "kill", { signal })).body.state).toBe("running");
    expect((await server.ask("GET", `/v1/instances/${id}/wait?timeoutMs=100`)).body).toMatchObject({ status: 408, code: "wait-timeout" });
    expect((await server.ask("DELETE", `/v1/instances/${id}`)).body).toMatchObject({ status: 409, code: "wrong-state" });
    expect((await remove(id)).status).toBe(204);
    expect((await post(id, "kill")).status).toBe(404);
  });

  test("is started again, by hand and by its policy", async () => {
    const id = await server.start(programs.LOOP);
    expect((await post(id, "start")).body.state).toBe("running");
    expect((await post(id, "restart", { graceMs: 0 })).body).toMatchObject({ state: "running", restarts: 0 });
    await remove(id);
    const again = await server.start(programs.endsWith(3), { restart: { policy: "on-failure", maxRetries: 1 } });
    await expect.poll(async () => (await server.ask("GET", `/v1/instances/${again}`)).body, { timeout: 20_000 }).toMatchObject({ state: "exited", restarts: 1, end: { status: 3 } }); // prettier-ignore
    const gone = await server.start(programs.HELLO, { autoRemove: true });
    await expect.poll(async () => (await server.ask("GET", `/v1/instances/${gone}`)).status, { timeout: 20_000 }).toBe(404);
  });
});

describe("paused over HTTP", () => {
  test("it executes nothing; resumed, it goes on", async () => {
    const id = await server.start(programs.LOOP, { pausable: true });
    const cpuSeconds = async (): Promise<number> => (await server.ask("GET", `/v1/instances/${id}/metrics`)).body.counters.cpu_busy_seconds;
    expect((await post(id, "pause")).body.state).toBe("paused");
    expect((await post(id, "pause")).body).toMatchObject({ status: 409, code: "wrong-state" });
    await new Promise((resolve) => setTimeout(resolve, 100));
    const before = await cpuSeconds();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await cpuSeconds()) - before).toBeLessThan(0.05);
    const { counters } = (await server.ask("GET", `/v1/instances/${id}/metrics`)).body;
    expect(counters.paused_seconds).toBeGreaterThanOrEqual(0.3);
    expect(counters.paused_seconds).toBeLessThan(counters.up_seconds);
    expect((await post(id, "resume")).body.state).toBe("running");
    expect((await post(id, "resume")).body).toMatchObject({ status: 409, code: "wrong-state" });
    await expect.poll(cpuSeconds, { timeout: 20_000 }).toBeGreaterThan(before + 0.05);
    await remove(id);
  });

  test.each([
    ["killed", "kill", { reason: "killed", status: 137 }],
    ["stopped", "stop", { reason: "stopped", status: 143 }],
  ])("it is %s", async (_what, verb, end) => {
    const id = await server.start(programs.LOOP, { limits: { cpus: 0.5 } });
    expect((await post(id, "pause")).body.state).toBe("paused");
    expect((await post(id, verb)).status).toBe(200);
    expect(await server.ended(id)).toMatchObject(end);
  });

  test("what was not made for it says what would be, and runs on", async () => {
    const id = await server.start(programs.LOOP);
    const { status, type, body } = await post(id, "pause");
    expect({ status, type, code: body.code }).toEqual({ status: 409, type: "application/problem+json", code: "not-pausable" });
    expect(body.detail).toMatch(/pausable/);
    expect((await server.ask("GET", `/v1/instances/${id}`)).body.state).toBe("running");
    await remove(id);
  });
});

describe("what a container is not for", () => {
  test.each([
    ["exec", "POST", "exec", { json: { args: ["ls"] } }],
    ["exec as lines", "POST", "exec", { json: { args: ["ls"] }, headers: { Accept: "application/x-ndjson" } }],
    ["a file's contents", "GET", "files?path=/x", {}],
    ["a folder's files", "GET", "files/list?path=/", {}],
    ["a file's change", "PUT", "files?path=/x", { body: "x" }],
    ["a file's removal", "DELETE", "files?path=/x", {}],
    ["an archive", "GET", "archive?path=/", {}],
    ["an archive's contents", "PUT", "archive?path=/", { body: "x", headers: { "Content-Type": "application/x-tar" } }],
  ])("%s is refused in words, running or not", async (_what, method, path, options) => {
    const id = await server.start(programs.LOOP);
    for (const round of ["running", "exited"]) {
      const { status, type, body } = await server.ask(method, `/v1/instances/${id}/${path}`, options);
      expect({ round, status, type }).toEqual({ round, status: 409, type: "application/problem+json" });
      expect(body.code).toBe(round === "exited" && path === "exec" ? "not-running" : "no-agent");
      if (body.code === "no-agent") expect(body.detail).toContain("is a container");
      if (round === "running") await post(id, "kill");
    }
    await remove(id);
  });

  test("there is no snapshot of anything", async () => {
    const id = await server.create(programs.LOOP);
    expect((await post(id, "snapshot")).body).toMatchObject({ status: 404, code: "no-route" });
    expect((await post(id, "checkpoint")).body).toMatchObject({ status: 404, code: "no-route" });
  });

  test.each<readonly [string, InstanceRequest]>([
    ["kernel", { kernel: "k" }],
    ["user", { user: "root" }],
    ["cwd", { cwd: "/" }],
    ["engine", { engine: "interpret" }],
    ["pids", { limits: { pids: 5 } }],
    ["disk", { limits: { disk: "64M" } }],
    ["memory", { limits: { memory: "8G" } }],
    ["memory", { limits: { memory: "1K" } }],
  ])("%s is not for it", async (word, request) => {
    const { status, body } = await server.ask("POST", "/v1/instances", { json: { kind: "container", image: server.image(programs.HELLO), ...request } }); // prettier-ignore
    expect([status, body.code, JSON.stringify(body)]).toEqual([400, "bad-request", expect.stringContaining(word)]);
  });
});

describe("an image that is no program", () => {
  const COMPONENT = Buffer.from([0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00]);
  // prettier-ignore
  test.each<readonly [string, Uint8Array, string, RegExp]>([
    ["text",                 Buffer.from("#!/bin/sh\necho hello\n"), "wasm-not-wasm",   /not a WebAssembly module/],
    ["nothing at all",       Buffer.alloc(0),                        "wasm-not-wasm",   /not a WebAssembly module/],
    ["a component",          COMPONENT,                              "wasm-component",  /component/],
    ["half a module",        programs.HELLO.subarray(0, -5),         "wasm-invalid",    /./],
    ["unknown imports",      programs.MISSING,                       "wasm-imports",    /"env"\."one", "wasi_snapshot_preview1"\."two"/],
    ["no start",             assemble(`(module (memory (export "memory") 1))`), "wasm-no-start", /_start/],
  ])("%s: its start is a 422 that says so, and the instance tells why, too", async (_what, bytes, code, words) => {
    const id = await server.create(bytes);
    const { status, type, body } = await post(id, "start");
    expect({ status, type, code: body.code }).toEqual({ status: 422, type: "application/problem+json", code });
    expect(body.detail).toMatch(words);
    expect(body.detail).not.toContain(server.folder);
    const { body: record } = await server.ask("GET", `/v1/instances/${id}`);
    expect(record).toMatchObject({ state: "exited", wanted: "stopped", end: { reason: "failed", status: 125, message: body.detail } });
  });

  test("created with start=true, it answers the same, and where it is", async () => {
    const json = { kind: "container", image: server.image(Buffer.from("text")) };
    const { status, body } = await server.ask("POST", "/v1/instances?start=true", { json });
    expect([status, body.code]).toEqual([422, "wasm-not-wasm"]);
  });

  test("more memory than it may have is told with both figures", async () => {
    const id = await server.create(programs.HELLO, { limits: { memory: "64K" } });
    const { status, body } = await post(id, "start");
    expect([status, body.code, body.detail]).toEqual([422, "wasm-memory-limit", expect.stringMatching(/256 KiB/)]);
  });

  test("a file that is not there, or no longer", async () => {
    const none = await server.ask("POST", "/v1/instances", { json: { kind: "container", image: "none.wasm" } });
    expect([none.status, none.body.code, none.body.detail]).toEqual([422, "image-not-found", expect.stringContaining('"none.wasm"')]);
    const without = await server.ask("POST", "/v1/instances", { json: { kind: "container" } });
    expect([without.status, without.body.code]).toEqual([400, "bad-request"]);
  });

  test("a folder for it that is gone when it starts: the run has failed", async () => {
    const folder = join(server.folder, "given");
    mkdirSync(folder);
    const image = server.image(programs.HELLO);
    const mounts = [{ path: folder, guestPath: "/work" }];
    const { id } = await server.local.apply({ kind: "create", request: { kind: "container", image, mounts } });
    rmdirSync(folder);
    await post(id, "start");
    expect(await server.ended(id)).toMatchObject({ reason: "failed", status: 125, message: expect.stringContaining(folder) });
  });
});

describe("the figures of a container", () => {
  const PAGE_LINE =
    /^(# (HELP|TYPE|UNIT) wardian_\w+ .+|# EOF|wardian_\w+(\{\w+="(\\.|[^"\\])*"(,\w+="(\\.|[^"\\])*")*\})? (\d[\d.e+-]*|\+Inf))$/;

  test("CPU, memory, and what a metered one has executed", async () => {
    const id = await server.start(programs.LOOP, { pausable: true, limits: { memory: "1M" } });
    const metrics = async () => (await server.ask("GET", `/v1/instances/${id}/metrics?windowMs=1000`)).body;
    await expect.poll(async () => (await metrics()).counters.cpu_busy_seconds, { timeout: 20_000 }).toBeGreaterThan(0.05);
    const { counters, limits, devices, rates } = await metrics();
    const COUNTED = ["cpu_busy_seconds", "instructions", "memory_resident_bytes", "up_seconds"];
    expect(
      Object.keys(counters)
        .filter((name) => counters[name] !== 0)
        .toSorted(),
    ).toEqual(COUNTED);
    expect(limits).toEqual({ memoryBytes: 1 << 20, cpus: 1, vcpus: 1 });
    expect(counters.memory_resident_bytes).toBe(4 * 65_536);
    expect(counters.up_seconds).toBeGreaterThanOrEqual(counters.cpu_busy_seconds * 0.5);
    expect(counters.instructions).toBeGreaterThan(1000);
    expect(devices).toEqual({});
    expect(rates.cpu_utilization).toBeGreaterThan(0);
    expect(rates.memory_utilization ?? 0.25).toBeCloseTo(0.25);
    await remove(id);
  });

  test.each([
    ["application/openmetrics-text", "application/openmetrics-text; version=1.0.0; charset=utf-8"],
    ["text/plain", "text/plain; version=0.0.4; charset=utf-8"],
  ])("on the page for Prometheus as %s, as long as it runs", async (accept, type) => {
    const id = await server.start(programs.LOOP, { name: "page" });
    const page = await server.ask("GET", "/metrics", { headers: { Accept: accept } });
    expect([page.status, page.type]).toEqual([200, type]);
    // The older format has empty lines between metrics.
    const lines = (page.body as string)
      .trimEnd()
      .split("\n")
      .filter((line) => accept !== "text/plain" || line !== "");
    expect(lines.filter((line) => !PAGE_LINE.test(line))).toEqual([]);
    expect(lines.filter((line) => line.includes(id)).length).toBeGreaterThan(3);
    const series = lines.filter((line) => !line.startsWith("#")).map((line) => line.slice(0, line.lastIndexOf(" ")));
    expect(new Set(series).size).toBe(series.length);
    await post(id, "kill");
    await server.ended(id);
    const after = await server.ask("GET", "/metrics", { headers: { Accept: accept } });
    expect(after.body).not.toContain(id);
    expect((await server.ask("GET", `/v1/instances/${id}/metrics`)).body).toMatchObject({ state: "exited", counters: {}, rates: {} });
    await remove(id);
  });

  test("in the stream of figures", async () => {
    const id = await server.start(programs.LOOP);
    const abort = new AbortController();
    const response = await fetch(`${server.url}/v1/metrics/stream?instance=${id}&intervalMs=250`, { signal: abort.signal });
    let text = "";
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString();
      if (/\n\n/.test(text.replace(/^retry: .*\n\n/, ""))) break;
    }
    abort.abort();
    const data = /^data: (.*)$/m.exec(text)?.[1] ?? "{}";
    expect(JSON.parse(data)).toMatchObject({ host: expect.anything(), instances: [{ instance: id, state: "running" }] });
    await remove(id);
  });
});

test("two are connected by a local socket; the one that connects comes second", async () => {
  const listens: InstanceRequest = { command: ["1"], sockets: [{ name: "echo", role: "listen" }] };
  const connects: InstanceRequest = { command: ["hello"], sockets: [{ name: "echo", role: "connect" }] };
  const listening = await server.create(readFileSync(ECHO_SERVER), listens);
  const connected = await server.create(readFileSync(ECHO_CLIENT), connects);
  expect(await post(connected, "start")).toMatchObject({ status: 409, body: { code: "connection-refused" } });
  expect((await post(listening, "start")).status).toBe(200);
  expect((await post(connected, "start")).status).toBe(200);
  for (const id of [listening, connected]) expect(await server.ended(id)).toMatchObject({ status: 0 });
  expect((await server.ask("GET", `/v1/instances/${connected}`)).body.spec).toMatchObject(connects);
  const logs = await server.client.v1.instances[":id"].logs.$get({ param: { id: connected }, query: {} });
  expect(await logs.text()).toBe("hello\n");
  for (const id of [listening, connected]) await remove(id);
});
