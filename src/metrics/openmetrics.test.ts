import { spawnSync } from "node:child_process";
import { beforeAll, describe, expect, test } from "vitest";
import { sampleAfter } from "./counters-sample.js";
import { Meter } from "./meter.js";
import { type MetricsPage, renderOpenMetrics } from "./openmetrics.js";

const HOSTILE = 'a"} 1\n# EOF\n\\\r\u0000\u2028{x="y';

function makePage(names: Readonly<Record<string, string>>): MetricsPage {
  const ids = Object.keys(names);
  const meter = new Meter({ live: () => ids.map((id) => ({ id, sample: () => sampleAfter(10) })) });
  meter.observeStart(0.03, true);
  meter.countEnd("exited");
  meter.observeRequest("/v1/instances/{id}", "GET", 200, 0.002);
  meter.observeRequest(HOSTILE, "GET", 404, 0.002);
  const about = { state: "running", memoryBytes: 2 ** 28, cpus: 0.5, vcpus: 1 };
  return {
    instances: [...ids, "off"].map((id) => ({ namespace: "default", metrics: meter.instance({ ...about, id, name: names[id] ?? id }) })),
    host: meter.host(undefined, { running: ids.length, exited: 1 }),
  };
}

test("OpenMetrics: families with help, type and unit, counters as _total, and its end", async () => {
  const text = await renderOpenMetrics(makePage({ i1: "one" }), "openmetrics");
  expect(text).toContain(
    [
      "# HELP wardian_cpu_busy_seconds Host time spent executing the guest.",
      "# TYPE wardian_cpu_busy_seconds counter",
      "# UNIT wardian_cpu_busy_seconds seconds",
      'wardian_cpu_busy_seconds_total{id="i1",name="one",namespace="default"} 5',
    ].join("\n"),
  );
  expect(text).toContain('wardian_device_read_bytes_total{id="i1",name="one",namespace="default",device="disk0"} 10000000\n');
  expect(text).toContain('wardian_memory_limit_bytes{id="i1",name="one",namespace="default"} 268435456\n');
  expect(text).toContain('wardian_cpu_limit{id="i1",name="one",namespace="default"} 0.5\n');
  expect(text).toContain('wardian_instances{state="running"} 1\n');
  expect(text).toContain('wardian_ends_total{reason="exited"} 1\n');
  expect(text).toContain('wardian_api_requests_total{route="/v1/instances/{id}",method="GET",status="2xx"} 1\n');
  expect(text.match(/^# EOF$/gm)).toHaveLength(1);
  expect(text.endsWith("\n# EOF\n")).toBe(true);
});

test("histograms have cumulative buckets up to +Inf", async () => {
  const text = await renderOpenMetrics(makePage({}), "text");
  expect(text).toContain('wardian_start_seconds_bucket{le="0.025"} 0\nwardian_start_seconds_bucket{le="0.05"} 1\n');
  expect(text).toContain('wardian_start_seconds_bucket{le="+Inf"} 1\nwardian_start_seconds_sum 0.03\nwardian_start_seconds_count 1\n');
  expect(text).toContain('wardian_api_request_seconds_count{route="/v1/instances/{id}"} 1\n');
});

test("an instance that is off, or gone, is not there", async () => {
  expect(await renderOpenMetrics(makePage({ i1: "one", i2: "two" }), "openmetrics")).toContain('id="i2"');
  const after = await renderOpenMetrics(makePage({ i1: "one" }), "openmetrics");
  expect(after).not.toContain('id="i2"');
  expect(after).not.toContain('id="off"');
  expect(await renderOpenMetrics(makePage({}), "openmetrics")).not.toContain("wardian_instructions");
});

test("a hostile name stays inside its quotes", async () => {
  const text = await renderOpenMetrics(makePage({ i1: HOSTILE }), "openmetrics");
  expect(text).toContain('name="a\\"} 1\ufffd# EOF\ufffd\\\\\ufffd\ufffd\ufffd{x=\\"y"');
  expect(text.match(/^# EOF$/gm)).toHaveLength(1);
  for (const line of text.trimEnd().split("\n"))
    expect(line).toMatch(/^(# (HELP|TYPE|UNIT) wardian_|# EOF$|wardian_[a-z_]+(\{.*\})? [-+0-9.e]+$)/);
});

const installed = spawnSync("promtool", ["--version"]).error === undefined;
describe.skipIf(!installed)(installed ? "promtool check metrics" : "promtool is not installed (Debian: prometheus)", () => {
  let text: string;
  beforeAll(async () => {
    text = await renderOpenMetrics(makePage({ i1: "one", i2: HOSTILE }), "text");
  });

  test("has nothing to say", () => {
    const { stdout, stderr, status } = spawnSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" });
    expect(`${stdout}${stderr}`).toBe("");
    expect(status).toBe(0);
  });

  test("would have", () => {
    expect(spawnSync("promtool", ["check", "metrics"], { input: text.replaceAll("_total", ""), encoding: "utf8" }).status).not.toBe(0);
  });
});
