// A pipe between two containers: bytes as they were, ends that are seen on the other side, and nothing left behind.
import { buffer } from "node:stream/consumers";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { COUNT_PROCESSES } from "../../assembly/kernel/abi.js";
import { Container, type ContainerOptions } from "./container.js";
import { ContainerPipe } from "./pipe.js";
import * as programs from "./program-samples.js";
import { ContainerRuntime } from "./runtime.js";

const EPIPE = 64;
const runtime = new ContainerRuntime();
afterAll(() => runtime.close());
const processes = (): bigint => runtime.kernel.exports.kernel_counter(COUNT_PROCESSES);
afterEach(() => expect(processes()).toBe(0n));

const start = async (module: Uint8Array, options: Omit<ContainerOptions, "module"> = {}): Promise<Container> => {
  const container = await Container.start({ module, runtime, ...options });
  container.stderr.resume();
  return container;
};

const counted = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => i % 251));

/** `writer` | `reader`; the reader's output and how both ended. */
async function connect(writer: Uint8Array, reader: Uint8Array, input?: (stdin: Container["stdin"]) => void) {
  using pipe = new ContainerPipe(runtime);
  const from = await start(writer, { stdin: input !== undefined, connect: { stdout: pipe } });
  const to = await start(reader, { connect: { stdin: pipe } });
  pipe.release();
  input?.(from.stdin);
  const [output, ...ends] = await Promise.all([buffer(to.stdout), from.exited, to.exited]);
  return { output, ends: ends.map(({ reason, status }) => [reason, status]) };
}

const BOTH_WELL = [["exited", 0], ["exited", 0]]; // prettier-ignore

describe("a pipe between containers", () => {
  it("carries many small writes byte for byte", async () => {
    const { output, ends } = await connect(programs.counts(70_001), programs.ECHO);
    expect(ends).toEqual(BOTH_WELL);
    expect(output.equals(counted(70_001))).toBe(true);
  });

  it("carries writes larger than itself byte for byte", async () => {
    const sent = counted(3_000_001);
    const { output, ends } = await connect(programs.ECHO, programs.ECHO, (stdin) => stdin.end(sent));
    expect(ends).toEqual(BOTH_WELL);
    expect(output.equals(sent)).toBe(true);
  });

  it("ends for its reader when its writer has ended, also without a word", async () => {
    expect(await connect(programs.endsWith(3), programs.ECHO)).toEqual({ output: Buffer.alloc(0), ends: [["exited", 3], ["exited", 0]] }); // prettier-ignore
  });

  it("ends for its reader when its writer is killed in the midst of it", async () => {
    using pipe = new ContainerPipe(runtime);
    const from = await start(programs.FLOOD, { connect: { stdout: pipe } });
    const to = await start(programs.ECHO, { connect: { stdin: pipe } });
    pipe.release();
    to.stdout.resume();
    await from.kill();
    expect(await to.exited).toMatchObject({ reason: "exited", status: 0 });
  });

  it("tells its writer EPIPE when its reader has gone", async () => {
    const { ends } = await connect(programs.WRITES_TILL_ERROR, programs.endsWith(0));
    expect(ends).toEqual([["exited", EPIPE], ["exited", 0]]); // prettier-ignore
  });

  it("waits for a reader that starts late, and holds what was written", async () => {
    using pipe = new ContainerPipe(runtime);
    const from = await start(programs.counts(1000), { connect: { stdout: pipe } });
    expect(await from.exited).toMatchObject({ status: 0 });
    const to = await start(programs.ECHO, { connect: { stdin: pipe } });
    pipe.release();
    expect((await buffer(to.stdout)).equals(counted(1000))).toBe(true);
    await to.exited;
  });

  it("released before its reader starts, tells its writer EPIPE", async () => {
    using pipe = new ContainerPipe(runtime);
    const from = await start(programs.WRITES_TILL_ERROR, { connect: { stdout: pipe } });
    pipe.release();
    expect(await from.exited).toMatchObject({ reason: "exited", status: EPIPE });
  });

  it.each(["stdin", "stdout"] as const)("released, is given to nobody as %s: its place may be another one's", async (name) => {
    const pipe = new ContainerPipe(runtime);
    pipe.release();
    pipe.release();
    using other = new ContainerPipe(runtime);
    await expect(start(programs.HELLO, { connect: { [name]: pipe } })).rejects.toMatchObject({ code: "pipe-released" });
    other.release();
  });
});
