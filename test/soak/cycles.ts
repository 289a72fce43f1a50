// `npm run soak:cycles [-- COUNT]`: creates, starts and removes a trivial instance so many times (10,000) through the API of a server
// in a process of its own, and shows what that process holds before and after: memory, descriptors, threads, files. Ends with status
// 1 where something grew that should not have. Linux only: it reads /proc.
import { type ChildProcess, fork } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Client } from "undici";
import type { ServerMessage } from "../../bench/api-child.js";

const COUNT = Number(process.argv[2] ?? 10_000);
const WARM_UP = Math.min(1000, COUNT);
const AT_ONCE = 4;
const SETTLE_MS = 3000;
/** Of what the process holds after the warm-up: garbage that is not collected yet, and the event table's pages. */
const MEMORY_GROWTH_MIB = 64;

interface Holdings {
  readonly residentMiB: number;
  readonly descriptors: number;
  readonly threads: number;
  readonly instanceFolders: number;
}

function look(pid: number, state: string): Holdings {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return {
    residentMiB: Math.round(Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024),
    threads: Number(/^Threads:\s+(\d+)/m.exec(status)?.[1]),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    instanceFolders: readdirSync(`${state}/instances`).length,
  };
}

async function startServer(): Promise<{ child: ChildProcess; url: string; state: string }> {
  const entry = fileURLToPath(new URL("../../bench/api-child.js", import.meta.url));
  const child = fork(entry, [JSON.stringify({ kind: "wardian", instances: 0, program: "sleep" })], { execArgv: [] });
  const message = await new Promise<ServerMessage>((resolve) => child.once("message", (said) => resolve(said as ServerMessage)));
  if (message.kind === "failed") throw new Error(message.message);
  return { child, url: message.url, state: message.state };
}

async function ask(client: Client, method: "POST" | "DELETE" | "GET", path: string, body?: unknown): Promise<{ id?: string }> {
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const answer = await client.request({ method, path, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const text = await answer.body.text();
  if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
  return text === "" ? {} : (JSON.parse(text) as { id?: string });
}

async function cycles(url: string, count: number): Promise<void> {
  let left = count;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      const client = new Client(url);
      while (left-- > 0) {
        const { id } = await ask(client, "POST", "/v1/instances", { kernel: "end-0", limits: { memory: "16M" } });
        await ask(client, "POST", `/v1/instances/${id}/start`);
        await ask(client, "GET", `/v1/instances/${id}/wait?timeoutMs=10000`);
        await ask(client, "DELETE", `/v1/instances/${id}`);
      }
      await client.close();
    }),
  );
}

const { child, url, state } = await startServer();
try {
  await cycles(url, WARM_UP);
  await sleep(SETTLE_MS);
  const before = look(child.pid ?? 0, state);
  const beganMs = performance.now();
  await cycles(url, COUNT);
  const seconds = (performance.now() - beganMs) / 1000;
  await sleep(SETTLE_MS);
  const after = look(child.pid ?? 0, state);
  console.log(`${COUNT} cycles of create, start, wait, remove in ${seconds.toFixed(1)} s: ${(COUNT / seconds).toFixed(0)} a second`);
  console.table({ [`after ${WARM_UP}`]: before, [`after ${COUNT} more`]: after });
  const hasGrown =
    after.residentMiB > before.residentMiB + MEMORY_GROWTH_MIB ||
    after.descriptors > before.descriptors ||
    after.threads > before.threads ||
    after.instanceFolders > 0;
  if (hasGrown) process.exitCode = 1;
} finally {
  child.disconnect();
}
