// `wasi`: containers against node:wasi in the same process, in turn: single calls, pipes, computing with and without counting, starts,
// memory. The bars are those of README. Depends on the folder wasi and the files beside it.
import { spawnSync } from "node:child_process";
import { sharedRuntime } from "../src/container/runtime.js";
import type { BenchOptions } from "./options.js";
import type { Report, Row } from "./report.js";
import { benchCalls } from "./wasi/calls.js";
import { benchCompute } from "./wasi/compute.js";
import { benchPipes } from "./wasi/pipes.js";
import { NodeWasi } from "./wasi/sides.js";
import { benchStarts } from "./wasi/starts.js";

const QUESTIONS = ["calls", "pipes", "compute", "starts"] as const;

/** Debian 12 has no package of it; where it is, its version stands in the notes. */
function wasmedgeNote(): string {
  const { stdout, error } = spawnSync("wasmedge", ["--version"], { encoding: "utf8" });
  return error === undefined
    ? `${stdout.trim()} is installed; it is not measured here`
    : "wasmedge is not installed, and not compared with";
}

export async function benchWasi(options: BenchOptions): Promise<Report> {
  await using nodeWasi = new NodeWasi();
  const wants = (name: (typeof QUESTIONS)[number]): boolean => options.only === undefined || options.only.includes(name);
  const rows: Row[] = [];
  if (wants("calls")) rows.push(...(await benchCalls(nodeWasi, options)));
  if (wants("pipes")) rows.push(...(await benchPipes(options)));
  if (wants("compute")) rows.push(...(await benchCompute(nodeWasi, options)));
  if (wants("starts")) rows.push(...(await benchStarts(options)));
  await sharedRuntime().close();
  return {
    bench: "wasi",
    rows,
    notes: [
      `theirs: node:wasi of Node ${process.versions.node} in a thread, with a directory of the host, where nothing else is said`,
      "ours: files in memory, but for the rows of a host directory",
      "metered: a container that can be paused and limited; its code counts",
      wasmedgeNote(),
      `--only ${QUESTIONS.join(",")}`,
    ],
  };
}
