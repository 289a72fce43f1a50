// Containers through the command line at a server that runs: every command, as processes of dist/.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import * as programs from "../container/program-samples.js";
import { ECHO_CLIENT, ECHO_SERVER } from "../container/socket-samples.js";
import { beginCommand, MAIN, type Outcome } from "./testing/command.js";

const folder = mkdtempSync(join(tmpdir(), "wardian-cli-containers-"));
const state = join(folder, "state");
const images = join(state, "images");
let server: ChildProcess;
let host: string;

beforeAll(async () => {
  mkdirSync(images, { recursive: true, mode: 0o700 });
  const samples = { hello: programs.HELLO, both: programs.BOTH, echo: programs.ECHO, turned: programs.ECHO_TURNED, loop: programs.LOOP, tells: programs.TELLS, trap: programs.UNREACHABLE, makes: programs.MAKES, text: Buffer.from("text"), missing: programs.MISSING, seven: programs.endsWith(7) }; // prettier-ignore
  for (const [name, bytes] of Object.entries(samples)) writeFileSync(join(images, `${name}.wasm`), bytes);
  for (const path of [ECHO_SERVER, ECHO_CLIENT]) copyFileSync(path, join(images, basename(path)));
  server = spawn(process.execPath, [MAIN, "serve", "--state", state, "--listen", "127.0.0.1:0", "--json"], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(createInterface(server.stdout as NodeJS.ReadableStream), "line")) as [string];
  host = (JSON.parse(line) as { addresses: [string] }).addresses[0];
}); // prettier-ignore
afterAll(async () => {
  server.kill("SIGTERM");
  await once(server, "exit");
  rmSync(folder, { recursive: true, force: true });
});

/** What a test that failed has left. */
afterEach(async () => {
  const { instances } = (await (await fetch(`${host}/v1/instances`)).json()) as { instances: { id: string }[] };
  for (const { id } of instances) await fetch(`${host}/v1/instances/${id}?force=true`, { method: "DELETE" });
});

const begin = (args: readonly string[], env: NodeJS.ProcessEnv = {}): ReturnType<typeof beginCommand> =>
  beginCommand(args, { WARDIAN_HOST: host, ...env }, "latin1");

async function wardian(args: readonly string[], stdin: string | Uint8Array = "", env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const { child, outcome } = begin(args, env);
  child.stdin?.end(stdin);
  return outcome;
}

/** Its stdout; it has to succeed, and to say nothing else. */
async function ok(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await wardian(args);
  expect({ args, status, stderr }).toEqual({ args, status: 0, stderr: "" });
  return stdout;
}

const WRONG_LINE = /^wardian: [^\n]+\n$/;

describe("a container, command by command", { timeout: 120_000 }, () => {
  test("create, start, wait, logs, inspect, ps, rm", async () => {
    const id = (await ok("create", "--name", "t", "-e", "A=b c", "-m", "1M", "tells.wasm", "--dir", "x y")).trim();
    expect(id).toMatch(/^[0-9a-f]{12}$/);
    expect(await ok("start", "t")).toBe("t\n");
    expect(await ok("wait", "t")).toBe("0\n");
    expect(await ok("logs", "t")).toBe("tells.wasm\0--dir\0x y\0A=b c\0");
    expect(JSON.parse(await ok("inspect", "t"))).toMatchObject([{ id, spec: { kind: "container", image: "tells.wasm", command: ["--dir", "x y"] } }]); // prettier-ignore
    expect(await ok("ps", "-a")).toMatch(new RegExp(`\n${id} +t +exited +tells.wasm +"--dir x y" +.* ago +exited \\(0\\) .* ago\n`));
    expect(await ok("rm", "t")).toBe("t\n");
    expect((await wardian(["inspect", "t"])).status).toBe(125);
  });

  test("logs of one without arguments: both streams, to where they belong", async () => {
    await ok("create", "--name", "b", "both.wasm");
    await ok("start", "b");
    await ok("wait", "b");
    expect(await wardian(["logs", "b"])).toEqual({ status: 0, stdout: "out\n", stderr: "err\n" });
    expect(await wardian(["logs", "-f", "--stream", "stderr", "b"])).toEqual({ status: 0, stdout: "", stderr: "err\n" });
    expect((await ok("logs", "--json", "b")).split("\n").filter((line) => line.includes('"stdout"')).length).toBe(1);
    await ok("rm", "b");
  });

  test("start -a: outputs apart, and its status", async () => {
    await ok("create", "--name", "b", "both.wasm");
    for (let round = 0; round < 2; round++) expect(await wardian(["start", "-a", "b"])).toEqual({ status: 0, stdout: "out\n", stderr: "err\n" }); // prettier-ignore
    await ok("create", "--name", "seven", "seven.wasm");
    expect(await wardian(["start", "-a", "seven"])).toEqual({ status: 7, stdout: "", stderr: "" });
    await ok("rm", "b", "seven");
  });

  test("start -i and attach: input, byte for byte, to its end", async () => {
    await ok("create", "-i", "--name", "e", "turned.wasm");
    const sent = Buffer.from(Array.from({ length: 300_001 }, (_, i) => (i * 167) & 255));
    const { status, stdout, stderr } = await wardian(["start", "-i", "e"], sent);
    expect([status, stdout === sent.toString("latin1"), stderr === Buffer.from(sent.map((byte) => byte ^ 255)).toString("latin1")]).toEqual([0, true, true]); // prettier-ignore
    await ok("start", "e");
    expect(await wardian(["attach", "e"], "abc")).toMatchObject({ status: 0, stdout: "abc" });
    await ok("rm", "e");
  });

  test("input that it does not take is refused, or told to be lost", async () => {
    await ok("create", "--name", "n", "loop.wasm");
    const refused = { status: 125, stderr: "wardian: nothing can be passed on to n: its stdin is not kept open; create it with -i\n" };
    expect(await wardian(["start", "-i", "n"], "x")).toMatchObject(refused);
    await ok("start", "n");
    const { child, outcome } = begin(["attach", "n"]);
    child.stdin?.write("lost");
    await once(child.stderr as NodeJS.ReadableStream, "data");
    await ok("kill", "n");
    expect((await outcome).stderr).toMatch(/what comes on stdin is not passed on/);
    await ok("rm", "n");
  });

  test("a signal at attach is the program's", async () => {
    await ok("create", "-i", "--name", "s", "echo.wasm");
    await ok("start", "s");
    const { child, outcome } = begin(["attach", "s"]);
    child.stdin?.write("here");
    await once(child.stdout as NodeJS.ReadableStream, "data");
    child.kill("SIGTERM");
    expect(await outcome).toMatchObject({ status: 143, stdout: "here" });
    expect(await ok("wait", "s")).toBe("143\n");
    await ok("rm", "s");
  });

  test("pause, resume, stats, restart, stop, kill, events", async () => {
    await ok("create", "--pausable", "--name", "p", "loop.wasm");
    await ok("start", "p");
    expect(await ok("pause", "p")).toBe("p\n");
    expect(await ok("ps")).toMatch(/ paused +loop.wasm .*\(paused\)\n/);
    expect(await ok("resume", "p")).toBe("p\n");
    expect(await ok("stats", "--no-stream", "p")).toMatch(/ p +running +[\d.]+ +256K +256M /);
    expect(JSON.parse(await ok("stats", "--no-stream", "--json", "p"))).toMatchObject({ name: "p", counters: { memory_resident_bytes: 262_144 } }); // prettier-ignore
    expect(await ok("restart", "p")).toBe("p\n");
    expect(await ok("stop", "p")).toBe("p\n");
    expect(await ok("wait", "p")).toBe("143\n");
    await ok("start", "p");
    expect(await ok("kill", "p")).toBe("p\n");
    expect(await ok("wait", "p")).toBe("137\n");
    const events = (await ok("events", "--no-follow", "--json", "--filter", "instance=p")).trim().split("\n").map((line) => (JSON.parse(line) as { type: string }).type); // prettier-ignore
    expect(events.slice(0, 5)).toEqual(["created", "starting", "started", "paused", "resumed"]);
    await ok("start", "p");
    expect((await wardian(["rm", "p"])).stderr).toMatch(/cannot be removed: it is running/);
    expect(await ok("rm", "-f", "p")).toBe("p\n");
  });
});

describe("why it ended", () => {
  test.each([
    ["a trap", [], "trap.wasm", 134, "crashed", /^wardian: x: the program trapped: unreachable/],
    ["its fuel", ["--fuel", "5000"], "loop.wasm", 134, "out-of-fuel", /^wardian: x: the program was ended: its fuel is used up\n$/],
    ["its time", ["--run-time", "200ms"], "loop.wasm", 124, "timeout", /^wardian: x: its run time was up\n$/],
    ["its CPU time", ["--cpu-time", "50ms"], "loop.wasm", 124, "cpu-time", /^wardian: x: its CPU time was up\n$/],
    ["its output", ["--output-limit", "2"], "hello.wasm", 137, "output-limit", /^wardian: x: it was ended: its output passed the limit\n$/],
  ] as const)("%s is told in a line", async (_what, options, image, status, reason, words) => {
    await ok("create", "--name", "x", ...options, image);
    const outcome = await wardian(["start", "-a", "x"]);
    expect(outcome).toMatchObject({ status, stderr: expect.stringMatching(words) });
    expect(outcome.stderr).toMatch(WRONG_LINE);
    expect(await wardian(["wait", "x"])).toMatchObject({ status: 0, stdout: `${status}\n`, stderr: outcome.stderr });
    expect(await wardian(["logs", "-f", "x"])).toMatchObject({ status: 0, stderr: outcome.stderr });
    expect(await ok("ps", "-a")).toMatch(new RegExp(` ${reason} \\(${status}\\) .* ago\n`));
    await ok("rm", "x");
  });
});

test("volume ls and inspect tell of volumes, and that they go with their instances", async () => {
  expect(await ok("volume", "ls")).toBe("NAME   USED   SIZE   INODES   USED BY\n");
  await ok("create", "--name", "x", "-v", "data:/v:size=1M", "loop.wasm");
  await ok("create", "--name", "y", "-v", "data:/v:ro", "makes.wasm");
  expect(await ok("volume", "ls")).toMatch(/\ndata +- +1 MiB +- +x y\n/);
  await ok("start", "x");
  expect(await ok("volume", "ls")).toMatch(/\ndata +\d+ B +1 MiB +1 +x! y\n/);
  const { stdout, status, stderr } = await wardian(["volume", "inspect", "data", "other"]);
  const usedBy = [{ name: "x", state: "running", readOnly: false }, { name: "y", guestPath: "/v", readOnly: true }];
  expect(JSON.parse(stdout)).toMatchObject([{ name: "data", isMade: true, sizeBytes: 2 ** 20, maxInodes: 256, usedBy }]);
  expect([status, stderr]).toEqual([125, 'wardian: no instance names a volume "other"\n']);
  expect(JSON.parse(await ok("volume", "ls", "--json"))).toMatchObject({ name: "data", namespace: "default" });
  expect((await wardian(["volume", "rm", "data"])).status).toBe(125);
  await ok("rm", "-f", "x", "y");
  expect(await ok("volume", "ls")).toBe("NAME   USED   SIZE   INODES   USED BY\n");
}); // prettier-ignore

test("limits are in the record, as they were given", async () => {
  const options = [
    "--descriptors-limit",
    "9",
    "--file-size-limit",
    "1M",
    "--write-limit",
    "2M",
    "--files-limit",
    "4",
    "--table-limit",
    "5",
  ];
  await ok("create", "--name", "x", ...options, "--cpu-time", "2s", "--output-limit", "3K", "--fuel", "6", "loop.wasm");
  const limits = { descriptors: 9, fileSize: 2 ** 20, written: 2 ** 21, createdFiles: 4, tableElements: 5, cpuTimeMs: 2000, output: 3072, fuel: 6 }; // prettier-ignore
  expect(JSON.parse(await ok("inspect", "x"))).toMatchObject([{ spec: { limits } }]);
  await ok("rm", "x");
});

describe("what it is not for, in one line and 125", () => {
  test.each([
    ["pause", ["pause", "x"], /pausable/],
    ["exec", ["exec", "x", "ls"], /is a container/],
    ["cp from it", ["cp", "x:/a", "."], /is a container/],
    ["cp to it", ["cp", MAIN, "x:/a"], /is a container/],
  ])("%s", async (_what, args, words) => {
    await ok("create", "--name", "x", "loop.wasm");
    await ok("start", "x");
    const { status, stdout, stderr } = await wardian(args);
    expect({ status, stdout, stderr }).toEqual({ status: 125, stdout: "", stderr: expect.stringMatching(words) });
    expect(stderr).toMatch(WRONG_LINE);
    await ok("rm", "-f", "x");
  });

  test.each([
    ["text", "text.wasm", /not a WebAssembly module/],
    ["unknown imports", "missing.wasm", /"env"\."one"/],
  ])("%s does not start", async (_what, image, words) => {
    await ok("create", "--name", "x", image);
    for (const args of [["start", "x"], ["start", "-a", "x"]]) {
      const { status, stderr } = await wardian(args);
      expect({ args, status, stderr }).toEqual({ args, status: 125, stderr: expect.stringMatching(words) });
      expect(stderr).toMatch(WRONG_LINE);
    }
    expect(await ok("ps", "-a")).toMatch(/ exited +.* failed .*\n/);
    await ok("rm", "x");
  }); // prettier-ignore

  test("those that need one another start in their order, whatever the one that is given", async () => {
    await ok("create", "--name", "c1", "--connect", "s", "echo-client.wasm", "one");
    await ok("create", "--name", "c2", "--connect", "s", "echo-client.wasm", "two");
    await ok("create", "--name", "s", "--listen", "s", "echo-server.wasm", "2");
    expect(await wardian(["start", "c1"])).toMatchObject({ status: 125, stderr: expect.stringMatching(/^wardian: nobody listens on the socket s:/) });
    expect(await ok("start", "c1", "c2", "s")).toBe("s\nc1\nc2\n");
    expect(await ok("wait", "c1", "c2", "s")).toBe("0\n0\n0\n");
    expect([await ok("logs", "c1"), await ok("logs", "s")]).toEqual(["one\n", "2 connections, 8 bytes\n"]);
    await ok("create", "--name", "w", "hello.wasm");
    await ok("create", "--name", "r", "--stdin-from", "w", "echo.wasm");
    const some = await wardian(["start", "w", "nobody", "r"]);
    expect(some).toMatchObject({ status: 125, stdout: "r\nw\n", stderr: expect.stringMatching(WRONG_LINE) });
    await ok("wait", "r");
    expect([await ok("logs", "w"), await ok("logs", "r")]).toEqual(["", "hello\n"]);
    await ok("rm", "c1", "c2", "s", "w", "r");
  }); // prettier-ignore

  test.each([
    ["no such image", ["none.wasm"], /"none\.wasm"/],
    ["a folder of the host over TCP", ["--dir", "/etc::/x", "makes.wasm"], /mounts: folders of the host/],
    ["an option for machines", ["--kernel", "k", "hello.wasm"], /a container goes without kernel/],
  ])("%s is not created", async (_what, args, words) => {
    const { status, stdout, stderr } = await wardian(["create", ...args]);
    expect({ status, stdout, stderr }).toEqual({ status: 125, stdout: "", stderr: expect.stringMatching(words) });
    expect(stderr).toMatch(WRONG_LINE);
  });
});

test("the user's own socket gives folders of the host, and a folder that is gone is told", async () => {
  const own = { WARDIAN_HOST: "", WARDIAN_STATE: state };
  const given = join(folder, "given");
  mkdirSync(given);
  const program = join(images, "makes.wasm");
  expect((await wardian(["create", "--name", "m", "--dir", `${given}::/work`, program], "", own)).status).toBe(0);
  expect(await wardian(["start", "-a", "m"], "", own)).toEqual({ status: 0, stdout: "", stderr: "" });
  expect(readFileSync(join(given, "made"), "utf8")).toBe("");
  rmSync(given, { recursive: true });
  const { status, stderr } = await wardian(["start", "-a", "m"], "", own);
  expect([status, stderr]).toEqual([125, expect.stringContaining(given)]);
  expect(stderr).toMatch(WRONG_LINE);
  await ok("rm", "m");
});
