// Hono's typed client against the app: what does not fit the API does not compile.
import { hc } from "hono/client";
import { describe, expect, expectTypeOf, test } from "vitest";
import type { InstanceRecord } from "../instance/record.js";
import { type AppType, createApp } from "./app.js";
import { StubDoor, StubProcess } from "./testing/stub-door.js";

const app = createApp({ doorFor: () => new StubDoor({ exec: () => new StubProcess().end(0, "Linux\n") }) });
const client = hc<AppType>("http://wardian.test", { fetch: app.request as typeof fetch });

describe("the typed client", () => {
  test("creates, runs, measures and removes", async () => {
    const created = await client.v1.instances.$post({
      json: { image: "busybox", limits: { memory: "64M" } },
      query: { start: "true" },
      header: {},
    });
    expect(created.status).toBe(201);
    if (!created.ok) throw new Error((await created.json()).detail);
    const record = await created.json();
    expectTypeOf(record.state).toEqualTypeOf<InstanceRecord["state"]>();
    expectTypeOf(record.spec.limits.cpus).toEqualTypeOf<number | undefined>();
    const param = { id: record.id };

    const ran = await client.v1.instances[":id"].exec.$post({ param, json: { args: ["uname"] } });
    if (!ran.ok) throw new Error((await ran.json()).code);
    const result = await ran.json();
    expectTypeOf(result.stdout).toEqualTypeOf<string>();
    expect(result).toMatchObject({ status: 0, stdout: "Linux\n" });

    const measured = await client.v1.instances[":id"].metrics.$get({ param, query: {} });
    if (!measured.ok) throw new Error((await measured.json()).code);
    expectTypeOf((await measured.json()).rates).toEqualTypeOf<Record<string, number>>();

    const volumes = await client.v1.volumes.$get();
    if (!volumes.ok) throw new Error((await volumes.json()).code);
    const [volume] = (await volumes.json()).volumes;
    expectTypeOf(volume?.usedBytes).toEqualTypeOf<number | undefined>();
    expect(volume).toMatchObject({ name: "data", usedBy: [{ name: "web" }] });

    expect((await client.v1.instances[":id"].$delete({ param, query: { force: "true" } })).status).toBe(204);
  });

  test("knows problems", async () => {
    const response = await client.v1.instances[":id"].$get({ param: { id: "other" } });
    expect(response.ok).toBe(false);
    if (response.ok) return;
    const problem = await response.json();
    expectTypeOf(problem.code).toEqualTypeOf<string>();
    expect(problem.code).toBe("no-instance");
  });

  test("does not compile with what the API does not know", () => {
    // @ts-expect-error -- there is no such image
    void (() => client.v1.instances.$post({ json: { image: 7 }, query: {}, header: {} }));
    // @ts-expect-error -- there is no such step
    void (() => client.v1.instances[":id"].explode);
    // @ts-expect-error -- a state, or "removed"
    void (() => client.v1.instances[":id"].wait.$get({ param: { id: "x" }, query: { until: "tomorrow" } }));
  });
});
