// Every floating-point operation against RISC-V instructions run by an independent implementation (fixtures/fp/oracle.c under
// qemu-riscv64): bits and flags, all rounding modes, operands biased to edges. Depends on node, vitest and asc only.
// WARDIAN_SEED repeats a run; WARDIAN_FP_CASES sets its length.
import asc from "assemblyscript/asc";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CaseSource, type FpCase } from "./fp-cases.js";

const CASES = Number(process.env.WARDIAN_FP_CASES ?? 250_000);
const SEED = Number(process.env.WARDIAN_SEED ?? Date.now() % 0x1_0000_0000) >>> 0;
const BATCH = 100_000;
const REQUEST_BYTES = 32;
const ANSWER_BYTES = 16;
const NX = 1;

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const FP_PATH = "assembly/machine/hart/fp";
const ENTRY_PATH = `${FP_PATH}/test-entry.ts`;
const ENTRY = `
  export * from "./add"; export * from "./mul"; export * from "./div"; export * from "./sqrt"; export * from "./fma";
  export * from "./compare"; export * from "./minmax"; export * from "./classify"; export * from "./convert";
  export * from "./integer"; export * from "./fast"; export { mulhu, mulh, mulhsu } from "../wide";
  import { clearRaised, raised } from "./flags";
  export function clear(): void { clearRaised(); }
  export function flags(): u32 { return raised; }
`;

type Operation = (...args: (number | bigint)[]) => number | bigint;
type Exports = Record<string, Operation>;

const toolMissing = (): string | undefined => {
  for (const tool of ["riscv64-linux-gnu-gcc", "qemu-riscv64"]) {
    if (spawnSync(tool, ["--version"]).status !== 0) return `${tool} is not installed`;
  }
  return undefined;
};

/** The wasm module of all operations; the entry file exists only in memory. */
const compileOperations = async (): Promise<Exports> => {
  let binary: Uint8Array | undefined;
  // No file is called "none": the project's own configuration, with its entry, stays out.
  const options = ["--config", "none", "--outFile", "fp.wasm", "-O3", "--runtime", "stub", "--noAssert"];
  const { error, stderr } = await asc.main([ENTRY_PATH, ...options], {
    readFile: (name: string, base: string) => {
      if (name === ENTRY_PATH) return ENTRY;
      try {
        return readFileSync(join(base === "." ? ROOT : base, name), "utf8");
      } catch {
        return null;
      }
    },
    writeFile: (_name: string, contents: string | Uint8Array) => {
      if (typeof contents !== "string") binary = contents;
    },
    listFiles: () => [],
  });
  if (error || !binary) throw new Error(`asc failed: ${stderr.toString()}`);
  const { instance } = await WebAssembly.instantiate(binary as BufferSource, { env: { abort: () => undefined } });
  return instance.exports as unknown as Exports;
};

/** How a request reaches the wasm function of the same name: the operands in its own types, then rm, then sticky. */
const callerOf = (exports: Exports, name: string, isFast: boolean) => {
  const run = exports[isFast ? `${name}_fast` : name];
  if (!run) return undefined;
  const operands = /_fma/.test(name) ? 3 : /sqrt|classify|_to_|_from_/.test(name) ? 1 : 2;
  const isNarrow = /_from_[iu]32$/.test(name) || (name.startsWith("f32") && !/_from_/.test(name));
  const givesF32 = name === "f64_to_f32" || (name.startsWith("f32") && /_(add|sub|mul|div|sqrt|fma|min|max|from_...)$/.test(name));
  return (one: FpCase, sticky: number): { value: bigint; flags: number } => {
    const args: (number | bigint)[] = [one.a, one.b, one.c].slice(0, operands);
    if (isNarrow) args.forEach((arg, i) => (args[i] = Number(BigInt.asIntN(32, BigInt(arg)))));
    args.push(one.rm);
    if (isFast) args.push(sticky);
    exports.clear?.();
    // Extra arguments are ignored: operations that do not round take no rm.
    const value = BigInt.asUintN(givesF32 ? 32 : 64, BigInt(run(...args)));
    return { value, flags: Number(exports.flags?.()) };
  };
};

const askOracle = (oracle: string, cases: readonly FpCase[]): DataView => {
  const request = new DataView(new ArrayBuffer(cases.length * REQUEST_BYTES));
  cases.forEach((one, i) => {
    const at = i * REQUEST_BYTES;
    request.setUint32(at, one.op, true);
    request.setUint32(at + 4, one.rm, true);
    request.setBigUint64(at + 8, one.a, true);
    request.setBigUint64(at + 16, one.b, true);
    request.setBigUint64(at + 24, one.c, true);
  });
  const { stdout, status } = spawnSync("qemu-riscv64", [oracle], {
    input: new Uint8Array(request.buffer),
    maxBuffer: cases.length * ANSWER_BYTES + 1,
  });
  if (status !== 0 || stdout.length !== cases.length * ANSWER_BYTES) throw new Error(`the oracle ended with ${status}`);
  return new DataView(stdout.buffer, stdout.byteOffset, stdout.length);
};

const missing = toolMissing();
if (missing) console.warn(`floating point: skipped, ${missing}`);

describe.skipIf(missing !== undefined)(`floating point, WARDIAN_SEED=${SEED} WARDIAN_FP_CASES=${CASES}`, () => {
  let exports: Exports;
  let folder: string;
  let names: string[];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "wardian-fp-"));
    const oracle = join(folder, "oracle");
    const source = join(ROOT, "fixtures/fp/oracle.c");
    const built = spawnSync("riscv64-linux-gnu-gcc", ["-static", "-O2", "-o", oracle, source], { encoding: "utf8" });
    if (built.status !== 0) throw new Error(`oracle.c does not compile: ${built.stderr}`);
    names = spawnSync("qemu-riscv64", [oracle, "names"], { encoding: "utf8" }).stdout.trim().split("\n");
    exports = await compileOperations();
  }, 120_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("gives the bits and flags of the instructions", { timeout: 60_000 + CASES }, () => {
    console.info(`floating point: WARDIAN_SEED=${SEED} WARDIAN_FP_CASES=${CASES}`);
    const exact = names.map((name) => callerOf(exports, name, false));
    const fast = names.map((name) => callerOf(exports, name, true));
    const source = new CaseSource(SEED, names);
    const failures: string[] = [];
    let done = 0;
    while (done < CASES && failures.length < 20) {
      const cases = Array.from({ length: Math.min(BATCH, CASES - done) }, () => source.next());
      const answers = askOracle(join(folder, "oracle"), cases);
      cases.forEach((one, i) => {
        const value = answers.getBigUint64(i * ANSWER_BYTES, true);
        const flags = Number(answers.getBigUint64(i * ANSWER_BYTES + 8, true));
        const name = names[one.op] ?? "";
        const want = /^f64_to_f32|^f32_(add|sub|mul|div|sqrt|fma|min|max|from_...)$/.test(name) ? value & 0xffffffffn : value;
        const check = (how: string, got: { value: bigint; flags: number } | undefined, kept: number): void => {
          if (!got || (got.value === want && (got.flags | kept) === (flags | kept))) return;
          const operands = [one.a, one.b, one.c].map((x) => x.toString(16)).join(" ");
          failures.push(
            `${name}${how} rm=${one.rm} ${operands}: ${got.value.toString(16)} flags ${got.flags}, ` +
              `expected ${want.toString(16)} flags ${flags}`,
          );
        };
        const call = exact[one.op];
        if (!call) failures.push(`${name} is not exported`);
        else check("", call(one, 0), 0);
        check("_fast, sticky 0", fast[one.op]?.(one, 0), 0);
        check("_fast, sticky NX", fast[one.op]?.(one, NX), NX);
      });
      done += cases.length;
    }
    expect(failures.slice(0, 20)).toEqual([]);
    expect(done).toBeGreaterThanOrEqual(CASES);
  });
});
