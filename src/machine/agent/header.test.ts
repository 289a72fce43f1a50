// The guest's constants are the host's: protocol.h is what header.ts renders, and PROTOCOL.md names every frame.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { renderHeader } from "./header.js";
import { FRAME, LIMITS } from "./protocol.js";

test("protocol.h is rendered from protocol.ts", async () => {
  await expect(renderHeader()).toMatchFileSnapshot("../../../fixtures/agent/protocol.h");
});

test("PROTOCOL.md has a row for every frame and every limit, with its value", () => {
  const page = readFileSync(new URL("../../../fixtures/agent/PROTOCOL.md", import.meta.url), "utf8");
  const rows = page.split("\n").filter((row) => row.startsWith("|"));
  const cells = rows.map((row) => row.split("|").map((cell) => cell.trim().replaceAll("`", "")));
  for (const [name, value] of [...Object.entries(FRAME), ...Object.entries(LIMITS)])
    expect(
      cells.some((row) => row[1] === String(value) && row[2] === name),
      `${name} = ${value}`,
    ).toBe(true);
});
