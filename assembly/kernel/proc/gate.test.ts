// The gate: a process can be ended at any instant, and afterwards the kernel is as if it had never been. Real threads, real kills.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Kernel } from "../../../src/kernel/index.js";
import { ALL_RIGHTS, census, createGuest, Guest } from "../../../src/kernel/testing/guest.js";
import { CallThread, RESTLESS } from "../../../src/kernel/testing/threads.js";
import * as abi from "../abi.js";

/** Kills to make; the soak asks for more. */
const KILLS = Number(process.env["WARDIAN_KILLS"] ?? 400);
const THREADS = 3;

let kernel: Kernel;
let threads: CallThread[] = [];
beforeEach(() => void (kernel = new Kernel({ maxBytes: 64 << 20 })));
afterEach(async () => {
  await Promise.all(threads.map((thread) => thread.end()));
  threads = [];
});

async function start(run: string): Promise<CallThread> {
  const thread = new CallThread(kernel.shared, run);
  threads.push(thread);
  await thread.ready;
  return thread;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("a process", () => {
  it("that was killed makes no calls, and is reaped once", async () => {
    const g = createGuest({}, kernel);
    await kernel.kill(g.proc);
    expect([g.read(0), g.mkdir("d"), g.close(3), g.calls.sched_yield(g.proc)]).toEqual(Array(4).fill(abi.GATE_KILLED));
    expect(kernel.reason(g.proc)).toBe("killed");
    kernel.reap(g.proc);
    expect(() => kernel.reap(g.proc)).toThrow(/after its end/);
  });

  it("that lives is not reaped", async () => {
    const g = new Guest(kernel);
    expect(() => kernel.reap(g.proc)).toThrow(/after its end/);
    await g.end();
  });

  it("keeps the first reason for its end", async () => {
    const g = new Guest(kernel);
    kernel.exports.process_exit(g.proc);
    await kernel.kill(g.proc, "timeout");
    expect(kernel.reason(g.proc)).toBe("exit");
  });

  it("ten thousand of them leave nothing behind", async () => {
    const keep = createGuest({}, kernel);
    const before = census(kernel);
    const root = kernel.exports.fs_root(keep.fs);
    for (let i = 0; i < 10_000; i++) {
      const g = new Guest(kernel, { maxDescriptors: 64 });
      const pipe = kernel.createPipe();
      kernel.exports.fd_install_pipe(g.proc, 0, pipe, 0, 0);
      kernel.exports.fd_install_pipe(g.proc, 1, pipe, 1, abi.OPEN_OUTPUT);
      kernel.exports.pipe_release(pipe);
      g.put("/");
      kernel.exports.fd_install_preopen(g.proc, root, 1, ALL_RIGHTS, ALL_RIGHTS);
      expect(kernel.exports.socket_pair(g.proc, -1, g.proc, -1)).toBe(0);
      const file = g.open(`file${String(i % 7)}`, abi.OFLAGS_CREAT, undefined, 0, 2);
      g.write(file, "some bytes");
      g.write(1, "x".repeat(1 + (i % 9000)));
      g.unlink(`file${String(i % 7)}`, 2);
      kernel.exports.process_exit(g.proc);
      kernel.reap(g.proc);
    }
    expect(census(kernel)).toEqual(before);
    expect(kernel.exports.kernel_counter(abi.COUNT_PROCESSES_CREATED)).toBe(10_001n);
    expect(kernel.exports.kernel_counter(abi.COUNT_FILE_WRITTEN_BYTES)).toBe(100_000n);
  });

  it("more than there is room for are refused", () => {
    const made = [...Array(abi.HOST_SLOT).keys()].map(() => kernel.createProcess());
    expect(new Set(made).size).toBe(abi.HOST_SLOT);
    expect(() => kernel.createProcess()).toThrow(/every place/);
    kernel.exports.process_exit(made[7] ?? 0);
    kernel.reap(made[7] ?? 0);
    expect(kernel.createProcess()).toBe(made[7]);
  });
});

describe("a process that waits", () => {
  const blocking: [string, string][] = [
    ["for input", "return calls.fd_read(task, 0, 10)"],
    ["for room", "for (;;) { const answer = calls.fd_write(task, 1, 131072); if (answer) return answer; }"],
    ["for ever in poll_oneoff", "windowOf(task).fill(0, 0, 48); windowOf(task)[8] = 1; return calls.poll_oneoff(task, 1)"],
    ["for a clock", "const w = windowOf(task); w.fill(0, 0, 48); w[30] = 1; return calls.poll_oneoff(task, 1)"],
    ["for a connection", "return calls.sock_accept(task, 2, 0)"],
  ];
  it.each(blocking)("%s ends when it is killed", async (_name, code) => {
    const g = new Guest(kernel);
    for (const end of [0, 1]) {
      const pipe = kernel.createPipe();
      kernel.exports.fd_install_pipe(g.proc, -1, pipe, end, 0);
      kernel.exports.pipe_open(pipe, 1 - end);
    }
    const listener = kernel.exports.listener_create();
    kernel.exports.fd_install_listener(g.proc, 2, listener);
    const thread = await start(code);
    const answer = thread.run(g.proc);
    await sleep(30);
    expect(kernel.exports.process_state(g.proc)).toBe(abi.STATE_KERNEL);
    await kernel.kill(g.proc, "timeout");
    expect(await answer).toBe(abi.GATE_KILLED);
    expect(kernel.exports.process_counter(g.proc, abi.COUNT_BLOCKED_NS)).toBeGreaterThan(5_000_000n);
    kernel.reap(g.proc);
  });
});

/** A process with a pipe to read from, one to write to, a tree shared by all and a socket; the other ends are a neighbour's or the host's.
 *  It listens where its neighbours do, and is connected to whichever of them accepts. */
function restless(root: number, pipes: readonly number[], listener: number): Guest {
  const g = new Guest(kernel, { maxDescriptors: 24 });
  pipes.forEach((pipe, end) => kernel.exports.fd_install_pipe(g.proc, end, pipe, end, 0));
  kernel.exports.fd_install_null(g.proc, 2, 0);
  g.put("/");
  kernel.exports.fd_install_preopen(g.proc, root, 1, ALL_RIGHTS, ALL_RIGHTS);
  kernel.exports.fd_install_listener(g.proc, 5, listener);
  for (const fd of [6, 7]) kernel.exports.fd_install_connection(g.proc, fd, listener);
  return g;
}

describe("kills at any instant", () => {
  it("leave no lock held and nothing behind; neighbours go on", { timeout: 600_000 }, async () => {
    const keep = createGuest({ fs: { maxBytes: 8n << 20n } }, kernel);
    const root = kernel.exports.fs_root(keep.fs);
    const [there, back] = [kernel.createPipe(), kernel.createPipe()];
    for (const pipe of [there, back]) for (const end of [0, 1]) kernel.exports.pipe_open(pipe, end);
    const listener = kernel.exports.listener_create();
    for (let i = 0; i < THREADS; i++) await start(RESTLESS);
    let made = 0;
    const live = async (thread: CallThread, index: number): Promise<void> => {
      for (let i = index; i < KILLS; i += THREADS) {
        const pipes = i % 2 ? [there, back] : [back, there];
        const g = restless(root, pipes, listener);
        const peer = new Guest(kernel);
        kernel.exports.socket_pair(g.proc, 4, peer.proc, 0);
        const answer = thread.run({ proc: g.proc, seed: i * 7919 + 1 });
        await (i % 3 ? sleep(Math.random() * 4) : undefined);
        await kernel.kill(g.proc);
        made += Number(await answer);
        kernel.reap(g.proc);
        await peer.end();
      }
    };
    await Promise.all(threads.map(live));
    expect(made).toBeGreaterThan(KILLS);
    // The kernel lock and the pipes' locks are free: these calls would wait for ever.
    expect(keep.mkdir("still works")).toBe(0);
    for (const pipe of [there, back]) {
      while (kernel.exports.pipe_host_read(pipe, 131_072) > 0);
      expect(kernel.exports.pipe_host_write(pipe, 100)).toBe(100);
      for (const end of [0, 1]) kernel.exports.pipe_close(pipe, end);
      kernel.exports.pipe_release(pipe);
    }
    expect(kernel.exports.fd_install_connection(keep.proc, -1, listener)).toBe(-abi.ERRNO_CONNREFUSED);
    kernel.exports.listener_release(listener);
    await keep.end();
    while (kernel.exports.fs_destroy(keep.fs, 10_000) !== 0);
    expect(census(kernel)).toEqual({ pages: 0, processes: 0, descriptors: 0, pipes: 0, sockets: 0, listeners: 0, inodes: 0 });
  });

  it("and threads that are terminated as soon as the gate allows it", { timeout: 600_000 }, async () => {
    const keep = createGuest({ fs: { maxBytes: 8n << 20n } }, kernel);
    const before = census(kernel);
    const answers: unknown[] = [];
    for (let i = 0; i < Math.ceil(KILLS / 25); i++) {
      const g = createGuest({}, kernel);
      const pipe = kernel.createPipe();
      for (const fd of [0, 1]) g.close(fd);
      [0, 1].forEach((end) => kernel.exports.fd_install_pipe(g.proc, end, pipe, end, 0));
      kernel.exports.pipe_release(pipe);
      const thread = await start(RESTLESS);
      void thread.run({ proc: g.proc, seed: i + 1 }).then((answer) => answers.push(answer));
      await sleep(Math.random() * 5);
      await kernel.kill(g.proc);
      await thread.end();
      kernel.reap(g.proc);
      while (kernel.exports.fs_destroy(g.fs, 10_000) !== 0);
    }
    expect(answers.filter((answer) => typeof answer !== "number")).toEqual([]); // a trap's text
    expect(census(kernel)).toEqual(before);
    expect(keep.mkdir("still works")).toBe(0);
  });
});

describe("a guest with next to no stack left", () => {
  it("gets its RangeError before anything has happened", async () => {
    const g = createGuest({}, kernel);
    const thread = await start(`
      const proc = task, window = windowOf(proc);
      let overflows = 0, done = 0, unwound = 0;
      window.set([102]);
      const attempt = () => { if (calls.path_open(proc, 3, 1, 1, 1, 66n, 0n, 0) === 0) done++; };
      const deep = (n) => { try { deep(n + 1); } catch (e) { if (unwound++ < 3000) try { attempt(); } catch { overflows++; } throw e; } };
      for (let i = 0; i < 10; i++) { unwound = 0; try { deep(0); } catch {} for (let fd = 4; calls.fd_close(proc, fd) === 0; fd++); }
      return [overflows > 100, done > 100, calls.process_state(proc)];
    `);
    expect(await thread.run(g.proc)).toEqual([true, true, abi.STATE_USER]);
    expect(g.mkdir("still works")).toBe(0);
    expect(kernel.exports.kernel_counter(abi.COUNT_DESCRIPTORS)).toBe(4n);
    await g.end();
  });
});
