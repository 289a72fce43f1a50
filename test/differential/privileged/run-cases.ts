// Runs a list of cases on QEMU and on our machine. QEMU's RAM is a file, so the outcomes are read from it after the end.
import { spawnSync } from "node:child_process";
import { closeSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Engine } from "../../conformance/engines.js";
import { CROSS_COMPILER } from "../../conformance/toolchain.js";
import {
  type Case,
  CASES_PA,
  COUNT_PA,
  encodeCases,
  type Harness,
  HARNESS_PA,
  MAX_CASES,
  OUTCOME_BYTES,
  RAM_BYTES,
  RESULTS_PA,
} from "./case-record.js";

const HARNESS_SOURCE = new URL("./harness.S", import.meta.url).pathname;
const FLAGS = [
  "-march=rv64gc_zicsr_zifencei",
  "-mabi=lp64d",
  "-nostdlib",
  "-static",
  "-Wl,--build-id=none",
  "-Wl,--no-relax",
  `-Wl,-Ttext=0x${HARNESS_PA.toString(16)}`,
];
/** What QEMU 7.2 can be told to have of what we have, and to leave out of what we have not. */
export const QEMU_CPU = "rv64,h=false,svinval=true,svnapot=true,zba=true,zbb=true,zbc=true,zbs=true,sstc=true,pmu-num=0";
const QEMU_MS = 120_000;
const PREFIX = process.env.CROSS_COMPILE ?? "riscv64-linux-gnu-";

/** A piece of memory as both machines find it. */
export interface Load {
  readonly pa: number;
  readonly bytes: Uint8Array;
}

function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "wardian-privileged-"));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function must(program: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${error?.message ?? stderr}`);
  return stdout;
}

/** Compiles harness.S. */
export function buildHarness(): Harness {
  return inFolder((folder) => {
    const elf = join(folder, "harness.elf");
    const bin = join(folder, "harness.bin");
    must(CROSS_COMPILER, [...FLAGS, "-o", elf, HARNESS_SOURCE]);
    must(`${PREFIX}objcopy`, ["-O", "binary", "-j", ".text", elf, bin]);
    const symbols = new Map(
      must(`${PREFIX}nm`, [elf])
        .split("\n")
        .map((line) => [line.split(" ")[2] ?? "", BigInt(`0x${line.split(" ")[0] || "0"}`)]),
    );
    const symbol = (name: string): bigint => {
      const value = symbols.get(name);
      if (value === undefined) throw new Error(`harness.S has no ${name}`);
      return value;
    };
    const file = openSync(bin, "r");
    const image = new Uint8Array(4096);
    readSync(file, image, 0, image.length, 0);
    closeSync(file);
    return { image, mVectors: symbol("m_vectors"), sVectors: symbol("s_vectors"), landing: symbol("landing") };
  });
}

function everything(harness: Harness, cases: readonly Case[], loads: readonly Load[]): Load[] {
  if (cases.length > MAX_CASES) throw new Error(`${cases.length} cases are too many for one run`);
  const count = new Uint8Array(new BigUint64Array([BigInt(cases.length)]).buffer);
  return [{ pa: HARNESS_PA, bytes: harness.image }, { pa: COUNT_PA, bytes: count }, { pa: CASES_PA, bytes: encodeCases(cases) }, ...loads];
}

/** The outcomes on qemu-system-riscv64, OUTCOME_BYTES each. */
export function runOnQemu(harness: Harness, cases: readonly Case[], loads: readonly Load[], cpu = QEMU_CPU): Uint8Array {
  const program = process.env.WARDIAN_QEMU_SYSTEM ?? "qemu-system-riscv64";
  return inFolder((folder) => {
    const path = join(folder, "ram");
    const ram = openSync(path, "w+");
    ftruncateSync(ram, RAM_BYTES);
    for (const { pa, bytes } of everything(harness, cases, loads)) writeSync(ram, bytes, 0, bytes.length, pa - HARNESS_PA);
    const { status, stderr, signal } = spawnSync(program, [
      "-M", "virt,memory-backend=ram", "-object", `memory-backend-file,id=ram,size=${RAM_BYTES},mem-path=${path},share=on`,
      "-m", `${RAM_BYTES >> 20}M`, "-smp", "2", "-cpu", cpu, "-bios", "none", "-display", "none", "-serial", "none", "-monitor", "none",
    ], { timeout: QEMU_MS, encoding: "utf8" }); // prettier-ignore
    const results = new Uint8Array(cases.length * OUTCOME_BYTES);
    readSync(ram, results, 0, results.length, RESULTS_PA - HARNESS_PA);
    closeSync(ram);
    if (status !== 0)
      throw new Error(`${program} ended with ${status ?? signal} after ${countDone(results)} of ${cases.length} cases: ${stderr}`);
    return results;
  });
}

/** The outcomes on our machine. */
export function runOnOurs(engine: Engine, harness: Harness, cases: readonly Case[], loads: readonly Load[]): Uint8Array {
  const machine = engine.make({ ramBytes: RAM_BYTES, onSerial() {} });
  machine.start({ entryPa: HARNESS_PA, mode: "M", a0: 0, a1: 0, a2: 0, firmware: "none", loads: everything(harness, cases, loads) });
  const limit = cases.length * 1000 + 100_000;
  for (let spent = 0; spent < limit; spent += 1_000_000) {
    const outcome = machine.run(1_000_000);
    if (outcome.kind === "budget") continue;
    if (outcome.kind === "poweroff" && outcome.status === 0) return machine.readRam(RESULTS_PA, cases.length * OUTCOME_BYTES);
    throw new Error(`our machine ended with ${JSON.stringify(outcome)} at pc 0x${machine.pc.toString(16)}`);
  }
  const done = countDone(machine.readRam(RESULTS_PA, cases.length * OUTCOME_BYTES));
  throw new Error(`our machine hangs in case ${done} (${cases[done]?.text}) at pc 0x${machine.pc.toString(16)}`);
}

/** Cases whose outcome is there: none has handler 0. */
function countDone(results: Uint8Array): number {
  let done = 0;
  while ((done + 1) * OUTCOME_BYTES <= results.length && results[done * OUTCOME_BYTES] !== 0) done++;
  return done;
}
