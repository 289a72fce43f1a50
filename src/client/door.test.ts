// One contract, three ways in: the engine in this process, the same over HTTP on TCP, and over a unix socket. Each test runs on all of
// them, and what goes wrong has the same code and the same words everywhere.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startServer } from "../api/server.js";
import type { Action, Door } from "../engine/action.js";
import { Engine } from "../engine/engine.js";
import { fetchGuest } from "../image/debian/guest.js";
import { writePrograms } from "../instance/program-sample.js";
import type { InstanceRequest } from "../instance/spec.js";
import { RemoteDoor } from "./remote-door.js";

const folder = mkdtempSync(join(tmpdir(), "wardian-door-"));
const programs = join(folder, "programs");
writePrograms(programs);
afterAll(() => rmSync(folder, { recursive: true }));

interface Way {
  readonly door: Door;
  close(): Promise<void>;
}

async function openEngine(name: string): Promise<Way> {
  const engine = await Engine.open({ state: join(folder, name), images: programs });
  return { door: engine, close: () => engine[Symbol.asyncDispose]() };
}

async function openServer(name: string, listen: string): Promise<Way> {
  const engine = await Engine.open({ state: join(folder, name), images: programs });
  const server = await startServer({ engine, listen: [listen], onNote: () => {} } as Parameters<typeof startServer>[0]);
  const door = new RemoteDoor(server.addresses[0] ?? "");
  const close = async (): Promise<void> => {
    await door[Symbol.asyncDispose]();
    await server.close();
    await engine[Symbol.asyncDispose]();
  };
  return { door, close };
}

// prettier-ignore
const WAYS: readonly [string, () => Promise<Way>][] = [
  ["in this process",    () => openEngine("engine")],
  ["over TCP",           () => openServer("tcp", "127.0.0.1:0")],
  ["over a unix socket", () => openServer("unix", `unix:${join(folder, "door.sock")}`)],
];

const bare = (program: string, more: Partial<InstanceRequest> = {}): InstanceRequest => ({ kernel: program, ...more });

async function readAll(source: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

async function errorOf(door: Door, action: Action): Promise<{ code: string; message: string }> {
  const error = await door.apply(action).then(
    () => expect.unreachable(`${JSON.stringify(action)} should fail`),
    (thrown: unknown) => thrown,
  );
  // Ids differ; and of an error in the form of a request, HTTP says where in the request.
  return {
    code: (error as { code: string }).code,
    message: (error as Error).message.replace(/^body: /, "").replace(/\b[0-9a-f]{12}\b/, "ID"),
  };
}

const guestFiles = await fetchGuest().catch(() => undefined);

describe.each(WAYS)("%s", (wayName, open) => {
  let way: Way;
  let door: Door;
  beforeAll(async () => {
    way = await open();
    door = way.door;
  });
  afterAll(() => way?.close());

  test("an instance is made, runs, ends, and is gone", async () => {
    const made = await door.apply({ kind: "create", request: bare("end-7", { name: "seven", labels: { a: "1" } }) });
    expect(made).toMatchObject({ name: "seven", state: "created", spec: { labels: { a: "1" }, limits: { cpuWeight: 100 } } });
    await door.apply({ kind: "start", instance: "seven" });
    const ended = await door.apply({ kind: "wait", instance: made.id.slice(0, 6) });
    expect(ended).toMatchObject({ id: made.id, state: "exited", end: { reason: "exited", status: 7 } });
    expect(await door.apply({ kind: "inspect", instance: made.id })).toEqual(ended);
    expect(await door.apply({ kind: "rename", instance: "seven", name: "eight" })).toMatchObject({ id: made.id, name: "eight" });
    expect(await door.apply({ kind: "remove", instance: "eight" })).toBeUndefined();
    expect((await errorOf(door, { kind: "inspect", instance: made.id })).code).toBe("no-instance");
    const events = await collect(await door.apply({ kind: "events", query: { instance: made.id } }));
    expect(events.map(({ type }) => type)).toEqual(["created", "starting", "started", "exited", "renamed", "removed"]);
    expect(events.find(({ type }) => type === "exited")?.detail).toMatchObject({ status: 7 });
  });

  test("pages and filters", async () => {
    for (const name of ["p1", "p2", "p3"]) await door.apply({ kind: "create", request: bare("end-0", { name, labels: { page: name } }) });
    const first = await door.apply({ kind: "list", filter: { name: "p", limit: 2 } });
    expect(first.instances.map(({ name }) => name)).toEqual(["p1", "p2"]);
    const rest = await door.apply({ kind: "list", filter: { name: "p", limit: 2, after: first.next ?? "" } });
    expect([rest.instances.map(({ name }) => name), rest.next]).toEqual([["p3"], undefined]);
    expect((await door.apply({ kind: "list", filter: { labels: { page: "p2" } } })).instances).toHaveLength(1);
    expect((await door.apply({ kind: "list", filter: { states: ["running"], labels: { page: "" } } })).instances).toEqual([]);
    for (const name of ["p1", "p2", "p3"]) await door.apply({ kind: "remove", instance: name });
  });

  test("the same key makes one instance", async () => {
    const request = bare("end-0");
    const [first, second] = [
      await door.apply({ kind: "create", request, idempotencyKey: "once" }),
      await door.apply({ kind: "create", request, idempotencyKey: "once" }),
    ];
    expect(second).toEqual(first);
    expect((await errorOf(door, { kind: "create", request: bare("loop"), idempotencyKey: "once" })).code).toBe("idempotency-mismatch");
    await door.apply({ kind: "remove", instance: first.id });
  });

  test("pause, resume, signals and the end", async () => {
    const { id } = await door.apply({ kind: "create", request: bare("ready") });
    expect((await door.apply({ kind: "start", instance: id })).state).toBe("running");
    expect((await door.apply({ kind: "pause", instance: id })).state).toBe("paused");
    expect((await errorOf(door, { kind: "remove", instance: id })).code).toBe("wrong-state");
    expect((await door.apply({ kind: "resume", instance: id })).state).toBe("running");
    expect((await door.apply({ kind: "metrics", instance: id })).counters).toHaveProperty("instructions");
    expect((await door.apply({ kind: "stop", instance: id, graceMs: 0 })).state).toBe("exited");
    expect((await door.apply({ kind: "restart", instance: id, graceMs: 0 })).state).toBe("running");
    expect((await door.apply({ kind: "kill", instance: id })).end).toMatchObject({ reason: "killed", status: 137 });
    await door.apply({ kind: "remove", instance: id });
  });

  test("a wait ends with the removal, and with its signal", async () => {
    const { id } = await door.apply({ kind: "create", request: bare("ready") });
    await door.apply({ kind: "start", instance: id });
    const abort = new AbortController();
    const given = door.apply({ kind: "wait", instance: id, signal: abort.signal });
    const waited = door.apply({ kind: "wait", instance: id, until: "removed" });
    abort.abort(new Error("enough"));
    await expect(given).rejects.toThrow("enough");
    await door.apply({ kind: "remove", instance: id, force: true });
    expect(await waited).toBeUndefined();
  });

  test("an attachment before the start misses nothing, and shares the console", async () => {
    const { id } = await door.apply({ kind: "create", request: bare("echo") });
    const attached = await door.apply({ kind: "attach", instance: id, stdin: true });
    await door.apply({ kind: "start", instance: id });
    attached.stdin.write("hello\n");
    let text = "";
    for await (const chunk of attached.stdout as AsyncIterable<Buffer>) {
      text += chunk;
      if (text.includes("hello")) break;
    }
    expect(text).toContain("hello");
    const onlooker = new AbortController();
    const second = await door.apply({ kind: "attach", instance: id, signal: onlooker.signal });
    onlooker.abort();
    await expect(second.exit).rejects.toMatchObject({ code: "aborted" });
    await door.apply({ kind: "kill", instance: id });
    expect((await attached.exit).status).toBe(137);
    await door.apply({ kind: "remove", instance: id });
  });

  test("nor does one to the next run of an instance that has ended, however short that is", async () => {
    const { id } = await door.apply({ kind: "create", request: bare("hello") });
    for (let round = 0; round < 3; round++) {
      const attached = await door.apply({ kind: "attach", instance: id, next: true });
      await door.apply({ kind: "start", instance: id });
      expect([await readAll(attached.stdout), await attached.exit]).toMatchObject(["hello\n", { status: 0 }]);
    }
    await expect(door.apply({ kind: "attach", instance: id })).rejects.toMatchObject({ code: "not-running" });
    const waits = await door.apply({ kind: "attach", instance: id, next: true });
    await door.apply({ kind: "remove", instance: id });
    expect(await readAll(waits.stdout)).toBe("");
    await waits.exit;
  });

  test("logs are kept, followed to the end, and cut where asked", async () => {
    const { id } = await door.apply({ kind: "create", request: bare("hello") });
    await door.apply({ kind: "start", instance: id });
    const followed = await collect(await door.apply({ kind: "logs", instance: id, query: { follow: true } }));
    expect(followed.map(({ bytes }) => Buffer.from(bytes).toString()).join("")).toBe("hello\n");
    const kept = await collect(await door.apply({ kind: "logs", instance: id, query: { tail: 1, streams: ["console"] } }));
    expect(kept.map(({ bytes }) => Buffer.from(bytes).toString()).join("")).toBe("hello\n");
    expect(await collect(await door.apply({ kind: "logs", instance: id, query: { streams: ["stderr"] } }))).toEqual([]);
    expect(await collect(await door.apply({ kind: "logs", instance: id, query: { untilMs: 1000 } }))).toEqual([]);
    await door.apply({ kind: "remove", instance: id });
  });

  test("events are followed as they come, until nobody wants more", async () => {
    const abort = new AbortController();
    const events = await door.apply({ kind: "events", query: { follow: true, afterId: 0, types: ["created"] }, signal: abort.signal });
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { name } of events) {
        seen.push(name);
        if (name === "last-one") abort.abort();
      }
    })();
    for (const name of ["first-one", "last-one"]) await door.apply({ kind: "create", request: bare("end-0", { name }) });
    await reading;
    expect(seen.slice(-2)).toEqual(["first-one", "last-one"]);
    for (const name of ["first-one", "last-one"]) await door.apply({ kind: "remove", instance: name });
  });

  test("a flood that nobody reads costs nothing, and ends when it is told to", async () => {
    const { id } = await door.apply({ kind: "create", request: bare("flood") });
    await door.apply({ kind: "start", instance: id });
    const attached = await door.apply({ kind: "attach", instance: id });
    await new Promise((resolve) => attached.stdout.once("readable", resolve));
    const killed = door.apply({ kind: "kill", instance: id });
    attached.stdout.resume();
    expect((await killed).state).toBe("exited");
    expect((await attached.exit).status).toBe(137);
    await door.apply({ kind: "remove", instance: id });
  });

  test("about the engine", async () => {
    expect(await door.apply({ kind: "info" })).toMatchObject({ workers: expect.any(Number), hostCpus: expect.any(Number) });
    expect(await door.apply({ kind: "host-metrics" })).toHaveProperty("values");
    const audit = await door.apply({ kind: "audit", limit: 5 });
    expect(audit.map(({ action }) => action)).toContain("create");
  });

  // Booting one takes seconds: TCP has nothing that the unix socket has not.
  describe.skipIf(guestFiles === undefined || wayName === "over TCP")("a guest", { timeout: 120_000 }, () => {
    let id: string;
    beforeAll(async () => {
      ({ id } = await door.apply({ kind: "create", request: { image: "busybox", limits: { memory: "128M" } } }));
      await door.apply({ kind: "start", instance: id });
    }, 120_000);
    afterAll(() => door.apply({ kind: "remove", instance: id, force: true }));

    test("runs commands: streams, input, status, signal", async () => {
      const command = await door.apply({
        kind: "exec",
        instance: id,
        command: { args: ["sh", "-c", "cat; echo err >&2; exit 3"], stdin: true },
      });
      command.stdin.end("typed");
      expect(await Promise.all([readAll(command.stdout), readAll(command.stderr)])).toEqual(["typed", "err\n"]);
      expect(await command.exit).toEqual({ code: 3, signal: null, status: 3 });
      const sleeper = await door.apply({ kind: "exec", instance: id, command: { args: ["sleep", "100"] } });
      sleeper.kill("TERM");
      expect(await sleeper.exit).toEqual({ code: null, signal: "SIGTERM", status: 143 });
      const missing = await door.apply({ kind: "exec", instance: id, command: { args: ["no-such-command"] } });
      expect(await missing.exit).toMatchObject({ status: 127, failure: expect.stringContaining("no-such-command") });
    });

    test("a command whose output is not wanted any more meets a closed pipe", async () => {
      const command = await door.apply({ kind: "exec", instance: id, command: { args: ["yes"] } });
      await new Promise((resolve) => command.stdout.once("data", resolve));
      command.stdout.destroy();
      expect((await command.exit).status).not.toBe(0);
    });

    test("a command that is given up is ended", async () => {
      const abort = new AbortController();
      const command = await door.apply({ kind: "exec", instance: id, command: { args: ["sleep", "4321"], signal: abort.signal } });
      abort.abort(new Error("enough"));
      await expect(command.exit).rejects.toThrow("enough");
      await expect
        .poll(async () => readAll((await door.apply({ kind: "exec", instance: id, command: { args: ["ps"] } })).stdout), {
          timeout: 10_000,
        })
        .not.toContain("sleep 4321");
    });

    test("a terminal has the size it is given", async () => {
      const command = await door.apply({ kind: "exec", instance: id, command: { args: ["stty", "size"], tty: { rows: 11, cols: 44 } } });
      expect(await readAll(command.stdout)).toBe("11 44\r\n");
    });

    test("a megabyte goes through both ways unharmed", async () => {
      const bytes = Buffer.alloc(1_000_003, "0123456789");
      const command = await door.apply({ kind: "exec", instance: id, command: { args: ["cat"], stdin: true } });
      command.stdin.end(bytes);
      expect((await readAll(command.stdout)) === bytes.toString()).toBe(true);
    });

    test("files go up, are looked at, come down, and go", async () => {
      const write = (path: string, text: string): Action => ({
        kind: "write-file",
        instance: id,
        path,
        content: (async function* () {
          yield Buffer.from(text);
        })(),
        options: { mode: 0o640, uid: 7 },
      });
      await door.apply(write("/tmp/file", "content"));
      const about = { name: "file", type: "file", sizeBytes: 7, mode: 0o640, uid: 7, gid: 0 };
      expect(await door.apply({ kind: "stat-file", instance: id, path: "/tmp/file" })).toMatchObject(about);
      const { stat, content } = await door.apply({ kind: "read-file", instance: id, path: "/tmp/file" });
      expect([stat, await readAll(content)]).toMatchObject([about, "content"]);
      expect((await door.apply({ kind: "list-files", instance: id, path: "/tmp" })).map(({ name }) => name)).toContain("file");
      const tar = await readAll(await door.apply({ kind: "get-archive", instance: id, path: "/tmp/file" }));
      expect([tar.slice(0, 4), tar.includes("content")]).toEqual(["file", true]);
      await door.apply({ kind: "remove-file", instance: id, path: "/tmp/file" });
      for (const action of [{ kind: "stat-file", instance: id, path: "/tmp/file" }, write("/no/such/folder/file", "x")] as const)
        expect((await errorOf(door, action)).code).toBe("no-file");
    });
  });
});

test("what goes wrong is the same everywhere", async () => {
  const [here, there] = [await openEngine("wrong-engine"), await openServer("wrong-server", "127.0.0.1:0")];
  try {
    for (const { door } of [here, there]) {
      await door.apply({ kind: "create", request: bare("end-0", { name: "one" }) });
      await door.apply({ kind: "create", request: bare("end-0", { name: "two" }) });
    }
    const WRONG: readonly Action[] = [
      { kind: "inspect", instance: "none" },
      { kind: "inspect", instance: ".." },
      { kind: "create", request: bare("end-0", { name: "one" }) },
      { kind: "create", request: {} },
      { kind: "create", request: bare("end-0", { limits: { cpus: 7 } }) },
      { kind: "create", request: bare("end-0", { limits: { memory: "1K" } }) },
      { kind: "create", request: bare("end-0", { command: ["a"] }) },
      { kind: "create", request: bare("end-0", { autoRemove: true, restart: { policy: "always" } }) },
      { kind: "create", request: { ...bare("end-0"), flying: true } as never },
      { kind: "rename", instance: "one", name: "two" },
      { kind: "pause", instance: "one" },
      { kind: "resume", instance: "one" },
      { kind: "kill", instance: "one" },
      { kind: "exec", instance: "one", command: { args: ["ls"] } },
      { kind: "stat-file", instance: "one", path: "/" },
      { kind: "list-files", instance: "one", path: "/" },
      { kind: "get-archive", instance: "one", path: "/" },
      { kind: "remove-file", instance: "one", path: "/" },
      { kind: "list", filter: { after: "none" } },
    ];
    for (const action of WRONG)
      expect({ action, ...(await errorOf(there.door, action)) }).toEqual({ action, ...(await errorOf(here.door, action)) });
  } finally {
    await here.close();
    await there.close();
  }
});
