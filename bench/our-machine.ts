// A bare-metal program on our machine, in this process: how long its iterations took, by the host's clock, between its words
// "start" and "stop". Depends on errors, machine/ and programs.ts.
import { WardianError } from "../src/errors.js";
import { makeBoard } from "../src/instance/board.js";
import { planBoot } from "../src/machine/boot/plan.js";
import type { EngineName } from "../src/machine/engine-name.js";
import { Machine, type RunOutcome } from "../src/machine/machine.js";
import type { Sample } from "./contest.js";
import { makeElf, readTiming } from "./programs.js";

const RAM_BYTES = 64 * 2 ** 20;
const BUDGET_INSNS = 2_000_000;
/** An outer bound: a program that runs so long is lost. */
const TIME_LIMIT_MS = 120_000;

const noDecompression = (): never => {
  throw new WardianError("bench-program", "a benchmark program is not packed");
};

export async function runOurs(name: string, iterations: number, engine: EngineName): Promise<Sample> {
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
