// The guest programs of fixtures/bench: which there are, and how the number of iterations gets into one. Depends on errors.
import { readFileSync } from "node:fs";
import { WardianError } from "../src/errors.js";
import { projectFile } from "./folder.js";

export interface Program {
  readonly name: string;
  readonly kind: "integer" | "floating point";
}

export const PROGRAMS: readonly Program[] = [
  { name: "coremark-like", kind: "integer" },
  { name: "sha256", kind: "integer" },
  { name: "quicksort", kind: "integer" },
  { name: "matrix", kind: "integer" },
  { name: "parse", kind: "integer" },
  { name: "bytecode", kind: "integer" },
  { name: "fib", kind: "integer" },
  { name: "nbody", kind: "floating point" },
  { name: "spectral-norm", kind: "floating point" },
  { name: "mandelbrot", kind: "floating point" },
  { name: "fft", kind: "floating point" },
];

/** Stands before the parameters in start.S. */
const MAGIC = "WARDIAN-BENCH-01";

/** The program's ELF file, told to time `iterations`. */
export function makeElf(name: string, iterations: number): Buffer {
  const elf = readFileSync(projectFile(`fixtures/bench/bin/${name}.elf`));
  const at = elf.indexOf(MAGIC);
  if (at < 0)
    throw new WardianError(
      "bench-program",
      `fixtures/bench/bin/${name}.elf is not one of ours; build it again with fixtures/bench/build.sh`,
    );
  elf.writeBigUInt64LE(BigInt(iterations), at + MAGIC.length);
  return elf;
}

export interface Timing {
  readonly seconds: number;
  readonly checksum: string;
}

const TICKS_PER_SECOND = 10_000_000;

/** What a program said on the UART: "start", then "stop TICKS CHECKSUM". */
export function readTiming(name: string, output: string): Timing {
  const found = /^stop (\d+) ([0-9a-f]+)\r?$/m.exec(output);
  if (found?.[1] === undefined || found[2] === undefined) {
    throw new WardianError("bench-program", `the program ${name} ended without a result`);
  }
  return { seconds: Number(found[1]) / TICKS_PER_SECOND, checksum: found[2] };
}
