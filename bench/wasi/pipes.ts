// A pipe between two containers: how much goes through, and how long a byte takes there and back. Nothing else has one to compare with;
// `theirs` is the bar. Depends on container/ and the files beside it.
import { text } from "node:stream/consumers";
import { Container } from "../../src/container/container.js";
import { ContainerPipe } from "../../src/container/pipe.js";
import { WardianError } from "../../src/errors.js";
import type { BenchOptions } from "../options.js";
import { lessIsBetter, median, moreIsBetter, type Row } from "../report.js";
import { guestModule } from "./sides.js";

const BAR_BYTES_PER_SECOND = 1e9;
const BAR_US = 15;

/** Two containers of the program `pipes`, connected; gives what the one that measures says. */
async function connected(first: readonly string[], second: readonly string[], measuring: 0 | 1, back: boolean): Promise<number[]> {
  const [there, home] = [new ContainerPipe(), new ContainerPipe()];
  const module = guestModule("pipes");
  const containers = [
    await Container.start({ module, args: first, connect: back ? { stdin: home, stdout: there } : { stdout: there } }),
    await Container.start({ module, args: second, connect: back ? { stdin: there, stdout: home } : { stdin: there } }),
  ];
  there.release();
  home.release();
  const said = await Promise.all(containers.map(({ stderr }) => text(stderr)));
  const ends = await Promise.all(containers.map(({ exited }) => exited));
  const bad = ends.find(({ status }) => status !== 0);
  if (bad !== undefined) throw new WardianError("bench-wasi", `pipes: ${bad.message}`);
  return (said[measuring] ?? "").trim().split(" ").map(Number);
}

export async function benchPipes(options: BenchOptions): Promise<Row[]> {
  const [rounds, mib, pings] = options.quick ? [2, 256, 5000] : [5, 2048, 50_000];
  const speeds: number[] = [];
  const trips: number[] = [];
  for (let n = 0; n < rounds; n++) {
    const [bytes = 0, ns = 1] = await connected(["give", String(mib)], ["take"], 1, false);
    speeds.push((bytes / ns) * 1e9);
    const [total = 0] = await connected(["ping", String(pings)], ["pong"], 0, true);
    trips.push(total / pings / 1000);
  }
  options.onProgress("pipes done");
  return [
    moreIsBetter("pipe between two containers (theirs: the bar)", median(speeds) / 1e9, BAR_BYTES_PER_SECOND / 1e9, "GB/s"),
    lessIsBetter("ping-pong over two pipes (theirs: the bar)", median(trips), BAR_US, "us"),
  ];
}
