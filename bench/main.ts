// `npm run bench -- NAME... [--json] [--quick]`: runs benchmarks one after the other and shows them. With --json the last
// lines are one object a benchmark. Exit status 1 and one line on a failure. Depends on the files beside it.
import { WardianError } from "../src/errors.js";
import { benchApi } from "./api.js";
import { benchBoot } from "./boot.js";
import { benchCpu } from "./cpu.js";
import { findGuest } from "./guest.js";
import { makeHeader, renderHeader } from "./header.js";
import { benchMemory } from "./memory.js";
import { benchNative } from "./native.js";
import { type BenchOptions, readCommandLine } from "./options.js";
import { qemuVersion } from "./qemu.js";
import { type Report, renderJson, renderTable } from "./report.js";
import { benchSystem } from "./system.js";
import { benchWasi } from "./wasi.js";

interface Bench {
  /** What it is measured against, or in. */
  readonly needs: readonly ("qemu" | "guest")[];
  run(options: BenchOptions): Promise<Report>;
}

const BENCHES: Readonly<Record<string, Bench>> = {
  cpu: { needs: ["qemu"], run: benchCpu },
  native: { needs: [], run: benchNative },
  boot: { needs: ["qemu", "guest"], run: benchBoot },
  system: { needs: ["qemu", "guest"], run: benchSystem },
  memory: { needs: ["qemu", "guest"], run: benchMemory },
  api: { needs: [], run: benchApi },
  wasi: { needs: [], run: benchWasi },
};

async function main(args: readonly string[]): Promise<void> {
  const { names, json, options } = readCommandLine(args, Object.keys(BENCHES));
  const chosen = names.flatMap((name) => BENCHES[name] ?? []);
  const isNeeded = (what: "qemu" | "guest"): boolean => chosen.some(({ needs }) => needs.includes(what));
  const qemu = isNeeded("qemu") ? qemuVersion() : undefined;
  const guest = isNeeded("guest") ? await findGuest(options) : undefined;
  const header = makeHeader(qemu, guest?.kernelVersion);
  console.log(renderHeader(header));
  const reports: Report[] = [];
  for (const bench of chosen) {
    const report = await bench.run(options);
    reports.push(report);
    console.log(`\n${renderTable(report)}`);
  }
  if (json) for (const report of reports) console.log(renderJson(report, header));
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const text = error instanceof WardianError ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
  console.error(`bench: ${text}`);
  process.exitCode = 1;
});
