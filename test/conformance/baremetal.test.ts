// The bare-metal programs of fixtures/baremetal on every engine: each checks itself and passes with status 0.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ENGINES, runElf } from "./engines.js";
import { CROSS_COMPILER, missing } from "./toolchain.js";

const FIXTURES = new URL("../../fixtures/baremetal/", import.meta.url).pathname;
const MAX_INSNS = 50_000_000;
const BUILD_MS = 120_000;
const RUN_MS = 30_000;

interface Fixture {
  readonly name: string;
}

const { tests } = JSON.parse(readFileSync(join(FIXTURES, "tests.json"), "utf8")) as { tests: Fixture[] };
const skip = missing(CROSS_COMPILER, "the bare-metal tests");

describe.skipIf(skip)("bare-metal programs", () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "wardian-baremetal-"));
    const { status, stderr } = spawnSync(join(FIXTURES, "build.sh"), [folder], { encoding: "utf8" });
    if (status !== 0) throw new Error(`build.sh: ${stderr}`);
  }, BUILD_MS);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  for (const engine of ENGINES) {
    describe(engine.name, () => {
      for (const { name } of tests) {
        it(name, { timeout: RUN_MS }, () => {
          const { status, serial, pc, instructions } = runElf(engine, readFileSync(join(folder, `${name}.elf`)), MAX_INSNS);
          const seen = `${serial}(status ${status}, pc 0x${pc.toString(16)} after ${instructions} instructions)`;
          expect(status, seen).toBe(0);
        });
      }
    });
  }
});
