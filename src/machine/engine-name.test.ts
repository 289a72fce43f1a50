// The engines against each other, what they count, and a host that does not compile, or compiles what is wrong.
import { afterEach, describe, expect, test, vi } from "vitest";
import { ENGINE_NAMES, type EngineName } from "./engine-name.js";
import { Machine, type RunOutcome } from "./machine.js";
import { HOT_LOOP, HOT_LOOP_STATUS, planOf, SAMPLE_RAM_BYTES } from "./vm-sample.js";
import { stubModule } from "./module-stub-sample.js";

const BUDGET_INSNS = 2_000_000;
const ENDED: RunOutcome = { kind: "poweroff", status: HOT_LOOP_STATUS };

function make(engine?: EngineName): Machine {
  const machine = new Machine({ ramBytes: SAMPLE_RAM_BYTES, onSerial() {}, engine });
  machine.start(planOf(HOT_LOOP));
  return machine;
}

/** Everything that the translator counts. */
function translatorCounts({ counts }: Machine): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([name]) => name.startsWith("transl")));
}

const NOTHING = Object.fromEntries(Object.keys(translatorCounts(make())).map((name) => [name, 0]));

afterEach(() => void vi.unstubAllGlobals());

describe("an engine", () => {
  test.each([undefined, ...ENGINE_NAMES])("%s comes to the same result in as many instructions", (engine) => {
    const machine = make(engine);
    expect(translatorCounts(machine)).toEqual(NOTHING);
    expect(machine.run(BUDGET_INSNS)).toEqual(ENDED);
    expect(machine.instructions).toBe(BigInt(5 * 0x41000 + 2 + 7));
  });

  test("that translates counts what it does", () => {
    for (const engine of ["auto", "translate", "eager"] as const) {
      const machine = make(engine);
      machine.run(BUDGET_INSNS);
      const { counts } = machine;
      expect(counts.translated_instructions).toBeGreaterThan(counts.instructions / 2);
      expect(counts.translated_instructions).toBeLessThanOrEqual(counts.instructions);
      expect(counts.translator_regions).toBeGreaterThan(0);
      expect(counts.translator_live_regions).toBe(counts.translator_regions);
      expect(counts.translator_source_instructions).toBeGreaterThanOrEqual(5);
      expect(counts.translator_code_bytes).toBeGreaterThan(counts.translator_source_instructions);
      expect(counts.translator_entries).toBeGreaterThan(0);
      expect(counts.translator_compile_seconds).toBeGreaterThan(0);
      expect(counts.translator_compile_seconds).toBeLessThan(1);
      expect(counts).toMatchObject({ translator_evicted_regions: 0, translator_refused_modules: 0 });
    }
  });

  test("that interprets translates nothing", () => {
    const machine = make("interpret");
    machine.run(BUDGET_INSNS);
    expect(translatorCounts(machine)).toEqual(NOTHING);
  });
});

describe("a host that forbids compiling", () => {
  test.each([
    new WebAssembly.CompileError("WebAssembly.Module(): Wasm code generation disallowed by embedder"),
    new WebAssembly.CompileError("call to WebAssembly.Module() blocked by CSP"),
    structuredClone(new WebAssembly.CompileError("WebAssembly.Module(): Wasm code generation disallowed by embedder")),
    new EvalError("Refused to create a WebAssembly object"),
    new RangeError("WebAssembly.Module(): out of memory"),
  ])("%s: its guests run all the same", (refusal) => {
    stubModule(() => {
      throw refusal;
    });
    for (const engine of ["translate", "eager"] as const) {
      const machine = make(engine);
      expect(machine.run(BUDGET_INSNS)).toEqual(ENDED);
      expect(machine.counts).toMatchObject({ translated_instructions: 0, translator_live_regions: 0 });
      expect(machine.counts.translator_refused_modules).toBeGreaterThan(0);
    }
  });

  test("is not even asked with auto", () => {
    stubModule(() => {
      throw new EvalError("no");
    });
    const machine = make("auto");
    expect(machine.run(BUDGET_INSNS)).toEqual(ENDED);
    expect(translatorCounts(machine)).toEqual(NOTHING);
  });
});

const HEAD = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const TYPE_SECTION = [1, 4, 1, 0x60, 0, 0];
/** machine.x, a function that nobody has. */
const IMPORT_SECTION = [2, 13, 1, 7, ...Buffer.from("machine"), 1, ...Buffer.from("x"), 0, 0];

describe("a module that is wrong", () => {
  test.each([
    ["does not compile", [...HEAD, 99, 1, 0], /expected|unknown/i],
    ["does not link", [...HEAD, ...TYPE_SECTION, ...IMPORT_SECTION], /import/i],
    ["lacks its functions", HEAD, /set/i],
  ] as const)("because it %s ends its machine and says so; a neighbour goes on", (_what, bytes, reason) => {
    const neighbour = make("eager");
    stubModule((Module) => new Module(Uint8Array.from(bytes)));
    const machine = make("eager");
    expect(() => machine.run(BUDGET_INSNS)).toThrow(
      expect.objectContaining({ code: "translator-fault", message: expect.stringMatching(/^[^\n]+; this is a bug in Wardian$/) }),
    );
    expect(() => make("eager").run(BUDGET_INSNS)).toThrow(reason);
    vi.unstubAllGlobals();
    expect(neighbour.run(BUDGET_INSNS)).toEqual(ENDED);
  });
});
