import { describe, expect, test } from "vitest";
import { sampleAfter, sampleCounters } from "./counters-sample.js";
import { HISTORY_ROWS, SampleHistory } from "./sample-history.js";
import { SampleRing } from "./sample-ring.js";

describe("a ring of samples", () => {
  test("keeps the last rows in order, and no more", () => {
    const ring = new SampleRing(2, 40);
    for (let at = 0; at < 100; at++) {
      ring.push(at, [at, -at]);
      expect(ring.length).toBe(Math.min(at + 1, 40));
      expect(ring.timeOf(ring.length - 1)).toBe(at);
      expect(ring.timeOf(0)).toBe(Math.max(0, at - 39));
    }
    expect(Array.from({ length: 40 }, (_, index) => [...ring.row(index)])).toEqual(
      Array.from({ length: 40 }, (_, index) => [60 + index, -60 - index]),
    );
  });

  test("finds the nearest row, also past its ends", () => {
    const ring = new SampleRing(1, 4);
    expect(ring.nearest(5)).toBe(-1);
    for (const at of [0, 10, 20, 30, 40, 50]) ring.push(at, [at]);
    expect([-5, 20, 24, 26, 31, 49, 50, 99].map((at) => ring.timeOf(ring.nearest(at)))).toEqual([20, 20, 20, 30, 30, 50, 50, 50]);
    expect([0, 20, 21, 50, 51].map((at) => ring.firstSince(at))).toEqual([0, 0, 1, 3, 4]);
    ring.clear();
    expect([ring.length, ring.nearest(5)]).toEqual([0, -1]);
  });
});

describe("the history of an instance", () => {
  const fill = (history: SampleHistory, seconds: number): void => {
    for (let second = 1; second <= seconds; second++) history.add(second * 1000, sampleAfter(second));
  };

  test("a window begins at the sample nearest to it, with all its counters", () => {
    const history = new SampleHistory();
    fill(history, 20);
    expect(history.window(5000, 20_400, sampleAfter(20.4))).toEqual({ at: 15_000, sample: sampleAfter(15) });
    expect(history.window(1000, 20_400, sampleAfter(20.4)).at).toBe(19_000);
  });

  test("a window that is longer than the run begins at power-on, where everything is 0", () => {
    const history = new SampleHistory();
    const { at, sample } = history.window(5000, 1200, sampleAfter(1));
    expect([at, sample.machine.instructions, sample.devices]).toEqual([200, 0, {}]);
    fill(history, 3);
    expect(history.window(5000, 3200, sampleAfter(3.2)).at).toBe(0);
    expect(history.window(3000, 3900, sampleAfter(3.9)).at).toBe(1000);
  });

  test("is bounded to ten minutes", () => {
    const history = new SampleHistory();
    fill(history, 2000);
    expect(history.length).toBe(HISTORY_ROWS);
    expect(history.window(600_000, 2_000_000, sampleAfter(2000))).toEqual({ at: 1_400_000, sample: sampleAfter(1400) });
  });

  test.each([
    ["a younger machine", sampleAfter(0.5)],
    ["a counter that went back", sampleCounters({ ...sampleAfter(99).machine, traps: -1 }, sampleAfter(99).devices)],
    ["other devices", sampleCounters(sampleAfter(99).machine, { disk0: {} })],
  ])("%s is another run: no window reaches back", (_, sample) => {
    const history = new SampleHistory();
    fill(history, 10);
    expect(history.window(5000, 10_500, sample).sample.machine.instructions).toBe(0);
    history.add(10_500, sample);
    expect(history.length).toBe(1);
    expect(history.continuesWith(sample)).toBe(true);
  });

  test("a gauge may go back", () => {
    const history = new SampleHistory();
    fill(history, 10);
    const { machine, devices } = sampleAfter(11);
    history.add(11_000, { machine: { ...machine, memory_resident_bytes: 0 }, devices });
    expect(history.length).toBe(11);
  });
});
