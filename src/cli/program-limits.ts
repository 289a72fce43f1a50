// The options that bound a WebAssembly program, of `run` and of `create`. May depend on container/limit-bounds.ts, types of instance/,
// machine/size.ts and arguments.ts.
import type { Command } from "commander";
import { LIMIT_BOUNDS } from "../container/limit-bounds.js";
import type { InstanceRequest } from "../instance/spec.js";
import { parseSize } from "../machine/size.js";
import { parseCountWithin, parseDuration, parseFuel } from "./arguments.js";

export interface ProgramLimitOptions {
  readonly fuel?: number;
  readonly cpuTime?: number;
  readonly outputLimit?: number;
  readonly descriptorsLimit?: number;
  readonly fileSizeLimit?: number;
  readonly writeLimit?: number;
  readonly filesLimit?: number;
  readonly tableLimit?: number;
}

// prettier-ignore
export const PROGRAM_LIMIT_OPTIONS = [
  "fuel", "cpuTime", "outputLimit", "descriptorsLimit", "fileSizeLimit", "writeLimit", "filesLimit", "tableLimit",
] as const satisfies readonly (keyof ProgramLimitOptions)[];

/** `what` begins each line of help. */
export function addProgramLimitOptions(command: Command, what = ""): Command {
  const { descriptors, createdFiles, tableElements } = LIMIT_BOUNDS;
  const bytes = (text: string): number => parseSize(text, { minBytes: 1 });
  return command
    .option("--fuel <number>", `${what}end it after about so many instructions`, parseFuel)
    .option("--cpu-time <time>", `${what}end it after this time on a CPU`, parseDuration)
    .option("--output-limit <size>", `${what}end it when stdout and stderr come to more`, bytes)
    .option("--descriptors-limit <number>", `${what}the most descriptors open at once (default: 1024)`, parseCountWithin(descriptors))
    .option("--file-size-limit <size>", `${what}the most a file may grow to in folders of the host`, bytes)
    .option("--write-limit <size>", `${what}the most it may write in folders of the host`, bytes)
    .option(
      "--files-limit <number>",
      `${what}the most files and folders it may make in folders of the host`,
      parseCountWithin(createdFiles),
    )
    .option("--table-limit <number>", `${what}the most elements of its tables (default: 1000000)`, parseCountWithin(tableElements));
}

/** As the spec has them. */
export function programLimitsOf(options: { readonly [K in keyof ProgramLimitOptions]: ProgramLimitOptions[K] | undefined }) {
  return {
    fuel: options.fuel,
    cpuTimeMs: options.cpuTime,
    output: options.outputLimit,
    descriptors: options.descriptorsLimit,
    fileSize: options.fileSizeLimit,
    written: options.writeLimit,
    createdFiles: options.filesLimit,
    tableElements: options.tableLimit,
  } satisfies InstanceRequest["limits"];
}
