// Real guests through both doors: the library, and the command line in dist/. Skipped, with the reason printed, where the
// default guest is neither cached nor to be had.
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeTar } from "../image/archive/samples.js";
import { fetchGuest } from "../image/debian/guest.js";
import { type Guest, Wardian } from "../index.js";
import { MAIN } from "./testing/command.js";

const BOOT_TIMEOUT_MS = 120_000;

const files = await fetchGuest().catch((error: unknown) => {
  console.warn(`skipped: the default guest is not to be had (${error instanceof Error ? error.message : error})`);
  return undefined;
});

describe.skipIf(files === undefined)("a guest in the library", { timeout: BOOT_TIMEOUT_MS }, () => {
  let guest: Guest;
  beforeAll(async () => {
    guest = await Wardian.boot({ memory: "128M" });
  }, BOOT_TIMEOUT_MS);
  afterAll(() => guest?.stop());

  test("runs a command and keeps its streams apart", async () => {
    const { stdout, stderr, status } = await guest.run(["sh", "-c", "echo out; echo err >&2; exit 3"]);
    expect([stdout.toString(), stderr.toString(), status]).toEqual(["out\n", "err\n", 3]);
  });

  test("is byte-exact in both directions", async () => {
    const bytes = randomBytes(700_001);
    const { stdout } = await guest.run(["cat"], { stdin: bytes });
    expect(stdout.equals(bytes)).toBe(true);
    const { stdout: sum } = await guest.run(["sha256sum"], { stdin: bytes });
    expect(sum.toString()).toContain(createHash("sha256").update(bytes).digest("hex"));
  });

  test("takes environment, folder and user", async () => {
    const { stdout } = await guest.run(["sh", "-c", "echo $A; pwd; id -u"], { env: { A: "x y" }, cwd: "/tmp", user: "1000" });
    expect(stdout.toString()).toBe("x y\n/tmp\n1000\n");
  });

  test("runs several commands at once", async () => {
    const results = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => guest.run(["sh", "-c", `sleep 0.2; echo ${n}`])));
    expect(results.map(({ stdout }) => stdout.toString())).toEqual(["1\n", "2\n", "3\n", "4\n", "5\n", "6\n"]);
  });

  test("a signal, an abort and a missing command each end as they should", async () => {
    const sleeper = await guest.exec(["sleep", "100"]);
    sleeper.kill("SIGTERM");
    expect(await sleeper.exit).toMatchObject({ code: null, signal: "SIGTERM", status: 143 });
    const abort = new AbortController();
    const aborted = await guest.exec(["sleep", "100"], { signal: abort.signal });
    abort.abort(new Error("enough"));
    await expect(aborted.exit).rejects.toThrow("enough");
    expect(await guest.run(["no-such-command"])).toMatchObject({ status: 127, failure: expect.stringContaining("no-such-command") });
  });

  test("a terminal has the size it is given", async () => {
    const command = await guest.exec(["sh", "-c", "stty size; read x; stty size"], { tty: { rows: 11, cols: 44 } });
    let text = "";
    for await (const chunk of command.stdout) {
      text += chunk;
      if (text === "11 44\r\n") {
        command.resize(55, 22);
        command.stdin.write("\r");
      }
    }
    expect(text).toBe("11 44\r\n\r\n22 55\r\n");
  });

  test("files go up and come down", async () => {
    const bytes = randomBytes(100_000);
    await guest.writeFile("/tmp/file", bytes, { mode: 0o600 });
    expect(Buffer.from(await guest.readFile("/tmp/file")).equals(bytes)).toBe(true);
    expect((await guest.run(["stat", "-c", "%a %s", "/tmp/file"])).stdout.toString()).toBe("600 100000\n");
    await expect(guest.readFile("/no/such/file")).rejects.toMatchObject({ code: "no-file" });
  });

  test("output without end is cut off, and the guest lives on", async () => {
    await expect(guest.run(["yes"], { limitBytes: 100_000 })).rejects.toMatchObject({ code: "output-too-large" });
    expect((await guest.run(["true"])).status).toBe(0);
  });

  test("a panic ends everything that runs, and says why", async () => {
    const command = await guest.exec(["sh", "-c", "echo c > /proc/sysrq-trigger; sleep 100"]);
    await expect(command.exit).rejects.toMatchObject({ code: "agent-closed" });
    expect(await guest.exit).toMatchObject({ reason: "crashed", message: expect.stringContaining("sysrq triggered crash") });
    await expect(guest.run(["true"])).rejects.toMatchObject({ code: "not-running" });
  });
});

interface Outcome {
  status: number | null;
  stdout: Buffer;
  stderr: string;
}

function run(
  args: readonly string[],
  stdin?: Uint8Array,
  onOutput: (child: ReturnType<typeof spawn>) => void = () => {},
): Promise<Outcome> {
  const child = spawn(process.execPath, [MAIN, "run", ...args], { stdio: ["pipe", "pipe", "pipe"] });
  const stdout: Buffer[] = [];
  let stderr = "";
  child.stdout.on("data", (data) => {
    stdout.push(data);
    onOutput(child);
  });
  child.stderr.on("data", (data) => {
    stderr += data;
  });
  child.stdin.on("error", () => {});
  child.stdin.end(stdin);
  return new Promise((resolve) => child.on("close", (status) => resolve({ status, stdout: Buffer.concat(stdout), stderr })));
}

describe.skipIf(files === undefined)("wardian run", { timeout: BOOT_TIMEOUT_MS }, () => {
  if (files === undefined) return;
  const folder = mkdtempSync(join(tmpdir(), "wardian-run-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  test("streams both ways, byte-exact, and ends with the command's status", async () => {
    const bytes = randomBytes(300_000);
    const { status, stdout, stderr } = await run(
      ["-i", "-e", "A=b", "-w", "/tmp", "busybox", "sh", "-c", 'cat; echo "$A $PWD" >&2; exit 5'],
      bytes,
    );
    expect({ status, stderr }).toEqual({ status: 5, stderr: "b /tmp\n" });
    expect(stdout.equals(bytes)).toBe(true);
  });

  test("a command that is not there is 127 and one line", async () => {
    const { status, stderr } = await run(["busybox", "no-such-command"]);
    expect(status).toBe(127);
    expect(stderr).toMatch(/^wardian: [^\n]*no-such-command[^\n]*\n$/);
  });

  test("a time limit is 124", async () => {
    expect((await run(["--timeout", "1s", "busybox", "sleep", "100"])).status).toBe(124);
  });

  test("a signal is passed on", async () => {
    const script = "trap 'echo got it; exit 9' TERM; echo ready; while :; do sleep 0.1; done";
    let signals = 0;
    const { status, stdout } = await run(["busybox", "sh", "-c", script], undefined, (child) => {
      if (signals++ === 0) child.kill("SIGTERM");
    });
    expect({ status, stdout: stdout.toString().slice(0, 13) }).toEqual({ status: 9, stdout: "ready\ngot it\n" });
  });

  test("a compressed tar is an image, and its own /init stays", async () => {
    const busybox = readFileSync(files.busybox);
    const tar = makeTar([
      { name: "bin/", flag: "5", mode: 0o755 },
      { name: "bin/sh", mode: 0o755, data: busybox },
      { name: "init", mode: 0o755, data: Buffer.from("#!/bin/sh\necho own init\n") },
    ]);
    const path = join(folder, "rootfs.tar.gz");
    writeFileSync(path, gzipSync(tar));
    const { status, stdout, stderr } = await run([path, "/init"]);
    expect({ status, stdout: stdout.toString(), stderr }).toEqual({ status: 0, stdout: "own init\n", stderr: "" });
  });

  test("too little memory is one line that says so", async () => {
    const { status, stderr } = await run(["-m", "64M", "busybox", "true"]);
    expect(status).toBe(125);
    expect(stderr).toMatch(/^wardian: [^\n]*more memory[^\n]*\n$/);
  });
});
