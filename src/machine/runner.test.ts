// One machine between its scheduler and its messages, without threads: bounded output, errors that stay its own, time that stands.
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { RAM_BASE, TIMEBASE_HZ } from "../../assembly/machine/abi.js";
import { assemble } from "../isa/assemble.js";
import type { BootPlan } from "./boot/plan.js";
import { CounterBlock, deviceNames } from "./counters.js";
import { Machine } from "./machine.js";
import { stubModule } from "./module-stub-sample.js";
import { Runner } from "./runner.js";
import { ECHO, FLOOD, finishWith, HOT_LOOP, HOT_LOOP_STATUS, LOOP, planOf, print, SAMPLE_RAM_BYTES, SLEEP } from "./vm-sample.js";
import { type FromWorker, OUTPUT_WINDOW_BYTES, SERIAL_CHANNEL, type StartMessage } from "./worker-messages.js";

const NO_USAGE = { busyMs: 0, throttledMs: 0, waitingMs: 0 };
const DBCN_BYTES = 4096;
/** Long enough for a flood to show, were it not stopped. */
const LONG_SLICE_MS = 300;
const STOOD_MS = 50;
const TOHOST_PA = RAM_BASE + 0x10000;

function make(plan: BootPlan, more: Partial<StartMessage> = {}) {
  const names = deviceNames(more.disks?.length ?? 0, more.ports ?? []);
  const counters = new CounterBlock(names);
  const sent: FromWorker[] = [];
  const start: StartMessage = {
    kind: "start",
    plan,
    ramBytes: SAMPLE_RAM_BYTES,
    disks: [],
    ports: [],
    counters: counters.buffer,
    share: {},
    paused: false,
    ...more,
  };
  const runner = new Runner(start, (message) => sent.push(message));
  const slice = (ms: number): number => {
    const sleepMs = runner.run(ms);
    runner.charge(NO_USAGE);
    return sleepMs;
  };
  const output = (): string =>
    sent.flatMap((message) => (message.kind === "output" ? [Buffer.from(message.bytes).toString()] : [])).join("");
  return { runner, sent, slice, output, sample: () => counters.sample({ up_seconds: 0, paused_seconds: 0 }) };
}

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** SBI console writes of 4 KiB, one after the other. */
const SBI_FLOOD: BootPlan = {
  ...planOf([
    assemble("lui", { rd: 17, imm: 0x44424000 }),
    assemble("addi", { rd: 17, rs1: 17, imm: 0x34e }),
    assemble("addi", { rd: 16, imm: 0 }),
    assemble("lui", { rd: 10, imm: 4096 }),
    assemble("auipc", { rd: 11, imm: 0 }),
    assemble("addi", { rd: 12, imm: 0 }),
    assemble("ecall"),
    assemble("jal", { imm: -16 }),
  ]),
  mode: "S",
};

/** Console characters through HTIF. */
const HTIF_FLOOD: BootPlan = {
  ...planOf([
    assemble("addi", { rd: 7, imm: 0x101 }),
    assemble("slli", { rd: 7, rs1: 7, imm: 48 }),
    assemble("ori", { rd: 7, rs1: 7, imm: 65 }),
    assemble("auipc", { rd: 5, imm: 0x10000 }),
    assemble("sd", { rs1: 5, rs2: 7, imm: -12 }),
    assemble("jal", { imm: -4 }),
  ]),
  tohostPa: TOHOST_PA,
};

describe("output", () => {
  for (const [name, plan] of Object.entries({ UART: planOf(FLOOD), SBI: SBI_FLOOD, HTIF: HTIF_FLOOD })) {
    test(`of a guest that floods the ${name} ends the slice at the window, and waits for its reader`, () => {
      const { runner, slice, output } = make(plan);
      expect(slice(LONG_SLICE_MS)).toBe(0);
      expect(output().length).toBeGreaterThanOrEqual(OUTPUT_WINDOW_BYTES);
      expect(output().length).toBeLessThanOrEqual(OUTPUT_WINDOW_BYTES + DBCN_BYTES);
      expect(slice(LONG_SLICE_MS)).toBe(Number.POSITIVE_INFINITY);
      const before = output().length;
      runner.receive({ kind: "read", channel: SERIAL_CHANNEL, count: before });
      expect(slice(LONG_SLICE_MS)).toBe(0);
      expect(output().length).toBeGreaterThan(before);
      expect(output().length).toBeLessThanOrEqual(before + OUTPUT_WINDOW_BYTES + DBCN_BYTES);
    });
  }

  test("comes before the end, and everything is counted by then", () => {
    const { slice, sent, sample } = make(planOf(print("bye\n", finishWith(3))));
    slice(4);
    expect(sent.map(({ kind }) => kind)).toEqual(["output", "end"]);
    expect(sample().devices["serial"]).toMatchObject({ device_write_bytes: 4, device_write_operations: 1 });
    expect(sample().machine.instructions).toBeGreaterThan(8);
  });
});

describe("a slice", () => {
  test("ends by the clock, long or short", () => {
    const { slice } = make(planOf(LOOP));
    slice(4); // compiles
    for (const ms of [1, 4, 20]) {
      // On a busy host most of them may be interrupted.
      let least = Number.POSITIVE_INFINITY;
      for (let n = 0; n < 10 || (n < 100 && least >= ms + 2); n++) {
        const began = performance.now();
        expect(slice(ms)).toBe(0);
        least = Math.min(least, performance.now() - began);
      }
      expect(least).toBeGreaterThanOrEqual(ms * 0.9);
      expect(least).toBeLessThan(ms + 2);
    }
  });

  test("of a sleeping guest says for how long", () => {
    expect(make(planOf(SLEEP)).slice(4)).toBe(Number.POSITIVE_INFINITY);
  });

  test("takes input that waited, and counts it", () => {
    const { runner, slice, output, sample } = make(planOf(ECHO));
    runner.receive({ kind: "input", channel: SERIAL_CHANNEL, bytes: Buffer.from("hello") });
    for (let n = 0; n < 10 && output().length < 5; n++) slice(4);
    expect(output()).toBe("hello");
    expect(sample().devices["serial"]).toMatchObject({ device_read_bytes: 5, device_write_bytes: 5 });
  });
});

describe("an error", () => {
  test("in a slice ends the machine with what it said last", () => {
    const run = Machine.prototype.run;
    vi.spyOn(Machine.prototype, "run").mockImplementation(function (this: Machine, ...args) {
      run.apply(this, args);
      throw new WebAssembly.RuntimeError("unreachable");
    });
    const { slice, sent, output } = make(planOf(print("last words", LOOP)));
    expect(slice(4)).toBe(Number.POSITIVE_INFINITY);
    expect(output()).toBe("last words");
    expect(sent.at(-1)).toMatchObject({ kind: "failed", code: "machine-panic" });
  });

  test("of the translator is told as such, and its neighbours go on", () => {
    const faulty = make(planOf(HOT_LOOP), { engine: "eager" });
    const neighbour = make(planOf(HOT_LOOP), { engine: "interpret" });
    stubModule((Module) => new Module(Uint8Array.of(1)));
    expect(faulty.slice(LONG_SLICE_MS)).toBe(Number.POSITIVE_INFINITY);
    expect(faulty.sent.at(-1)).toMatchObject({ kind: "failed", code: "translator-fault" });
    neighbour.slice(LONG_SLICE_MS);
    expect(neighbour.sent.at(-1)).toEqual({ kind: "end", end: { kind: "poweroff", status: HOT_LOOP_STATUS } });
  });

  test("in a message ends the machine, and is told once", () => {
    vi.spyOn(Machine.prototype, "setConsoleSize").mockImplementation(() => {
      throw new RangeError("no memory");
    });
    const { runner, sent } = make(planOf(LOOP));
    runner.receive({ kind: "resize", cols: 80, rows: 25 });
    runner.receive({ kind: "resize", cols: 80, rows: 25 });
    runner.receive({ kind: "stop" });
    expect(sent).toEqual([expect.objectContaining({ kind: "failed", code: "out-of-memory" })]);
  });

  test.skipIf(process.platform !== "linux")("at power-on leaves no disk open", () => {
    const folder = mkdtempSync(join(tmpdir(), "wardian-runner-"));
    try {
      const path = join(folder, "disk.img");
      writeFileSync(path, Buffer.alloc(512));
      expect(() => make(planOf(LOOP), { disks: [{ path }, { path: join(folder, "none") }] })).toThrow(/does not exist/);
      const open = readdirSync("/proc/self/fd").flatMap((fd) => {
        try {
          return [readlinkSync(`/proc/self/fd/${fd}`)];
        } catch {
          return []; // the one that listed them
        }
      });
      expect(open).not.toContain(path);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test("the time for which the clock stood is not there for the guest", () => {
  // Reads mtime into x6 for ever.
  const plan = planOf([
    assemble("lui", { rd: 5, imm: 0x200c000 }),
    assemble("ld", { rd: 6, rs1: 5, imm: -8 }),
    assemble("jal", { imm: -4 }),
  ]);
  const begun = vi.spyOn(Machine.prototype, "start");
  const { runner, slice } = make(plan);
  const machine = begun.mock.contexts[0] as Machine | undefined;
  const fromMs = performance.now();
  slice(2);
  const before = machine?.register(6) ?? 0n;
  const stoodFromMs = performance.now();
  // Nothing runs while the clock stands: a slice ends by that clock.
  runner.clock.stand();
  while (performance.now() - stoodFromMs < STOOD_MS);
  runner.clock.go();
  // A thread that stands interrupted for as long as a slice gets nothing done in it.
  for (let n = 0; n < 20 && machine?.register(6) === before; n++) slice(2);
  const gone = Number((machine?.register(6) ?? 0n) - before) / (TIMEBASE_HZ / 1000);
  expect(gone).toBeGreaterThan(0);
  expect(gone).toBeLessThan(performance.now() - fromMs - STOOD_MS + 1);
});
