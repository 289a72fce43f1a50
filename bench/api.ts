// `api`: what the control API costs a client: the latency of one request against a bare Hono route that gives the same JSON, many
// clients at once with running instances behind it, and answers while two guests burn all CPU. Depends on errors and the files
// beside it.
import { fork } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Client, Pool } from "undici";
import { WardianError } from "../src/errors.js";
import type { ServerMessage, ServerTask } from "./api-child.js";
import type { BenchOptions } from "./options.js";
import { lessIsBetter, median, type Report, type Row } from "./report.js";

const LATENCY_BAR = 1.5;
const CLIENTS = 200;
const INSTANCES = 50;
const PACED_CLIENTS = 20;
const PACE_MS = 50;
const P99_BAR_MS = 50;

interface Server extends AsyncDisposable {
  readonly url: string;
  readonly instances: readonly string[];
}

async function startServer(task: ServerTask): Promise<Server> {
  const child = fork(fileURLToPath(new URL("./api-child.js", import.meta.url)), [JSON.stringify(task)], { execArgv: [] });
  const message = await new Promise<ServerMessage>((resolve, reject) => {
    child.once("message", (said) => resolve(said as ServerMessage));
    child.once("exit", (code) => reject(new WardianError("bench-api", `the server ended with ${code}`)));
  });
  if (message.kind === "failed") {
    child.disconnect();
    throw new WardianError("bench-api", message.message);
  }
  const gone = new Promise((resolve) => child.once("exit", resolve));
  return {
    ...message,
    async [Symbol.asyncDispose]() {
      child.disconnect();
      await gone;
    },
  };
}

/** Milliseconds of one request; throws for anything but 200. */
async function ask(client: Client | Pool, path: string): Promise<number> {
  const beganMs = performance.now();
  const { statusCode, body } = await client.request({ path, method: "GET" });
  await body.dump({ limit: 1 << 24 });
  if (statusCode !== 200) throw new WardianError("bench-api", `${path} was answered with ${statusCode}`);
  return performance.now() - beganMs;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

const pathsOf = (id: string): Record<string, string> => ({
  "GET of an instance": `/v1/instances/${id}`,
  "GET of its metrics": `/v1/instances/${id}/metrics`,
});

/** What the real server answers now, by the bare server's paths. */
async function sampleAnswers(server: Server): Promise<Record<string, unknown>> {
  const answers: Record<string, unknown> = {};
  for (const path of Object.values(pathsOf(server.instances[0] ?? ""))) answers[path] = await (await fetch(server.url + path)).json();
  return answers;
}

async function measureLatency(ours: Server, theirs: Server, options: BenchOptions): Promise<Row[]> {
  const [rounds, requests] = options.quick ? [3, 500] : [9, 3000];
  const clients = { ours: new Client(ours.url), theirs: new Client(theirs.url) };
  const rows: Row[] = [];
  for (const [name, path] of Object.entries(pathsOf(ours.instances[0] ?? ""))) {
    const medians = { ours: [] as number[], theirs: [] as number[] };
    for (let round = 0; round <= rounds; round++) {
      for (const who of ["ours", "theirs"] as const) {
        const times: number[] = [];
        for (let n = 0; n < requests; n++) times.push(await ask(clients[who], path));
        // The first round warms both up.
        if (round > 0) medians[who].push(median(times) * 1000);
      }
    }
    rows.push(lessIsBetter(`${name}, one client`, median(medians.ours), median(medians.theirs), "us"));
  }
  await Promise.all(Object.values(clients).map((client) => client.close()));
  return rows;
}

/** So many clients, each asking again as soon as it is answered; gives every latency. */
async function load(server: Server, paths: readonly string[], seconds: number): Promise<number[]> {
  const pool = new Pool(server.url, { connections: CLIENTS });
  const untilMs = performance.now() + seconds * 1000;
  const times: number[] = [];
  await Promise.all(
    Array.from({ length: CLIENTS }, async (_none, client) => {
      for (let n = client; performance.now() < untilMs; n++) times.push(await ask(pool, paths[n % paths.length] ?? "/"));
    }),
  );
  await pool.close();
  return times;
}

async function measureLoad(ours: Server, theirs: Server, options: BenchOptions): Promise<{ rows: Row[]; note: string }> {
  const seconds = options.quick ? 5 : 60;
  const theirPaths = Object.values(pathsOf(ours.instances[0] ?? ""));
  const ourTimes = await load(
    ours,
    ours.instances.flatMap((id) => Object.values(pathsOf(id))),
    seconds,
  );
  options.onProgress(`api, load: ours ${ourTimes.length} requests`);
  const theirTimes = await load(theirs, theirPaths, options.quick ? 5 : 15);
  const row = (share: number, name: string): Row =>
    lessIsBetter(`${CLIENTS} clients, ${name}`, percentile(ourTimes, share), percentile(theirTimes, share), "ms");
  const note = `${CLIENTS} clients: ours ${Math.round(ourTimes.length / seconds)} requests/s over ${seconds} s with ${ours.instances.length} running instances, no error`;
  return { rows: [row(0.5, "median"), row(0.99, "p99")], note };
}

/** Requests at a steady pace, however long the answers take. */
async function measureStarved(options: BenchOptions): Promise<{ row: Row; note: string }> {
  await using ours = await startServer({ kind: "wardian", instances: 2, program: "loop" });
  await using theirs = await startServer({ kind: "bare", answers: await sampleAnswers(ours) });
  const paced = async (server: Server): Promise<number[]> => {
    const pool = new Pool(server.url, { connections: PACED_CLIENTS * 2 });
    const paths = Object.values(pathsOf(ours.instances[0] ?? ""));
    const pending: Promise<number>[] = [];
    const rounds = ((options.quick ? 5 : 20) * 1000) / PACE_MS;
    for (let round = 0; round < rounds; round++) {
      for (let n = 0; n < PACED_CLIENTS; n++) pending.push(ask(pool, paths[n % paths.length] ?? "/"));
      await sleep(PACE_MS);
    }
    const times = await Promise.all(pending);
    await pool.close();
    return times;
  };
  const [ourTimes, theirTimes] = [await paced(ours), await paced(theirs)];
  return {
    row: lessIsBetter("p99 while two guests burn all CPU", percentile(ourTimes, 0.99), percentile(theirTimes, 0.99), "ms"),
    note: `all CPU burnt: ${(1000 / PACE_MS) * PACED_CLIENTS} requests/s, bar ${P99_BAR_MS} ms; theirs suffers from the same two guests`,
  };
}

export async function benchApi(options: BenchOptions): Promise<Report> {
  await using ours = await startServer({ kind: "wardian", instances: INSTANCES, program: "sleep" });
  await using theirs = await startServer({ kind: "bare", answers: await sampleAnswers(ours) });
  const latency = await measureLatency(ours, theirs, options);
  options.onProgress(`api, latency: ${latency.map(({ ours, theirs }) => `${ours} against ${theirs} us`).join(", ")}`);
  const loaded = await measureLoad(ours, theirs, options);
  const starved = await measureStarved(options);
  return {
    bench: "api",
    rows: [...latency, ...loaded.rows, starved.row],
    notes: [
      "theirs: a bare Hono route on the same server library that gives the same JSON",
      `one client: bar ${LATENCY_BAR}x`,
      loaded.note,
      starved.note,
    ],
  };
}
