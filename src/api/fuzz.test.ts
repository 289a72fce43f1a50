// The whole server against requests that are wrong in every way we could think of, made from its own OpenAPI document: always a 4xx
// with a code, or a 2xx where a request happened to be right; never a 5xx, a hang or a crash. Once with an engine that has an answer to
// everything, once with the real one. WARDIAN_SEED repeats a run, WARDIAN_FUZZ_REQUESTS makes a longer one, which has a Linux guest, too.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { Caller } from "../engine/caller.js";
import { Engine } from "../engine/engine.js";
import { PROGRAMS, writePrograms } from "../instance/program-sample.js";
import type { InstanceRequest } from "../instance/spec.js";
import { Meter } from "../metrics/meter.js";
import type { RunningServer } from "./server-running.js";
import { type ServerEngine, startServer } from "./server.js";
import { type ApiDocument, RequestMaker } from "./testing/fuzz-requests.js";
import { Random } from "./testing/random.js";
import { type RawAnswer, type RawRequest, sendRaw } from "./testing/raw-http.js";
import { StubDoor } from "./testing/stub-door.js";

const REQUESTS = Number(process.env.WARDIAN_FUZZ_REQUESTS ?? 3000) / 2;
const SEED = Number(process.env.WARDIAN_SEED ?? Math.floor(Math.random() * 2 ** 32));
const AT_ONCE = 8;
const TIME_LIMIT_MS = 15_000;
const TEST_LIMIT_MS = 120_000 + REQUESTS * 100;
const NO_LIMITS = { connections: 1000, connectionsPerAddress: 1000, streamsPerCaller: 1000, bodyIdleMs: 2000 };
const HAS_GUEST = REQUESTS >= 5000;
const IDS = ["web", "idle", "over", "other"] as const;
const FILES = [...Object.keys(PROGRAMS), "none"];

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** What is wrong with the answer; undefined where nothing is. */
function faultOf(request: RawRequest, answer: RawAnswer | undefined): string | undefined {
  if (answer === undefined) return request.truncateAt === undefined ? "no answer" : undefined;
  const { status, contentType, body } = answer;
  if (status < 300) return undefined;
  if (status >= 500 || status < 400) return `status ${status}`;
  if (request.method === "HEAD") return undefined;
  if (contentType !== "application/problem+json") return `status ${status} as ${contentType}`;
  const problem = JSON.parse(body) as { status?: unknown; code?: unknown };
  if (problem.status !== status || typeof problem.code !== "string" || !/^[a-z-]+$/.test(problem.code)) return "a problem without a code";
  return /\bat .*\.[jt]s:\d|node_modules/.test(body) ? "a stack trace" : undefined;
}

/** How many answers there were of each kind: "2xx", or a problem's code. */
async function fuzz(port: number, between: (index: number) => Promise<void>): Promise<Map<string, number>> {
  const document = (await (await fetch(`http://127.0.0.1:${port}/openapi.json`)).json()) as ApiDocument;
  const maker = new RequestMaker(document, new Random(SEED), IDS, FILES);
  const kinds = new Map<string, number>();
  let made = 0;
  const work = async (): Promise<void> => {
    while (made < REQUESTS) {
      const index = made++;
      const request = maker.make(index);
      const about = `request ${index} of seed ${SEED}: ${JSON.stringify({ ...request, body: request.body?.toString("latin1").slice(0, 500) })}`;
      const answer = await sendRaw(port, request, TIME_LIMIT_MS).catch((error: Error) => expect.fail(`${error.message}\n${about}`));
      const fault = faultOf(request, answer);
      if (fault !== undefined) expect.fail(`${fault}\n${about}\n${answer?.body.slice(0, 500)}`);
      const kind =
        /"code":"([a-z-]+)"/.exec(answer?.status === undefined || answer.status < 300 ? "" : answer.body)?.[1] ?? `${answer?.status}`;
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      await between(index);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return kinds;
}

async function survive(engine: ServerEngine, between: (index: number) => Promise<void> = async () => {}): Promise<void> {
  const notes: string[] = [];
  const server: RunningServer = await startServer({
    engine,
    listen: ["127.0.0.1:0"],
    limits: NO_LIMITS,
    onNote: (text) => notes.push(text),
  });
  cleanups.push(() => server.close());
  const port = Number(new URL(server.addresses[0] ?? "").port);
  const kinds = await fuzz(port, between);
  console.log(`seed ${SEED}: ${JSON.stringify(Object.fromEntries([...kinds].sort(([, a], [, b]) => b - a)))}`);
  // That the requests are neither all wrong in the same way, nor all right.
  expect(kinds.get("bad-request")).toBeGreaterThan(REQUESTS / 20);
  expect(kinds.get("no-instance")).toBeGreaterThan(REQUESTS / 50);
  expect(kinds.get("200")).toBeGreaterThan(REQUESTS / 20);
  expect(notes).toEqual([]);
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
}

test(
  `an engine that has an answer to everything, seed ${SEED}`,
  () => survive({ as: () => new StubDoor(), meter: new Meter({ live: () => [] }) }),
  TEST_LIMIT_MS,
);

test(
  `the real engine, seed ${SEED}`,
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "wardian-fuzz-"));
    cleanups.push(() => rm(folder, { recursive: true, force: true }));
    writePrograms(join(folder, "images"));
    const notes: string[] = [];
    const engine = await Engine.open({ state: join(folder, "state"), images: join(folder, "images"), onNote: (text) => notes.push(text) });
    cleanups.push(() => engine[Symbol.asyncDispose]());
    const bounded = (caller: Caller): Caller => ({ ...caller, quotas: { instances: 40, running: 4, memoryBytes: 2 ** 29 } });
    await survive({ as: (caller) => engine.as(bounded(caller)), meter: engine.meter }, async (index) => {
      if (index % 25 === 0) await restock(engine);
    });
    expect(notes).toEqual([]);
  },
  TEST_LIMIT_MS,
);

/** One that runs, one that does not yet, one that does no more: as far as they are not there, and without the rest. */
async function restock(engine: Engine): Promise<void> {
  const { instances } = await engine.apply({ kind: "list" });
  const rest = instances.filter(({ name }) => !IDS.some((id) => id === name));
  if (rest.length > 30) for (const { id } of rest) await engine.apply({ kind: "remove", instance: id, force: true }).catch(() => {});
  const small = { limits: { memory: "16M" } };
  const requests: InstanceRequest[] = [
    HAS_GUEST ? { name: "web", image: "busybox", limits: { memory: "64M" } } : { name: "web", kernel: "sleep", ...small },
    { name: "idle", kernel: "sleep", ...small },
    { name: "over", kernel: "end-7", ...small },
  ];
  for (const request of requests) await engine.apply({ kind: "create", request }).catch(() => {});
  for (const instance of ["web", "over"]) await engine.apply({ kind: "start", instance }).catch(() => {});
}
