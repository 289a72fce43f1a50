// A container's streams over HTTP: input and outputs over a WebSocket, its log as text and as lines, its events. Byte for byte.
import { once } from "node:events";
import { buffer, text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import * as programs from "../container/program-samples.js";
import type { InstanceEvent } from "../instance/record.js";
import { ContainerServer } from "./testing/serve-containers.js";

let server: ContainerServer;
beforeAll(async () => {
  server = await ContainerServer.open();
});
afterAll(async () => {
  expect(server.unforeseen).toEqual([]);
  await server[Symbol.asyncDispose]();
});

/** All values of a byte, in no order that a line or a character would have. */
const scrambled = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => (i * 167 + (i >> 8)) & 255));
const turned = (bytes: Buffer): Buffer => Buffer.from(bytes.map((byte) => byte ^ 255));
const attach = (instance: string, stdin = true, signal?: AbortSignal) => server.door.apply({ kind: "attach", instance, stdin, signal });
const logs = (id: string, query = "", accept = "text/plain") =>
  server.ask("GET", `/v1/instances/${id}/logs${query}`, { headers: { Accept: accept } });
const lines = (body: string) => body.trimEnd().split("\n").map((line) => JSON.parse(line) as Record<string, string>); // prettier-ignore

describe("attached to a container", () => {
  test.each([0, 1, 1000, 2_000_001])("input of %d bytes comes back, stdout and stderr apart", async (length) => {
    const id = await server.create(programs.ECHO_TURNED, { stdin: true });
    const attached = await attach(id);
    await server.door.apply({ kind: "start", instance: id });
    const sent = scrambled(length);
    attached.stdin.end(sent);
    const [stdout, stderr, exit] = await Promise.all([buffer(attached.stdout), buffer(attached.stderr), attached.exit]);
    expect(stdout.equals(sent)).toBe(true);
    expect(stderr.equals(turned(sent))).toBe(true);
    expect(exit).toMatchObject({ status: 0 });
    expect(await server.ended(id)).toMatchObject({ reason: "exited", status: 0 });
  });

  test("several at once all see all of it, and what one types is the program's input", async () => {
    const id = await server.start(programs.ECHO, { stdin: true });
    const all = await Promise.all([attach(id), attach(id), attach(id, false)]);
    all[0]?.stdin.write("one ");
    await expect.poll(async () => (await logs(id)).body, { timeout: 20_000 }).toBe("one ");
    all[1]?.stdin.end("two");
    expect(await Promise.all(all.map(({ stdout }) => text(stdout)))).toEqual(["one two", "one two", "one two"]);
  });

  test("who leaves, leaves it running; who comes later sees what comes later", async () => {
    const id = await server.start(programs.ECHO, { stdin: true });
    const abort = new AbortController();
    const first = await attach(id, true, abort.signal);
    first.stdin.write("first");
    await once(first.stdout, "data");
    abort.abort();
    await expect(first.exit).rejects.toThrow();
    const second = await attach(id);
    second.stdin.end("second");
    expect(await text(second.stdout)).toBe("second");
    expect((await logs(id)).body).toBe("firstsecond");
  });

  test("without an open stdin there is none to write to", async () => {
    const id = await server.create(programs.ECHO, {});
    const attached = await attach(id);
    await server.door.apply({ kind: "start", instance: id });
    attached.stdin.on("error", () => {});
    attached.stdin.write("lost");
    expect(await text(attached.stdout)).toBe("");
    expect(await server.ended(id)).toMatchObject({ status: 0 });
  });

  test("signals reach it; sizes of terminals and signals that do nothing do nothing", async () => {
    const id = await server.start(programs.ECHO, { stdin: true, tty: true });
    const attached = await attach(id);
    attached.resize(100, 40);
    attached.kill("SIGWINCH");
    attached.stdin.write("alive");
    expect(String((await once(attached.stdout, "data"))[0])).toBe("alive");
    attached.kill("SIGINT");
    expect(await attached.exit).toMatchObject({ status: 130 });
    expect(await server.ended(id)).toMatchObject({ reason: "exited", status: 130, message: "it was ended by SIGINT" });
  });

  test("paused, it takes no input; what came meanwhile is there when it goes on", async () => {
    const id = await server.start(programs.ECHO, { stdin: true, pausable: true });
    const attached = await attach(id);
    await server.door.apply({ kind: "pause", instance: id });
    attached.stdin.write("kept");
    let said = "";
    attached.stdout.on("data", (data) => (said += String(data)));
    await sleep(300);
    expect((await server.ask("GET", `/v1/instances/${id}`)).body.state).toBe("paused");
    expect(said).toBe("");
    await server.door.apply({ kind: "resume", instance: id });
    await expect.poll(() => said, { timeout: 20_000 }).toBe("kept");
    attached.stdin.end();
    expect(await server.ended(id)).toMatchObject({ reason: "exited", status: 0 });
  });

  test("killed while its output waits for a reader that does not read, it ends", async () => {
    const id = await server.create(programs.FLOOD);
    const attached = await attach(id, false);
    await server.door.apply({ kind: "start", instance: id });
    await sleep(300);
    expect((await server.ask("POST", `/v1/instances/${id}/kill`)).status).toBe(200);
    expect(await server.ended(id)).toMatchObject({ reason: "killed", status: 137 });
    for (const stream of [attached.stdout, attached.stderr]) stream.resume();
    expect(await attached.exit).toMatchObject({ status: 137 });
  });

  test("a signal that does not exist is refused, and the program goes on", async () => {
    const id = await server.start(programs.ECHO, { stdin: true });
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/v1/instances/${id}/attach`, ["wardian.v1"]);
    const told: { type: string; code?: string }[] = [];
    socket.on("message", (data: Buffer) => told.push(JSON.parse(data.toString()) as (typeof told)[0]));
    await once(socket, "open");
    socket.send(JSON.stringify({ type: "signal", signal: "SIGNOPE" }));
    await once(socket, "close");
    expect(told.at(-1)).toMatchObject({ type: "error", code: "agent-argument" });
    expect((await server.ask("GET", `/v1/instances/${id}`)).body.state).toBe("running");
    await server.door.apply({ kind: "remove", instance: id, force: true });
  });

  test("as a bare WebSocket: numbered messages, the ends, the exit", async () => {
    const id = await server.create(programs.ECHO_TURNED, { stdin: true });
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/v1/instances/${id}/attach?stdin=true`, ["wardian.v1"]);
    const binary: Buffer[] = [];
    const told: unknown[] = [];
    socket.on("message", (data: Buffer, isBinary) => (isBinary ? binary.push(data) : told.push(JSON.parse(data.toString()))));
    await once(socket, "open");
    await server.door.apply({ kind: "start", instance: id });
    socket.send(Buffer.from([0, 1, 2, 255]));
    socket.send(JSON.stringify({ type: "eof" }));
    await once(socket, "close");
    const of = (stream: number): number[] => binary.filter((data) => data[0] === stream).flatMap((data) => [...data.subarray(1)]);
    expect([of(1), of(2)]).toEqual([[1, 2, 255], [254, 253, 0]]); // prettier-ignore
    expect(told).toContainEqual({ type: "exit", status: 0, signal: null });
    expect(told).toContainEqual({ type: "eof", stream: 1 });
    expect(told).toContainEqual({ type: "eof", stream: 2 });
  });

  test("as a plain answer: what it writes, until it ends", async () => {
    const id = await server.create(programs.BOTH);
    const answer = await fetch(`${server.url}/v1/instances/${id}/attach`, { headers: { Accept: "application/octet-stream" } });
    await server.door.apply({ kind: "start", instance: id });
    expect((await answer.text()).split("\n").toSorted()).toEqual(["", "err", "out"]);
    expect((await server.ask("GET", `/v1/instances/${id}/attach`)).body).toMatchObject({ status: 409, code: "not-running" });
  });

  test("a reader that does not read holds it up, and one that goes away does not end it", async () => {
    const id = await server.create(programs.FLOOD);
    const abort = new AbortController();
    await fetch(`${server.url}/v1/instances/${id}/attach`, { signal: abort.signal });
    await server.door.apply({ kind: "start", instance: id });
    const cpu = async (): Promise<number> => (await server.ask("GET", `/v1/instances/${id}/metrics`)).body.counters.cpu_busy_seconds;
    await expect.poll(async () => { const before = await cpu(); await sleep(300); return (await cpu()) - before; }, { timeout: 20_000 }).toBeLessThan(0.02); // prettier-ignore
    const held = await cpu();
    abort.abort();
    await expect.poll(cpu, { timeout: 20_000 }).toBeGreaterThan(held + 0.02);
    expect((await server.ask("GET", `/v1/instances/${id}`)).body.state).toBe("running");
    await server.door.apply({ kind: "remove", instance: id, force: true });
  });
});

describe("the log of a container", () => {
  test("after its end: as text, as lines, by stream, the last lines", async () => {
    const id = await server.start(programs.BOTH);
    await server.ended(id);
    expect((await logs(id, "?stream=stdout")).body).toBe("out\n");
    expect((await logs(id, "?stream=stderr")).body).toBe("err\n");
    expect((await logs(id, "?stream=console")).body).toBe("");
    expect((await logs(id, "?tail=1&stream=stdout,stderr")).body).toMatch(/^(out|err)\n$/);
    expect((await logs(id, "?timestamps=true&stream=stdout")).body).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z out\n$/);
    const told = lines((await logs(id, "", "application/x-ndjson")).body);
    expect(told.map(({ stream, data, encoding }) => [stream, data, encoding]).toSorted()).toEqual([["stderr", "err\n", "utf8"], ["stdout", "out\n", "utf8"]]); // prettier-ignore
  });

  test("has every byte as it was", async () => {
    const id = await server.create(programs.ECHO_TURNED, { stdin: true });
    const attached = await attach(id);
    await server.door.apply({ kind: "start", instance: id });
    const sent = scrambled(300_001);
    attached.stdin.end(sent);
    for (const stream of [attached.stdout, attached.stderr]) stream.resume();
    await server.ended(id);
    expect((await logs(id, "?stream=stdout")).bytes.equals(sent)).toBe(true);
    expect((await logs(id, "?stream=stderr")).bytes.equals(turned(sent))).toBe(true);
    const told = lines((await logs(id, "?stream=stdout", "application/x-ndjson")).body);
    const bytes = Buffer.concat(told.map(({ data, encoding }) => Buffer.from(data ?? "", encoding as BufferEncoding)));
    expect(bytes.equals(sent)).toBe(true);
  });

  test("followed, comes as it is written, and ends with it", async () => {
    const id = await server.start(programs.ECHO, { stdin: true });
    const response = await fetch(`${server.url}/v1/instances/${id}/logs?follow=true`);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const attached = await attach(id);
    for (const word of ["one", "two"]) {
      attached.stdin.write(word);
      expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe(word);
    }
    attached.stdin.end();
    expect((await reader.read()).done).toBe(true);
  });

  test("of a container that was never started, and of its second run", async () => {
    const id = await server.create(programs.HELLO);
    expect(await logs(id)).toMatchObject({ status: 200, body: "" });
    for (const said of ["hello\n", "hello\nhello\n"]) {
      await server.door.apply({ kind: "start", instance: id });
      await server.ended(id);
      expect((await logs(id)).body).toBe(said);
    }
  });
});

describe("the events of a container", () => {
  const typesOf = (events: readonly InstanceEvent[]) => events.map(({ type }) => type);

  test("tell its life, kept and as a stream", async () => {
    const abort = new AbortController();
    const seen: InstanceEvent[] = [];
    const following = (async () => {
      for await (const event of await server.door.apply({ kind: "events", query: { follow: true, afterId: 0 }, signal: abort.signal })) {
        seen.push(event);
        if (event.name === "life" && event.type === "removed") return;
      }
    })();
    const id = await server.start(programs.LOOP, { name: "life", pausable: true });
    for (const kind of ["pause", "resume", "kill"] as const) await server.door.apply({ kind, instance: id });
    await server.ended(id);
    const kept = (await server.ask("GET", `/v1/events?instance=${id}&follow=false`)).body.events;
    expect(typesOf(kept)).toEqual(["created", "starting", "started", "paused", "resumed", "stopping", "exited"]);
    expect(kept.at(-1)).toMatchObject({ instance: id, name: "life", detail: { reason: "killed", status: 137 } });
    await server.door.apply({ kind: "remove", instance: id });
    await following;
    abort.abort();
    expect(typesOf(seen.filter(({ instance }) => instance === id))).toEqual([...typesOf(kept), "removed"]);
  });

  test("tell nothing of an exec that there was not", async () => {
    const id = await server.start(programs.LOOP);
    expect((await server.ask("POST", `/v1/instances/${id}/exec`, { json: { args: ["ls"] } })).status).toBe(409);
    const { body } = await server.ask("GET", `/v1/events?instance=${id}&follow=false`);
    expect(typesOf(body.events)).toEqual(["created", "starting", "started"]);
    await server.door.apply({ kind: "remove", instance: id, force: true });
  });
});
