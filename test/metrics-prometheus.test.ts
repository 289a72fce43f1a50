// A real Prometheus scrapes our server and answers a query over what it got. Uses the compiled worker in dist/, and Debian's
// `prometheus`.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { startServer } from "../src/api/server.js";
import { Engine } from "../src/engine/engine.js";
import { writePrograms } from "../src/instance/program-sample.js";

const installed = spawnSync("prometheus", ["--version"]).error === undefined;
const SCRAPE_DEADLINE_MS = 30_000;

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

describe.skipIf(!installed)(installed ? "Prometheus" : "Prometheus is not installed (Debian: prometheus)", () => {
  let folder: string;
  let child: ChildProcess | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "wardian-prometheus-"));
    writePrograms(join(folder, "images"));
  });
  afterEach(async () => {
    if (child !== undefined && child.exitCode === null && child.kill("SIGKILL")) await once(child, "exit");
    child = undefined;
    await rm(folder, { recursive: true, force: true });
  });

  /** Starts one that scrapes `target`; its own address. */
  async function scrape(target: string): Promise<string> {
    const config = join(folder, "prometheus.json"); // JSON is YAML
    await writeFile(
      config,
      JSON.stringify({
        global: { scrape_interval: "250ms", scrape_timeout: "250ms" },
        scrape_configs: [{ job_name: "wardian", static_configs: [{ targets: [target] }] }],
      }),
    );
    const args = [`--config.file=${config}`, `--storage.tsdb.path=${join(folder, "data")}`, "--web.listen-address=127.0.0.1:0"];
    child = spawn("prometheus", args, { stdio: ["ignore", "ignore", "pipe"], cwd: folder });
    const said: string[] = [];
    if (child.stderr === null) throw new Error("no stderr");
    const lines = createInterface(child.stderr);
    for await (const line of lines) {
      said.push(line);
      const address = /"Listening on" address=(127\.0\.0\.1:\d+)/.exec(line)?.[1];
      if (address === undefined) continue;
      child.stderr.resume();
      return `http://${address}/api/v1`;
    }
    throw new Error(`Prometheus ended: ${said.slice(-5).join("\n")}`);
  }

  async function ask<T>(api: string, path: string): Promise<T> {
    const response = await fetch(`${api}${path}`);
    expect(response.status).toBe(200);
    return ((await response.json()) as { data: T }).data;
  }

  test("scrapes the server as OpenMetrics, and answers with an instance's counters", async () => {
    await using engine = await Engine.open({ state: false, images: join(folder, "images") });
    const { id } = await engine.apply({ kind: "create", request: { name: "burner", kernel: "loop", limits: { memory: "16M" } } });
    await engine.apply({ kind: "start", instance: id });
    const server = await startServer({ engine, listen: ["127.0.0.1:0"] });
    try {
      const api = await scrape(new URL(server.addresses[0] ?? "").host);
      const query = async (text: string): Promise<readonly Series[]> =>
        (await ask<{ result: readonly Series[] }>(api, `/query?query=${encodeURIComponent(text)}`)).result;
      await vi.waitFor(
        async () => {
          const [found] = await query('wardian_instructions_total{name="burner"}');
          expect(found?.metric).toMatchObject({ id, name: "burner", namespace: "default", job: "wardian" });
          expect(Number(found?.value[1])).toBeGreaterThan(1e5);
          const [utilization] = await query("rate(wardian_cpu_busy_seconds_total[3s]) / wardian_vcpus");
          expect(Number(utilization?.value[1])).toBeGreaterThan(0.1);
        },
        { timeout: SCRAPE_DEADLINE_MS, interval: 250 },
      );
      expect((await query('wardian_instances{state="running"}'))[0]?.value[1]).toBe("1");
      expect((await query("wardian_start_seconds_count"))[0]?.value[1]).toBe("1");
      expect(Number((await query("histogram_quantile(0.5, wardian_start_seconds_bucket)"))[0]?.value[1])).toBeGreaterThan(0);
      // Units are told in OpenMetrics only: this is the format that it asked for and got.
      expect(await ask(api, "/metadata?metric=wardian_cpu_busy_seconds")).toEqual({
        wardian_cpu_busy_seconds: [{ type: "counter", unit: "seconds", help: "Host time spent executing the guest." }],
      });
      const { activeTargets } = await ask<{ activeTargets: object[] }>(api, "/targets");
      expect(activeTargets).toMatchObject([{ health: "up", lastError: "" }]);
      await engine.apply({ kind: "remove", instance: id, force: true });
      // What is gone from the page is marked stale at the next scrape.
      await vi.waitFor(async () => expect(await query("wardian_instructions_total")).toEqual([]), {
        timeout: SCRAPE_DEADLINE_MS,
        interval: 250,
      });
    } finally {
      await server.close();
    }
  });
});
