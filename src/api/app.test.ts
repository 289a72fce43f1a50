// The app by itself: each route with what it asks of the engine and what it answers; each way in which a request can be wrong.
import { describe, expect, test } from "vitest";
import { WardianError } from "../errors.js";
import type { Action } from "../engine/action.js";
import type { Problem } from "./problem.js";
import { createApp } from "./app.js";
import { AT, drain, EVENT, from, RECORD, STAT, StubDoor, StubProcess, VOLUME } from "./testing/stub-door.js";

const JSON_TYPE = { "Content-Type": "application/json" };
const post = (body: unknown, method = "POST"): RequestInit => ({ method, headers: JSON_TYPE, body: JSON.stringify(body) });

function appOf(door = new StubDoor()) {
  return { app: createApp({ doorFor: () => door }), door };
}

async function problemFor(path: string, init?: RequestInit, door?: StubDoor): Promise<Problem> {
  const response = await appOf(door).app.request(path, init);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  const problem = (await response.json()) as Problem;
  expect(problem.status).toBe(response.status);
  expect(problem.type).toBe(`urn:wardian:problem:${problem.code}`);
  return problem;
}

interface Case {
  readonly path: string;
  readonly init?: RequestInit;
  readonly asks: Action;
  readonly status?: number;
  readonly answers?: unknown;
}
const on = { instance: "web" } as const;
const request = { image: "busybox" };

// prettier-ignore
const JSON_CASES: readonly Case[] = [
  { path: "/v1/instances", asks: { kind: "list", filter: {} }, answers: { instances: [RECORD] } },
  { path: "/v1/instances?state=running,paused&kind=vm&name=w&label=a=b=c&label=d&after=x&limit=5",
    asks: { kind: "list", filter: { states: ["running", "paused"], kind: "vm", name: "w", labels: { a: "b=c", d: "" }, after: "x", limit: 5 } } },
  { path: "/v1/instances", init: post(request), status: 201, asks: { kind: "create", request: { ...RECORD.spec } } },
  { path: "/v1/instances/web", asks: { kind: "inspect", ...on }, answers: RECORD },
  { path: "/v1/instances/web", init: post({ name: "db" }, "PATCH"), asks: { kind: "rename", ...on, name: "db" } },
  { path: "/v1/instances/web", init: { method: "DELETE" }, status: 204, asks: { kind: "remove", ...on } },
  { path: "/v1/instances/web?force=true", init: { method: "DELETE" }, status: 204, asks: { kind: "remove", ...on, force: true } },
  { path: "/v1/instances/web/start", init: { method: "POST" }, asks: { kind: "start", ...on }, answers: RECORD },
  { path: "/v1/instances/web/stop", init: { method: "POST" }, asks: { kind: "stop", ...on } },
  { path: "/v1/instances/web/stop", init: post({ signal: "INT", graceMs: 0 }), asks: { kind: "stop", ...on, signal: "INT", graceMs: 0 } },
  { path: "/v1/instances/web/kill", init: post({ signal: "9" }), asks: { kind: "kill", ...on, signal: "9" } },
  { path: "/v1/instances/web/pause", init: { method: "POST" }, asks: { kind: "pause", ...on } },
  { path: "/v1/instances/web/resume", init: { method: "POST" }, asks: { kind: "resume", ...on } },
  { path: "/v1/instances/web/restart", init: post({ graceMs: 5 }), asks: { kind: "restart", ...on, graceMs: 5 } },
  { path: "/v1/instances/web/wait?until=removed", asks: { kind: "wait", ...on, until: "removed" } },
  { path: "/v1/instances/web/files/stat?path=/etc/hosts", asks: { kind: "stat-file", ...on, path: "/etc/hosts" }, answers: STAT },
  { path: "/v1/instances/web/files/list?path=/etc", asks: { kind: "list-files", ...on, path: "/etc" }, answers: { files: [STAT] } },
  { path: "/v1/instances/web/files?path=a/../b", init: { method: "DELETE" }, status: 204, asks: { kind: "remove-file", ...on, path: "a/../b" } },
  { path: "/v1/events?follow=false&instance=web&type=started,exited&after=3&limit=2",
    asks: { kind: "events", query: { afterId: 3, instance: "web", types: ["started", "exited"], follow: false, limit: 2 } }, answers: { events: [EVENT] } },
  { path: "/v1/instances/web/metrics?windowMs=5000", asks: { kind: "metrics", ...on, windowMs: 5000 } },
  { path: "/v1/metrics", asks: { kind: "host-metrics" } },
  { path: "/v1/audit?after=4&limit=10", asks: { kind: "audit", afterId: 4, limit: 10 } },
  { path: "/v1/volumes", asks: { kind: "list-volumes" }, answers: { volumes: [VOLUME] } },
  { path: "/v1/info", asks: { kind: "info" } },
];

/** As JSON has it: without what is undefined, and without abort signals. */
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_key, part: unknown) => (part instanceof AbortSignal ? undefined : part)));

describe("a request becomes one action", () => {
  test.each(JSON_CASES)("$asks.kind: $path", async ({ path, init, asks, status = 200, answers }) => {
    const { app, door } = appOf();
    const response = await app.request(path, init);
    expect(response.status).toBe(status);
    expect(plain(door.last)).toEqual(plain(asks));
    if (answers !== undefined) expect(await response.json()).toEqual(answers);
  });
});

describe("create", () => {
  test("answers where the instance is, and hands the key on", async () => {
    const { app, door } = appOf();
    const response = await app.request("/v1/instances", { ...post(request), headers: { ...JSON_TYPE, "Idempotency-Key": "k~1!" } });
    expect(response.headers.get("location")).toBe("/v1/instances/i-0001");
    expect(door.last).toMatchObject({ idempotencyKey: "k~1!" });
  });

  test.each(["a b", "x".repeat(256), "\u00e9"])("refuses the key %j", async (key) => {
    const { errors } = await problemFor("/v1/instances", { ...post(request), headers: { ...JSON_TYPE, "Idempotency-Key": key } });
    expect(errors).toMatchObject([{ path: "header.idempotency-key" }]);
  });

  test("starts it, too, and says where it is when that fails", async () => {
    const { app, door } = appOf();
    expect(await (await app.request("/v1/instances?start=true", post(request))).json()).toMatchObject({ state: "running" });
    expect(door.asked.map(({ kind }) => kind)).toEqual(["create", "start"]);
    const failing = new StubDoor({ start: () => Promise.reject(new WardianError("bad-kernel", "the kernel is none")) });
    const response = await appOf(failing).app.request("/v1/instances?start=true", post(request));
    expect([response.status, response.headers.get("location")]).toEqual([422, "/v1/instances/i-0001"]);
  });

  test("a repeated request does not start again what runs", async () => {
    const { app, door } = appOf(new StubDoor({ create: () => RECORD }));
    expect((await app.request("/v1/instances?start=true", post(request))).status).toBe(201);
    expect(door.asked.map(({ kind }) => kind)).toEqual(["create"]);
  });
});

describe("wait", () => {
  test("an instance that was removed is no content", async () => {
    expect((await appOf(new StubDoor({ wait: () => undefined })).app.request("/v1/instances/web/wait")).status).toBe(204);
  });

  const forever = () =>
    new StubDoor({
      wait: ({ signal }) =>
        new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(new WardianError("aborted", "given up")))),
    });

  test("ends when the time is up", async () => {
    expect(await problemFor("/v1/instances/web/wait?timeoutMs=5", {}, forever())).toMatchObject({ status: 408, code: "wait-timeout" });
  });

  test("ends when the client is gone", async () => {
    const gone = new AbortController();
    const { app, door } = appOf(forever());
    const answer = app.request("/v1/instances/web/wait", { signal: gone.signal });
    while (door.asked.length === 0) await new Promise(setImmediate);
    gone.abort();
    expect((await answer).status).toBe(400);
  });
});

describe("exec", () => {
  const exec = (body: object, process = new StubProcess()) => {
    const door = new StubDoor({ exec: () => process });
    return { door, process, answer: appOf(door).app.request("/v1/instances/web/exec", post({ args: ["x"], ...body })) };
  };

  test("answers with the whole output", async () => {
    const { answer, door } = exec({ env: { A: "1" }, user: "nobody" }, new StubProcess().end(3, "out", "err"));
    expect(await (await answer).json()).toEqual({
      status: 3,
      signal: null,
      stdout: "out",
      stderr: "err",
      truncated: false,
      timedOut: false,
    });
    expect(door.last).toMatchObject({ command: { args: ["x"], env: { A: "1" }, user: "nobody", stdin: false, endAtExit: true } });
  });

  test("gives it its input, and tells bytes as base64", async () => {
    const { answer, process, door } = exec({ stdin: "AP8=", stdinEncoding: "base64", encoding: "base64" });
    expect([...(await drain(process.typed))]).toEqual([0, 255]);
    process.end(0, "\xff");
    expect(await (await answer).json()).toMatchObject({ stdout: Buffer.from("\xff").toString("base64") });
    expect(door.last).toMatchObject({ command: { stdin: true } });
  });

  test("kills what writes too much", async () => {
    const { answer, process } = exec({ limitBytes: 10 });
    (process.stdout as unknown as NodeJS.WritableStream).write("0123456789abc");
    expect(await (await answer).json()).toMatchObject({ status: 137, signal: "SIGKILL", stdout: "0123456789", truncated: true });
  });

  test("an output that just fits is whole", async () => {
    const { answer } = exec({ limitBytes: 6 }, new StubProcess().end(0, "123", "456"));
    expect(await (await answer).json()).toMatchObject({ stdout: "123", stderr: "456", truncated: false });
  });

  test("holds 2 MiB of output at most", async () => {
    const { answer } = exec({ limitBytes: (2 << 20) + 1 });
    expect((await answer).status).toBe(400);
  });

  test("kills what takes too long", async () => {
    expect(await (await exec({ timeoutMs: 5 }).answer).json()).toMatchObject({ status: 137, timedOut: true });
  });

  test("tells lines, with characters whole", async () => {
    const process = new StubProcess();
    const door = new StubDoor({ exec: () => process });
    const headers = { ...JSON_TYPE, Accept: "application/x-ndjson" };
    const answer = appOf(door).app.request("/v1/instances/web/exec", { ...post({ args: ["x"] }), headers });
    const out = process.stdout as unknown as NodeJS.WritableStream;
    const [first, second] = [Buffer.from("\u20ac").subarray(0, 1), Buffer.from("\u20ac").subarray(1)];
    out.write(first);
    setImmediate(() => {
      out.write(second);
      process.end(0);
    });
    const lines = (await (await answer).text())
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { data?: string });
    expect(lines.map(({ data }) => data ?? "").join("")).toBe("\u20ac");
    expect(lines.at(-1)).toEqual({ exit: { status: 0, signal: null } });
  });

  test("a command whose guest is gone is told as such", async () => {
    const process = new StubProcess();
    process.stdout.on("error", () => {}).destroy(new WardianError("agent-closed", "the guest has been powered off"));
    process.reject(new WardianError("agent-closed", "the guest has been powered off"));
    const response = await exec({}, process).answer;
    expect([response.status, ((await response.json()) as Problem).code]).toEqual([409, "agent-closed"]);
  });

  test("over GET there is only the WebSocket", async () => {
    expect(await problemFor("/v1/instances/web/exec")).toMatchObject({ status: 426 });
    expect(await problemFor("/v1/instances/web/exec", { headers: { Upgrade: "websocket" } })).toMatchObject({ code: "upgrade-required" });
    expect(await problemFor("/v1/instances/other/exec", { headers: { Upgrade: "websocket" } })).toMatchObject({ code: "no-instance" });
  });
});

describe("logs", () => {
  const entries = () =>
    new StubDoor({
      logs: () =>
        from(
          { at: AT, stream: "stdout", bytes: Buffer.from("a\nb") } as const,
          { at: AT, stream: "stderr", bytes: Buffer.from("E\n") } as const,
          { at: AT, stream: "stdout", bytes: Buffer.from("c\n") } as const,
          { at: AT, stream: "stdout", bytes: Buffer.from([0xff]) } as const,
        ),
    });

  test("as they were written, or with times", async () => {
    const { app, door } = appOf(entries());
    const plainText = await app.request("/v1/instances/web/logs?tail=3&since=2026-01-01&until=5&stream=stdout&follow=true");
    expect(Buffer.from(await plainText.arrayBuffer()).toString("latin1")).toBe("a\nbE\nc\n\xff");
    expect(door.last).toMatchObject({ query: { tail: 3, sinceMs: Date.UTC(2026, 0, 1), untilMs: 5, streams: ["stdout"], follow: true } });
    const timed = await (await app.request("/v1/instances/web/logs?timestamps=true")).arrayBuffer();
    expect(Buffer.from(timed).toString("latin1")).toBe(`${AT} a\n${AT} b${AT} E\nc\n${AT} \xff`);
  });

  test("as lines of JSON", async () => {
    const text = await (
      await appOf(entries()).app.request("/v1/instances/web/logs", { headers: { Accept: "application/x-ndjson" } })
    ).text();
    const lines = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(lines[0]).toEqual({ at: AT, stream: "stdout", data: "a\nb", encoding: "utf8" });
    expect(lines[3]).toEqual({ at: AT, stream: "stdout", data: "/w==", encoding: "base64" });
  });
});

describe("files", () => {
  test("a file comes with what it is", async () => {
    const response = await appOf().app.request("/v1/instances/web/files?path=/etc/hosts");
    expect(await response.text()).toBe("hello");
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "application/octet-stream",
      "content-disposition": "attachment",
      "x-content-type-options": "nosniff",
      "wardian-file-mode": "0644",
      "last-modified": "Sat, 31 Jan 2026 12:00:00 GMT",
    });
  });

  test("a file goes with what it shall be", async () => {
    let written: Buffer | undefined;
    const { app, door } = appOf(new StubDoor({ "write-file": async ({ content }) => void (written = await drain(content)) }));
    const response = await app.request("/v1/instances/web/files?path=/x&mode=4755&uid=0&gid=7", { method: "PUT", body: "bytes" });
    expect([response.status, written?.toString()]).toEqual([204, "bytes"]);
    expect(door.last).toMatchObject({ path: "/x", options: { mode: 0o4755, uid: 0, gid: 7 } });
  });

  test("archives go both ways", async () => {
    const { app } = appOf();
    const path = "/v1/instances/web/archive?path=/etc";
    const down = await app.request(path);
    expect([down.headers.get("content-type"), (await down.arrayBuffer()).byteLength]).toEqual(["application/x-tar", 1024]);
    for (const type of ["application/x-tar", "application/gzip", "application/zstd"])
      expect((await app.request(path, { method: "PUT", body: "tar", headers: { "Content-Type": type } })).status).toBe(204);
  });
});

describe("a wrong request", () => {
  // prettier-ignore
  test.each([
    ["/v1/nothing",                             {},                                                             404, "no-route"],
    ["/v1/instances/",                          {},                                                             404, "no-route"],
    ["/v1/instances/other",                     {},                                                             404, "no-instance"],
    ["/v1/instances/..%2f..%2fetc",             {},                                                             400, "bad-request"],
    ["/v1/instances/%00",                       {},                                                             400, "bad-request"],
    ["/v1/instances/%ff",                       {},                                                             400, "bad-request"],
    ["/v1/instances/__proto__",                 {},                                                             400, "bad-request"],
    ["/v1/instances?limit=1&limit=2",           {},                                                             400, "bad-request"],
    ["/v1/instances?limit=0",                   {},                                                             400, "bad-request"],
    ["/v1/instances?limit=1e2",                 {},                                                             400, "bad-request"],
    ["/v1/instances?state=on",                  {},                                                             400, "bad-request"],
    ["/v1/instances?unknown=1",                 {},                                                             400, "bad-request"],
    ["/v1/instances/web?x=1",                   {},                                                             400, "bad-request"],
    ["/v1/instances/web/files",                 {},                                                             400, "bad-request"],
    ["/v1/instances/web/files?path=a%00b",      {},                                                             400, "bad-request"],
    ["/v1/instances/web/files?path=x&mode=8",   { method: "PUT", body: "x" },                                   400, "bad-request"],
    ["/v1/instances/web/logs?since=tomorrow",   {},                                                             400, "bad-request"],
    ["/v1/instances/web/wait?until=never",      {},                                                             400, "bad-request"],
    ["/v1/events?follow=false&type=",           {},                                                             400, "bad-request"],
    ["/v1/events",                              { headers: { "Last-Event-ID": "x" } },                          400, "bad-request"],
    ["/v1/instances",                           { method: "POST", headers: JSON_TYPE, body: "{" },              400, "malformed-json"],
    ["/v1/instances",                           { method: "POST", headers: JSON_TYPE },                         400, "malformed-json"],
    ["/v1/instances",                           { method: "POST" },                                             400, "bad-request"],
    ["/v1/instances",                           { method: "POST", body: "image=busybox" },                      415, "unsupported-media-type"],
    ["/v1/instances/web/stop",                  { method: "POST", body: new URLSearchParams({ a: "b" }) },      415, "unsupported-media-type"],
    ["/v1/instances/web/archive?path=/",        { method: "PUT", body: "x", headers: JSON_TYPE },               415, "unsupported-media-type"],
    ["/v1/instances/web/archive?path=/",        { headers: { Accept: "application/zip" } },                     406, "not-acceptable"],
    ["/v1/instances/web/logs",                  { headers: { Accept: "text/html;q=1, text/plain;q=0" } },       406, "not-acceptable"],
    ["/v1/events",                              { headers: { Accept: "application/json" } },                    406, "not-acceptable"],
    ["/v1/instances/web/logs",                  { headers: { Upgrade: "WebSocket" } },                          400, "bad-request"],
    ["/v1/instances/web",                       { method: "PUT" },                                              405, "method-not-allowed"],
    ["/v1/instances",                           { method: "OPTIONS" },                                          405, "method-not-allowed"],
    ["/healthz",                                { method: "POST" },                                             405, "method-not-allowed"],
  ] as [string, RequestInit, number, string][])("%s %j", async (path, init, status, code) => {
    expect(await problemFor(path, init)).toMatchObject({ status, code });
  });

  test("is told where it is wrong, in bounds", async () => {
    const wrong = await problemFor("/v1/instances", post({ image: "x", limits: { cpus: 7 }, "no\nsuch": 1 }));
    expect(wrong.errors).toContainEqual({ path: "limits.cpus", message: expect.any(String) as string });
    const many = await problemFor("/v1/instances", post({ image: "x", command: Array.from({ length: 4000 }, () => 1) }));
    expect(many.errors?.length).toBe(32);
  });

  test("405 says what is allowed", async () => {
    const { app } = appOf();
    expect((await app.request("/v1/instances/web", { method: "POST" })).headers.get("allow")).toBe("DELETE, GET, HEAD, PATCH");
    expect((await app.request("/v1/instances/web/start")).headers.get("allow")).toBe("POST");
  });

  test("prototype keys are data like any other", async () => {
    const { app, door } = appOf();
    const text = '{"image":"busybox","env":{"__proto__":"x","constructor":"y"},"labels":{"__proto__":"z"}}';
    expect((await app.request("/v1/instances", { method: "POST", headers: JSON_TYPE, body: text })).status).toBe(201);
    expect(door.last).toMatchObject({ request: { env: { constructor: "y" } } });
    expect(({} as { x?: string }).x).toBeUndefined();
    expect(
      await problemFor("/v1/instances", { method: "POST", headers: JSON_TYPE, body: '{"image":"x","__proto__":{"a":1}}' }),
    ).toMatchObject({ status: 400 });
  });
});

describe("the app", () => {
  test("tells the log of what it did not foresee, and the client nothing", async () => {
    const unforeseen: unknown[] = [];
    const failure = new TypeError("cannot read /etc/secret");
    const door = new StubDoor({ info: () => Promise.reject(failure) });
    const app = createApp({ doorFor: () => door, onUnforeseen: (error) => unforeseen.push(error) });
    const response = await app.request("/v1/info");
    expect([response.status, unforeseen]).toEqual([500, [failure]]);
    expect(await response.text()).not.toMatch(/secret|\.ts|TypeError/);
  });

  test("HEAD is GET without a body, and leaves nothing open", async () => {
    let returned = 0;
    async function* endless() {
      try {
        for (;;) yield await new Promise<never>(() => {});
      } finally {
        returned += 1;
      }
    }
    const signals: (AbortSignal | undefined)[] = [];
    const door = new StubDoor({ events: ({ signal }) => (signals.push(signal), endless()) });
    const { app } = appOf(door);
    const response = await app.request("/v1/events", { method: "HEAD" });
    expect([response.status, response.headers.get("content-type"), await response.text()]).toEqual([200, "text/event-stream", ""]);
    expect(signals[0]?.aborted).toBe(true);
    expect(returned).toBe(0); // it waits for what never comes: only the signal ends it
    for (const path of ["/v1/instances", "/v1/instances/web", "/v1/instances/web/files?path=/x", "/healthz", "/openapi.json"])
      expect((await app.request(path, { method: "HEAD" })).status).toBe(200);
    expect((await app.request("/v1/instances/web/start", { method: "HEAD" })).status).toBe(405);
  });

  test("runs the given security first, and shows its caller to the engine", async () => {
    const order: string[] = [];
    const app = createApp({
      security: [
        async (c, next) => {
          order.push("security");
          c.set("caller", { name: "ann", scope: "read", namespace: "a", quotas: {}, hostPaths: false });
          await next();
        },
      ],
      doorFor: ({ name }) => (order.push(name), new StubDoor()),
    });
    expect((await app.request("/v1/info")).status).toBe(200);
    expect(order).toEqual(["security", "ann"]);
  });
});
