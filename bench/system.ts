// `system`: Debian Linux with a shell, fork and exec, and programs of Debian's own, our machine against QEMU; the same kernel,
// initrd and command line in both, in turn, the median of the rounds. A case is timed between two marks on the serial console, by
// the host's clock, in this process, for both. Depends on errors and the files beside it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WardianError } from "../src/errors.js";
import type { BootTask } from "./child.js";
import { startChild } from "./child-run.js";
import { findGuest } from "./guest.js";
import type { BenchOptions } from "./options.js";
import { startQemu } from "./qemu.js";
import { geometricMean, lessIsBetter, median, type Report, type Row } from "./report.js";
import { type Case, CASES, type Size } from "./system/cases.js";
import { makeSystemInitrd } from "./system/image.js";
import { type CaseResult, type Mark, MarkReader, readCase } from "./system/markers.js";
import { fetchPackages } from "./system/packages.js";

const MEMORY = "512M";
const APPEND = "console=ttyS0 panic=-1 quiet no4lvl cryptomgr.notests";
/** Of one boot with all its cases; the interpreter takes its time. */
const TIME_LIMIT_MS = 30 * 60_000;

type Counters = Readonly<Record<string, number>>;

interface Sample extends CaseResult {
  /** What our machine's counters grew by. */
  readonly counters?: Counters;
}

/** By the names of the cases. */
type Round = ReadonlyMap<string, Sample>;

const sampleCases = (cases: readonly Case[], sample: (name: string) => Sample): Round =>
  new Map(cases.map(({ name }) => [name, sample(name)]));

async function runOurs(task: BootTask, cases: readonly Case[]): Promise<Round> {
  const reader = new MarkReader();
  const marks: (Mark & { counters: Counters })[] = [];
  const run = startChild(task, {
    timeLimitMs: TIME_LIMIT_MS,
    onConsole(text, counters) {
      for (const mark of reader.read(text, performance.now())) marks.push({ ...mark, counters });
    },
  });
  try {
    await run.end;
  } finally {
    await run.kill();
  }
  return sampleCases(cases, (name) => {
    const at = (word: string): Counters => marks.find((mark) => mark.word === word && mark.name === name)?.counters ?? {};
    const [before, after] = [at("start"), at("stop")];
    const counters = Object.fromEntries(Object.entries(after).map(([key, value]) => [key, value - (before[key] ?? 0)]));
    return { ...readCase("ours", name, marks), counters };
  });
}

async function runTheirs({ kernel, initrd, append, memory }: BootTask, cases: readonly Case[]): Promise<Round> {
  const reader = new MarkReader();
  const marks: Mark[] = [];
  const run = startQemu(["-m", memory, "-kernel", kernel, "-initrd", initrd, "-append", append], {
    timeLimitMs: TIME_LIMIT_MS,
    onConsole: (text) => void marks.push(...reader.read(text, performance.now())),
  });
  await run.end;
  return sampleCases(cases, (name) => readCase("theirs", name, marks));
}

function compare({ name, what, amounts }: Case, ours: readonly Round[], theirs: readonly Round[], size: Size): Row {
  const samplesOf = (rounds: readonly Round[]): Sample[] => rounds.flatMap((round) => round.get(name) ?? []);
  const [ourSamples, theirSamples] = [samplesOf(ours), samplesOf(theirs)];
  const digests = new Set([...ourSamples, ...theirSamples].map(({ digest }) => digest));
  if (digests.size !== 1)
    throw new WardianError("bench-checksum", `the case ${name} computes different results: ${[...digests].join(", ")}`);
  const secondsOf = (samples: readonly Sample[]): number => median(samples.map(({ seconds }) => seconds));
  const row = lessIsBetter(`${name}: ${amounts[size].toLocaleString("en")} ${what}`, secondsOf(ourSamples), secondsOf(theirSamples), "s");
  const { seconds, counters = {} } = ourSamples[0] ?? { seconds: 0 };
  const { instructions = 0, translated_instructions: translated = 0 } = counters;
  return {
    ...row,
    oursMips: Number((instructions / seconds / 1e6).toFixed(1)),
    oursTranslated: Number((translated / instructions).toFixed(4)),
    oursCounters: counters,
  };
}

function chooseCases({ only }: BenchOptions): readonly Case[] {
  const wrong = only?.find((name) => !CASES.some((candidate) => candidate.name === name));
  if (wrong !== undefined)
    throw new WardianError("bench-usage", `there is no case ${JSON.stringify(wrong)}: use ${CASES.map(({ name }) => name).join(", ")}`);
  return CASES.filter(({ name }) => only?.includes(name) ?? true);
}

function meanRows(cases: readonly Case[], rows: readonly Row[]): Row[] {
  const chosen = rows.filter((_row, index) => cases[index]?.kind === "program");
  if (chosen.length < 2) return [];
  const mean = (value: (row: Row) => number): number => geometricMean(chosen.map(value));
  return [lessIsBetter("geometric mean of the programs", mean((row) => row.ours), mean((row) => row.theirs), "s")]; // prettier-ignore
}

export async function benchSystem(options: BenchOptions): Promise<Report> {
  const cases = chooseCases(options);
  const size: Size = options.quick ? "quick" : options.long ? "long" : "full";
  const { kernel, busybox } = await findGuest(options);
  const packages = await fetchPackages(options.onProgress);
  const folder = mkdtempSync(join(tmpdir(), "wardian-bench-"));
  try {
    const initrd = join(folder, "initrd");
    writeFileSync(initrd, await makeSystemInitrd(busybox, packages, cases, size));
    const task: BootTask = { kind: "boot", kernel, initrd, append: APPEND, memory: MEMORY, engine: options.engine };
    const [ours, theirs]: [Round[], Round[]] = [[], []];
    for (let n = 0; n < (size === "full" ? 3 : 1); n++) {
      ours.push(await runOurs(task, cases));
      theirs.push(await runTheirs(task, cases));
      for (const { name } of cases) {
        const said = [ours, theirs].map((rounds) => rounds[n]?.get(name)?.seconds.toFixed(2));
        options.onProgress(`system, ${name}: ours ${said[0]} s, theirs ${said[1]} s`);
      }
    }
    const rows = cases.map((it) => compare(it, ours, theirs, size));
    return {
      bench: "system",
      rows: [...rows, ...meanRows(cases, rows)],
      notes: [
        `wall time in a booted guest of ${MEMORY}, the first run of each program in it`,
        `packages: ${packages.map(({ label }) => label).join(", ")}`,
      ],
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
