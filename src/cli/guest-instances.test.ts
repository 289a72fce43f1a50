// Commands that go into a guest, as processes of dist/: exec and cp, on one that runs and then on the same one when it has stopped. Skipped,
// with the reason printed, where the default guest is neither cached nor to be had.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fetchGuest } from "../image/debian/guest.js";
import { MAIN } from "./testing/command.js";

const BOOT_TIMEOUT_MS = 120_000;

const files = await fetchGuest().catch((error: unknown) => {
  console.warn(`skipped: the default guest is not to be had (${error instanceof Error ? error.message : error})`);
  return undefined;
});

describe.skipIf(files === undefined)("a guest that stays", { timeout: BOOT_TIMEOUT_MS }, () => {
  const folder = mkdtempSync(join(tmpdir(), "wardian-guest-"));
  const state = join(folder, "state");
  const here = (name: string): string => join(folder, name);

  async function wardian(
    args: readonly string[],
    stdin: string | Uint8Array = "",
  ): Promise<{ status: number | null; stdout: Buffer; stderr: string }> {
    const { WARDIAN_HOST: _host, ...env } = process.env;
    const child = spawn(process.execPath, [MAIN, ...args], { env: { ...env, WARDIAN_STATE: state }, stdio: "pipe" });
    const stdout: Buffer[] = [];
    let stderr = "";
    child.stdout.on("data", (data) => stdout.push(data));
    child.stderr.on("data", (data) => (stderr += data));
    child.stdin.on("error", () => {});
    child.stdin.end(stdin);
    return new Promise((resolve) => child.on("close", (status) => resolve({ status, stdout: Buffer.concat(stdout), stderr })));
  }

  async function ok(...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await wardian(args);
    expect({ args, status, stderr }).toEqual({ args, status: 0, stderr: "" });
    return stdout.toString();
  }

  beforeAll(async () => {
    await ok("create", "--name", "g", "-m", "128M", "busybox");
    await ok("start", "g");
    mkdirSync(here("tree/deep"), { recursive: true });
    writeFileSync(here("tree/deep/file"), "content", { mode: 0o640 });
    symlinkSync("deep/file", here("tree/link"));
  }, BOOT_TIMEOUT_MS);
  afterAll(async () => {
    await wardian(["rm", "-f", "g"]);
    const { pid } = JSON.parse(readFileSync(join(state, "owner.json"), "utf8")) as { pid: number };
    process.kill(pid, "SIGTERM");
    while (existsSync(join(state, "owner.json"))) await sleep(20);
    await ok("ps");
    rmSync(folder, { recursive: true, force: true });
  }, BOOT_TIMEOUT_MS);

  test("exec: streams, environment, folder, user and status", async () => {
    const { status, stdout, stderr } = await wardian([
      "exec",
      "-e",
      "A=x y",
      "-w",
      "/tmp",
      "-u",
      "1000",
      "g",
      "sh",
      "-c",
      "echo $A; pwd; id -u; echo err >&2; exit 5",
    ]);
    expect([status, stdout.toString(), stderr]).toEqual([5, "x y\n/tmp\n1000\n", "err\n"]);
    const bytes = Buffer.alloc(300_001, "0123456789abcdef");
    expect((await wardian(["exec", "-i", "g", "cat"], bytes)).stdout.equals(bytes)).toBe(true);
    expect(await wardian(["exec", "g", "no-such-command"])).toMatchObject({
      status: 127,
      stderr: expect.stringMatching(/^wardian: [^\n]*no-such-command[^\n]*\n$/),
    });
    expect((await wardian(["exec", "g", "sh", "-c", "kill -9 $$"])).status).toBe(137);
    const lines = (await ok("exec", "--json", "g", "echo", "hi")).trim().split("\n").map((line) => JSON.parse(line) as unknown); // prettier-ignore
    expect(lines).toEqual([{ stream: "stdout", data: "hi\n", encoding: "utf8" }, { exit: { status: 0, signal: null } }]);
  });

  test("a reader that goes away ends the command", async () => {
    const child = spawn(process.execPath, [MAIN, "exec", "--state", state, "g", "yes"], { stdio: ["ignore", "pipe", "inherit"] });
    child.stdout.once("data", () => child.stdout.destroy());
    const status = await new Promise((resolve) => child.on("close", resolve));
    expect([1, 141]).toContain(status);
    expect(await ok("exec", "g", "ps")).not.toContain("yes");
  });

  test("cp: folders, contents, names, links and archives", async () => {
    await ok("cp", here("tree"), "g:/tmp");
    expect(await ok("exec", "g", "cat", "/tmp/tree/link")).toBe("content");
    expect(await ok("exec", "g", "stat", "-c", "%a %u", "/tmp/tree/deep/file")).toBe("640 0\n");
    await ok("cp", here("tree/."), "g:/opt");
    await ok("cp", here("tree"), "g:/tmp/other");
    const [source, target, back] = [here("tree/deep/file"), "g:/tmp/named", here("told")];
    const told = [await ok("cp", "--json", source, target), await ok("cp", "--json", target, back)].map(
      (line) => JSON.parse(line) as unknown,
    );
    const sizeBytes = "content".length;
    expect(told).toEqual([
      { source, target, sizeBytes },
      { source: target, target: back, sizeBytes },
    ]);
    expect(await ok("exec", "g", "ls", "/opt", "/tmp/other", "/tmp/named")).toBe(
      "/tmp/named\n\n/opt:\ndeep\nlink\n\n/tmp/other:\ndeep\nlink\n",
    );
    await ok("cp", "g:/tmp/tree", here("back"));
    await ok("cp", "g:/tmp/tree/.", folder);
    await ok("cp", "g:/tmp/named", here("back"));
    expect([
      readFileSync(here("back/deep/file"), "utf8"),
      readFileSync(here("deep/file"), "utf8"),
      readFileSync(here("back/named"), "utf8"),
    ]).toEqual(Array(3).fill("content"));
    expect(readlinkSync(here("back/link"))).toBe("deep/file");
    const { stdout: tar } = await wardian(["cp", "g:/tmp/tree", "-"]);
    expect(execFileSync("tar", ["-t"], { input: tar }).toString().trim().split("\n").toSorted()).toEqual(["tree/", "tree/deep/", "tree/deep/file", "tree/link"]); // prettier-ignore
    expect((await wardian(["cp", "-", "g:/root"], tar)).status).toBe(0);
    expect(await ok("exec", "g", "cat", "/root/tree/deep/file")).toBe("content");
  });

  test("cp: what cannot be is said in one line", async () => {
    // prettier-ignore
    const WRONG: [string, string, RegExp][] = [
      [here("none"), "g:/tmp", /no file/],
      ["g:/none", folder, /none/],
      [here("tree"), "g:/etc/passwd", /is a file there/],
      [here("tree/deep/file"), "g:/no-such-folder/", /no folder/],
      [`${here("tree/deep/file")}/.`, "g:/tmp", /cannot be used|not a folder/],
      ["g:/etc/passwd/.", folder, /not a folder|not a directory/i],
      ["g:/tmp", here("tree/deep/file"), /is a file/],
      ["g:/etc/passwd", here("no/such/folder/x"), /no folder/],
    ];
    for (const [source, target, says] of WRONG) {
      const { status, stderr } = await wardian(["cp", source, target]);
      expect({ source, status, stderr }).toEqual({ source, status: 125, stderr: expect.stringMatching(/^wardian: [^\n]+\n$/) });
      expect(stderr).toMatch(says);
    }
  });

  test("what was written is there when it has stopped, and more can be", async () => {
    await ok("stop", "g");
    await ok("cp", "g:/tmp/tree/deep/file", here("stopped"));
    expect(readFileSync(here("stopped"), "utf8")).toBe("content");
    await ok("cp", here("stopped"), "g:/root/put");
    await ok("start", "g");
    expect(await ok("exec", "g", "cat", "/root/put")).toBe("content");
  });
});
