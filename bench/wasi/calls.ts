// What single calls cost a program: files in memory and in a directory of the host, against node:wasi (which has directories of the host
// only). Depends on the files beside it and the benchmarks' own.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Volume } from "../../src/container/volume.js";
import { sharedRuntime } from "../../src/container/runtime.js";
import type { BenchOptions } from "../options.js";
import { lessIsBetter, median, type Row } from "../report.js";
import { type NodeWasi, runOurs } from "./sides.js";

const CALLS = [
  ["read", "read 4 KiB at an offset", 500_000],
  ["write", "write 4 KiB at an offset", 500_000],
  ["open", "open and close", 100_000],
  ["stat", "stat", 200_000],
  ["readdir", "readdir of 1,000 entries", 100],
  ["clock", "clock", 5_000_000],
] as const;

/** "WORD PICOSECONDS" in nanoseconds. */
const nsOf = (output: string): number => Number(output.split(" ")[1]) / 1000;

async function inMemory(word: string, count: number): Promise<number> {
  const volume = new Volume(sharedRuntime().kernel);
  try {
    return nsOf(await runOurs("calls", [word, String(count)], { volumes: [{ guestPath: "/", volume }] }));
  } finally {
    volume.destroy();
  }
}

async function onHost(word: string, count: number): Promise<number> {
  const hostPath = mkdtempSync(join(tmpdir(), "wardian-calls-"));
  try {
    return nsOf(await runOurs("calls", [word, String(count)], { mounts: [{ hostPath, guestPath: "/", readOnly: false }] }));
  } finally {
    rmSync(hostPath, { recursive: true, force: true });
  }
}

export async function benchCalls(nodeWasi: NodeWasi, options: BenchOptions): Promise<Row[]> {
  const rounds = options.quick ? 1 : 5;
  const rows: Row[] = [];
  for (const [word, title, full] of CALLS) {
    const count = options.quick ? Math.ceil(full / 5) : full;
    const sides = { memory: [] as number[], host: [] as number[], theirs: [] as number[] };
    for (let n = 0; n < rounds; n++) {
      sides.memory.push(await inMemory(word, count));
      sides.theirs.push(nsOf(await nodeWasi.run("calls", [word, String(count)])));
      if (word !== "clock") sides.host.push(await onHost(word, count));
    }
    rows.push(lessIsBetter(title, median(sides.memory), median(sides.theirs), "ns"));
    if (word !== "clock") rows.push(lessIsBetter(`${title}, host directory`, median(sides.host), median(sides.theirs), "ns"));
    options.onProgress(`${title} done`);
  }
  return rows;
}
