// The page tells the figures that are in force.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { DEFAULT_LIMITS } from "./limits.js";

test("docs/SECURITY.md has every limit, with its default", () => {
  const rows = readFileSync(new URL("../../../docs/SECURITY.md", import.meta.url), "utf8").split("\n");
  for (const [name, value] of Object.entries(DEFAULT_LIMITS)) {
    const row = rows.find((line) => line.endsWith(`| \`${name}\` |`));
    expect(row?.match(/\d+/g), name).toContain(String(value));
  }
});
