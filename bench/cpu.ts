// `cpu`: bare-metal programs, our machine against QEMU, the same ELF in both, in turn. Timed between the program's words
// "start" and "stop", so neither loading nor its warm-up counts: by the host's clock for ours, by the guest's for theirs.
// Depends on errors, machine/ and the files beside it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WardianError } from "../src/errors.js";
import { makeBoard } from "../src/instance/board.js";
import type { EngineName } from "../src/machine/engine-name.js";
import { planBoot } from "../src/machine/boot/plan.js";
import { Machine, type RunOutcome } from "../src/machine/machine.js";
import type { BenchOptions } from "./options.js";
import { makeElf, type Program, PROGRAMS, readTiming, type Timing } from "./programs.js";
import { startQemu } from "./qemu.js";
import { geometricMean, moreIsBetter, type Report, type Row } from "./report.js";

const RAM_BYTES = 64 * 2 ** 20;
const BUDGET_INSNS = 2_000_000;
/** An outer bound: a program that runs so long is lost. */
const TIME_LIMIT_MS = 120_000;

interface Sample extends Timing {
  readonly iterations: number;
  readonly instructions: number;
}

type Side = (iterations: number) => Promise<Sample>;

const noDecompression = (): never => {
  throw new WardianError("bench-program", "a benchmark program is not packed");
};

async function runOurs(name: string, iterations: number, engine: EngineName): Promise<Sample> {
  const plan = planBoot({
    ramBytes: RAM_BYTES,
    kernel: makeElf(name, iterations),
    cmdline: "",
    board: makeBoard(),
    decompress: noDecompression,
  });
  let output = "";
  let started: { ms: number; instructions: bigint } | undefined;
  let stopped: { ms: number; instructions: bigint } | undefined;
  const machine = new Machine({
    ramBytes: RAM_BYTES,
    compile: "background",
    engine,
    onSerial(byte) {
      output += String.fromCharCode(byte);
      const now = (): { ms: number; instructions: bigint } => ({ ms: performance.now(), instructions: machine.instructions });
      if (output === "start\n") started = now();
      else if (output === "start\ns") stopped = now();
    },
  });
  machine.start(plan);
  const limitMs = performance.now() + TIME_LIMIT_MS;
  let outcome: RunOutcome;
  do outcome = machine.run(BUDGET_INSNS);
  while (outcome.kind === "budget" && performance.now() < limitMs);
  if (outcome.kind !== "poweroff" || outcome.status !== 0 || started === undefined || stopped === undefined) {
    throw new WardianError("bench-program", `the program ${name} failed on our machine (${outcome.kind}, pc 0x${machine.pc.toString(16)})`);
  }
  const { checksum } = readTiming(name, output);
  const instructions = Number(stopped.instructions - started.instructions);
  return { seconds: (stopped.ms - started.ms) / 1000, checksum, iterations, instructions };
}

async function runTheirs(name: string, folder: string, iterations: number): Promise<Sample> {
  const path = join(folder, `${name}.elf`);
  writeFileSync(path, makeElf(name, iterations));
  const output = await startQemu(["-m", "64M", "-bios", path]).end;
  return { ...readTiming(name, output), iterations, instructions: 0 };
}

const LEAST_SECONDS = 0.03;
const MOST_ITERATIONS = 100_000_000;

/** So many iterations take about `seconds`. */
async function calibrate(side: Side, seconds: number): Promise<number> {
  for (let iterations = 8; ; iterations *= 8) {
    const sample = await side(iterations);
    if (sample.seconds >= LEAST_SECONDS || iterations >= MOST_ITERATIONS) {
      return Math.min(MOST_ITERATIONS, Math.max(1, Math.round((iterations * seconds) / sample.seconds)));
    }
  }
}

const best = (samples: readonly Sample[]): Sample =>
  samples.reduce((a, b) => (b.iterations / b.seconds > a.iterations / a.seconds ? b : a));

async function compare(program: Program, folder: string, options: BenchOptions): Promise<Row> {
  const { name } = program;
  const seconds = options.quick ? 0.25 : 1;
  const rounds = options.quick ? 1 : 3;
  const sides: readonly Side[] = [
    (iterations) => runOurs(name, iterations, options.engine ?? "auto"),
    (iterations) => runTheirs(name, folder, iterations),
  ];
  const counts: number[] = [];
  for (const side of sides) counts.push(await calibrate(side, seconds));
  const samples: [Sample[], Sample[]] = [[], []];
  for (let n = 0; n < rounds; n++) {
    for (const [index, side] of sides.entries()) samples[index]?.push(await side(counts[index] ?? 1));
  }
  const [ours, theirs] = [best(samples[0]), best(samples[1])];
  const sums = new Set(samples.flat().map((sample) => sample.checksum));
  if (sums.size !== 1) throw new WardianError("bench-checksum", `the program ${name} computes different results: ${[...sums].join(", ")}`);
  options.onProgress(`${name} done`);
  const row = moreIsBetter(name, ours.iterations / ours.seconds, theirs.iterations / theirs.seconds, "iterations/s");
  return { ...row, oursMips: Number((ours.instructions / ours.seconds / 1e6).toFixed(1)) };
}

function meanRow(kind: Program["kind"], rows: readonly Row[]): Row {
  const names = PROGRAMS.filter((program) => program.kind === kind).map((program) => program.name);
  const chosen = rows.filter((row) => names.includes(row.case));
  const mean = (value: (row: Row) => number): number => geometricMean(chosen.map(value));
  const row = moreIsBetter(`geometric mean, ${kind}`, mean((it) => it.ours), mean((it) => it.theirs), "iterations/s"); // prettier-ignore
  return { ...row, oursMips: Number(mean((it) => it.oursMips ?? Number.NaN).toFixed(1)) };
}

export async function benchCpu(options: BenchOptions): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), "wardian-bench-"));
  try {
    const rows: Row[] = [];
    for (const program of PROGRAMS) rows.push(await compare(program, folder, options));
    const means = (["integer", "floating point"] as const).map((kind) => meanRow(kind, rows));
    return { bench: "cpu", rows: [...rows, ...means], notes: [] };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
