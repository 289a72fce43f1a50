// Who may have what of a container over HTTP: folders and files of the host, and one another's containers.
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import * as programs from "../container/program-samples.js";
import type { InstanceRequest } from "../instance/spec.js";
import { ContainerServer } from "./testing/serve-containers.js";

const TOKENS = [
  { name: "ann", scope: "operate", namespace: "a", quotas: {} },
  { name: "bob", scope: "operate", namespace: "b", quotas: {} },
  { name: "eve", scope: "read", namespace: "a", quotas: {} },
  { name: "root", scope: "admin", namespace: "*", quotas: {} },
  { name: "small", scope: "operate", namespace: "c", quotas: { instances: 2, running: 1, memoryBytes: 1 << 20 } },
] as const;
const [ANN, BOB, EVE, ROOT, SMALL] = [0, 1, 2, 3, 4] as const;

let open: ContainerServer;
let guarded: ContainerServer;
beforeAll(async () => {
  [open, guarded] = await Promise.all([ContainerServer.open(), ContainerServer.open(TOKENS)]);
});
afterAll(async () => {
  for (const server of [open, guarded]) {
    expect(server.unforeseen).toEqual([]);
    await server[Symbol.asyncDispose]();
  }
});

/** Whoever comes over TCP: anybody on this host where no token is asked for, and each scope that may create. */
const REMOTE: readonly (readonly [string, () => ContainerServer, number])[] = [
  ["without a token", () => open, 0],
  ["with a token", () => guarded, ANN],
  ["with an admin's token", () => guarded, ROOT],
];

describe("folders of the host", () => {
  describe.each(REMOTE)("%s", (_who, serverOf, token) => {
    test.each(["/", "/etc", ".", "images"])("%s is not given, not even to look at, and nothing is made of the request", async (path) => {
      const server = serverOf();
      const json = { kind: "container", image: server.image(programs.MAKES), mounts: [{ path, guestPath: "/x", readOnly: true }] };
      const { status, type, body } = await server.ask("POST", "/v1/instances?start=true", { json, token });
      expect({ status, type, code: body.code }).toEqual({ status: 400, type: "application/problem+json", code: "bad-request" });
      expect(body.detail).toMatch(/^mounts: folders of the host/);
      expect((await server.ask("GET", "/v1/instances", { token })).body.instances).toEqual([]);
    });

    test("a program is no path, and no link that leads elsewhere", async () => {
      const server = serverOf();
      const outside = join(server.folder, "outside.wasm");
      writeFileSync(outside, programs.HELLO);
      const link = `link${String(token)}.wasm`;
      symlinkSync(outside, join(server.folder, "images", link));
      for (const image of [outside, "../outside.wasm", "./program0.wasm", "..", link, ".hidden.wasm"]) {
        const { status, body } = await server.ask("POST", "/v1/instances", { json: { kind: "container", image }, token });
        expect([image, status, body.code]).toEqual([image, body.code === "image-not-found" ? 422 : 400, expect.stringMatching(/^(bad-request|image-not-found)$/)]); // prettier-ignore
        expect(body.detail).not.toContain(join(server.folder, "images"));
      }
    });

    test("a program that was given none has none", async () => {
      const server = serverOf();
      const json = { kind: "container", image: server.image(programs.MAKES) };
      const { body } = await server.ask("POST", "/v1/instances?start=true", { json, token });
      const { body: ended } = await server.ask("GET", `/v1/instances/${body.id}/wait`, { token });
      expect(ended.end).toMatchObject({ reason: "exited", status: 8 }); // BADF
      await server.ask("DELETE", `/v1/instances/${body.id}`, { token });
    });
  });

  test("are given by the user whose server it is, through the socket that is the user's own: to write, or to read", async () => {
    const given = join(open.folder, "given");
    mkdirSync(given);
    const image = open.image(programs.MAKES);
    const run = async (readOnly: boolean) => {
      const request: InstanceRequest = { kind: "container", image, mounts: [{ path: given, guestPath: "/work", readOnly }] };
      const { id } = await open.local.apply({ kind: "create", request });
      await open.local.apply({ kind: "start", instance: id });
      return (await open.ended(id)).status;
    };
    expect(await run(true)).not.toBe(0);
    expect(readdirSync(given)).toEqual([]);
    expect(await run(false)).toBe(0);
    expect(existsSync(join(given, "made"))).toBe(true);
  });

  test("cannot be added to what the user has made", async () => {
    const { id } = await open.local.apply({ kind: "create", request: { kind: "container", image: open.image(programs.HELLO) } });
    const json = { name: "other", mounts: [{ path: "/", guestPath: "/" }] };
    expect((await open.ask("PATCH", `/v1/instances/${id}`, { json })).status).toBe(400);
    expect((await open.ask("POST", `/v1/instances/${id}/restart`, { json: { mounts: json.mounts } })).status).toBe(400);
  });
});

describe("one another's containers", () => {
  let mine: string;
  beforeAll(async () => {
    mine = await guarded.start(programs.ECHO, { name: "mine", stdin: true });
  });

  test.each([
    ["GET", ""],
    ["PATCH", "", { name: "yours" }],
    ["DELETE", "?force=true"],
    ["POST", "/start"],
    ["POST", "/stop"],
    ["POST", "/kill"],
    ["POST", "/pause"],
    ["POST", "/resume"],
    ["POST", "/restart"],
    ["GET", "/wait?timeoutMs=10"],
    ["GET", "/logs"],
    ["GET", "/logs?follow=true"],
    ["GET", "/attach"],
    ["GET", "/metrics"],
    ["POST", "/exec", { args: ["ls"] }],
    ["GET", "/files?path=/"],
  ] as const)("%s %s: another namespace's token is told that there is none", async (method, path, json?: object) => {
    for (const ref of [mine, mine.slice(0, 6), "mine"]) {
      const { status, body } = await guarded.ask(method, `/v1/instances/${ref}${path}`, { json, token: BOB });
      expect([ref, status, body.code]).toEqual([ref, 404, "no-instance"]);
    }
    expect((await guarded.ask("GET", `/v1/instances/${mine}`)).body.state).toBe("running");
  });

  test("nor is it in lists, events, figures or a WebSocket", async () => {
    const seen = async (path: string, token: number): Promise<boolean> =>
      JSON.stringify((await guarded.ask("GET", path, { token })).body).includes(mine);
    for (const path of ["/v1/instances", "/v1/events?follow=false&after=0", "/metrics"])
      expect([path, await seen(path, ANN), await seen(path, EVE), await seen(path, ROOT), await seen(path, BOB)]).toEqual([path, true, true, true, false]); // prettier-ignore
    const door = guarded.as(BOB);
    await expect(door.apply({ kind: "attach", instance: mine, stdin: true })).rejects.toMatchObject({ code: "no-instance" });
    await door[Symbol.asyncDispose]();
    const nobody = new WebSocket(`${guarded.url.replace("http", "ws")}/v1/instances/${mine}/attach?stdin=true`, ["wardian.v1"]);
    const status = await new Promise((resolve) => nobody.on("error", () => {}).on("unexpected-response", (_request, { statusCode }) => resolve(statusCode))); // prettier-ignore
    expect(status).toBe(401);
  });

  test("nor do they tell of one another's volumes", async () => {
    const volumes = [{ name: "hidden", guestPath: "/v" }];
    const { body } = await guarded.ask("POST", "/v1/instances", { json: { kind: "container", image: guarded.image(programs.HELLO), volumes } }); // prettier-ignore
    const seen = async (token: number) => (await guarded.ask("GET", "/v1/volumes", { token })).body.volumes as readonly { name: string }[];
    expect(await Promise.all([ANN, EVE, ROOT, BOB].map(async (token) => (await seen(token)).map(({ name }) => name)))).toEqual([["hidden"], ["hidden"], ["hidden"], []]); // prettier-ignore
    await guarded.ask("DELETE", `/v1/instances/${body.id}`);
  });

  test("the same name may be used by both", async () => {
    const json = { kind: "container", name: "mine", image: guarded.image(programs.HELLO) };
    const created = await guarded.ask("POST", "/v1/instances", { json, token: BOB });
    expect([created.status, created.body.namespace]).toEqual([201, "b"]);
    expect((await guarded.ask("GET", "/v1/instances/mine", { token: BOB })).body.id).toBe(created.body.id);
    expect((await guarded.ask("GET", "/v1/instances/mine", { token: ANN })).body.id).toBe(mine);
  });

  test("who may only look, looks", async () => {
    expect((await guarded.ask("GET", `/v1/instances/${mine}/logs`, { token: EVE })).status).toBe(200);
    for (const [method, path] of [["POST", "/kill"], ["GET", "/attach"], ["DELETE", "?force=true"]] as const) // prettier-ignore
      expect((await guarded.ask(method, `/v1/instances/${mine}${path}`, { token: EVE })).body).toMatchObject({ status: 403, code: "forbidden" }); // prettier-ignore
    const json = { kind: "container", image: guarded.image(programs.HELLO) };
    expect((await guarded.ask("POST", "/v1/instances", { json, token: EVE })).status).toBe(403);
  });
});

test("a namespace's quotas count its containers, and the memory that they may grow to", async () => {
  const image = guarded.image(programs.LOOP);
  const create = (memory: string) => guarded.ask("POST", "/v1/instances", { json: { kind: "container", image, limits: { memory } }, token: SMALL }); // prettier-ignore
  const start = async (id: string) => guarded.ask("POST", `/v1/instances/${id}/start`, { token: SMALL });
  const [large, small] = [(await create("2M")).body.id as string, (await create("512K")).body.id as string];
  expect((await create("512K")).body).toMatchObject({ status: 403, code: "quota-exceeded" });
  expect((await start(large)).body).toMatchObject({ status: 403, code: "quota-exceeded" });
  expect((await start(small)).status).toBe(200);
  expect((await start(large)).body).toMatchObject({ status: 403, code: "quota-exceeded" });
  expect((await guarded.ask("POST", `/v1/instances/${small}/restart`, { json: { graceMs: 0 }, token: SMALL })).status).toBe(200);
  expect((await guarded.ask("POST", `/v1/instances/${small}/kill`, { token: SMALL })).status).toBe(200);
});
