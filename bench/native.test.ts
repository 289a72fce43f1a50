// The programs' sources build on the host and compute there what they compute in the machine; where there is a gcc.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { buildNative, runNative } from "./native.js";
import { runOurs } from "./our-machine.js";
import { PROGRAMS } from "./programs.js";

const hasGcc = spawnSync("gcc", ["--version"]).status === 0;

describe("native", () => {
  it.skipIf(!hasGcc)(`agrees with the machine${hasGcc ? "" : " (skipped: gcc is not installed)"}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "wardian-bench-"));
    try {
      for (const { name } of PROGRAMS.filter(({ kind }) => kind === "integer")) {
        const native = await runNative(name, buildNative(name, folder), 1);
        expect(native.checksum, name).toBe((await runOurs(name, 1, "interpret")).checksum);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
