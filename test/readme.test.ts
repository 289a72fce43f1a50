// What README.md shows of the API is run as it stands there: the lines for curl in a shell, the TypeScript of the typed client as a
// module. Uses the compiled package in dist/, a real server and a real guest.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startServer } from "../src/api/server.js";
import type { RunningServer } from "../src/api/server-running.js";
import { Engine } from "../src/engine/engine.js";

const run = promisify(execFile);
/** The guest has half a CPU, which on a busy host is much less. */
const TIMEOUT_MS = 240_000;
const README = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const SHOWN_URL = "http://127.0.0.1:7070";
const INDEX = pathToFileURL(fileURLToPath(new URL("../dist/bundle/index.js", import.meta.url))).href;

let folder: string;
let engine: Engine;
let server: RunningServer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "wardian-readme-"));
  engine = await Engine.open({ state: join(folder, "state") });
  server = await startServer({ engine, listen: ["127.0.0.1:0"] });
});

afterAll(async () => {
  await server.close();
  await engine[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** The first block of that language that has all of these words. */
function block(language: string, ...words: readonly string[]): string {
  const blocks = [...README.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .filter((match) => match[1] === language)
    .map((match) => match[2] ?? "");
  const found = blocks.find((text) => words.every((word) => text.includes(word)));
  if (found === undefined) throw new Error(`README.md has no ${language} block with ${words.join(", ")}`);
  return found.replaceAll(SHOWN_URL, server.addresses[0] ?? "");
}

async function isEmpty(): Promise<boolean> {
  return (await engine.apply({ kind: "list" })).instances.length === 0;
}

test("the walk with curl", { timeout: TIMEOUT_MS }, async () => {
  const { stdout } = await run("bash", ["-euc", block("sh", "curl", "/start")]);
  expect(stdout).toContain('"state":"created"');
  expect(stdout).toContain('"stdout":"hello from riscv64\\n"');
  expect(stdout).toContain('"cpu_utilization":');
  expect(await isEmpty()).toBe(true);
});

test("the walk with the typed client", { timeout: TIMEOUT_MS }, async () => {
  const file = join(folder, "walk.mjs");
  writeFileSync(file, block("ts", "createClient").replace('"wardian"', JSON.stringify(INDEX)));
  const { stdout } = await run(process.execPath, [file]);
  expect(stdout).toContain("riscv64");
  expect(stdout).toContain("cpu_utilization");
  expect(await isEmpty()).toBe(true);
});
