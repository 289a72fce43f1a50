// What a benchmark is told, and the command line that says it. Depends on errors.
import { parseArgs } from "node:util";
import { WardianError } from "../src/errors.js";
import { ENGINE_NAMES, type EngineName } from "../src/machine/engine-name.js";

export interface BenchOptions {
  /** Fewer and shorter rounds: figures to look at, not to quote. */
  readonly quick: boolean;
  /** `system` alone: one round, of about ten times the work. */
  readonly long: boolean;
  /** How our machine runs the programs of `cpu`, `native` and `system` and the guests of `memory`; default: as a user's does. */
  readonly engine?: EngineName;
  /** Cases of `system` to run; default: all. */
  readonly only?: readonly string[];
  /** Paths instead of the guest from Debian's archive. */
  readonly kernel?: string;
  readonly busybox?: string;
  onProgress(line: string): void;
}

export interface CommandLine {
  readonly names: readonly string[];
  readonly json: boolean;
  readonly options: BenchOptions;
}

export function readCommandLine(args: readonly string[], known: readonly string[]): CommandLine {
  const usage = `usage: npm run bench -- [${known.join("] [")}] [--json] [--quick | --long] [--engine NAME] [--only CASE,CASE] [--kernel FILE --busybox FILE]`;
  const { values, positionals } = parse(args, usage);
  const wrong = positionals.find((name) => !known.includes(name));
  if (wrong !== undefined) throw new WardianError("bench-usage", `there is no benchmark ${JSON.stringify(wrong)}; ${usage}`);
  if (values.quick && values.long) throw new WardianError("bench-usage", `--quick or --long, not both; ${usage}`);
  const { kernel, busybox, engine, only } = values;
  return {
    names: positionals.length === 0 ? known : [...new Set(positionals)],
    json: values.json ?? false,
    options: {
      quick: values.quick ?? false,
      long: values.long ?? false,
      ...(engine === undefined ? {} : { engine: readEngine(engine) }),
      ...(only === undefined ? {} : { only: only.split(",") }),
      ...(kernel === undefined ? {} : { kernel }),
      ...(busybox === undefined ? {} : { busybox }),
      onProgress: (line) => process.stderr.write(`bench: ${line}\n`),
    },
  };
}

const FLAGS = {
  json: { type: "boolean" },
  quick: { type: "boolean" },
  long: { type: "boolean" },
  engine: { type: "string" },
  only: { type: "string" },
  kernel: { type: "string" },
  busybox: { type: "string" },
} as const;

function parse(args: readonly string[], usage: string) {
  try {
    return parseArgs({ args: [...args], options: FLAGS, allowPositionals: true });
  } catch (error) {
    throw new WardianError("bench-usage", usage, { cause: error });
  }
}

function readEngine(name: string): EngineName {
  const engine = ENGINE_NAMES.find((candidate) => candidate === name);
  if (engine === undefined)
    throw new WardianError("bench-usage", `there is no engine ${JSON.stringify(name)}: use ${ENGINE_NAMES.join(", ")}`);
  return engine;
}
