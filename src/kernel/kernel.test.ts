// The host's side: instances over one memory, the host's ends of pipes, bounds; and pipes between threads.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import * as abi from "../../assembly/kernel/abi.js";
import { instantiate, Kernel } from "./index.js";
import { kernelModule } from "./module.js";
import { createGuest, Guest } from "./testing/guest.js";
import { CallThread } from "./testing/threads.js";

const threads: CallThread[] = [];
afterEach(async () => void (await Promise.all(threads.splice(0).map((thread) => thread.end()))));

async function start(kernel: Kernel, run: string): Promise<CallThread> {
  const thread = new CallThread(kernel.shared, run);
  threads.push(thread);
  await thread.ready;
  return thread;
}

/** What lies in the fixed part of the memory: tables, locks, records, the first windows. */
const fixedPart = (kernel: Kernel): Uint8Array => new Uint8Array(kernel.memory.buffer).slice(0, abi.WINDOWS_PTR + 4 * abi.WINDOW_BYTES);

/** The ids of a module's sections. */
function sections(bytes: Uint8Array): number[] {
  const ids: number[] = [];
  for (let at = 8; at < bytes.length;) {
    ids.push(bytes[at++] ?? 0);
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      length |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    at += length;
  }
  return ids;
}

describe("another instance", () => {
  it("waits in two functions only, whose locals do not live across that: V8's baseline compiler loses them", () => {
    const text = readFileSync(new URL("../../build/kernel.wat", import.meta.url), "utf8");
    expect(text.match(/memory\.atomic\.wait32/g)).toHaveLength(2);
  });

  it("touches nothing of the state: there are no data segments and no start function", () => {
    const kernel = new Kernel();
    const g = createGuest({}, kernel);
    g.write(g.open("f", abi.OFLAGS_CREAT), "abc");
    const before = fixedPart(kernel);
    const other = instantiate(kernel.shared);
    expect(Buffer.compare(before, fixedPart(kernel))).toBe(0);
    expect(other.fd_close(g.proc, 4)).toBe(0);
    expect(g.close(4)).toBe(abi.ERRNO_BADF);
  });

  it("is made of a module that holds no state of its own", () => {
    const [START, DATA] = [8, 11];
    expect(sections(readFileSync(new URL("../../build/kernel.wasm", import.meta.url)))).not.toContain(START);
    expect(sections(readFileSync(new URL("../../build/kernel.wasm", import.meta.url)))).not.toContain(DATA);
    expect(
      WebAssembly.Module.imports(kernelModule())
        .map(({ module, name, kind }) => `${module}.${name} ${kind}`)
        .sort(),
    ).toEqual([
      "env.memory memory",
      "host.clock_time_get function",
      "host.coarse_time_ms function",
      "host.random_get function",
      "host.stack_probe function",
    ]);
    const exported = WebAssembly.Module.exports(kernelModule());
    expect(exported.filter(({ kind }) => kind === "global" || kind === "table")).toEqual([]);
    expect(exported.find(({ name }) => name.startsWith("__"))).toBeUndefined();
  });
});

describe("bounds", () => {
  it.each([0, -5, 1e12, Number.NaN])("a kernel of %d bytes is refused", (maxBytes) => {
    expect(() => new Kernel({ maxBytes })).toThrow(/bounded by at most/);
  });

  it.each([-1, 5000, 1.5])("a limit of %d descriptors is refused", (maxDescriptors) => {
    expect(() => new Kernel().createProcess({ maxDescriptors })).toThrow(/limit on descriptors/);
  });

  it("the kernel never takes more pages than it may", () => {
    const kernel = new Kernel({ maxBytes: 4 << 20 });
    const g = createGuest({ fs: { maxBytes: 1n << 40n } }, kernel);
    const fd = g.open("f", abi.OFLAGS_CREAT);
    let last = 0;
    while ((last = g.write(fd, "x".repeat(65_536))) > 0);
    expect(last).toBe(-abi.ERRNO_NOSPC);
    expect(kernel.exports.kernel_used_pages()).toBeLessThanOrEqual((4 << 20) / abi.PAGE_BYTES);
    expect(kernel.memory.buffer.byteLength).toBeLessThanOrEqual(abi.ARENA_PTR + (5 << 20));
  });
});

describe("the host's end of a pipe", () => {
  it("reads what a thread writes, to the end, and writes what it reads", async () => {
    const kernel = new Kernel();
    const g = new Guest(kernel);
    const [input, output] = [kernel.createPipe(), kernel.createPipe()];
    const writer = kernel.openWriter(input);
    const reader = kernel.openReader(output);
    kernel.exports.fd_install_pipe(g.proc, 0, input, 0, 0);
    kernel.exports.fd_install_pipe(g.proc, 1, output, 1, 0);
    for (const pipe of [input, output]) kernel.exports.pipe_release(pipe);
    const cat = await start(
      kernel,
      "for (;;) { if (calls.fd_read(task, 0, 131072) || !resultOf(task)) break; calls.fd_write(task, 1, resultOf(task)); } calls.process_exit(task); return 0;",
    );
    const ended = cat.run(g.proc).then(() => kernel.reap(g.proc));
    const sent = Buffer.from(Array.from({ length: 1 << 20 }, (_, i) => (i * 31 + (i >> 9)) & 255));
    const sending = writer.write(sent).then(() => writer.close());
    const chunks: Uint8Array[] = [];
    for await (const chunk of reader) chunks.push(chunk);
    await Promise.all([sending, ended]);
    expect(Buffer.compare(Buffer.concat(chunks), sent)).toBe(0);
    reader.close();
    expect(kernel.exports.kernel_counter(abi.COUNT_PIPES)).toBe(0n);
    expect(kernel.exports.kernel_counter(abi.COUNT_PIPE_WRITTEN_BYTES)).toBe(BigInt(sent.length));
  });

  it("says so when nobody reads", async () => {
    const kernel = new Kernel();
    const writer = kernel.openWriter(kernel.createPipe());
    expect(await writer.write(Buffer.from("x"))).toBe(false);
  });

  it("that is closed while it waits gives up waiting", async () => {
    const kernel = new Kernel();
    const pipe = kernel.createPipe();
    const writer = kernel.openWriter(pipe);
    const reader = kernel.openReader(pipe);
    const reading = reader.read();
    setTimeout(() => reader.close(), 20);
    expect(await reading).toBeUndefined();
    expect(await writer.write(Buffer.from("x"))).toBe(false);
  });
});

const PRODUCE = `
  const { proc, sizes } = task, window = windowOf(proc);
  let sent = 0;
  for (const size of sizes) {
    for (let i = 0; i < size; i++) window[i] = (sent + i) * 13 + ((sent + i) >> 7);
    if (calls.fd_write(proc, 1, size) || resultOf(proc) !== size) return -1;
    sent += size;
  }
  calls.fd_close(proc, 1);
  return sent;
`;
const CONSUME = `
  const { proc, sizes } = task, window = windowOf(proc);
  let got = 0;
  for (let turn = 0; ; turn++) {
    if (calls.fd_read(proc, 0, sizes[turn % sizes.length])) return -1;
    const count = resultOf(proc);
    if (!count) return got;
    for (let i = 0; i < count; i++) if (window[i] !== (((got + i) * 13 + ((got + i) >> 7)) & 255)) return -2;
    got += count;
  }
`;

describe("a pipe between two threads", () => {
  it("gives the bytes as they were put in, whatever the sizes, both sides waiting", { timeout: 120_000 }, async () => {
    const kernel = new Kernel();
    const producer = await start(kernel, PRODUCE);
    const consumer = await start(kernel, CONSUME);
    const size = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 131_072 }));
    const sizes = fc.array(size, { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(sizes, sizes, async (writes, reads) => {
        const [from, to] = [new Guest(kernel), new Guest(kernel)];
        const pipe = kernel.createPipe();
        kernel.exports.fd_install_pipe(from.proc, 1, pipe, 1, 0);
        kernel.exports.fd_install_pipe(to.proc, 0, pipe, 0, 0);
        kernel.exports.pipe_release(pipe);
        const total = writes.reduce((sum, bytes) => sum + bytes, 0);
        const answers = await Promise.all([
          producer.run({ proc: from.proc, sizes: writes }),
          consumer.run({ proc: to.proc, sizes: reads }),
        ]);
        expect(answers).toEqual([total, total]);
        await from.end();
        await to.end();
        expect(kernel.exports.kernel_counter(abi.COUNT_PIPES)).toBe(0n);
      }),
      { numRuns: 40 },
    );
  });
});
