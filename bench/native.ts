// `native`: what the machine costs at all: the integer programs of fixtures/bench on our machine, and the same sources built by the
// host's gcc at -O2, run on the host itself, in turn. Depends on errors and the files beside it.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WardianError } from "../src/errors.js";
import { compare, meanRow, type Sample } from "./contest.js";
import { projectFile } from "./folder.js";
import type { BenchOptions } from "./options.js";
import { runOurs } from "./our-machine.js";
import { PROGRAMS, readTiming } from "./programs.js";
import type { Report, Row } from "./report.js";

const COMPILER = "gcc";
const FLAGS = ["-O2", "-std=gnu11", "-fno-math-errno"];
const TIME_LIMIT_MS = 120_000;
const BAR_PROGRAM = "coremark-like";
/** Times slower than native, at most. */
const BAR = 4;

/** Throws `no-gcc`. */
export function gccVersion(): string {
  const { stdout, error } = spawnSync(COMPILER, ["-dumpfullversion"], { encoding: "utf8" });
  if (error === undefined && stdout.trim() !== "") return stdout.trim();
  throw new WardianError("no-gcc", `${COMPILER} is missing, and there is nothing to compare with: install it (Debian: gcc libc6-dev)`, {
    cause: error,
  });
}

export function buildNative(name: string, folder: string): string {
  const path = join(folder, name);
  const sources = ["native.c", `programs/${name}.c`].map((file) => projectFile(`fixtures/bench/${file}`));
  const { status, stderr } = spawnSync(COMPILER, [...FLAGS, ...sources, "-o", path], { encoding: "utf8" });
  if (status !== 0) throw new WardianError("bench-native", `${COMPILER} does not build ${name}: ${stderr.trim().split("\n")[0] ?? ""}`);
  return path;
}

export async function runNative(name: string, path: string, iterations: number): Promise<Sample> {
  const { status, stdout, signal } = spawnSync(path, [String(iterations)], { encoding: "utf8", timeout: TIME_LIMIT_MS });
  if (status !== 0) throw new WardianError("bench-native", `the program ${name} failed on the host: ${signal ?? `status ${status}`}`);
  return { ...readTiming(name, stdout), iterations, instructions: 0 };
}

export async function benchNative(options: BenchOptions): Promise<Report> {
  const version = gccVersion();
  const folder = mkdtempSync(join(tmpdir(), "wardian-bench-"));
  try {
    const rows: Row[] = [];
    for (const { name } of PROGRAMS.filter(({ kind }) => kind === "integer")) {
      const path = buildNative(name, folder);
      const ours = (iterations: number): Promise<Sample> => runOurs(name, iterations, options.engine ?? "auto");
      rows.push(await compare(name, ours, (iterations) => runNative(name, path, iterations), options));
    }
    const slower = rows.filter((row) => row.case === BAR_PROGRAM).map((row) => row.theirs / row.ours);
    return {
      bench: "native",
      rows: [...rows, meanRow("geometric mean", rows)],
      notes: [
        `theirs: the host itself, ${COMPILER} ${version} ${FLAGS.join(" ")}`,
        `${BAR_PROGRAM}: ${(slower[0] ?? Number.NaN).toFixed(2)}x slower than native, bar ${BAR}x`,
      ],
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
