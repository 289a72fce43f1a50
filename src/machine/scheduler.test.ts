// Shares, caps and wake-ups, in a time of the test's own: tasks take exactly (or by a given factor) what they are given.
import { beforeEach, describe, expect, test } from "vitest";
import { Scheduler, type Seat, type Share, SLICE_MS, type Task, type Usage } from "./scheduler.js";

let nowMs = 0;
let scheduler: Scheduler;
/** The order in which tasks ran. */
let order: string[];

class FakeTask implements Task {
  ranMs = 0;
  runs = 0;
  longestMs = 0;
  usage: Usage = { busyMs: 0, throttledMs: 0, waitingMs: 0 };
  seat!: Seat;

  /** Runs for `useMs` of a slice, or for `stretch` times the slice, then sleeps for `sleepMs`. */
  constructor(
    readonly name: string,
    private readonly habit: { useMs?: number; stretch?: number; sleepMs?: number } = {},
  ) {}

  run(ms: number): number {
    const took = Math.min(this.habit.useMs ?? Number.POSITIVE_INFINITY, ms * (this.habit.stretch ?? 1));
    nowMs += took;
    this.ranMs += took;
    this.runs++;
    this.longestMs = Math.max(this.longestMs, took);
    order.push(this.name);
    return this.habit.sleepMs ?? 0;
  }

  charge({ busyMs, throttledMs, waitingMs }: Usage): void {
    this.usage = { busyMs, throttledMs, waitingMs };
  }
}

function add<T extends Task & { seat: Seat }>(task: T, share: Share = {}): T {
  task.seat = scheduler.add(task, share);
  return task;
}

/** Lets time pass; where nothing can run the clock jumps, late by up to a timer's millisecond. */
function passUntil(endMs: number): void {
  while (nowMs < endMs) {
    const waitMs = scheduler.step();
    if (waitMs > 0) nowMs = Math.min(endMs, nowMs + Math.ceil(waitMs));
  }
}

beforeEach(() => {
  nowMs = 1000;
  order = [];
  scheduler = new Scheduler(() => nowMs);
});

const during = (task: FakeTask, ms: number): number => {
  const before = task.ranMs;
  passUntil(nowMs + ms);
  return task.ranMs - before;
};

describe("shares", () => {
  test("are by weight", () => {
    const light = add(new FakeTask("light"), { weight: 100 });
    const heavy = add(new FakeTask("heavy"), { weight: 300 });
    passUntil(nowMs + 5000);
    expect(heavy.ranMs / light.ranMs).toBeGreaterThan(3 * 0.95);
    expect(heavy.ranMs / light.ranMs).toBeLessThan(3 * 1.05);
  });

  test("are by time, not by turns: a task whose slices run over gets fewer of them", () => {
    const exact = add(new FakeTask("exact"));
    const over = add(new FakeTask("over", { stretch: 3 }));
    passUntil(nowMs + 5000);
    expect(over.ranMs / exact.ranMs).toBeCloseTo(1, 1);
    expect(over.runs).toBeLessThan(exact.runs / 2);
  });

  test("of a hundred equal tasks are equal, and nobody waits for longer than a round", () => {
    const tasks = Array.from({ length: 100 }, (_, index) => add(new FakeTask(`${index}`)));
    passUntil(nowMs + 100 * SLICE_MS * 10);
    for (const task of tasks) expect(task.runs).toBe(10);
    expect(new Set(order.slice(0, 100)).size).toBe(100);
  });

  test("hold for those that sleep in between, whatever they use", () => {
    const busy = add(new FakeTask("busy"));
    const greedy = add(new FakeTask("greedy", { sleepMs: 0.01 }));
    passUntil(nowMs + 5000);
    expect(greedy.ranMs).toBeLessThan(busy.ranMs * 1.05);
  });

  test("a task that was removed runs no more, also by itself in the middle of a step", () => {
    const stays = add(new FakeTask("stays"));
    const leaves: Task & { seat: Seat } = {
      seat: undefined as unknown as Seat,
      run() {
        order.push("leaves");
        nowMs += 1;
        scheduler.remove(this.seat);
        return 0;
      },
      charge() {},
    };
    add(leaves);
    passUntil(nowMs + 100);
    expect(order.filter((name) => name === "leaves")).toHaveLength(1);
    expect(stays.ranMs).toBeGreaterThan(90);
  });
});

describe("sleep", () => {
  test("costs nothing: step() says how long nothing is to be done", () => {
    add(new FakeTask("sleeper", { useMs: 1, sleepMs: 250 }));
    add(new FakeTask("dead", { useMs: 1, sleepMs: Number.POSITIVE_INFINITY }));
    expect([scheduler.step(), scheduler.step()]).toEqual([0, 0]);
    expect(scheduler.step()).toBe(249); // the other one ran for 1 ms after it
    nowMs += 249;
    expect(scheduler.step()).toBe(0);
    expect(order.filter((name) => name === "sleeper")).toHaveLength(2);
  });

  test("ends with a wake, and the woken task is next, after an hour of others' work, too", () => {
    const sleeper = add(new FakeTask("sleeper", { useMs: 1, sleepMs: Number.POSITIVE_INFINITY }));
    for (const name of ["a", "b", "c"]) add(new FakeTask(name));
    passUntil(nowMs + 3_600_000);
    expect(sleeper.runs).toBe(1);
    order = [];
    scheduler.wake(sleeper.seat);
    scheduler.step();
    expect(order).toEqual(["sleeper"]);
  });

  test("saves nothing up: after it the share is what it always was", () => {
    const busy = add(new FakeTask("busy"));
    const sleeper = new FakeTask("sleeper");
    passUntil(nowMs + 10_000);
    add(sleeper);
    scheduler.wake(sleeper.seat);
    const of = during(sleeper, 1000);
    expect(of).toBeGreaterThan(450);
    expect(of).toBeLessThan(550);
    expect(busy.ranMs).toBeGreaterThan(10_400);
  });

  test("ten sleepers that wake all the time do not starve a busy one", () => {
    const busy = add(new FakeTask("busy"));
    for (let n = 0; n < 10; n++) add(new FakeTask(`s${n}`, { useMs: 1, sleepMs: 1 }));
    expect(during(busy, 11_000)).toBeGreaterThan(950);
  });

  test("a woken task waits no longer than one slice of the others", () => {
    for (let n = 0; n < 20; n++) add(new FakeTask(`busy${n}`));
    const sleeper = add(new FakeTask("sleeper", { useMs: 0.5, sleepMs: 37 }));
    passUntil(nowMs + 10_000);
    expect(sleeper.usage.waitingMs / sleeper.runs).toBeLessThanOrEqual(SLICE_MS);
  });
});

describe("caps", () => {
  for (const cpus of [0.01, 0.05, 0.3, 0.5, 0.95]) {
    test(`${cpus} holds within 5 % over 5 s, from a full bucket and from an empty one`, () => {
      const idleFirst = add(new FakeTask("idle first", { stretch: 1.2 }), { cpus });
      scheduler.hold(idleFirst.seat);
      passUntil(nowMs + 10_000);
      scheduler.release(idleFirst.seat);
      for (let n = 0; n < 2; n++) {
        const share = during(idleFirst, 5000) / 5000 / cpus;
        expect(share).toBeGreaterThan(0.95);
        expect(share).toBeLessThan(1.05);
      }
      expect(idleFirst.longestMs).toBeLessThanOrEqual(SLICE_MS * 1.2);
    });
  }

  test("hold for several on one thread at a time, beside one that takes the rest", () => {
    const caps = [0.05, 0.1, 0.2, 0.2];
    const tasks = caps.map((cpus) => add(new FakeTask(`${cpus}`), { cpus }));
    const free = add(new FakeTask("free"));
    passUntil(nowMs + 5000);
    for (const [index, task] of tasks.entries()) {
      expect(task.ranMs / 5000 / (caps[index] ?? 0)).toBeGreaterThan(0.95);
      expect(task.ranMs / 5000 / (caps[index] ?? 0)).toBeLessThan(1.05);
    }
    expect(free.ranMs).toBeGreaterThan(5000 * 0.44);
  });

  test("a burst is short", () => {
    const task = add(new FakeTask("capped"), { cpus: 0.5 });
    scheduler.hold(task.seat);
    passUntil(nowMs + 60_000);
    scheduler.release(task.seat);
    expect(during(task, 20)).toBeLessThanOrEqual(20);
    expect(during(task, 1000)).toBeLessThan(500 * 1.05 + 20);
  });

  test("1 and above are none", () => {
    const task = add(new FakeTask("whole"), { cpus: 1 });
    expect(during(task, 1000)).toBeGreaterThanOrEqual(1000);
  });
});

describe("accounts", () => {
  test("busy, throttled and waiting time make up the time that there was work to do", () => {
    const capped = add(new FakeTask("capped"), { cpus: 0.25 });
    add(new FakeTask("other"));
    passUntil(nowMs + 4000);
    const { busyMs, throttledMs, waitingMs } = capped.usage;
    expect(busyMs).toBeCloseTo(capped.ranMs, 6);
    expect(throttledMs).toBeGreaterThan(1500);
    expect(waitingMs).toBeGreaterThan(100);
    expect(Math.abs(4000 - busyMs - throttledMs - waitingMs)).toBeLessThan(30);
  });

  test("sleep and being held are neither", () => {
    const sleeper = add(new FakeTask("sleeper", { useMs: 1, sleepMs: 100 }));
    passUntil(nowMs + 1000);
    scheduler.hold(sleeper.seat);
    passUntil(nowMs + 1000);
    scheduler.release(sleeper.seat);
    passUntil(nowMs + 10);
    expect(sleeper.usage.waitingMs + sleeper.usage.throttledMs).toBe(0);
  });

  test("a held task does not run, woken or not; released it does at once", () => {
    const task = add(new FakeTask("task"));
    scheduler.hold(task.seat);
    scheduler.wake(task.seat);
    expect(scheduler.step()).toBe(Number.POSITIVE_INFINITY);
    scheduler.release(task.seat);
    expect(scheduler.step()).toBe(0);
    expect(task.runs).toBe(1);
  });
});
