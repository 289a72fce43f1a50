// The ways in which the machine can execute, and how a test runs a guest on each of them. Everything under test/conformance
// is done once an engine: a new engine is a new line of ENGINES.
import { makeBoard } from "../../src/instance/board.js";
import { planBoot } from "../../src/machine/boot/plan.js";
import { Machine, type MachineOptions } from "../../src/machine/machine.js";

export interface Engine {
  readonly name: string;
  /** Of many generated cases it takes one in so many: what is translated at first sight and runs once takes its time. */
  readonly oneIn: number;
  make(options: MachineOptions): Machine;
}

export const ENGINES: readonly Engine[] = (["interpret", "translate", "eager"] as const).map((engine) => ({
  name: engine,
  oneIn: { interpret: 1, translate: 4, eager: 60 }[engine],
  make: (options) => new Machine({ ...options, engine }),
}));

export interface Verdict {
  /** The guest's own status; undefined where it did not end by itself. */
  readonly status: number | undefined;
  readonly serial: string;
  readonly pc: bigint;
  readonly instructions: bigint;
}

const RAM_BYTES = 64 * 1024 * 1024;
const SLICE_INSNS = 20_000;
const SLICE_NS = 200_000n;
/** Every look at the clock moves it, so that a guest which polls time sees it go on. */
const LOOK_NS = 1000n;

/** Runs a bare-metal or SBI program to its end, in a time of its own that follows the instructions. */
export function runElf(engine: Engine, elf: Uint8Array, maxInsns: number): Verdict {
  const serial: number[] = [];
  let now = 0n;
  const machine = engine.make({ ramBytes: RAM_BYTES, onSerial: (byte) => serial.push(byte), clock: () => (now += LOOK_NS) });
  const decompress = (): never => {
    throw new Error("a bare-metal program is not compressed");
  };
  machine.start(planBoot({ ramBytes: RAM_BYTES, kernel: elf, cmdline: "", board: makeBoard(), decompress }));
  let status: number | undefined;
  for (let spent = 0; spent < maxInsns; spent += SLICE_INSNS) {
    const outcome = machine.run(SLICE_INSNS);
    now += SLICE_NS;
    if (outcome.kind === "idle" && outcome.sleepMs === Number.POSITIVE_INFINITY) break;
    if (outcome.kind === "idle") now += BigInt(Math.ceil(outcome.sleepMs * 1e6));
    if (outcome.kind === "poweroff") status = outcome.status;
    if (outcome.kind !== "idle" && outcome.kind !== "budget") break;
  }
  return { status, serial: Buffer.from(serial).toString(), pc: machine.pc, instructions: machine.instructions };
}
