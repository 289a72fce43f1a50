// The table of calls against a kernel that only notes what it is asked: bounds in the guest's memory, iovecs, layouts of snapshot 0,
// ends that cannot be caught, clocks. What the calls do is tested in test/wasi, with the kernel itself.
import { describe, expect, it } from "vitest";
import { assemble } from "../wasm/module-samples.js";
import { CALL_COUNTERS, traced } from "./call.js";
import { Clock } from "./clock.js";
import { clockModules } from "./clock-thunk.js";
import { ClockPage } from "./clock-page.js";
import { Context } from "./context.js";
import { ERRNO } from "./errno.js";
import { makeImports, typeOfCall, WASI_MODULES } from "./imports.js";
import type { KernelCalls } from "./kernel-calls.js";
import { renderWasiPage } from "./page.js";
import { PREVIEW1, PREVIEW1_NAMES } from "./preview1.js";
import { IOV_MAX } from "./transfer.js";

const WINDOW_AT = 1024;
const PAGE = 65_536;

interface Asked {
  readonly name: string;
  readonly args: readonly (number | bigint)[];
}

/** Every call succeeds, with `result` as RESULT0, unless `answers` has another errno for it. */
function setUp({ result = 0, answers = {} as Record<string, number> } = {}) {
  const asked: Asked[] = [];
  const buffer = new SharedArrayBuffer(8 * PAGE);
  const kernel = new Proxy({} as KernelCalls, {
    get:
      (_target, name: string) =>
      (...args: (number | bigint)[]) => {
        asked.push({ name, args });
        new Uint32Array(buffer, 0, 8)[0] = result;
        return answers[name] ?? 0;
      },
  });
  const counts = new Float64Array(CALL_COUNTERS.length);
  const options = {
    kernel,
    buffer,
    proc: 7,
    windowPtr: WINDOW_AT,
    resultsPtr: 0,
    args: ["a", "bcd"],
    env: ["K=V"],
    clock: new Clock(),
    counts,
  };
  const context = new Context(options);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 4 });
  context.memory.attach(memory);
  const call = (name: string, ...args: (number | bigint)[]): number =>
    (PREVIEW1[name as keyof typeof PREVIEW1].bind(context) as (...list: unknown[]) => number)(...args);
  return { asked, context, memory, call, view: () => new DataView(memory.buffer), window: new Uint8Array(buffer, WINDOW_AT) };
}

/** Zeros of the right types, with pointers (and only those) at `pointer`. */
function hostileArguments(name: keyof typeof PREVIEW1, pointer: number, length: number): (number | bigint)[] {
  return PREVIEW1[name].params.flatMap((param): (number | bigint)[] => {
    if (param.wasm.length === 2) return [pointer, length];
    if (param.wasm[0] === "i64") return [0n];
    return param.holds === undefined && !["in", "out", "pointers", "bytes"].includes(param.name) ? [1] : [pointer];
  });
}

const WITH_POINTERS = PREVIEW1_NAMES.filter((name) => hostileArguments(name, -1, -1).includes(-1));

describe("bounds", () => {
  it("most calls have a pointer", () => expect(WITH_POINTERS.length).toBeGreaterThan(30));

  it.each(WITH_POINTERS)(
    "%s: a pointer outside, at the end or around it is FAULT or INVAL, and the kernel is not asked to write",
    (name) => {
      for (const [pointer, length] of [
        [-1, 1],
        [PAGE, 1],
        [PAGE - 1, 2],
        [0x7fffffff, 0x7fffffff],
        [-8, -1],
        [-1, -1],
      ] as const) {
        const { call } = setUp();
        expect([ERRNO.fault, ERRNO.inval]).toContain(call(name, ...hostileArguments(name, pointer, length)));
      }
    },
  );

  it("no random bytes throw, whatever the call", () => {
    let seed = 12_345;
    const random = (): number => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) | 0);
    for (let round = 0; round < 100; round++) {
      const { call, memory } = setUp({ result: Math.abs(random()) % 100 });
      const bytes = new Uint8Array(memory.buffer);
      for (let i = 0; i < 2000; i++) bytes[i] = random() >>> 13;
      for (const name of PREVIEW1_NAMES.filter((own) => !own.startsWith("proc_"))) {
        const args = PREVIEW1[name].params.flatMap((param) =>
          param.wasm.map((type) => (type === "i64" ? BigInt(random()) : random() % 3000)),
        );
        expect(call(name, ...args)).toBeTypeOf("number");
      }
    }
  });

  it("follows a memory that grows", () => {
    const { call, memory, view } = setUp({ result: 3 });
    expect(call("fd_tell", 3, PAGE + 8)).toBe(ERRNO.fault);
    memory.grow(1);
    expect(call("fd_tell", 3, PAGE + 8)).toBe(0);
    expect(view().getUint32(PAGE + 8, true)).toBe(3);
  });

  it("at most 1,024 iovecs", () => {
    const { call } = setUp();
    expect(call("fd_read", 0, 0, IOV_MAX, 60_000)).toBe(0);
    expect(call("fd_read", 0, 0, IOV_MAX + 1, 60_000)).toBe(ERRNO.inval);
    expect(call("fd_write", 1, 0, 0x7fffffff, 60_000)).toBe(ERRNO.fault);
  });
});

describe("data", () => {
  const iovec = (view: DataView, at: number, ptr: number, len: number): void => {
    view.setUint32(at, ptr, true);
    view.setUint32(at + 4, len, true);
  };

  it("gathers iovecs for one write", () => {
    const { call, asked, memory, view, window } = setUp({ result: 5 });
    new Uint8Array(memory.buffer).set(Buffer.from("abcde"), 100);
    iovec(view(), 0, 103, 2);
    iovec(view(), 8, 0, 0);
    iovec(view(), 16, 100, 3);
    expect(call("fd_write", 1, 0, 3, 64)).toBe(0);
    expect(asked).toEqual([{ name: "fd_write", args: [7, 1, 5] }]);
    expect(Buffer.from(window.slice(0, 5)).toString()).toBe("deabc");
    expect(view().getUint32(64, true)).toBe(5);
  });

  it("scatters what one read gave, and leaves the rest alone", () => {
    const { call, memory, view, window } = setUp({ result: 4 });
    window.set(Buffer.from("wxyz"));
    new Uint8Array(memory.buffer).fill(0x2e, 100, 120);
    iovec(view(), 0, 100, 3);
    iovec(view(), 8, 110, 5);
    expect(call("fd_pread", 1, 0, 2, 9n, 64)).toBe(0);
    expect(Buffer.from(memory.buffer, 100, 20).toString()).toBe("wxy.......z.........");
  });

  it("survives a read over its own iovecs", () => {
    const { call, view, window } = setUp({ result: 24 });
    window.fill(0xff, 0, 24);
    iovec(view(), 0, 0, 16);
    iovec(view(), 8, 40, 8);
    expect(call("fd_read", 0, 0, 2, 64)).toBe(0);
  });
});

describe("snapshot 0", () => {
  it("has no sock_accept, and all else", () => {
    expect(typeOfCall({ module: "wasi_unstable", name: "sock_accept" })).toBeUndefined();
    expect(Object.keys(WASI_MODULES.wasi_unstable ?? {}).length).toBe(PREVIEW1_NAMES.length - 1);
    expect(typeOfCall({ module: "wasi_unstable", name: "toString" })).toBeUndefined();
    expect(typeOfCall({ module: "constructor", name: "name" })).toBeUndefined();
  });

  const old = (context: Context, name: string): ((...args: unknown[]) => number) =>
    makeImports(context, [{ module: "wasi_unstable", name }]).wasi_unstable?.[name] as unknown as (...args: unknown[]) => number;

  it("numbers whence otherwise", () => {
    const { context, asked } = setUp();
    for (const whence of [0, 1, 2]) expect(old(context, "fd_seek")(3, 5n, whence, 64)).toBe(0);
    expect(asked.map(({ args }) => args[3])).toEqual([1, 2, 0]);
    expect(old(context, "fd_seek")(3, 5n, 3, 64)).toBe(ERRNO.inval);
  });

  it("has a filestat of 56 bytes", () => {
    const { context, window, view } = setUp();
    const stat = new DataView(window.buffer, WINDOW_AT);
    [1n, 2n, 4n, 1_000n, 5n, 6n, 7n, 8n].forEach((value, i) => stat.setBigUint64(i * 8, value, true));
    view().setBigUint64(64 + 56, 99n, true);
    expect(old(context, "fd_filestat_get")(3, 64)).toBe(0);
    const told = view();
    expect([told.getBigUint64(64, true), told.getBigUint64(72, true), told.getUint8(80), told.getUint32(84, true)]).toEqual([
      1n,
      2n,
      4,
      1000,
    ]);
    expect([88, 96, 104, 112].map((at) => told.getBigUint64(at, true))).toEqual([5n, 6n, 7n, 8n]);
    expect(told.getBigUint64(120, true)).toBe(99n);
  });

  it("has the time of a subscription 8 bytes later", () => {
    const { context, window, view } = setUp();
    const from = view();
    from.setBigUint64(0, 77n, true); // userdata
    from.setUint32(24, 1, true); // monotonic
    from.setBigUint64(32, 123_456n, true);
    from.setUint16(48, 1, true); // absolute
    expect(old(context, "poll_oneoff")(0, 200, 1, 64)).toBe(0);
    const now = new DataView(window.buffer, WINDOW_AT);
    expect([now.getBigUint64(0, true), now.getUint32(16, true), now.getBigUint64(24, true), now.getUint16(40, true)]).toEqual([
      77n,
      1,
      123_456n,
      1,
    ]);
  });
});

describe("ends", () => {
  const CATCHER = `(module (import "w" "exit" (func $exit (param i32))) (global $caught (export "caught") (mut i32) (i32.const 0))
    (func (export "run") (try (do (call $exit (i32.const 9))) (catch_all (global.set $caught (i32.const 1))))))`;

  it("proc_exit passes through a handler for everything", () => {
    const { context } = setUp();
    const exit = PREVIEW1.proc_exit.bind(context) as unknown as (code: number) => number;
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assemble(CATCHER)), { w: { exit } });
    expect(() => (exports.run as () => void)()).toThrow(WebAssembly.RuntimeError);
    expect((exports.caught as WebAssembly.Global).value).toBe(0);
    expect(context.ending).toEqual({ kind: "exit", status: 9 });
  });

  it("a killed process ends at its next call", () => {
    const { context, call } = setUp({ answers: { fd_close: -1 } });
    expect(() => call("fd_close", 3)).toThrow(WebAssembly.RuntimeError);
    expect(context.ending).toEqual({ kind: "killed" });
  });

  it("a raised signal does what it does to whom nobody told otherwise", () => {
    const { context, call } = setUp();
    expect([0, 16, 17, 22, 27].map((signal) => call("proc_raise", signal))).toEqual([0, 0, 0, 0, 0]);
    expect(call("proc_raise", 31)).toBe(ERRNO.inval);
    expect(() => call("proc_raise", 6)).toThrow(WebAssembly.RuntimeError);
    expect(context.ending).toEqual({ kind: "signal", signal: 6 });
  });
});

describe("clocks", () => {
  const ns = (clock: Clock): number => clock.high * 2 ** 32 + clock.low;

  it("never go back and are never ahead, with a ticker and without", () => {
    for (const isTicking of [false, true]) {
      const page = new ClockPage();
      if (isTicking) new Int32Array(page.buffer)[1] = 1;
      const clock = new Clock(page);
      let last = 0;
      for (let i = 0; i < 50_000; i++) {
        clock.readMonotonic();
        expect(ns(clock) >= last).toBe(true);
        last = ns(clock);
      }
      expect(last).toBeLessThanOrEqual(performance.now() * 1e6 + 1000);
    }
  });

  it("ask the host again when the ticker has ticked", () => {
    const page = new ClockPage();
    const words = new Int32Array(page.buffer);
    words[1] = 1;
    const clock = new Clock(page);
    for (let i = 0; i < 100; i++) clock.readMonotonic();
    const until = performance.now() + 3;
    while (performance.now() < until);
    words[0] = 1;
    const before = performance.now() * 1e6;
    clock.readMonotonic();
    expect(ns(clock)).toBeGreaterThanOrEqual(before - 1000);
  });

  it("realtime is the time of day", () => {
    const clock = new Clock();
    const beforeMs = Date.now();
    clock.readRealtime();
    expect(ns(clock) / 1e6).toBeGreaterThan(beforeMs - 50);
    expect(ns(clock) / 1e6).toBeLessThan(Date.now() + 50);
  });
});

describe("the clock in WebAssembly", () => {
  const CALLS_BEFORE = 64;

  function setUpClock(memory = new WebAssembly.Memory({ initial: 1, maximum: 4 })) {
    const page = new ClockPage();
    const words = new Int32Array(page.buffer);
    words[1] = 1; // it ticks
    const { context: plain } = setUp();
    const context = new Context({
      kernel: { ticker_count: () => page.epoch } as unknown as KernelCalls,
      buffer: new SharedArrayBuffer(8 * PAGE),
      proc: 7,
      windowPtr: WINDOW_AT,
      resultsPtr: 0,
      args: [],
      env: [],
      clock: new Clock(page),
      counts: plain.counts,
      clockModules: clockModules(),
    });
    context.memory.attach(memory);
    const ask = PREVIEW1.clock_time_get.bind(context) as (id: number, precision: bigint, ptr: number) => number;
    const counted = (): number => context.counts[CALL_COUNTERS.indexOf("clock")] as number;
    const read = (id: number, ptr = 8): number => {
      expect(ask(id, 0n, ptr)).toBe(0);
      return Number(new DataView(memory.buffer).getBigUint64(ptr, true));
    };
    for (let i = 0; i <= CALLS_BEFORE; i++) read(1);
    return { memory, words, context, ask, read, counted };
  }

  it("never goes back and is never ahead; every call is counted in the end", () => {
    const { context, read, counted } = setUpClock();
    let last = 0;
    for (let i = 0; i < 50_000; i++) {
      const ns = read(1);
      if (ns < last) expect(ns).toBeGreaterThanOrEqual(last);
      last = ns;
    }
    expect(last).toBeLessThanOrEqual(performance.now() * 1e6 + 1000);
    const before = { monotonicMs: performance.now(), realtimeMs: Date.now() };
    expect(read(1) / 1e6).toBeGreaterThan(before.monotonicMs - 50);
    const realtimeMs = read(0) / 1e6;
    expect(realtimeMs).toBeGreaterThan(before.realtimeMs - 50);
    expect(realtimeMs).toBeLessThan(Date.now() + 50);
    context.atEnd();
    expect(counted()).toBe(CALLS_BEFORE + 1 + 50_000 + 2);
  });

  it("asks the host again when the ticker has ticked", () => {
    const { words, read } = setUpClock();
    for (let i = 0; i < 1000; i++) read(1);
    const until = performance.now() + 3;
    while (performance.now() < until);
    words[0] = 1;
    const before = performance.now() * 1e6;
    expect(read(1)).toBeGreaterThanOrEqual(before - 1000);
  });

  it("knows its bounds, and where they are after the memory grew", () => {
    const { memory, ask, read } = setUpClock();
    for (const ptr of [PAGE, PAGE - 7, -1, -8, 0x7fffffff]) expect(ask(1, 0n, ptr)).toBe(ERRNO.fault);
    read(1, PAGE - 8);
    memory.grow(1);
    read(1, PAGE - 4);
    read(0, 2 * PAGE - 8);
    expect(ask(1, 0n, 2 * PAGE - 7)).toBe(ERRNO.fault);
    expect([2, 3, 4, -1].map((id) => ask(id, 0n, 8))).toEqual([ERRNO.badf, ERRNO.badf, ERRNO.inval, ERRNO.inval]);
  });

  it("leaves a shared memory to the call in full", () => {
    const { context, read, counted } = setUpClock(new WebAssembly.Memory({ initial: 1, maximum: 4, shared: true }));
    for (let i = 0; i < 100; i++) read(1);
    context.atEnd();
    expect(counted()).toBe(CALLS_BEFORE + 1 + 100);
  });
});

describe("what is read from the table", () => {
  it("a trace", () => {
    const { context } = setUp({ answers: { path_open: 44 } });
    new Uint8Array(context.memory.bytes.buffer).set(Buffer.from("etc/passwd"), 100);
    const lines: string[] = [];
    const open = traced("path_open", PREVIEW1.path_open, context, PREVIEW1.path_open.bind(context), (line) => lines.push(line));
    (open as (...args: unknown[]) => number)(3, 1, 100, 10, 0, 2n, 0n, 0, 64);
    expect(lines).toEqual(['path_open(3, 1, "etc/passwd", 0, 2, 0, 0, &fd) = NOENT']);
  });

  it("the support matrix has every call", () => {
    const page = renderWasiPage();
    for (const name of PREVIEW1_NAMES) expect(page).toContain(`\`${name}\``);
  });

  it("what a call is counted as", () => {
    const { context, call } = setUp();
    call("random_get", 0, 8);
    call("clock_time_get", 1, 0n, 0);
    call("clock_time_get", 1, 0n, 0);
    expect([context.counts[CALL_COUNTERS.indexOf("random")], context.counts[CALL_COUNTERS.indexOf("clock")]]).toEqual([1, 2]);
  });
});
