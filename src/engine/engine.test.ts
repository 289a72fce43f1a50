// The engine through its door, on bare-metal programs that start in milliseconds: life cycles, restarts, what survives. Uses the
// compiled worker in dist/.
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { InstanceRecord } from "../instance/record.js";
import { writePrograms } from "../instance/program-sample.js";
import type { InstanceRequest } from "../instance/spec.js";
import { ENGINE_NAMES } from "../machine/engine-name.js";
import type { Door } from "./action.js";
import type { Caller } from "./caller.js";
import { Engine } from "./engine.js";

let folder: string;
let engine: Engine;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "wardian-engine-"));
  writePrograms(join(folder, "images"));
  engine = await Engine.open({ state: join(folder, "state"), images: join(folder, "images") });
});

afterEach(async () => {
  await engine[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function reopen(): Promise<void> {
  await engine[Symbol.asyncDispose]();
  engine = await Engine.open({ state: join(folder, "state"), images: join(folder, "images") });
}

function make(kernel: string, more: Partial<InstanceRequest> = {}): Promise<InstanceRecord> {
  return engine.apply({ kind: "create", request: { kernel, limits: { memory: "16M" }, ...more } });
}

async function started(kernel: string, more: Partial<InstanceRequest> = {}): Promise<InstanceRecord> {
  const { id } = await make(kernel, more);
  return engine.apply({ kind: "start", instance: id });
}

async function ended(id: string): Promise<InstanceRecord> {
  const record = await engine.apply({ kind: "wait", instance: id });
  if (record === undefined) throw new Error("it is gone");
  return record;
}

async function eventTypes(instance: string): Promise<string[]> {
  const types: string[] = [];
  for await (const event of await engine.apply({ kind: "events", query: { instance, afterId: 0 } })) types.push(event.type);
  return types;
}

describe("life cycle", () => {
  test("create, start, end by itself, remove: each step is told in order", async () => {
    const { id, state, name } = await make("end-7");
    expect(state).toBe("created");
    expect(name).toMatch(/^[a-z]+-[a-z]+/);
    await engine.apply({ kind: "start", instance: name });
    const record = await ended(id);
    expect(record).toMatchObject({ state: "exited", end: { reason: "exited", status: 7 }, restarts: 0 });
    await engine.apply({ kind: "remove", instance: id });
    await expect(engine.apply({ kind: "inspect", instance: id })).rejects.toMatchObject({ code: "no-instance" });
    expect(await eventTypes(id)).toEqual(["created", "starting", "started", "exited", "removed"]);
  });

  test("stop and kill end a program that would not; both tell how", async () => {
    const first = await started("loop");
    expect(await engine.apply({ kind: "stop", instance: first.id })).toMatchObject({ state: "exited", end: { reason: "stopped" } });
    const second = await started("sleep");
    expect(await engine.apply({ kind: "kill", instance: second.id })).toMatchObject({
      state: "exited",
      end: { reason: "killed", status: 137 },
    });
    await expect(engine.apply({ kind: "kill", instance: second.id })).rejects.toMatchObject({ code: "not-running" });
  });

  test("pause stands still, resume goes on; a paused instance can be stopped", async () => {
    const { id } = await started("loop");
    expect(await engine.apply({ kind: "pause", instance: id })).toMatchObject({ state: "paused" });
    const before = (await engine.apply({ kind: "metrics", instance: id })).counters["instructions"];
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect((await engine.apply({ kind: "metrics", instance: id })).counters["instructions"]).toBe(before);
    await expect(engine.apply({ kind: "pause", instance: id })).rejects.toMatchObject({ code: "wrong-state" });
    expect(await engine.apply({ kind: "resume", instance: id })).toMatchObject({ state: "running" });
    await engine.apply({ kind: "pause", instance: id });
    expect(await engine.apply({ kind: "stop", instance: id })).toMatchObject({ state: "exited" });
  });

  test("restart gives a new run of the same instance", async () => {
    const { id, startedAt } = await started("sleep");
    const again = await engine.apply({ kind: "restart", instance: id });
    expect(again.state).toBe("running");
    expect(again.startedAt).not.toBe(startedAt);
  });

  test("a live instance is removed only by force", async () => {
    const { id } = await started("sleep");
    await expect(engine.apply({ kind: "remove", instance: id })).rejects.toMatchObject({ code: "wrong-state" });
    await engine.apply({ kind: "remove", instance: id, force: true });
    expect((await engine.apply({ kind: "list" })).instances).toEqual([]);
  });

  test("the engine is kept, and is what its code is run by", async () => {
    for (const name of ENGINE_NAMES) {
      const { id } = await started("count", { engine: name });
      expect(await engine.apply({ kind: "inspect", instance: id })).toMatchObject({ spec: { engine: name } });
      const translated = async (): Promise<number> =>
        (await engine.apply({ kind: "metrics", instance: id })).counters["translated_instructions"] ?? 0;
      if (name !== "interpret") await expect.poll(translated, { timeout: 10_000 }).toBeGreaterThan(0);
      else expect(await translated()).toBe(0);
      await engine.apply({ kind: "kill", instance: id });
    }
    expect((await make("end-0")).spec.engine).toBe("auto");
    await expect(make("end-0", { engine: "jit" as "auto" })).rejects.toMatchObject({ code: "bad-request" });
  });

  test("a kernel that is no kernel fails the start and says why", async () => {
    const { id } = await make("end-0");
    await rm(join(folder, "images", "end-0"));
    await expect(engine.apply({ kind: "start", instance: id })).rejects.toMatchObject({ code: "image-not-found" });
    expect(await engine.apply({ kind: "inspect", instance: id })).toMatchObject({
      state: "exited",
      end: { reason: "failed", status: 125 },
    });
  });

  test("run time is limited", async () => {
    const { id } = await started("loop", { limits: { memory: "16M", runTimeMs: 80 } });
    expect((await ended(id)).end).toMatchObject({ reason: "timeout", status: 124 });
  });

  test("autoRemove leaves nothing", async () => {
    const { id } = await started("end-0", { autoRemove: true });
    await engine.apply({ kind: "wait", instance: id, until: "removed" }).catch(() => {});
    expect((await engine.apply({ kind: "list" })).instances).toEqual([]);
  });
});

describe("restart policy", () => {
  test("on-failure gives up after so many tries", async () => {
    const { id } = await started("end-7", { restart: { policy: "on-failure", maxRetries: 2 } });
    expect(await ended(id)).toMatchObject({ state: "exited", restarts: 2, end: { status: 7 } });
    const types = await eventTypes(id);
    expect(types.filter((type) => type === "started")).toHaveLength(3);
  });

  test("on-failure does not restart a success", async () => {
    const { id } = await started("end-0", { restart: { policy: "on-failure" } });
    expect(await ended(id)).toMatchObject({ state: "exited", restarts: 0 });
  });

  test("always goes on until it is stopped", async () => {
    const { id } = await started("end-0", { restart: { policy: "always" } });
    await engine.apply({ kind: "wait", instance: id, until: "restarting" });
    await engine.apply({ kind: "stop", instance: id });
    expect(await ended(id)).toMatchObject({ state: "exited", wanted: "stopped" });
  });
});

describe("what survives", () => {
  test("records, names, events and keys are there after a restart of the engine", async () => {
    const request = { kernel: "end-0", name: "kept", labels: { a: "b" } };
    const made = await engine.apply({ kind: "create", request, idempotencyKey: "k1" });
    await reopen();
    expect(await engine.apply({ kind: "inspect", instance: "kept" })).toEqual(made);
    expect(await engine.apply({ kind: "create", request, idempotencyKey: "k1" })).toEqual(made);
    expect(await eventTypes(made.id)).toEqual(["created"]);
  });

  test("what ran is stopped with the engine, and started again by policy always", async () => {
    const once = await started("sleep");
    const always = await started("sleep", { restart: { policy: "always" } });
    const stopped = await started("sleep", { restart: { policy: "unless-stopped" } });
    await engine.apply({ kind: "stop", instance: stopped.id });
    await reopen();
    expect((await engine.apply({ kind: "inspect", instance: once.id })).state).toBe("exited");
    expect((await engine.apply({ kind: "inspect", instance: stopped.id })).state).toBe("exited");
    expect(await engine.apply({ kind: "wait", instance: always.id, until: "running" })).toMatchObject({ state: "running" });
  });

  test("a state folder has one engine", async () => {
    await expect(Engine.open({ state: join(folder, "state") })).rejects.toMatchObject({ code: "state-in-use" });
  });
});

describe("streams", () => {
  test("the log has what a program said; tail and follow end with it", async () => {
    const { id } = await started("hello");
    await ended(id);
    const text: string[] = [];
    for await (const { bytes } of await engine.apply({ kind: "logs", instance: id, query: { follow: true } }))
      text.push(Buffer.from(bytes).toString());
    expect(text.join("")).toBe("hello\n");
  });

  test("two who are attached see the same, and both may type", async () => {
    const { id } = await make("echo");
    const one = await engine.apply({ kind: "attach", instance: id, stdin: true });
    const two = await engine.apply({ kind: "attach", instance: id, stdin: true });
    await engine.apply({ kind: "start", instance: id });
    const read = async (stream: typeof one.stdout, length: number): Promise<string> => {
      let text = "";
      for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
        text += String(chunk);
        if (text.length >= length) break;
      }
      return text;
    };
    one.stdin.write("ab");
    expect(await Promise.all([read(one.stdout, 2), read(two.stdout, 2)])).toEqual(["ab", "ab"]);
    two.stdin.write("c");
    expect(await Promise.all([read(one.stdout, 1), read(two.stdout, 1)])).toEqual(["c", "c"]);
    await engine.apply({ kind: "kill", instance: id });
    expect(await one.exit).toMatchObject({ status: 137 });
  });

  test("a reader who stalls holds a flood back", async () => {
    const { id } = await make("flood");
    const attached = await engine.apply({ kind: "attach", instance: id });
    await engine.apply({ kind: "start", instance: id });
    const instructions = async (): Promise<number> => (await engine.apply({ kind: "metrics", instance: id })).counters["instructions"] ?? 0;
    await expect.poll(instructions, { timeout: 20_000 }).toBeGreaterThan(0);
    let last = -1;
    for (let now = await instructions(); now !== last; now = await instructions()) {
      last = now;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(attached.stdout.readableLength).toBeLessThan(1 << 20);
    attached.stdout.resume();
    await expect.poll(instructions, { timeout: 20_000 }).toBeGreaterThan(last);
  }, 60_000);
});

test("a reader who stalls does not keep an instance from ending", async () => {
  const { id } = await make("flood");
  const attached = await engine.apply({ kind: "attach", instance: id });
  await engine.apply({ kind: "start", instance: id });
  await new Promise((resolve) => attached.stdout.once("readable", resolve));
  expect(await engine.apply({ kind: "kill", instance: id })).toMatchObject({ state: "exited", end: { reason: "killed" } });
});

describe("what people do at the same time", () => {
  test("a restart of what is removed at its end leaves it there", async () => {
    const { id } = await started("sleep", { autoRemove: true });
    expect(await engine.apply({ kind: "restart", instance: id })).toMatchObject({ id, state: "running" });
  });

  test("a pause that meets a stop does not hold it up", async () => {
    const { id } = await started("sleep");
    const [, stopped] = await Promise.all([
      engine.apply({ kind: "pause", instance: id }).catch(() => undefined),
      engine.apply({ kind: "stop", instance: id, graceMs: 60_000 }),
    ]);
    expect(stopped).toMatchObject({ state: "exited", end: { reason: "stopped" } });
  });

  test("closing while an instance is restarted leaves nothing running", async () => {
    const { id } = await started("sleep");
    const restarted = engine.apply({ kind: "restart", instance: id }).catch((error: unknown) => error);
    await engine[Symbol.asyncDispose]();
    await restarted;
    await reopen();
    expect((await engine.apply({ kind: "inspect", instance: id })).state).toBe("exited");
  });

  test("whoever waits when the engine closes is told", async () => {
    const { id } = await make("sleep");
    const waiting = engine.apply({ kind: "wait", instance: id, until: "running" });
    const attached = await engine.apply({ kind: "attach", instance: id });
    await engine[Symbol.asyncDispose]();
    await expect(waiting).rejects.toMatchObject({ code: "closing" });
    await attached.exit;
  });

  test("an upload that stalls keeps nobody from starting, ending or removing the instance", async () => {
    const { id } = await engine.apply({ kind: "create", request: { image: "end-0" } });
    let isAsked = (): void => {};
    const asked = new Promise<void>((resolve) => {
      isAsked = resolve;
    });
    // eslint-disable-next-line require-yield -- it is what a client does that sends nothing
    const stalled = async function* (): AsyncGenerator<Uint8Array> {
      isAsked();
      await new Promise(() => {});
    };
    const upload = engine.apply({ kind: "put-archive", instance: id, path: "/", tar: stalled() }).catch((error: unknown) => error);
    await Promise.race([asked, upload]);
    const starting = engine.apply({ kind: "start", instance: id }).catch((error: unknown) => error);
    expect(await engine.apply({ kind: "kill", instance: id })).toMatchObject({ state: "exited" });
    await starting;
    await engine.apply({ kind: "remove", instance: id });
    expect(await upload).toBeInstanceOf(Error);
  });

  test("what somebody typed who has left does not reach the program", async () => {
    const { id } = await make("echo");
    const left = new AbortController();
    const gone = await engine.apply({ kind: "attach", instance: id, stdin: true, signal: left.signal });
    gone.stdin.write("secret");
    left.abort();
    const stays = await engine.apply({ kind: "attach", instance: id, stdin: true });
    await engine.apply({ kind: "start", instance: id });
    stays.stdin.write("x");
    const [first] = (await once(stays.stdout, "data")) as [Buffer];
    expect(first.toString()).toBe("x");
  });

  test("what waits to start again can be removed", async () => {
    const { id } = await started("end-7", { restart: { policy: "always" } });
    await engine.apply({ kind: "wait", instance: id, until: "restarting" });
    await engine.apply({ kind: "remove", instance: id });
    expect(await eventTypes(id)).toContain("removed");
  });

  test("two machines do not write to one disk", async () => {
    const path = join(folder, "disk");
    await writeFile(path, Buffer.alloc(1 << 20));
    const disks = [{ path }];
    await started("sleep", { disks });
    const { id } = await make("sleep", { disks });
    await expect(engine.apply({ kind: "start", instance: id })).rejects.toMatchObject({ code: "disk-in-use" });
  });
});

describe("callers", () => {
  const caller = (more: Partial<Caller>): Caller => ({
    name: "t",
    scope: "operate",
    namespace: "team",
    quotas: {},
    hostPaths: false,
    ...more,
  });
  const create = (door: Door, request: InstanceRequest): Promise<InstanceRecord> => door.apply({ kind: "create", request });

  test("see their own namespace only", async () => {
    const theirs = await make("sleep", { name: "same" });
    const door = engine.as(caller({}));
    const own = await create(door, { kernel: "sleep", name: "same" });
    expect((await door.apply({ kind: "list" })).instances.map(({ id }) => id)).toEqual([own.id]);
    for (const ref of [theirs.id, theirs.id.slice(0, 6)])
      await expect(door.apply({ kind: "inspect", instance: ref })).rejects.toMatchObject({ code: "no-instance" });
    const seen = [];
    for await (const event of await door.apply({ kind: "events", query: { afterId: 0 } })) seen.push(event.namespace);
    expect(seen).toEqual(["team"]);
  });

  test("need the scope", async () => {
    const door = engine.as(caller({ scope: "read" }));
    await expect(create(door, { kernel: "sleep" })).rejects.toMatchObject({ code: "forbidden" });
    await expect(engine.as(caller({})).apply({ kind: "audit" })).rejects.toMatchObject({ code: "forbidden" });
  });

  test("have quotas", async () => {
    const door = engine.as(caller({ quotas: { instances: 2, running: 1, memoryBytes: 2 ** 28 } }));
    const [first, second] = [await create(door, { kernel: "sleep" }), await create(door, { kernel: "sleep" })];
    await expect(create(door, { kernel: "sleep" })).rejects.toMatchObject({ code: "quota-exceeded" });
    await door.apply({ kind: "start", instance: first.id });
    await expect(door.apply({ kind: "start", instance: second.id })).rejects.toMatchObject({ code: "quota-exceeded" });
    await door.apply({ kind: "remove", instance: first.id, force: true });
    const again = await create(door, { kernel: "end-7", restart: { policy: "always" } });
    await door.apply({ kind: "start", instance: again.id });
    await door.apply({ kind: "wait", instance: again.id, until: "restarting" });
    await expect(door.apply({ kind: "start", instance: second.id })).rejects.toMatchObject({ code: "quota-exceeded" });
  });

  test("may not name the host's files", async () => {
    const door = engine.as(caller({}));
    await expect(create(door, { kernel: join(folder, "images", "sleep") })).rejects.toMatchObject({ code: "bad-request" });
    await expect(create(door, { kernel: "../images/sleep" })).rejects.toMatchObject({ code: "bad-request" });
    await expect(create(door, { kernel: "nothing" })).rejects.toMatchObject({ code: "image-not-found" });
    await expect(create(door, { kernel: "sleep", disks: [{ path: "loop" }] })).rejects.toMatchObject({ code: "bad-request" });
    await writeFile(join(folder, "images", "odd"), "no archive");
    const { id } = await create(door, { image: "odd" });
    const error = (await door.apply({ kind: "start", instance: id }).catch((thrown: unknown) => thrown)) as Error;
    expect(error.message).toContain("odd");
    expect(error.message + JSON.stringify(await door.apply({ kind: "inspect", instance: id }))).not.toContain(folder);
  });

  test("what they do is in the audit log, what they only look at is not", async () => {
    const door = engine.as(caller({ name: "ci" }));
    const { id } = await create(door, { kernel: "sleep", env: { SECRET: "hunter2" } });
    await door.apply({ kind: "inspect", instance: id });
    await door.apply({ kind: "pause", instance: id }).catch(() => {});
    const audit = await engine.apply({ kind: "audit" });
    expect(audit.map(({ caller: who, action, outcome }) => [who, action, outcome])).toEqual([
      ["ci", "create", "ok"],
      ["ci", "pause", "wrong-state"],
    ]);
    expect(JSON.stringify(audit)).not.toContain("hunter2");
  });
});

describe("requests", () => {
  test("one key is one instance; another request with it is an error", async () => {
    const request = { kernel: "end-0" };
    const made = await Promise.all([1, 2, 3].map(() => engine.apply({ kind: "create", request, idempotencyKey: "k" })));
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    await expect(engine.apply({ kind: "create", request: { kernel: "end-7" }, idempotencyKey: "k" })).rejects.toMatchObject({
      code: "idempotency-mismatch",
    });
  });

  test("a name is taken once", async () => {
    await make("end-0", { name: "one" });
    await expect(make("end-0", { name: "one" })).rejects.toMatchObject({ code: "name-taken" });
    const other = await make("end-0", { name: "two" });
    await expect(engine.apply({ kind: "rename", instance: other.id, name: "one" })).rejects.toMatchObject({ code: "name-taken" });
    expect(await engine.apply({ kind: "rename", instance: other.id, name: "three" })).toMatchObject({ name: "three" });
    expect(await engine.apply({ kind: "inspect", instance: "three" })).toMatchObject({ id: other.id });
  });

  test.each([
    [{ image: "busybox", limits: { memory: "1M" } }, /memory/],
    [{ image: "busybox", limits: { cpus: 0 } }, /limits.cpus/],
    [{}, /image/],
    [{ kernel: "x", command: ["sh"] }, /command/],
    [{ image: "busybox", name: "../x" }, /name/],
    [{ image: "busybox", env: { "A=B": "c" } }, /env/],
    [{ image: "busybox", unknown: 1 }, /unknown/],
    [{ image: "busybox", stopSignal: "SIGFOO" }, /stopSignal/],
  ])("%j is refused", async (request, message) => {
    const error = await engine.apply({ kind: "create", request: request as InstanceRequest }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "bad-request" });
    expect((error as Error).message).toMatch(message);
  });

  test("pages follow each other", async () => {
    for (let n = 0; n < 5; n++) await make("end-0", { labels: { n: String(n) } });
    const first = await engine.apply({ kind: "list", filter: { limit: 2 } });
    const rest = await engine.apply({ kind: "list", filter: { after: first.next } });
    expect([...first.instances, ...rest.instances].map(({ spec }) => spec.labels["n"])).toEqual(["0", "1", "2", "3", "4"]);
    expect(rest.next).toBeUndefined();
    expect((await engine.apply({ kind: "list", filter: { labels: { n: "3" } } })).instances).toHaveLength(1);
  });
});
