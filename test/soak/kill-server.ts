// `npm run soak:kill [-- COUNT]`: a server under load is killed with SIGKILL at COUNT random instants (200), started again each time, and asked
// whether every write that it had acknowledged is there, and nothing else. Every eighth is killed while it starts. Ends with status 1,
// and leaves its folder, when something is wrong. Needs the build.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { writePrograms } from "../../src/instance/program-sample.js";
import { check } from "./kill-check.js";
import { Connection } from "./kill-connection.js";
import { load } from "./kill-load.js";
import { Model, Violation } from "./kill-model.js";

const COUNT = Number(process.argv[2] ?? 200);
/** Guests with a file system need the default image, which is fetched where it is not there yet. */
const WITH_IMAGES = process.env["WARDIAN_SOAK_IMAGES"] !== "no";
const WORKERS = 6;
const LONGEST_RUN_MS = 1500;
const LONGEST_START_MS = 600;
const START_TIMEOUT_MS = 60_000;

const MAIN = fileURLToPath(new URL("../../bundle/main.js", import.meta.url));
const base = mkdtempSync(join(tmpdir(), "wardian-soak-"));
const [state, images, socket] = [join(base, "state"), join(base, "images"), join(base, "s.sock")];

interface Server {
  readonly child: ChildProcess;
  readonly gone: Promise<unknown>;
  readonly stderr: () => string;
}

function spawnServer(): Server {
  const args = [MAIN, "serve", "--listen", `unix:${socket}`, "--state", state, "--images", images, "--json"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  child.stderr.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  return { child, gone: once(child, "close"), stderr: () => text };
}

/** Milliseconds until it listens. */
async function untilReady({ child, gone, stderr }: Server): Promise<number> {
  const beganMs = performance.now();
  const ready = child.stdout === null ? Promise.reject(new Error("no stdout")) : once(child.stdout, "data");
  const ended = gone.then(() => Promise.reject(new Violation(`the server ended by itself: ${stderr()}`)));
  const late = sleep(START_TIMEOUT_MS, undefined, { ref: false }).then(() => Promise.reject(new Violation("the server does not start")));
  await Promise.race([ready, ended, late]);
  return performance.now() - beganMs;
}

async function kill({ child, gone }: Server): Promise<void> {
  child.kill("SIGKILL");
  await gone;
}

/** Load until it is killed. */
async function attack(server: Server, model: Model): Promise<void> {
  const connections = Array.from({ length: WORKERS + 1 }, () => new Connection(socket));
  const [first, ...others] = connections;
  const following = first?.follow(model.events.at(-1)?.id ?? 0, (event) => model.told.set(event.id, event));
  const loads = others.map((connection, worker) => load(worker, connection, model, WITH_IMAGES));
  const all = Promise.all([following, ...loads]);
  // A violation is not waited for.
  await Promise.race([sleep(Math.random() * LONGEST_RUN_MS), all]);
  await kill(server);
  await all;
  await Promise.all(connections.map((connection) => connection.close()));
}

async function verify(model: Model): Promise<void> {
  const connection = new Connection(socket);
  await check(model, connection, state);
  await connection.close();
}

function summarize(model: Model, startsMs: number[], seconds: number): void {
  const sorted = startsMs.toSorted((a, b) => a - b);
  const at = (part: number) => (sorted[Math.floor((sorted.length - 1) * part)] ?? 0).toFixed(0);
  console.log(`${COUNT} kills in ${seconds.toFixed(0)} s: nothing lost, nothing doubled, nothing half.`);
  console.table({
    "actions acknowledged": model.acknowledged,
    "actions under way at a kill": model.underWay,
    "instances made": model.instances.size + model.gone.length,
    "instances there": model.instances.size,
    events: model.events.length,
    "audit entries": model.lastAuditId,
    "start again, ms (median)": at(0.5),
    "start again, ms (most)": at(1),
  });
}

async function main(): Promise<void> {
  writePrograms(images);
  const model = new Model();
  const startsMs: number[] = [];
  const beganMs = performance.now();
  let server = spawnServer();
  startsMs.push(await untilReady(server));
  try {
    for (let round = 1; round <= COUNT; round++) {
      if (round % 8 === 0) {
        await kill(server);
        server = spawnServer();
        server.child.stdout?.resume();
        await sleep(Math.random() * LONGEST_START_MS);
        await kill(server);
      } else await attack(server, model);
      server = spawnServer();
      startsMs.push(await untilReady(server));
      await verify(model);
      if (round % 20 === 0) console.log(`${round} kills, ${model.acknowledged} actions, ${model.events.length} events`);
    }
  } catch (error) {
    console.error(error instanceof Violation ? error.message : error);
    console.error(server.stderr());
    console.error(`What it left is in ${base}`);
    process.exitCode = 1;
    await kill(server);
    return;
  }
  await kill(server);
  summarize(model, startsMs, (performance.now() - beganMs) / 1000);
  rmSync(base, { recursive: true, force: true });
}

await main();
