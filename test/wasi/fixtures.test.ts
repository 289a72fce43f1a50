// The checked-in WASI guests are what their sources give: built again and compared byte for byte, where the compiler is the one they were
// built with.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";

const FOLDER = new URL("../../fixtures/wasi/", import.meta.url).pathname;
const builtWith = readFileSync(join(FOLDER, "bin/compiler-version"), "utf8").trim();
const compiler = process.env.WASI_CC ?? "clang";
const found = spawnSync(compiler, ["-dumpversion"], { encoding: "utf8" }).stdout?.trim() ?? "";
const hasLibc = existsSync("/usr/lib/wasm32-wasi/libc.a") || process.env.WASI_CC !== undefined;

function reasonToSkip(): string {
  if (found === "") return ` (skipped: ${compiler} is not installed)`;
  if (found !== builtWith) return ` (skipped: ${compiler} is ${found}, they were built with ${builtWith})`;
  return hasLibc ? "" : " (skipped: wasi-libc is not installed)";
}

const filesOf = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: "utf8" }).toSorted();
const reason = reasonToSkip();

it.skipIf(reason !== "")(`the WASI guests are what build.sh makes of their sources${reason}`, { timeout: 300_000 }, () => {
  const out = mkdtempSync(join(tmpdir(), "wardian-wasi-build-"));
  try {
    const { status, stderr } = spawnSync("sh", [join(FOLDER, "build.sh"), out], { encoding: "utf8" });
    expect(status, stderr).toBe(0);
    expect(filesOf(out)).toEqual(filesOf(join(FOLDER, "bin")));
    for (const name of filesOf(out).filter((path) => path.includes(".")))
      expect(readFileSync(join(out, name)).equals(readFileSync(join(FOLDER, "bin", name))), name).toBe(true);
  } finally {
    rmSync(out, { recursive: true });
  }
});
