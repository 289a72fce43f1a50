import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { METRIC_GROUPS } from "./groups.js";
import { renderMetricsPage } from "./page.js";

test("docs/METRICS.md is what the catalog says", () => {
  expect(readFileSync("docs/METRICS.md", "utf8")).toBe(renderMetricsPage());
});

test("a name means one thing, ends in its unit where it has one, and is explained", () => {
  const rows = METRIC_GROUPS.flatMap(({ metrics }) => Object.entries(metrics));
  expect(new Set(rows.map(([name]) => name)).size).toBe(rows.length);
  for (const [name, { unit, help }] of rows) {
    expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(help, name).toMatch(/^[A-Z].*\.$/);
    if (unit === "seconds" || unit === "bytes") expect(name.endsWith(`_${unit}`), name).toBe(true);
  }
});
