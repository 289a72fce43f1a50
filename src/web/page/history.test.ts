import { describe, expect, it } from "vitest";
import { readPoint, sumUp } from "./figures.js";
import { History } from "./history.js";
import { sparkPoints } from "./sparkline.js";

const point = (cpu: number) => ({ cpu, memory: 0.5, instructions: 1e6, read: 1, write: 2 });

describe("history", () => {
  it("keeps so many points, in order, and takes none twice", () => {
    const history = new History();
    for (let at = 0; at < 1000; at++) history.push(at * 1000, point(at));
    history.push(5000, point(7));
    history.push(999_000, point(7));
    history.push(Number.NaN, point(7));
    const [times = [], cpu = []] = history.columns(["cpu"]);
    expect(times).toHaveLength(180);
    expect([times[0], times.at(-1), cpu.at(-1)]).toEqual([820, 999, 999]);
    expect(history.tail("cpu", 3)).toEqual([997, 998, 999]);
    expect(history.pointNear(900_500)?.cpu).toBe(900);
    expect(history.pointNear(0)).toBeUndefined();
  });

  it("has a gap where nothing was measured", () => {
    const history = new History();
    history.push(1000, point(1));
    history.push(60_000, point(2));
    expect(history.columns(["cpu", "write"])).toEqual([
      [1, 1.001, 60],
      [1, null, 2],
      [2, null, 2],
    ]);
  });
});

describe("figures", () => {
  it("of an instance come from its rates, and never are no numbers", () => {
    const rates = { cpu_utilization: 0.5, memory_utilization: Number.NaN, instructions_per_second: -1, device_write_bytes_per_second: 3 };
    expect(readPoint({ rates })).toEqual({ cpu: 0.5, memory: 0, instructions: 0, read: 0, write: 3 });
  });

  it("of all instances are summed up in CPUs and bytes", () => {
    const one = {
      instance: "a", name: "a", state: "running", at: "", windowMs: 1000, counters: {}, devices: {}, deviceRates: {},
      limits: { memoryBytes: 1000, cpus: 0.5, vcpus: 2 }, rates: { cpu_utilization: 0.25, memory_utilization: 0.5, instructions_per_second: 7 },
    }; // prettier-ignore
    expect(sumUp([one, one])).toEqual({ cpus: 1, memoryBytes: 1000, instructions: 14 });
  });
});

it("a sparkline ends at the right edge and stays inside", () => {
  expect(sparkPoints([0, 1, 9])).toBe("68.3,19.0 70.2,1.0 72.0,1.0");
});
