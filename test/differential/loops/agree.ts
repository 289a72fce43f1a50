// Runs one guest on every engine and says where they part: registers, CSRs, memory, instructions retired, serial output, exit status.
// The interpreter, which other tests hold against QEMU, is the one that is right.
import { createHash } from "node:crypto";
import { expect } from "vitest";
import { Machine, type RunOutcome } from "../../../src/machine/machine.js";
import { type Engine, ENGINES } from "../../conformance/engines.js";
import { stateDifferences } from "../state-differences.js";

/** Translated code comes when another thread has compiled it, which may be never: the only engine whose runs cannot be repeated exactly. */
const IN_BACKGROUND: Engine = {
  name: "translate in the background",
  oneIn: 1,
  make: (options) => new Machine({ ...options, engine: "translate", compile: "background" }),
};

export interface Region {
  readonly pa: number;
  readonly bytes: number;
}

export interface Guest {
  readonly entryPa: number;
  readonly loads: readonly { readonly pa: number; readonly bytes: Uint8Array }[];
  /** Compared byte by byte at the end. */
  readonly compared: readonly Region[];
  /** More than the guest needs. */
  readonly maxInsns: number;
  /** What a look at the clock adds; without it time stands still, so that nothing depends on how an engine divides its slices. */
  readonly lookNs?: bigint;
  /** Between two calls of run(). */
  between?(machine: Machine, calls: number): void;
}

export interface Finish {
  readonly end: string;
  /** As Machine.state() gives it. */
  readonly state: BigUint64Array;
  readonly pc: bigint;
  readonly instructions: bigint;
  readonly traps: number;
  readonly interrupts: number;
  readonly serial: string;
  readonly memory: readonly Uint8Array[];
}

export const FINISHER_PA = 0x100000;
export const RAM_PA = 0x80000000;
const RAM_BYTES = 64 * 1024 * 1024;

const endOf = (outcome: RunOutcome): string => (outcome.kind === "poweroff" ? `poweroff ${outcome.status}` : outcome.kind);

export function finish(engine: Engine, guest: Guest, budget: number): Finish {
  const serial: number[] = [];
  let now = 0n;
  const machine = engine.make({
    ramBytes: RAM_BYTES,
    onSerial: (byte) => serial.push(byte),
    clock: () => (now += guest.lookNs ?? 0n),
    random: (into) => into.fill(7),
  });
  machine.start({ entryPa: guest.entryPa, mode: "M", a0: 0, a1: 0, a2: 0, firmware: "none", loads: [...guest.loads] });
  let end = "no end";
  for (let calls = 0; end === "no end" && machine.instructions < guest.maxInsns && calls * budget < 4 * guest.maxInsns; calls++) {
    guest.between?.(machine, calls);
    const outcome = machine.run(budget);
    if (outcome.kind !== "budget") end = endOf(outcome);
  }
  return {
    end,
    state: machine.state().slice(),
    pc: machine.pc,
    instructions: machine.instructions,
    traps: machine.counts.traps,
    interrupts: machine.counts.interrupts,
    serial: Buffer.from(serial).toString(),
    memory: guest.compared.map(({ pa, bytes }) => machine.readRam(pa, bytes)),
  };
}

export interface Leniency {
  /** Counts and CSRs may differ: where the guest's way depends on time, and that on where looks at the clock fall. */
  readonly anyCount?: boolean;
}

/** Where `other` differs from `right`, one line each. */
export function differences(guest: Guest, right: Finish, other: Finish, lenient: Leniency = {}): string[] {
  const lines: string[] = [];
  const look = (what: string, mine: unknown, theirs: unknown): void => {
    if (mine !== theirs) lines.push(`${what}: ${String(theirs)}, interpreted ${String(mine)}`);
  };
  look("end", right.end, other.end);
  look("serial", right.serial, other.serial);
  const compared = lenient.anyCount === true ? /^(pc|x\d+)$/ : /./;
  lines.push(
    ...stateDifferences(right.state, other.state)
      .filter(([name]) => compared.test(name))
      .map(([, line]) => line),
  );
  for (const [index, mine] of right.memory.entries()) {
    const theirs = other.memory[index] ?? new Uint8Array();
    if (digest(mine) === digest(theirs)) continue;
    const at = mine.findIndex((byte, n) => byte !== theirs[n]);
    lines.push(`memory from 0x${((guest.compared[index]?.pa ?? 0) + at).toString(16)} on`);
  }
  return lines;
}

const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Runs the guest on all engines with each budget, and fails where one of them differs; gives the instructions of the guest. */
export function expectAgreement(guest: Guest, budgets: readonly number[], replay: string, lenient: Leniency = {}): Finish {
  const [interpreter, ...others] = ENGINES;
  if (interpreter === undefined) throw new Error("there is no engine");
  const right = finish(interpreter, guest, budgets[0] ?? 20_000);
  expect(right.end, `${replay}: the guest ends by itself, not at 0x${right.pc.toString(16)}`).toMatch(/^poweroff/);
  for (const budget of budgets) {
    for (const engine of [...others, IN_BACKGROUND]) {
      const found = differences(guest, right, finish(engine, guest, budget), lenient);
      expect(found.join("\n"), `${replay}, ${engine.name}, budget ${budget}`).toBe("");
    }
  }
  return right;
}
