// Local sockets between containers: the calls, programs of a libc at both ends, who is refused, and nothing left behind.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { text } from "node:stream/consumers";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { COUNT_LISTENERS, COUNT_PIPES, COUNT_PROCESSES, COUNT_SOCKETS, MAX_BACKLOG } from "../../assembly/kernel/abi.js";
import { assemble } from "../wasm/module-samples.js";
import { Container, type ContainerOptions } from "./container.js";
import { ECHO, endsWith, HELLO, TELLS } from "./program-samples.js";
import { ContainerRuntime } from "./runtime.js";
import { type GivenSocket, LocalSocket } from "./socket.js";
import { ECHO_CLIENT, ECHO_SERVER, SOCKET_CALLS } from "./socket-samples.js";
import { Volume } from "./volume.js";

const [CALLS, SERVER, CLIENT] = [readFileSync(SOCKET_CALLS), readFileSync(ECHO_SERVER), readFileSync(ECHO_CLIENT)];

const runtime = new ContainerRuntime();
const folder = mkdtempSync(join(tmpdir(), "wardian-sockets-"));
let socket: LocalSocket;
beforeEach(() => void (socket = new LocalSocket(runtime)));
afterEach(() => {
  socket.release();
  const left = [COUNT_PROCESSES, COUNT_PIPES, COUNT_SOCKETS, COUNT_LISTENERS].map((counter) =>
    runtime.kernel.exports.kernel_counter(counter),
  );
  expect(left).toEqual([0n, 0n, 0n, 0n]);
});
afterAll(async () => {
  await runtime.close();
  rmSync(folder, { recursive: true });
});

type Options = Omit<ContainerOptions, "module">;
const given = (role: GivenSocket["role"], name = "echo", of = socket): GivenSocket => ({ socket: of, name, role });
const start = (module: Uint8Array, options: Options = {}): Promise<Container> => Container.start({ module, runtime, ...options });
const serve = (connections: number, options: Options = {}): Promise<Container> =>
  start(SERVER, { sockets: [given("listen")], args: [String(connections)], ...options });
const connect = (args: readonly string[], options: Options = {}): Promise<Container> =>
  start(CLIENT, { sockets: [given("connect")], args, ...options });

async function outcome(container: Container): Promise<{ readonly status: number; readonly stdout: string; readonly stderr: string }> {
  const [stdout, stderr, { status }] = await Promise.all([text(container.stdout), text(container.stderr), container.exited]);
  return { status, stdout, stderr };
}

const refusal = (started: Promise<unknown>): Promise<string> =>
  started.then(
    () => "no error",
    (error: Error & { code: string }) => `${error.code}: ${error.message}`,
  );

it("has the calls of WASI as the specification and wasmtime have them", async () => {
  const volume = new Volume(runtime.kernel);
  const sockets = [given("listen"), ...Array.from({ length: 20 }, () => given("connect"))];
  const { stdout, status } = await outcome(await start(CALLS, { volumes: [{ volume, guestPath: "/" }], sockets }));
  expect(stdout.split("\n").filter((line) => !/^(ok \w+)?$/.test(line))).toEqual([]);
  expect(stdout.match(/^ok /gm)).toHaveLength(18);
  expect(status).toBe(0);
  await volume.destroy();
});

const sends = (bytes: number): Uint8Array =>
  assemble(`(module
  (import "wasi_snapshot_preview1" "sock_send" (func $send (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 8)
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const ${bytes}))
    (call $exit (call $send (i32.const 3) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 8)))))`);
/** For so many in one call; the status is 0 where they came. */
const waitsForAll = (bytes: number): Uint8Array =>
  assemble(`(module
  (import "wasi_snapshot_preview1" "sock_accept" (func $accept (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_recv" (func $recv (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 8)
  (func (export "_start")
    (drop (call $accept (i32.const 3) (i32.const 0) (i32.const 16)))
    (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const ${bytes}))
    (drop (call $recv (i32.load (i32.const 16)) (i32.const 0) (i32.const 1) (i32.const 2) (i32.const 8) (i32.const 12)))
    (call $exit (i32.ne (i32.load (i32.const 8)) (i32.const ${bytes})))))`);

describe("containers on one socket", () => {
  it("speak with one another, several at once, byte for byte", async () => {
    const server = serve(4);
    const clients = [["hello", "world"], ["-n", "400000"], ["-n", "1"], ["a"]];
    const [served] = [await server];
    const said = await Promise.all(clients.map(async (args) => outcome(await connect(args))));
    expect(said).toEqual(
      ["hello\nworld\n", "400000 bytes came back\n", "1 bytes came back\n", "a\n"].map((stdout) => ({ status: 0, stdout, stderr: "" })),
    );
    expect((await outcome(served)).stdout).toBe(`4 connections, ${String(12 + 400_001 + 2)} bytes\n`);
  });

  it("find their sockets behind all folders, of the host, too", async () => {
    const volume = new Volume(runtime.kernel);
    const folders = { volumes: [{ volume, guestPath: "/v" }], mounts: [{ hostPath: folder, guestPath: "/h", readOnly: true }] };
    const server = await serve(1, folders);
    expect(await outcome(await connect(["x"], folders))).toEqual({ status: 0, stdout: "x\n", stderr: "" });
    expect(await outcome(server)).toMatchObject({ status: 0, stderr: "" });
    await volume.destroy();
  });

  it("are told which is which; what a variable of theirs says counts for more", async () => {
    const other = new LocalSocket(runtime);
    const sockets = [given("connect", "c"), given("listen", "a"), given("listen", "b", other), given("connect", "d", other)];
    const told = async (options: Options): Promise<string[]> =>
      (await outcome(await start(TELLS, { sockets, ...options }))).stdout.split("\0").slice(1, -1).toSorted();
    const connected = ["CONNECT_FDNAMES=c:d", "CONNECT_FDS=2", "CONNECT_FDS_START=5"];
    expect(await told({})).toEqual([...connected, "LISTEN_FDNAMES=a:b", "LISTEN_FDS=2", "LISTEN_FDS_START=3"]);
    expect(await told({ env: { LISTEN_FDS: "" } })).toContain("LISTEN_FDS=");
    expect(await told({ sockets: [given("listen")] })).toEqual(["LISTEN_FDNAMES=echo", "LISTEN_FDS=1", "LISTEN_FDS_START=3"]);
    expect(await told({ sockets: [] })).toEqual([]);
    other.release();
  });

  it("wait for more than fits one step where they ask for all of it", async () => {
    const BYTES = 300_000;
    const reader = await start(waitsForAll(BYTES), { sockets: [given("listen")] });
    const writer = await start(sends(BYTES), { sockets: [given("connect")] });
    expect([(await outcome(writer)).status, (await outcome(reader)).status]).toEqual([0, 0]);
    expect([writer, reader].map((container) => container.usage().counts)).toMatchObject([{ written_bytes: BYTES }, { read_bytes: BYTES }]);
  });

  it("share the connections where several listen", async () => {
    const servers = [await serve(2), await serve(2)];
    for (let i = 0; i < 4; i++) expect((await outcome(await connect([String(i)]))).status).toBe(0);
    const counts = async (server: Container): Promise<number> => Number(/^\d+/.exec((await outcome(server)).stdout)?.[0]);
    expect(await counts(servers[0] as Container)).toBe(2);
    expect(await counts(servers[1] as Container)).toBe(2);
  });

  it("see the end of the other one, however it ends", async () => {
    const server = await serve(1);
    const client = await connect(["-n", "4000000000"]);
    await expect.poll(() => client.usage().counts.read_bytes).toBeGreaterThan(100_000);
    await server.kill();
    await outcome(server);
    expect(await outcome(client)).toMatchObject({ status: 1, stderr: expect.stringMatching(/^(send|recv): /) });
    const waiting = await serve(1);
    const killed = await connect(["-n", "4000000000"]);
    await expect.poll(() => killed.usage().counts.read_bytes).toBeGreaterThan(100_000);
    await killed.kill();
    await outcome(killed);
    expect(await outcome(waiting)).toMatchObject({ status: 0, stdout: expect.stringMatching(/^1 connections/) });
  });

  it("hold what one has said that has ended, until somebody accepts it", async () => {
    const idle = await start(ECHO, { stdin: true, sockets: [given("listen")] });
    expect((await outcome(await start(sends(60_000), { sockets: [given("connect")] }))).status).toBe(0);
    expect((await outcome(await start(waitsForAll(60_000), { sockets: [given("listen")] }))).status).toBe(0);
    idle.stdin.end();
    await outcome(idle);
  });
});

describe("a connection is refused", () => {
  const NOBODY = /^connection-refused: nobody listens on the socket echo: start the container that listens on it first$/;

  it("where nobody listens: not yet, or not any more", async () => {
    expect(await refusal(connect(["x"]))).toMatch(NOBODY);
    await outcome(await start(endsWith(0), { sockets: [given("listen")] }));
    expect(await refusal(connect(["x"]))).toMatch(NOBODY);
  });

  it(`where ${MAX_BACKLOG} wait, and where too many are open`, async () => {
    const sockets = Array.from({ length: 5 }, () => new LocalSocket(runtime));
    const idle = (role: GivenSocket["role"], ...of: LocalSocket[]): Promise<Container> =>
      start(ECHO, { stdin: true, sockets: of.map((one) => given(role, "echo", one)) });
    const containers = [await idle("listen", ...sockets)];
    for (const one of sockets.slice(0, 4)) {
      containers.push(await idle("connect", ...Array.from({ length: MAX_BACKLOG - 1 }, () => one)));
      containers.push(await idle("connect", one));
      if (one === sockets[0]) expect(await refusal(idle("connect", one))).toMatch(/^connection-refused: 128 connections wait/);
    }
    expect(await refusal(idle("connect", sockets[4] as LocalSocket))).toMatch(/^connection-limit: 512 connections are open/);
    for (const container of containers) {
      await container.kill();
      await outcome(container);
    }
    for (const one of sockets) one.release();
  });

  it("where the program's descriptors do not suffice", async () => {
    expect(await refusal(start(HELLO, { sockets: [given("listen")], limits: { descriptors: 3 } }))).toMatch(/^descriptor-limit/);
  });

  it.each(["", "a:b", "a b", "ä", "a\0"])("by the name %j", async (name) => {
    expect(await refusal(start(HELLO, { sockets: [given("listen", name)] }))).toMatch(/^bad-argument/);
  });

  it("where the socket was released: its place may be another one's", async () => {
    const gone = new LocalSocket(runtime);
    gone.release();
    gone.release();
    for (const role of ["listen", "connect"] as const)
      expect(await refusal(start(HELLO, { sockets: [given(role, "gone", gone)] }))).toMatch(/^socket-released/);
  });
});
