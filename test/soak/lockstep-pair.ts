// Two machines with the same guest, one interpreting and one translating, that are made to stand at the same instruction again and again
// and compared there: hart, devices and serial output each time, RAM every RAM_INSNS instructions.
//
// Time stands still while they run and goes on between steps, by what was retired; so an interrupt becomes pending at an instruction
// that does not depend on the engine. Where a run ends does: an engine stops at the first place it can behind its budget. The machine
// that is behind then runs the difference, as often as it takes until both have come equally far. All of it follows from the seed.
import type { BootPlan } from "../../src/machine/boot/plan.js";
import type { EngineName } from "../../src/machine/engine-name.js";
import { Machine, type RunOutcome } from "../../src/machine/machine.js";
import { Random } from "../differential/random.js";
import { deviceDifferences, ramDifferences, stateDifferences } from "../differential/state-differences.js";

export const RAM_BYTES = 256 * 2 ** 20;
const RAM_INSNS = 20_000_000n;
const MAX_TURNS = 100_000;
/** A loop that waits is no longer than this, and is looked at so often. */
const LOOP_BYTES = 64n;
const LOOKS = 64;
const PHASE_STEPS = 300;
const MAX_BUDGET_BITS = 17;
const NS_PER_INSN = [10n, 10n, 30n, 100n];
const POWER_ON_NS = 1_700_000_000_000_000_000n;
const TAIL_BYTES = 2000;

/** The two are no longer alike. */
export class Parting extends Error {
  constructor(
    readonly lines: readonly string[],
    readonly step: number,
    /** The last step at which RAM was alike, too. */
    readonly alikeStep: number,
    readonly instructions: bigint,
    readonly pc: bigint,
  ) {
    super(`they part in step ${step}, after ${instructions} instructions, at pc 0x${pc.toString(16)}:\n  ${lines.join("\n  ")}`);
  }
}

/**
 * The guest waits, in one short loop, for time to pass, which it does not while the two look for a place to meet; and none of the places
 * where the one can stop is one of the other's. Time that passed now would be seen at different instructions.
 */
export class Waiting extends Error {}

/** How budgets are chosen and how fast time goes, for PHASE_STEPS steps. */
interface Phase {
  readonly budgetBits: number;
  readonly nsPerInsn: bigint;
}

export class Pair {
  readonly #random: Random;
  readonly interpreting: Machine;
  readonly translating: Machine;
  readonly #serials: readonly [right: number[], other: number[]] = [[], []];
  /** The last of what both said. */
  serialTail = "";
  steps = 0;
  /** At least one a step. */
  comparisons = 0;
  ramComparisons = 0;
  #nowNs = 0n;
  #phase: Phase = { budgetBits: 1, nsPerInsn: 10n };
  #alikeStep = 0;
  #alikeInsns = 0n;

  constructor(plan: BootPlan, engine: EngineName, seed: number) {
    this.#random = new Random(seed);
    this.interpreting = this.#make("interpret", 0);
    this.translating = this.#make(engine, 1);
    for (const machine of [this.interpreting, this.translating]) machine.start(plan);
  }

  #make(engine: EngineName, index: 0 | 1): Machine {
    const random = new Random(1);
    return new Machine({
      ramBytes: RAM_BYTES,
      engine,
      compile: "inline",
      onSerial: (byte) => this.#serials[index].push(byte),
      clock: () => this.#nowNs,
      wallClock: () => POWER_ON_NS + this.#nowNs,
      random: (into) => into.set(into.map(() => random.below(256))),
    });
  }

  /** One run of both, whose end does not depend on `pieceInsns`: how often they are compared on the way, then with RAM. Throws a Parting. */
  step({ ram = false, pieceInsns = Number.POSITIVE_INFINITY } = {}): void {
    const from = this.interpreting.instructions;
    if (this.steps++ % PHASE_STEPS === 0) this.#phase = this.#nextPhase();
    const budget = 1 + this.#random.below(2 ** this.#phase.budgetBits);
    const pair: [Machine, Machine] = [this.translating, this.interpreting];
    if (this.#random.chance(8)) pair.reverse();
    let outcome: RunOutcome;
    let left = budget;
    do {
      outcome = this.#meet(pair, Math.min(left, pieceInsns));
      this.#compare(ram || pieceInsns < budget);
      left = budget - Number(this.interpreting.instructions - from);
    } while (outcome.kind === "budget" && left > 0);
    this.#passTime(outcome, this.interpreting.instructions - from);
  }

  #nextPhase(): Phase {
    return { budgetBits: 1 + this.#random.below(MAX_BUDGET_BITS), nsPerInsn: this.#random.pick(NS_PER_INSN) };
  }

  /** Both look at the clock, even where neither moves: the timer's line follows it. */
  #meet([first, second]: readonly [Machine, Machine], budget: number): RunOutcome {
    const from = progressOf(first).steps;
    let outcome = first.run(budget);
    // A budget of one instruction is used up where translated code gives that one to the interpreter.
    while (outcome.kind === "budget" && progressOf(first).steps === from) outcome = first.run(budget);
    for (let turns = 0; turns < MAX_TURNS; turns++) {
      const [mine, theirs] = [progressOf(first), progressOf(second)];
      if (mine.steps === theirs.steps) {
        if (outcome.kind === "idle") second.run(1);
        return outcome;
      }
      const behind = mine.steps < theirs.steps ? first : second;
      const gap = Math.abs(Number(mine.instructions - theirs.instructions));
      behind.run(Math.max(gap, 1));
    }
    const [here, there] = [first.pc, second.pc];
    if (here - there < LOOP_BYTES && there - here < LOOP_BYTES && this.#isLooping())
      throw new Waiting(
        `after ${first.instructions} instructions it waits for time at pc 0x${here.toString(16)}, where the two have no place in common to stop`,
      );
    throw this.#parting(["they no longer come to the same place"]);
  }

  /** True where both come by the same places again and again. */
  #isLooping(): boolean {
    return [this.interpreting, this.translating].every((machine) => {
      const places = Array.from({ length: LOOKS }, () => {
        machine.run(1);
        return machine.pc;
      });
      return new Set(places).size < LOOKS / 2;
    });
  }

  #compare(ram: boolean): void {
    this.comparisons++;
    const [right, other] = [this.interpreting, this.translating];
    const lines = [
      ...this.#stateLines(),
      ...deviceDifferences(right, other),
      ...(this.#serials[0].join() === this.#serials[1].join() ? [] : ["serial output"]),
    ];
    const isDue = ram || lines.length > 0 || right.instructions - this.#alikeInsns >= RAM_INSNS;
    if (isDue) lines.push(...ramDifferences(right, other, RAM_BYTES));
    if (lines.length > 0) throw this.#parting(lines);
    if (isDue) this.#noteAlike();
    this.serialTail = (this.serialTail + Buffer.from(this.#serials[0]).toString("latin1")).slice(-TAIL_BYTES);
    for (const serial of this.#serials) serial.length = 0;
  }

  #stateLines(): string[] {
    const [mine, theirs] = [this.interpreting.state(), this.translating.state()];
    return Buffer.compare(bytesOf(mine), bytesOf(theirs)) === 0 ? [] : stateDifferences(mine, theirs).map(([, line]) => line);
  }

  #noteAlike(): void {
    this.ramComparisons++;
    this.#alikeStep = this.steps;
    this.#alikeInsns = this.interpreting.instructions;
  }

  #passTime(outcome: RunOutcome, insns: bigint): void {
    this.#nowNs += insns * this.#phase.nsPerInsn;
    if (outcome.kind === "budget") return;
    if (outcome.kind !== "idle" || outcome.sleepMs === Number.POSITIVE_INFINITY)
      throw new Error(`the guest came to an end by itself (${outcome.kind}):\n${this.serialTail}`);
    this.#nowNs += BigInt(Math.ceil(outcome.sleepMs * 1e6));
  }

  #parting(lines: readonly string[]): Parting {
    return new Parting(lines, this.steps, this.#alikeStep, this.interpreting.instructions, this.interpreting.pc);
  }
}

const bytesOf = (state: BigUint64Array): Uint8Array => new Uint8Array(state.buffer, state.byteOffset, state.byteLength);

/** How far a machine has come. What does not retire (a trap, an interrupt, a call to the firmware) is a step, too. */
function progressOf(machine: Machine): { steps: bigint; instructions: bigint } {
  const [instructions = 0n, traps = 0n, interrupts = 0n, calls = 0n] = machine.state();
  return { steps: instructions + traps + interrupts + calls, instructions };
}
