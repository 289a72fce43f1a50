// `cpu`: bare-metal programs, our machine against QEMU, the same ELF in both, in turn. Timed between the program's words
// "start" and "stop", so neither loading nor its warm-up counts: by the host's clock for ours, by the guest's for theirs.
// Depends on the files beside it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compare, meanRow, type Sample } from "./contest.js";
import type { BenchOptions } from "./options.js";
import { runOurs } from "./our-machine.js";
import { makeElf, PROGRAMS, readTiming } from "./programs.js";
import { startQemu } from "./qemu.js";
import type { Report, Row } from "./report.js";

async function runTheirs(name: string, folder: string, iterations: number): Promise<Sample> {
  const path = join(folder, `${name}.elf`);
  writeFileSync(path, makeElf(name, iterations));
  const output = await startQemu(["-m", "64M", "-bios", path]).end;
  return { ...readTiming(name, output), iterations, instructions: 0 };
}

export async function benchCpu(options: BenchOptions): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), "wardian-bench-"));
  try {
    const rows: Row[] = [];
    for (const { name } of PROGRAMS) {
      const ours = (iterations: number): Promise<Sample> => runOurs(name, iterations, options.engine ?? "auto");
      rows.push(await compare(name, ours, (iterations) => runTheirs(name, folder, iterations), options));
    }
    const means = (["integer", "floating point"] as const).map((kind) =>
      meanRow(
        `geometric mean, ${kind}`,
        rows.filter((_row, index) => PROGRAMS[index]?.kind === kind),
      ),
    );
    return { bench: "cpu", rows: [...rows, ...means], notes: [] };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
