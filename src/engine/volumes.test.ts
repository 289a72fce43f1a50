// Named volumes through the engine's actions: what containers of one owner share, what others do not see, and that nothing stays.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COUNT_DESCRIPTORS, COUNT_PROCESSES, ERRNO_NOENT, ERRNO_NOSPC, ERRNO_NOTCAPABLE } from "../../assembly/kernel/abi.js";
import * as programs from "../container/file-samples.js";
import { sharedRuntime } from "../container/runtime.js";
import type { InstanceRequest } from "../instance/spec.js";
import type { Action, Door } from "./action.js";
import type { Caller } from "./caller.js";
import { Engine } from "./engine.js";

const folder = mkdtempSync(join(tmpdir(), "wardian-volumes-"));
let engine: Engine;
beforeAll(async () => {
  engine = await Engine.open({ state: false });
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const caller = (namespace: string): Caller => ({ name: namespace, scope: "operate", namespace, quotas: {}, hostPaths: true });

type VolumeRequest = NonNullable<InstanceRequest["volumes"]>[number];
let files = 0;

/** A container with the volume `name` at /v. */
async function create(module: Uint8Array, name: string, more: Partial<VolumeRequest> = {}, door: Door = engine): Promise<string> {
  const image = join(folder, `${files++}.wasm`);
  writeFileSync(image, module);
  const request: InstanceRequest = { kind: "container", image, volumes: [{ name, guestPath: "/v", ...more }] };
  return (await door.apply({ kind: "create", request })).id;
}

/** Its whole output, and its status. */
async function run(instance: string, door: Door = engine): Promise<{ readonly stdout: string; readonly status: number | undefined }> {
  const attached = await door.apply({ kind: "attach", instance });
  attached.stderr.resume();
  await door.apply({ kind: "start", instance });
  const stdout = await text(attached.stdout);
  return { stdout, status: (await door.apply({ kind: "wait", instance }))?.end?.status };
}

async function remove(...instances: readonly string[]): Promise<void> {
  for (const instance of instances) await engine.apply({ kind: "remove", instance, force: true });
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "no error",
    (error: { code: string }) => error.code,
  );

/** What the kernel holds. */
function counters(): readonly number[] {
  const { kernel_used_pages, kernel_counter } = sharedRuntime().kernel.exports;
  return [kernel_used_pages(), Number(kernel_counter(COUNT_PROCESSES)), Number(kernel_counter(COUNT_DESCRIPTORS))];
}

describe("a named volume", () => {
  it("is written by two and read by a third at the same time, and stays for those who come later", async () => {
    const [LINE, TIMES] = ["0123456789abcde\\n", 5000];
    const bytes = 2 * TIMES * 16;
    const writers = [await create(programs.appends(LINE.replace("\\n", "A"), TIMES), "log")];
    writers.push(await create(programs.appends(LINE.replace("\\n", "B"), TIMES), "log"));
    const reader = await create(programs.follows(bytes), "log");
    const [read] = await Promise.all([run(reader), ...writers.map((writer) => run(writer))]);
    expect(read.status).toBe(0);
    const lines = read.stdout.match(/.{16}/g) ?? [];
    expect(lines.filter((line) => line === "0123456789abcdeA")).toHaveLength(TIMES);
    expect(lines.filter((line) => line === "0123456789abcdeB")).toHaveLength(TIMES);
    const late = await create(programs.SHOWS, "log");
    expect((await run(late)).stdout).toBe(read.stdout);
    await remove(reader, late, ...writers);
  });

  it("is only read by who has it read-only", async () => {
    const writer = await create(programs.appends("x", 3), "ro");
    const intruder = await create(programs.appends("y", 3), "ro", { readOnly: true });
    const reader = await create(programs.SHOWS, "ro", { readOnly: true });
    expect((await run(writer)).status).toBe(0);
    expect((await run(intruder)).status).toBe(ERRNO_NOTCAPABLE);
    expect(await run(reader)).toEqual({ stdout: "xxx", status: 0 });
    await remove(writer, intruder, reader);
  });

  it("is another one for another owner", async () => {
    const [ours, theirs] = [engine.as(caller("ours")), engine.as(caller("theirs"))];
    const writer = await create(programs.appends("secret", 1), "data", {}, ours);
    expect((await run(writer, ours)).status).toBe(0);
    const stranger = await create(programs.SHOWS, "data", {}, theirs);
    expect(await run(stranger, theirs)).toEqual({ stdout: "", status: ERRNO_NOENT });
    const friends = [await create(programs.SHOWS, "data", {}, ours), await create(programs.SHOWS, "data", {}, ours)] as const;
    expect((await run(friends[0], ours)).stdout).toBe("secret");
    await remove(writer, stranger);
    expect((await run(friends[1], ours)).stdout).toBe("secret");
    await remove(...friends);
  });

  it("is gone with the last instance that names it, and with it all that it took of the kernel", async () => {
    const before = counters();
    const first = await create(programs.appends("x", 100_000), "gone");
    expect((await run(first)).status).toBe(0);
    expect(counters()[0]).toBeGreaterThan((before[0] as number) + 20);
    const second = await create(programs.SHOWS, "gone");
    await remove(first);
    expect((await run(second)).stdout).toHaveLength(100_000);
    await remove(second);
    expect(counters()).toEqual(before);
    const third = await create(programs.SHOWS, "gone");
    expect((await run(third)).status).toBe(ERRNO_NOENT);
    await remove(third);
  });

  it("can be used after a container was killed while it wrote", async () => {
    const before = counters();
    const writer = await create(programs.FILLS, "hit", { size: "256M" });
    for (let round = 0; round < 5; round++) {
      await engine.apply({ kind: "start", instance: writer });
      await sleep(3 + 2 * round);
      await engine.apply({ kind: "kill", instance: writer });
      const [appender, reader] = [await create(programs.appends("end", 1), "hit"), await create(programs.SHOWS, "hit")];
      expect((await run(appender)).status).toBe(0);
      const { stdout, status } = await run(reader);
      await remove(appender, reader);
      expect(status).toBe(0);
      expect(stdout.endsWith("end")).toBe(true);
      expect((stdout.length - 3 * (round + 1)) % 4096).toBe(0);
    }
    await remove(writer);
    expect(counters()).toEqual(before);
  });

  it("is full with NOSPC, and others go on writing", async () => {
    const filler = await create(programs.FILLS, "small", { size: "1M" });
    const neighbour = await create(programs.appends("x", 50_000), "other");
    const ends = await Promise.all([run(filler), run(neighbour)]);
    expect(ends.map(({ status }) => status)).toEqual([ERRNO_NOSPC, 0]);
    const reader = await create(programs.SHOWS, "small");
    const { stdout } = await run(reader);
    expect(stdout.length).toBeGreaterThan(900_000);
    expect(stdout.length).toBeLessThanOrEqual(2 ** 20);
    await remove(filler, neighbour, reader);
  });

  it("is one volume under two paths", async () => {
    const image = join(folder, "twice.wasm");
    writeFileSync(image, programs.appends("x", 1));
    const volumes = [
      { name: "twice", guestPath: "/a" },
      { name: "twice", guestPath: "/b", readOnly: true },
    ];
    const { id } = await engine.apply({ kind: "create", request: { kind: "container", image, volumes } });
    expect((await run(id)).status).toBe(0);
    await remove(id);
  });
});

describe("volumes are told of", () => {
  const list = async (door: Door = engine): Promise<readonly object[]> => door.apply({ kind: "list-volumes" });

  it("by name, with what is in them, who has them, and nobody else's", async () => {
    const door = engine.as(caller("told"));
    const writer = await create(programs.appends("x", 10_000), "b", { size: "1M" }, door);
    const reader = await create(programs.SHOWS, "b", { readOnly: true }, door);
    const other = await create(programs.SHOWS, "a", {}, door);
    const sized = { namespace: "told", name: "b", sizeBytes: 2 ** 20, maxInodes: 256 };
    const unmade = { isMade: false, usedBytes: 0, inodes: 0 };
    expect(await list(door)).toMatchObject([
      { namespace: "told", name: "a", ...unmade, sizeBytes: 64 * 2 ** 20, usedBy: [{ instance: other }] },
      { ...sized, ...unmade, usedBy: [{ instance: writer, state: "created" }, { instance: reader }] },
    ]);
    await run(writer, door);
    const [, made] = await list(door);
    const usedBy = [
      { instance: writer, state: "exited", guestPath: "/v", readOnly: false },
      { instance: reader, state: "created", guestPath: "/v", readOnly: true },
    ];
    expect(made).toMatchObject({ ...sized, isMade: true, inodes: 2, usedBy });
    expect((made as { usedBytes: number }).usedBytes).toBeGreaterThan(10_000);
    expect(await list(engine.as(caller("strangers")))).toEqual([]);
    expect(await list()).toHaveLength(2);
    await remove(writer, reader, other);
    expect(await list(door)).toEqual([]);
  });

  it("by the metrics of the host, all together, to who sees every owner", async () => {
    const figures = async (door: Door = engine): Promise<readonly unknown[]> => {
      const { values } = await door.apply({ kind: "host-metrics" });
      return [values.volumes, values.volumes_size_bytes, (values.volumes_used_bytes ?? 0) > 10_000];
    };
    expect(await figures()).toEqual([0, 0, false]);
    const door = engine.as(caller("measured"));
    const writers = [await create(programs.appends("x", 10_000), "a", { size: "1M" }, door), await create(programs.SHOWS, "b", {}, door)];
    for (const writer of writers) await run(writer, door);
    expect(await figures()).toEqual([2, 65 * 2 ** 20, true]);
    expect(await figures(door)).toEqual([undefined, undefined, false]);
    await remove(...writers);
    expect(await figures()).toEqual([0, 0, false]);
  });
});

describe("volumes are bounded", () => {
  it("count in their owner's quota of memory, from the first start until they are gone", async () => {
    const door = engine.as({ ...caller("quota"), quotas: { memoryBytes: 300 * 2 ** 20 } });
    const user = await create(programs.SHOWS, "v", { size: "64M" }, door);
    expect(await codeOf(door.apply({ kind: "start", instance: user }))).toBe("quota-exceeded");
    const small = await create(programs.SHOWS, "w", { size: "32M" }, door);
    await run(small, door);
    const image = join(folder, "plain.wasm");
    writeFileSync(image, programs.SHOWS);
    const start = async (memory: string): Promise<string> => {
      const { id } = await door.apply({ kind: "create", request: { kind: "container", image, limits: { memory } } });
      const code = await codeOf(door.apply({ kind: "start", instance: id }));
      await door.apply({ kind: "wait", instance: id, until: code === "no error" ? "exited" : "created" });
      return code;
    };
    expect(await start("269M")).toBe("quota-exceeded");
    expect(await start("268M")).toBe("no error");
    await remove(small);
    expect(await start("269M")).toBe("no error");
    await remove(user);
  });

  it("has one size: another one is refused, none takes what there is", async () => {
    const first = await create(programs.SHOWS, "sized", { size: "1M" });
    expect(await codeOf(create(programs.SHOWS, "sized", { size: "2M" }))).toBe("volume-mismatch");
    const second = await create(programs.SHOWS, "sized", { size: 2 ** 20 });
    await remove(first, second);
    const unsized = await create(programs.appends("x", 1), "sized");
    await run(unsized);
    expect(await codeOf(create(programs.SHOWS, "sized", { size: "1M" }))).toBe("volume-mismatch");
    await remove(unsized);
  });

  it.each<readonly [string, string, Partial<VolumeRequest>]>([
    ["a name with a slash", "a/b", {}],
    ["too small a size", "v", { size: "1K" }],
    ["too large a size", "v", { size: "1G" }],
    ["no path", "v", { guestPath: "" }],
  ])("%s is refused", async (_what, name, more) => {
    expect(await codeOf(create(programs.SHOWS, name, more))).toBe("bad-request");
  });

  it("a machine takes none", async () => {
    const request: InstanceRequest = { image: "busybox", volumes: [{ name: "v", guestPath: "/v" }] };
    expect(await codeOf(engine.apply({ kind: "create", request } satisfies Action))).toBe("bad-request");
  });

  it("an owner has at most 64, and 512 MiB of them; another one has as many", async () => {
    const door = engine.as(caller("many"));
    const made: string[] = [];
    for (let i = 0; i < 64; i++) made.push(await create(programs.SHOWS, `v${i}`, { size: "64K" }, door));
    expect(await codeOf(create(programs.SHOWS, "v64", { size: "64K" }, door))).toBe("quota-exceeded");
    made.push(await create(programs.SHOWS, "v0", {}, door));
    await remove(...made.splice(0, 10));
    made.push(await create(programs.SHOWS, "large", { size: "256M" }, door));
    expect(await codeOf(create(programs.SHOWS, "larger", { size: "256M" }, door))).toBe("quota-exceeded");
    made.push(await create(programs.SHOWS, "large", { size: "256M" }, engine.as(caller("more"))));
    await remove(...made);
  });

  it("all of them together leave memory for everything else", async () => {
    const made: string[] = [];
    for (const owner of ["a", "b", "c", "d"]) made.push(await create(programs.SHOWS, "v", { size: "256M" }, engine.as(caller(owner))));
    const last = made.at(-1) ?? "";
    for (const instance of made.slice(0, -1)) expect((await run(instance)).status).toBe(ERRNO_NOENT);
    expect(await codeOf(engine.apply({ kind: "start", instance: last }))).toBe("volume-memory");
    await remove(...made.splice(0, 1));
    await engine.apply({ kind: "start", instance: last });
    expect((await engine.apply({ kind: "wait", instance: last }))?.end?.status).toBe(ERRNO_NOENT);
    await remove(...made);
  });
});
