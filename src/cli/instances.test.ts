// The commands for instances that stay, as processes of dist/ that share a state folder: bare machines, which start in milliseconds.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { appends, SHOWS } from "../container/file-samples.js";
import { ECHO, HELLO, LOOP } from "../container/program-samples.js";
import { ECHO_CLIENT, ECHO_SERVER } from "../container/socket-samples.js";
import { writePrograms } from "../instance/program-sample.js";
import { beginCommand, MAIN, type Outcome } from "./testing/command.js";

const folder = mkdtempSync(join(tmpdir(), "wardian-cli-"));
const programs = join(folder, "programs");
writePrograms(programs);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let state: string;
let states = 0;
beforeEach(() => {
  state = join(folder, `state${states++}`);
});
afterEach(async () => {
  const pid = ownerPid();
  if (pid === undefined) return;
  process.kill(pid, "SIGTERM");
  await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false);
});

function ownerPid(): number | undefined {
  try {
    return (JSON.parse(readFileSync(join(state, "owner.json"), "utf8")) as { pid: number }).pid;
  } catch {
    return undefined;
  }
}

/** One that is dead may still have its number: not every system's first process clears away what it inherits at once. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !existsSync("/proc/self/stat") || !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

const begin = (args: readonly string[], env: NodeJS.ProcessEnv = {}): ReturnType<typeof beginCommand> =>
  beginCommand(args, { WARDIAN_STATE: state, ...env });

async function wardian(args: readonly string[], stdin = "", env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
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

const create = async (program: string, ...options: string[]): Promise<string> =>
  (await ok("create", ...options, "--kernel", join(programs, program))).trim();

const records = (stdout: string): Record<string, never>[] =>
  stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, never>);

test("what needs no running instance leaves no process behind", async () => {
  const id = await create("end-0", "--name", "one", "--label", "a=1");
  expect(id).toMatch(/^[0-9a-f]{12}$/);
  expect(await ok("ps")).toMatch(/^ID +NAME +STATE +IMAGE\/KERNEL +COMMAND +CREATED +STATUS\n$/);
  expect(await ok("ps", "-a")).toMatch(new RegExp(`\n${id} +one +created +end-0 +- +.* ago +never started\n$`));
  expect(await ok("ps", "-aq", "--filter", "label=a")).toBe(`${id}\n`);
  expect(await ok("ps", "-a", "--json", "--filter", "label=a=2")).toBe("");
  expect(await ok("rename", "one", "two")).toBe("two\n");
  expect(JSON.parse(await ok("inspect", "two"))).toMatchObject([{ id, name: "two" }]);
  expect(records(await ok("inspect", "--json", id))).toMatchObject([{ id }]);
  expect(await ok("logs", "two")).toBe("");
  expect((await ok("events", "--no-follow")).match(/ (created|renamed) /g)).toEqual([" created ", " renamed "]);
  expect(records(await ok("events", "--no-follow", "--filter", "type=renamed", "--json"))).toMatchObject([
    { type: "renamed", name: "two" },
  ]);
  expect(await ok("rm", "two")).toBe("two\n");
  expect(ownerPid()).toBeUndefined();
});

test("start, wait, logs, and start again", async () => {
  const id = await create("hello", "--name", "h");
  expect(await ok("start", "h")).toBe("h\n");
  expect(await ok("wait", "h")).toBe("0\n");
  expect(await ok("logs", "h")).toBe("hello\n");
  expect(await ok("logs", "-t", "h")).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z hello\n$/);
  expect(await ok("logs", "-f", "-n", "1", "h")).toBe("hello\n");
  expect(records(await ok("logs", "--json", "h"))).toMatchObject([{ stream: "console", data: "hello\n", encoding: "utf8" }]);
  expect(records(await ok("start", "--json", "h"))).toMatchObject([{ id }]);
  expect(records(await ok("wait", "--json", "h"))).toMatchObject([{ id, state: "exited", end: { status: 0 } }]);
  expect(await ok("ps", "-a")).toMatch(/ exited +hello +- +.* ago +exited \(0\) .* ago\n$/);
});

test("start -a shows everything, and ends with the instance's status", async () => {
  await create("hello", "--name", "h");
  await create("end-7", "--name", "seven");
  for (let round = 0; round < 3; round++) expect(await wardian(["start", "-a", "h"])).toEqual({ status: 0, stdout: "hello\n", stderr: "" });
  expect((await wardian(["start", "-a", "seven"])).status).toBe(7);
  const lines = records((await wardian(["start", "-a", "--json", "h"])).stdout);
  expect(lines.filter((line) => "stream" in line)).toMatchObject([{ stream: "stdout", data: "hello\n" }]);
});

test("pause, resume, restart, stop, kill, remove", async () => {
  await create("ready", "--name", "r");
  await ok("start", "r");
  expect(await ok("pause", "r")).toBe("r\n");
  expect(await ok("ps")).toMatch(/ paused .* up .* \(paused\)\n$/);
  expect(await ok("resume", "r")).toBe("r\n");
  expect(await ok("stop", "-t", "0", "r")).toBe("r\n");
  expect(await ok("restart", "-t", "0", "r")).toBe("r\n");
  expect((await wardian(["rm", "r"])).stderr).toMatch(/^wardian: .*cannot be removed: it is running.*\n$/);
  expect(await ok("kill", "r")).toBe("r\n");
  expect(await ok("wait", "r")).toBe("137\n");
  await ok("start", "r");
  expect(await ok("rm", "-f", "r")).toBe("r\n");
  expect(await ok("ps", "-aq")).toBe("");
});

test("attach: input goes in, output comes out, and the status at the end", async () => {
  await create("echo", "--name", "e");
  await ok("start", "e");
  const { child, outcome } = begin(["attach", "e"]);
  let text = "";
  const echoed = new Promise<void>((resolve) =>
    child.stdout?.on("data", (data) => {
      text += data;
      if (text.includes("typed")) resolve();
    }),
  );
  child.stdin?.write("typed");
  await echoed;
  await ok("kill", "e");
  expect(await outcome).toMatchObject({ status: 137, stderr: "" });
  await ok("start", "e");
  const second = begin(["attach", "--no-stdin", "e"]);
  await ok("wait", "--until", "running", "e");
  // It is a console: a signal detaches, and the machine runs on.
  await expect
    .poll(
      () => {
        second.child.kill("SIGINT");
        return second.child.exitCode ?? second.child.signalCode;
      },
      { timeout: 20_000 },
    )
    .not.toBeNull();
  expect((await second.outcome).status === 130 || second.child.signalCode === "SIGINT").toBe(true);
  expect(records(await ok("inspect", "--json", "e"))).toMatchObject([{ state: "running" }]);
});

test("one that fails does not keep the others from it", async () => {
  await create("end-0", "--name", "a");
  await create("end-0", "--name", "b");
  const { status, stdout, stderr } = await wardian(["rm", "a", "none", "b"]);
  expect([status, stdout]).toEqual([125, "a\nb\n"]);
  expect(stderr).toBe('wardian: there is no instance "none"\n');
  const inspected = await wardian(["inspect", "none"]);
  expect([inspected.status, JSON.parse(inspected.stdout)]).toEqual([125, []]);
});

// prettier-ignore
const WRONG: [string[], RegExp][] = [
  [["create"], /image: give an image, or a kernel or bios/],
  [["create", "--cpus", "2", "busybox"], /from 0\.01 to 1/],
  [["create", "--restart", "always:3", "busybox"], /always takes no number: only on-failure:N/],
  [["ps", "--host", "http://127.0.0.1:1", "--state", "/tmp"], /exclude each other/],
  [["ps", "--host", "https://127.0.0.1:1", "--tls-ca", "package.json"], /package\.json holds no PEM certificate/],
  [["ps", "--host", "https://127.0.0.1:1", "--tls-cert", "package.json"], /--tls-cert and --tls-key go together/],
  [["ps", "--host", "https://127.0.0.1:1", "--tls-cert", "package.json", "--tls-key", "package.json"], /package\.json are no certificate and its key/],
  [["token", "list"], /'--file <file>' not specified; see wardian token list --help$/m],
  [["start", "--flee", "x"], /unknown option '--flee'; see wardian start --help$/m],
  [["ps", "a", "b"], /got 2; see wardian ps --help$/m],
  [["create", "--restart", "maybe", "busybox"], /no restart policy "maybe"/],
  [["create", "--rm", "--restart", "always", "busybox"], /exclude each other/],
  [["create", "--name", "a b", "busybox"], /name: 1 to 63/],
  [["create", "./no-such.tar"], /no file .*no-such\.tar/],
  [["start", "none"], /no instance "none"/],
  [["start", "-a", "one", "two"], /for one instance/],
  [["exec", "none", "ls"], /no instance/],
  [["exec", "none"], /missing required argument/],
  [["logs", "--since", "soon", "x"], /not a point in time/],
  [["logs", "--stream", "stdin", "x"], /no stream "stdin"/],
  [["events", "--filter", "type=x"], /no event "x"/],
  [["ps", "--filter", "colour=red"], /not a filter/],
  [["ps", "--filter", "state=flying"], /no state "flying"/],
  [["wait", "--until", "tomorrow", "x"], /no state "tomorrow"/],
  [["stop", "-t", "soon", "x"], /not a number of seconds/],
  [["cp", "a", "b"], /neither is in an instance/],
  [["cp", "a:/x", "b:/y"], /do not copy to each other/],
  [["cp", "none:/x", "."], /no instance/],
  [["ps", "--host", "ftp://x"], /no server's address/],
  [["ps", "--host", "unix:/nowhere.sock"], /cannot be reached: there is no such socket/],
  [["ps", "--host", "http://127.0.0.1:1", "--token-file", "/no/such/file"], /token file .* does not exist/],
];
test.each(WRONG)("%j: one line and 125", async (args, says) => {
  const { status, stdout, stderr } = await wardian(args);
  expect(stderr).toMatch(/^wardian: [^\n]+\n$/);
  expect(stderr).toMatch(says);
  expect({ status, stdout }).toEqual({ status: 125, stdout: "" });
});

test("every command has help, with the way to its engine", async () => {
  const commands = [
    "create",
    "start",
    "stop",
    "kill",
    "pause",
    "resume",
    "restart",
    "rm",
    "rename",
    "ps",
    "inspect",
    "logs",
    "exec",
    "attach",
    "cp",
    "events",
    "wait",
  ];
  const helps = await Promise.all(commands.map((command) => ok(command, "--help")));
  for (const help of helps) for (const word of ["--json", "--host", "--state", "WARDIAN_TOKEN"]) expect(help).toContain(word);
});

describe("a state folder that several share", () => {
  test("twenty at once, and none is lost", { timeout: 120_000 }, async () => {
    const names = Array.from({ length: 20 }, (_, i) => `n${i}`);
    const outcomes = await Promise.all(names.map((name) => wardian(["create", "--name", name, "--kernel", join(programs, "end-0")])));
    expect(outcomes.filter(({ status, stderr }) => status !== 0 || stderr !== "")).toEqual([]);
    const listed = records(await ok("ps", "-a", "--json"));
    expect(listed.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
  });

  test("two that need an owner at once get one and the same", async () => {
    await create("ready", "--name", "a");
    await create("ready", "--name", "b");
    const started = await Promise.all([wardian(["start", "a"]), wardian(["start", "b"])]);
    expect(started.map(({ status, stderr }) => [status, stderr])).toEqual([[0, ""], [0, ""]]); // prettier-ignore
    expect((await ok("ps", "-q")).trim().split("\n")).toHaveLength(2);
  });

  test("an owner that is killed is replaced, and what it knew is known", async () => {
    const id = await create("ready", "--name", "a");
    await ok("start", "a");
    const pid = ownerPid() ?? 0;
    process.kill(pid, "SIGKILL");
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
    expect(records(await ok("inspect", "--json", id))).toMatchObject([{ state: "exited", end: { reason: "lost" } }]);
    await ok("start", "a");
    expect(ownerPid()).not.toBe(pid);
    expect(records(await ok("ps", "--json"))).toMatchObject([{ id, state: "running" }]);
  });

  test("what is to run always runs again after a kill, whatever is asked first", async () => {
    await create("ready", "--name", "a", "--restart", "always");
    await ok("start", "a");
    const pid = ownerPid() ?? 0;
    process.kill(pid, "SIGKILL");
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
    await ok("ps");
    expect(await ok("wait", "--until", "running", "--timeout", "30s", "a")).toBe("running\n");
  });

  test("so do containers, by their policies; a volume of theirs comes back empty", async () => {
    const [writes, loops, shows] = ["writes", "loops", "shows"].map((name) => join(folder, `${name}.wasm`)) as [string, string, string];
    for (const [path, bytes] of [[writes, appends("hello", 2)], [loops, LOOP], [shows, SHOWS]] as const) writeFileSync(path, bytes);
    const policies = { a: "always", b: "on-failure", c: "no" };
    for (const [name, policy] of Object.entries(policies)) await ok("create", "--name", name, "--restart", policy, "-v", "data:/data", loops);
    await ok("start", "a", "b", "c");
    await ok("run", "-v", "data:/data", writes);
    expect(await ok("run", "-v", "data:/data", shows)).toBe("hellohello");
    const pid = ownerPid() ?? 0;
    process.kill(pid, "SIGKILL");
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
    for (const name of ["a", "b"]) expect(await ok("wait", "--until", "running", "--timeout", "30s", name)).toBe("running\n");
    expect(ownerPid()).not.toBe(pid);
    expect(records(await ok("inspect", "--json", "a", "b", "c"))).toMatchObject([
      { state: "running", restarts: 1 },
      { state: "running", restarts: 1 },
      { state: "exited", restarts: 0, end: { reason: "lost", status: 125 } },
    ]);
    expect((await wardian(["run", "-v", "data:/data", shows])).status).toBe(44); // NOENT
  }); // prettier-ignore

  test("a folder that is not ours, or whose owner cannot be, is told in one line", async () => {
    const long = join(folder, "long".repeat(30));
    expect(await wardian(["ps", "--state", long])).toMatchObject({ status: 0 });
    const { status, stderr } = await wardian(["start", "x", "--state", long]);
    expect([status, stderr]).toEqual([125, expect.stringMatching(/^wardian: .*too long.*\n$/)]);
    writeFileSync(join(folder, "file"), "");
    expect(await wardian(["ps", "--state", join(folder, "file")])).toMatchObject({
      status: 125,
      stderr: expect.stringMatching(/^wardian: [^\n]+\n$/),
    });
  });
});

test("events are shown as they come", async () => {
  const { child, outcome } = begin(["events", "--json", "--since", "1h"]);
  let text = "";
  const seen = new Promise<void>((resolve) =>
    child.stdout?.on("data", (data) => {
      text += data;
      if (text.includes('"removed"')) resolve();
    }),
  );
  await create("end-0", "--name", "e");
  await ok("rm", "e");
  await seen;
  child.kill("SIGINT");
  await outcome;
  expect(records(text).map(({ type }) => type)).toEqual(["created", "removed"]);
});

test("a full disk at stdout is told once, with 125", async () => {
  await create("hello", "--name", "h");
  await ok("start", "-a", "h");
  for (const args of [["logs", "h"], ["inspect", "h"], ["ps", "-a"]]) {
    const full = openSync("/dev/full", "w");
    const child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, WARDIAN_STATE: state }, stdio: ["ignore", full, "pipe"] });
    closeSync(full);
    let stderr = "";
    child.stderr?.on("data", (data) => (stderr += data));
    const [status] = (await once(child, "close")) as [number];
    expect([args, status, stderr]).toEqual([args, 125, "wardian: what is written to stdout is lost (ENOSPC)\n"]);
  }
}); // prettier-ignore

test("input that an instance does not take is refused, or told to be lost", async () => {
  await ok("create", "--name", "s", "busybox", "sleep", "100");
  const refused = await wardian(["start", "-i", "s"], "x");
  expect(refused).toMatchObject({ status: 125, stderr: "wardian: nothing can be passed on to s: its stdin is not kept open; create it with -i\n" });
  expect(await ok("inspect", "s")).toContain('"state": "created"');
}); // prettier-ignore

test("--state counts for more than WARDIAN_HOST", async () => {
  expect((await wardian(["ps", "--state", state], "", { WARDIAN_HOST: "http://127.0.0.1:1" })).status).toBe(0);
});

test("a server that others than we may not use says what to give", async () => {
  const server = createServer((_request, response) => {
    response.writeHead(401, { "content-type": "application/problem+json" }).end('{"code":"unauthenticated","detail":"no"}');
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const token = join(folder, "exposed");
  writeFileSync(token, "wdn_x");
  chmodSync(token, 0o644);
  try {
    const none = await wardian(["ps", "--host", `http://${host}`], "", { WARDIAN_TOKEN: "" });
    expect(none).toMatchObject({ status: 125, stderr: expect.stringMatching(/asks for a token: set WARDIAN_TOKEN or give --token-file\n$/) });
    const wrong = await wardian(["ps", "--host", `http://${host}`, "--token-file", token]);
    expect(wrong).toMatchObject({ status: 125, stderr: expect.stringMatching(/^wardian: others than its owner .*chmod 600 it\nwardian: .* refused the token\n$/) });
    expect((await wardian(["ps", "--host", `https://${host}`])).stderr).toMatch(/^wardian: .* does not speak TLS: try http:\/\/\n$/);
  } finally {
    server.close();
  }
}); // prettier-ignore

test("a wait has an end", async () => {
  await create("ready", "--name", "r");
  await ok("start", "r");
  expect(await wardian(["wait", "--timeout", "300ms", "r"])).toEqual({ status: 124, stdout: "", stderr: "" });
});

test("a reader of logs that goes away ends them", async () => {
  await create("flood", "--name", "f");
  await ok("start", "f");
  const { child, outcome } = begin(["logs", "-f", "f"]);
  child.stdout?.once("data", () => child.stdout?.destroy());
  expect(await outcome).toMatchObject({ status: 141, stderr: "" });
  await ok("rm", "-f", "f");
});

test("the same through --host", async () => {
  await create("ready", "--name", "r");
  await ok("start", "r");
  const host = `unix:${join(state, "owner.sock")}`;
  const elsewhere = { WARDIAN_STATE: join(folder, "nowhere"), WARDIAN_HOST: host };
  expect((await wardian(["ps", "-q"], "", elsewhere)).stdout).toMatch(/^[0-9a-f]{12}\n$/);
  expect((await wardian(["kill", "r", "--host", host], "", { WARDIAN_STATE: join(folder, "nowhere") })).stdout).toBe("r\n");
});

describe("volumes", () => {
  test("are shared by programs of run and instances, until the last one that names them is removed", async () => {
    const [writes, shows] = [join(folder, "writes.wasm"), join(folder, "shows.wasm")];
    writeFileSync(writes, appends("hello", 2));
    writeFileSync(shows, SHOWS);
    await ok("create", "--name", "keeper", "-v", "data:/data:ro,size=1M", shows);
    expect(await ok("run", "-v", "data:/data", writes)).toBe("");
    expect(await ok("start", "-a", "keeper")).toBe("hellohello");
    expect(await ok("run", "-v", "data:/data:ro", shows)).toBe("hellohello");
    expect(records(await ok("ps", "-a", "--json"))).toMatchObject([{ name: "keeper" }]);
    expect(await wardian(["run", "-v", "data:/data:size=2M", shows])).toMatchObject({
      status: 125,
      stderr: expect.stringContaining("has 1 MiB, not 2 MiB"),
    });
    await ok("rm", "keeper");
    expect((await wardian(["run", "-v", "data:/data", shows])).status).toBe(44); // NOENT
  });

  test.each([
    ["/src:/data", /--dir/],
    ["data", /write NAME:GUEST/],
    ["data:/data:rx", /ro, rw or size=SIZE/],
  ])("%s is refused", async (text, words) => {
    const { status, stderr } = await wardian(["create", "-v", text, "x.wasm"]);
    expect(status).toBe(125);
    expect(stderr).toMatch(words);
  });
});

describe("local sockets", () => {
  test("connect programs of run and instances", async () => {
    await ok("create", "--name", "server", "--listen", "echo", ECHO_SERVER, "2");
    expect(await wardian(["run", "--connect", "echo", ECHO_CLIENT, "x"])).toEqual({
      status: 125,
      stdout: "",
      stderr: "wardian: nobody listens on the socket echo: start the container that listens on it first\n",
    });
    await ok("start", "server");
    expect(await ok("run", "--connect", "echo", ECHO_CLIENT, "hello")).toBe("hello\n");
    expect(await ok("run", "--connect", "echo", ECHO_CLIENT, "-n", "200000")).toBe("200000 bytes came back\n");
    expect(await ok("wait", "server")).toBe("0\n");
    const serving = begin(["run", "--listen", "other", ECHO_SERVER, "1"]).outcome;
    await expect.poll(async () => (await wardian(["run", "--connect", "other", ECHO_CLIENT, "x"])).stdout, { timeout: 20_000 }).toBe("x\n");
    expect(await serving).toEqual({ status: 0, stdout: "1 connections, 2 bytes\n", stderr: "" });
  });

  test("are refused for a machine, by a wrong name, and with what only a program of its own has", async () => {
    const refused = async (...args: string[]): Promise<string> => (await wardian(["run", ...args])).stderr;
    expect(await refused("--listen", "x", "busybox")).toMatch(/--listen is for a WebAssembly program only/);
    expect(await refused("--connect", "a:b", ECHO_CLIENT)).toMatch(/^wardian: sockets.0.name: 1 to 63 letters/);
    expect(await refused("--connect", "a", "--tmpfs", "/", ECHO_CLIENT)).toMatch(/^wardian: --tmpfs goes without -v, --listen, --connect/);
  });
});

describe("--stdin-from", () => {
  test("joins two instances, and a program of run to one", async () => {
    const [says, echoes] = [join(folder, "says.wasm"), join(folder, "echoes.wasm")];
    writeFileSync(says, HELLO);
    writeFileSync(echoes, ECHO);
    await ok("create", "--name", "says", says);
    await ok("create", "--name", "echoes", "--stdin-from", "says", echoes);
    await ok("start", "echoes");
    await ok("start", "says");
    await ok("wait", "echoes");
    expect([await ok("logs", "says"), await ok("logs", "echoes")]).toEqual(["", "hello\n"]);
    const running = begin(["run", "--stdin-from", "says", echoes]).outcome;
    await expect.poll(async () => (await ok("ps", "-q")).length, { timeout: 20_000 }).toBeGreaterThan(0);
    await ok("start", "says");
    expect(await running).toEqual({ status: 0, stdout: "hello\n", stderr: "" });
  });

  test("is refused for a machine, and with a terminal", async () => {
    expect(await wardian(["run", "--stdin-from", "x", "busybox"])).toMatchObject({ status: 125, stdout: "" });
    const { status, stderr } = await wardian(["run", "-t", "--stdin-from", "x", join(folder, "echoes.wasm")]);
    expect({ status, stderr }).toEqual({ status: 125, stderr: "wardian: stdinFrom: it goes without stdin, tty and a restart policy\n" });
  });
});
