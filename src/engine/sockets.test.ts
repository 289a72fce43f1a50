// Local sockets through the engine's actions: who is connected to whom, who is refused, what others do not see, and that nothing stays.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { COUNT_LISTENERS, COUNT_PIPES, COUNT_PROCESSES, COUNT_SOCKETS } from "../../assembly/kernel/abi.js";
import { sharedRuntime } from "../container/runtime.js";
import { ECHO_CLIENT, ECHO_SERVER } from "../container/socket-samples.js";
import type { InstanceRequest } from "../instance/spec.js";
import type { Door } from "./action.js";
import type { Caller } from "./caller.js";
import { Engine } from "./engine.js";
import { errorOf, logOf } from "./testing/told.js";

let engine: Engine;
beforeAll(async () => void (engine = await Engine.open()));
afterAll(() => engine[Symbol.asyncDispose]());
afterEach(async () => {
  for (const instance of made.splice(0)) await engine.apply({ kind: "remove", instance, force: true });
  expect(counters()).toEqual([0n, 0n, 0n, 0n]);
});

const caller = (namespace: string): Caller => ({ name: namespace, scope: "operate", namespace, quotas: {}, hostPaths: true });
const made: string[] = [];

async function create(image: string, command: string[], sockets: InstanceRequest["sockets"], door: Door = engine): Promise<string> {
  const { id } = await door.apply({ kind: "create", request: { kind: "container", image, command, sockets } });
  made.push(id);
  return id;
}
const serve = (connections: number, name: string, door?: Door): Promise<string> =>
  create(ECHO_SERVER, [String(connections)], [{ name, role: "listen" }], door);
const connect = (word: string, name: string, door?: Door): Promise<string> =>
  create(ECHO_CLIENT, [word], [{ name, role: "connect" }], door);

const start = (instance: string): Promise<unknown> => engine.apply({ kind: "start", instance });
const statusOf = async (instance: string): Promise<number | undefined> => (await engine.apply({ kind: "wait", instance }))?.end?.status;

function counters(): readonly bigint[] {
  return [COUNT_PROCESSES, COUNT_PIPES, COUNT_SOCKETS, COUNT_LISTENERS].map(sharedRuntime().kernel.exports.kernel_counter);
}

describe("sockets of instances", () => {
  it("connect those of one owner that name them", async () => {
    const server = await serve(2, "echo");
    const clients = [await connect("one", "echo"), await connect("two", "echo")];
    await start(server);
    for (const client of clients) await start(client);
    for (const instance of [server, ...clients]) expect(await statusOf(instance)).toBe(0);
    expect(await Promise.all(clients.map((id) => logOf(engine, id)))).toEqual(["one\n", "two\n"]);
    expect(await logOf(engine, server)).toBe("2 connections, 8 bytes\n");
  });

  it("are others for another owner", async () => {
    const [ours, theirs] = [engine.as(caller("ours")), engine.as(caller("theirs"))];
    await start(await serve(1, "echo", ours));
    expect(await errorOf(start(await connect("x", "echo", theirs)))).toMatch(/^connection-refused: nobody listens on the socket echo/);
    const client = await connect("x", "echo", ours);
    await start(client);
    expect(await statusOf(client)).toBe(0);
  });

  it("refuse who comes before the one that listens, and take it later", async () => {
    const [server, client] = [await serve(1, "late"), await connect("x", "late")];
    expect(await errorOf(start(client))).toMatch(/^connection-refused: .* start the container that listens on it first$/);
    expect((await engine.apply({ kind: "inspect", instance: client })).end).toMatchObject({ reason: "failed", status: 125 });
    await start(server);
    await start(client);
    expect([await statusOf(client), await statusOf(server)]).toEqual([0, 0]);
    expect(await errorOf(start(client))).toMatch(/^connection-refused/);
  });

  it("are there as long as a record names them", async () => {
    const [server, client] = [await serve(1, "kept"), await connect("x", "kept")];
    await start(server);
    await engine.apply({ kind: "remove", instance: made.shift() ?? "", force: true });
    expect(counters()).toEqual([0n, 0n, 0n, 1n]);
    await engine.apply({ kind: "remove", instance: client });
    made.pop();
    expect(counters()[3]).toBe(0n);
  });

  it("break when one end is killed, and are made anew by a restart", async () => {
    const server = await serve(1, "again");
    const client = await create(ECHO_CLIENT, ["-n", "4000000000"], [{ name: "again", role: "connect" }]);
    await start(server);
    await start(client);
    await engine.apply({ kind: "restart", instance: server });
    expect(await statusOf(client)).toBe(1);
    await start(client);
    await engine.apply({ kind: "kill", instance: client });
    expect(await statusOf(server)).toBe(0);
  });
});

describe("are bounded", () => {
  it("to 64 names an owner", async () => {
    const door = engine.as(caller("many"));
    const some = (from: number, count: number): NonNullable<InstanceRequest["sockets"]> =>
      Array.from({ length: count }, (_, i) => ({ name: `s${from + i}`, role: "listen" }));
    for (let i = 0; i < 64; i += 16) await create(ECHO_SERVER, ["1"], some(i, 16), door);
    expect(await errorOf(create(ECHO_SERVER, ["1"], some(64, 1), door))).toMatch(/^quota-exceeded: an owner has at most 64 sockets/);
    await create(ECHO_SERVER, ["1"], some(0, 16), door);
    await create(ECHO_SERVER, ["1"], some(64, 16), engine.as(caller("more")));
  });

  it.each<readonly [string, unknown]>([
    ["a name with a colon", [{ name: "a:b", role: "listen" }]],
    ["no role", [{ name: "a" }]],
    ["another role", [{ name: "a", role: "bind" }]],
    ["more than 16 of them", Array.from({ length: 17 }, () => ({ name: "a", role: "listen" }))],
  ])("%s is refused", async (_what, sockets) => {
    expect(await errorOf(create(ECHO_SERVER, ["1"], sockets as InstanceRequest["sockets"]))).toMatch(/^bad-request: sockets/);
  });

  it("a machine takes none", async () => {
    const request: InstanceRequest = { image: "busybox", sockets: [{ name: "s", role: "listen" }] };
    expect(await errorOf(engine.apply({ kind: "create", request }))).toMatch(/^bad-request: .*sockets.* are for containers/);
  });
});
