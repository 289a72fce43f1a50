// The checked-in agent is what its source gives: rebuilt and compared byte for byte, where the compiler is the noted one.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const COMPILER = "12.2.0"; // as in fixtures/agent/README.md
const folder = fileURLToPath(new URL("../../../fixtures/agent/", import.meta.url));
const version = spawnSync("riscv64-linux-gnu-gcc", ["-dumpfullversion"], { encoding: "utf8" }).stdout?.trim();
const skip =
  version === COMPILER
    ? undefined
    : version
      ? `riscv64-linux-gnu-gcc is ${version}, not ${COMPILER}`
      : "riscv64-linux-gnu-gcc is not installed";

test.skipIf(skip !== undefined)(`agent rebuilds byte for byte${skip ? ` (skipped: ${skip})` : ""}`, () => {
  const out = mkdtempSync(join(tmpdir(), "wardian-build-"));
  try {
    const built = spawnSync("sh", [join(folder, "build.sh"), join(out, "agent")], { encoding: "utf8" });
    expect(built.stderr).toBe("");
    expect(readFileSync(join(out, "agent")).equals(readFileSync(join(folder, "agent")))).toBe(true);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
});

test("the agent is small, and knows no path of the machine it was built on", () => {
  const bytes = readFileSync(join(folder, "agent"));
  expect(bytes.length).toBeLessThan(32_768);
  expect(bytes.includes(folder)).toBe(false);
});
