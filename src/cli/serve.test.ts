// `wardian serve` and `wardian token` as processes of their own, from dist/.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, test } from "vitest";

// Only these two commands: what the others need is not this test's business.
const dist = new URL("../../dist/src/cli/", import.meta.url).href;
const SCRIPT = `
  import { Command } from "commander";
  import { addServeCommand } from "${dist}serve.js";
  import { addTokenCommand } from "${dist}token.js";
  import { describeError, sayError } from "${dist}message.js";
  const program = new Command("wardian");
  const finish = (status) => process.exit(status);
  addServeCommand(program, finish);
  addTokenCommand(program, finish);
  program.parseAsync(process.argv.slice(1), { from: "user" }).catch((error) => {
    sayError(describeError(error));
    process.exit(125);
  });`;

let folder = "";
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "wardian-serve-"));
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  rmSync(folder, { recursive: true, force: true });
});

function wardian(...args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, ["--input-type=module", "-e", SCRIPT, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  return child;
}

async function run(...args: readonly string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const child = wardian(...args);
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk) => (stdout += String(chunk)));
  child.stderr?.on("data", (chunk) => (stderr += String(chunk)));
  const [status] = (await once(child, "close")) as [number];
  return { status, stdout, stderr };
}

/** What it prints first, which is when it listens. */
async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("no stdout");
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  return line;
}

function ask(socketPath: string, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, agent: false }, (response) => {
      let body = "";
      response.on("data", (chunk) => (body += String(chunk)));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    asked.on("error", reject).end();
  });
}

test("serve owns the state folder, tells where it listens, and leaves nothing behind", async () => {
  const state = join(folder, "state");
  const child = wardian("serve", "--state", state, "--listen", "127.0.0.1:0", "--json");
  const told = JSON.parse(await firstLine(child)) as { addresses: string[]; state: string; pid: number };
  expect(told).toEqual({ addresses: [expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/)], state, pid: child.pid });
  const socket = join(state, "owner.sock");
  expect(JSON.parse(readFileSync(join(state, "owner.json"), "utf8"))).toMatchObject({ pid: child.pid, socket });
  expect([statSync(socket).mode & 0o777, statSync(state).mode & 0o777]).toEqual([0o600, 0o700]);
  expect((await ask(socket, "/v1/info")).status).toBe(200);
  expect((await fetch(`${told.addresses[0]}/v1/info`)).status).toBe(200);
  const second = await run("serve", "--state", state, "--listen", "127.0.0.1:0");
  expect(second).toMatchObject({ status: 125, stdout: "", stderr: expect.stringMatching(new RegExp(`^wardian: process ${child.pid} uses.*; waiting .*\nwardian: process ${child.pid} uses.*: end it.*\n$`)) });
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
  expect(existsSync(socket) || existsSync(join(state, "owner.json"))).toBe(false);
}); // prettier-ignore

test("serve ends by itself when there is nothing to do", async () => {
  const state = join(folder, "state");
  const socket = join(state, "owner.sock");
  const child = wardian("serve", "--state", state, "--listen", `unix:${socket}`, "--exit-when-idle", "400ms");
  expect(await firstLine(child)).toBe(`Wardian listens on unix:${socket}; its state is in ${state}`);
  expect((await ask(socket, "/v1/info")).status).toBe(200);
  expect(JSON.parse(readFileSync(join(state, "owner.json"), "utf8"))).toMatchObject({ pid: child.pid, background: true });
  const sinceMs = performance.now();
  expect(await once(child, "exit")).toEqual([0, null]);
  expect(performance.now() - sinceMs).toBeGreaterThan(300);
});

test("serve refuses what is not safe or makes no sense, in one line and before it touches anything", async () => {
  const state = join(folder, "state");
  for (const args of [
    ["--listen", "0.0.0.0:0"],
    ["--listen", "nowhere"],
    ["--tls-cert", "cert"],
    ["--token-file", join(folder, "none")],
    ["--rate", "0"],
  ]) {
    const { status, stdout, stderr } = await run("serve", "--state", state, ...args);
    expect([status, stdout, stderr], args.join(" ")).toEqual([125, "", expect.stringMatching(/^wardian: [^\n]+\n$/)]);
  }
  expect(readdirSync(folder)).toEqual([]);
});

test("token makes, lists and revokes", async () => {
  const file = join(folder, "tokens");
  const quotas = ["--max-instances", "9", "--max-running", "2", "--max-memory", "1G", "--max-cpus", "0.5"];
  const made = await run("token", "create", "--file", file, "--name", "ci", "--scope", "operate", "--namespace", "builds", "--expires", "30d", ...quotas);
  expect([made.status, made.stdout]).toEqual([0, expect.stringMatching(/^wdn_[0-9a-f]{16}_[\w-]{43}\n$/)]);
  const again = await run("token", "create", "--file", file, "--name", "ci", "--scope", "read");
  expect([again.status, again.stderr]).toEqual([125, expect.stringMatching(/already/)]);
  const listed = await run("token", "list", "--file", file, "--json");
  expect(JSON.parse(listed.stdout)).toEqual({
    id: made.stdout.slice(4, 20),
    name: "ci",
    scope: "operate",
    namespace: "builds",
    quotas: { instances: 9, running: 2, memoryBytes: 2 ** 30, cpus: 0.5 },
    createdAt: expect.any(String),
    expiresAt: expect.any(String),
    expired: false,
  });
  expect((await run("token", "list", "--file", file)).stdout).toMatch(/^ID .*\n[0-9a-f]{16} +ci +operate +builds +9 instances, 2 running, 1 GiB, 0.5 CPUs +\d{4}-/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  for (const bad of [["--scope", "root"], ["--scope", "read", "--name", "a b"], ["--scope", "read", "--expires", "soon"], ["--scope", "read", "--namespace", "*"]])
    expect((await run("token", "create", "--file", file, "--name", "other", ...bad)).status, bad.join(" ")).toBe(125);
  expect((await run("token", "revoke", "--file", file, "nobody")).status).toBe(125);
  expect((await run("token", "revoke", "--file", file, "ci")).status).toBe(0);
  expect((await run("token", "list", "--file", file, "--json")).stdout).toBe("");
}); // prettier-ignore
