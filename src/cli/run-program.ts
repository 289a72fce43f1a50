// `wardian run FILE.wasm`: a program in a container, its streams and status as though it ran here. May depend on errors, config,
// container/, instance/ and the files beside it.
import { basename } from "node:path";
import { Container } from "../container/container.js";
import { sharedRuntime } from "../container/runtime.js";
import { Volume } from "../container/volume.js";
import { DEFAULT_MEMORY } from "../config.js";
import { readProgram } from "../instance/container-instance.js";
import { programLimits } from "../instance/program-limits.js";
import { ProgramProcess } from "../instance/program-process.js";
import { attend } from "./attendance.js";
import { programLimitsOf } from "./program-limits.js";
import type { RunOptions } from "./run.js";

/** The exit status. */
export async function runProgram(path: string, args: readonly string[], options: RunOptions): Promise<number> {
  const { memory = DEFAULT_MEMORY, cpus, timeout } = options;
  const limits = { ...programLimits({ ...programLimitsOf(options), memory, cpus }), timeMs: timeout };
  // A thread takes longer to begin than a program to be read and compiled: both at once.
  sharedRuntime().threads.warm(1);
  const container = await Container.start({
    module: await readProgram(path),
    name: basename(path),
    args,
    env: { ...options.env },
    mounts: options.dir ?? [],
    volumes: (options.tmpfs ?? []).map(({ guestPath, maxBytes }) => ({
      volume: new Volume(sharedRuntime().kernel, { maxBytes }),
      guestPath,
    })),
    stdin: options.interactive === true,
    tty: options.tty === true,
    limits,
    tier: options.tier ?? "auto",
    ...(options.trace === true ? { onTrace: (line: string) => void process.stderr.write(`${line}\n`) } : {}),
  });
  // The terminal stays as it is: there is no line discipline of ours between it and the program.
  const attending = attend(new ProgramProcess(container), { interactive: options.interactive === true, tty: false, passSignals: true });
  const { status, hasLeft } = await attending;
  if (hasLeft) return status;
  const end = await container.exited;
  return end.status;
}
