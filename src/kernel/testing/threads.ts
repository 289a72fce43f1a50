// Threads for tests that make system calls of one process after another, as containers' threads do. The code is plain JavaScript, so that it
// runs without being compiled; it takes part in the kernel as src/kernel/module.ts does.
import { Worker } from "node:worker_threads";
import type { SharedKernel } from "../index.js";

const PRELUDE = `
const { parentPort, workerData } = require("node:worker_threads");
const { module, probe, wait, memory } = workerData.shared;
const host = {
  wait_word: new WebAssembly.Instance(wait, { env: { memory } }).exports.wait,
  stack_probe: new WebAssembly.Instance(probe).exports.probe,
  coarse_time_ms: Date.now,
  clock_time_get: (id) => (id === 0 ? BigInt(Date.now()) * 1000000n : process.hrtime.bigint()),
  random_get: () => {},
};
const calls = new WebAssembly.Instance(module, { env: { memory }, host }).exports;
const windowOf = (proc) => new Uint8Array(memory.buffer, calls.process_window(proc), 131072);
const resultOf = (proc) => Number(new DataView(memory.buffer, calls.process_results(proc), 32).getBigUint64(0, true));
parentPort.on("message", (task) => {
  if (task === "end") process.exit(0);
  let answer;
  try { answer = run(task); } catch (e) { answer = String(e); }
  parentPort.postMessage(answer);
});
parentPort.postMessage("ready");
`;

/** A thread whose `run(task)` is the given JavaScript. */
export class CallThread {
  private readonly worker: Worker;
  readonly ready: Promise<unknown>;

  constructor(shared: SharedKernel, run: string) {
    this.worker = new Worker(`${PRELUDE}\nfunction run(task) { ${run} }`, { eval: true, workerData: { shared } });
    this.ready = this.next();
  }

  private next(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const onMessage = (answer: unknown): void => {
        this.worker.off("error", onError);
        resolve(answer);
      };
      const onError = (error: Error): void => {
        this.worker.off("message", onMessage);
        reject(error);
      };
      this.worker.once("message", onMessage);
      this.worker.once("error", onError);
    });
  }

  /** What run(task) returns. */
  run(task: unknown): Promise<unknown> {
    const answer = this.next();
    this.worker.postMessage(task);
    return answer;
  }

  async end(): Promise<void> {
    await this.worker.terminate();
  }
}

/** Calls of every kind, chosen at random, until the kernel says that the process was killed. `task`: proc and what it may block on. */
export const RESTLESS = `
  const { proc, seed } = task;
  const window = windowOf(proc);
  let state = seed | 1, made = 0;
  const random = (n) => ((state = Math.imul(state, 1103515245) + 12345 | 0) >>> 8) % n;
  const path = () => { const name = "f" + random(6); for (let i = 0; i < name.length; i++) window[i] = name.charCodeAt(i); return name.length; };
  const two = () => { const name = "f" + random(6) + "f" + random(6); for (let i = 0; i < name.length; i++) window[i] = name.charCodeAt(i); return 2; };
  const subscribe = (at, tag, value, timeout) => {
    window.fill(0, at, at + 48);
    window[at + 8] = tag;
    window[at + 16] = value;
    if (tag === 0) new DataView(memory.buffer, window.byteOffset + at).setBigUint64(24, timeout, true);
  };
  const acts = [
    () => calls.fd_read(proc, 0, 1 + random(70000)),
    () => calls.fd_write(proc, 1, 1 + random(70000)),
    () => calls.path_open(proc, 3, 1, path(), 1, 66n, 0n, random(2)),
    () => calls.path_open(proc, 3, 1, path(), 9, 66n, 0n, 0),
    () => calls.fd_write(proc, 5 + random(12), random(131072)),
    () => calls.fd_pwrite(proc, 5 + random(12), random(20000), BigInt(random(300000))),
    () => calls.fd_read(proc, 5 + random(12), random(131072)),
    () => calls.fd_close(proc, 5 + random(12)),
    () => calls.fd_renumber(proc, 5 + random(12), 5 + random(12)),
    () => calls.path_unlink_file(proc, 3, path()),
    () => calls.path_rename(proc, 3, two(), 3, 2),
    () => calls.path_link(proc, 3, 0, two(), 3, 2),
    () => calls.path_symlink(proc, two(), 3, 2),
    () => calls.path_create_directory(proc, 3, path()),
    () => calls.path_remove_directory(proc, 3, path()),
    () => calls.path_filestat_get(proc, 3, 1, path()),
    () => calls.fd_readdir(proc, 3, 4096, 0n),
    () => calls.fd_allocate(proc, 5 + random(12), BigInt(random(100000)), 8192n),
    () => calls.fd_filestat_set_size(proc, 5 + random(12), BigInt(random(200000))),
    () => (subscribe(0, 1, 0), subscribe(48, 2, 1), subscribe(96, 0, 1, BigInt(random(300000))), calls.poll_oneoff(proc, 3)),
    () => calls.sock_send(proc, 4, 1 + random(70000), 0),
    () => calls.sock_recv(proc, 4, 1 + random(70000), 0),
    () => calls.sock_accept(proc, 5 + random(2), 4 * random(2)),
    () => calls.sock_send(proc, 5 + random(12), 1 + random(70000), 0),
    () => calls.sock_recv(proc, 5 + random(12), 1 + random(70000), random(4)),
    () => calls.sock_shutdown(proc, 5 + random(12), 1 + random(3)),
    () => calls.fd_fdstat_set_flags(proc, 5 + random(12), 4 * random(2)),
    () => (subscribe(0, 1, 5), subscribe(48, 1, 6), subscribe(96, 2, 6), subscribe(144, 0, 1, BigInt(random(300000))), calls.poll_oneoff(proc, 4)),
    () => calls.sched_yield(proc),
  ];
  for (;;) {
    made++;
    if (acts[random(acts.length)]() === -1) return made;
  }
`;
