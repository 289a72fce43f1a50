// Programs that only compute: the C programs of fixtures/bench, built for WASI, in a container against node:wasi, and in a container with a
// limit of CPU (whose code counts). Depends on the files beside it and the benchmarks' own.
import { compare, meanRow, type Sample, type Side } from "../contest.js";
import type { BenchOptions } from "../options.js";
import { PROGRAMS, readTiming } from "../programs.js";
import type { Row } from "../report.js";
import { type NodeWasi, runOurs } from "./sides.js";

function side(name: string, run: (args: string[]) => Promise<string>): Side {
  return async (iterations): Promise<Sample> => ({ ...readTiming(name, await run([String(iterations)])), iterations, instructions: 0 });
}

/** contest.ts counts the guest instructions of a machine; containers have none. */
const plain = ({ case: name, ours, theirs, ratio, unit }: Row): Row => ({ case: name, ours, theirs, ratio, unit });

export async function benchCompute(nodeWasi: NodeWasi, options: BenchOptions): Promise<Row[]> {
  const rows: Row[] = [];
  const limited: Row[] = [];
  for (const { name } of PROGRAMS) {
    const file = `compute/${name}`;
    const theirs = side(name, (args) => nodeWasi.run(file, args));
    rows.push(plain(await compare(name, side(name, (args) => runOurs(file, args)), theirs, options))); // prettier-ignore
    const metered = side(name, (args) => runOurs(file, args, { pausable: true }));
    limited.push(plain(await compare(`${name}, metered`, metered, theirs, options)));
  }
  return [...rows, plain(meanRow("compute, geometric mean", rows)), ...limited, plain(meanRow("metered, geometric mean", limited))];
}
