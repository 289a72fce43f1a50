import { expect, test } from "vitest";
import type { Action, Door } from "../engine/action.js";
import { WardianError } from "../errors.js";
import { sampleAfter } from "../metrics/counters-sample.js";
import { Meter } from "../metrics/meter.js";
import type { InstanceMetrics } from "../metrics/view.js";
import { showStats } from "./stats.js";
import { renderStats } from "./stats-table.js";

const GONE = "i9";

function metricsOf(id: string, name = id, isOn = true): InstanceMetrics {
  const meter = new Meter({ live: () => (isOn ? [{ id, sample: () => sampleAfter(10) }] : []) });
  return meter.instance({ id, name, state: isOn ? "running" : "exited", memoryBytes: 2 ** 28, vcpus: 1 });
}

/** Shows one instance more each time it lists them, and one that is gone when asked for its metrics. */
function makeDoor(asked: Action[] = []): Door {
  let listed = 0;
  const answer = (action: Action): unknown => {
    asked.push(action);
    if (action.kind === "inspect") return { id: action.instance, restarts: 3 };
    if (action.kind === "list") {
      listed++;
      return { instances: [GONE, ...Array.from({ length: listed }, (_, n) => `i${n}`)].map((id) => ({ id, restarts: 0 })) };
    }
    if (action.kind !== "metrics") throw new Error(action.kind);
    if (action.instance === GONE) throw new WardianError("no-instance", "gone");
    return metricsOf(action.instance);
  };
  return { apply: async (action) => answer(action) as never, [Symbol.asyncDispose]: async () => {} };
}

function makeScreen(rounds: number, out: { isTTY?: boolean; columns?: number; rows?: number } = {}) {
  const writes: string[] = [];
  const waits: number[] = [];
  const write = (text: string | Uint8Array): boolean => writes.push(String(text)) > 0;
  const screen = {
    out: { write, isTTY: false, columns: 200, rows: 50, ...out },
    isOver: () => waits.length >= rounds,
    wait: async (ms: number) => void waits.push(ms),
  };
  return { screen, writes, waits };
}

test("the table: a line each, with units that fit", () => {
  const rows = [
    { metrics: metricsOf("0123456789abcdef", "web"), restarts: 2 },
    { metrics: metricsOf("off", "off", false), restarts: 0 },
  ];
  expect(renderStats(rows)).toEqual([
    "ID            NAME  STATE    CPU %    MEM  LIMIT  MEM %  M INSN/S  TRANSL %  DISK R/S  DISK W/S  CONSOLE IN/S  OUT/S  I/O OPS/S  RESTARTS",
    "0123456789ab  web   running   50.0  64.0M   256M   25.0      10.0      75.0      977K        0B            0B     0B        100         2",
    "off           off   exited       -      -   256M      -         -         -         -         -             -      -          -         0",
  ]);
  expect(renderStats(rows, 20).every((line) => line.length <= 20)).toBe(true);
  expect(renderStats([])).toHaveLength(1);
});

test("what a server says cannot drive the terminal", () => {
  const metrics = metricsOf("i1", "a\u001b[2Jb\nc\u009bd");
  expect(renderStats([{ metrics, restarts: 0 }]).join("")).toContain("a?[2Jb?c?d");
});

test("--no-stream shows it once, over the longer window, without control sequences", async () => {
  const asked: Action[] = [];
  const { screen, writes, waits } = makeScreen(9, { isTTY: true });
  await showStats(makeDoor(asked), [], { stream: false, interval: 1000 }, screen);
  expect(waits).toEqual([]);
  expect(writes.join("").trimEnd().split("\n")).toHaveLength(2);
  expect(writes.join("")).not.toContain("\u001b");
  expect(asked).toContainEqual({ kind: "metrics", instance: "i0", windowMs: 5000 });
});

test("on a terminal each round is drawn over the last, and never higher than the terminal", async () => {
  const { screen, writes, waits } = makeScreen(4, { isTTY: true, rows: 4 });
  await showStats(makeDoor(), [], { stream: true, interval: 2000 }, screen);
  expect(waits).toEqual([2000, 2000, 2000, 2000]);
  // oxlint-disable-next-line no-control-regex -- what is looked for
  expect(writes.map((text) => text.match(/^(\u001b\[\d+A)?\r\u001b\[J/)?.[0])).toEqual(
    ["", "\u001b[2A", "\u001b[3A", "\u001b[3A"].map((up) => `${up}\r\u001b[J`),
  );
  expect(writes.map((text) => text.split("\n").length - 1)).toEqual([2, 3, 3, 3]);
});

test("a terminal that does not know its size gets whole lines", async () => {
  const { screen, writes } = makeScreen(1, { isTTY: true, columns: 0, rows: 0 });
  await showStats(makeDoor(), [], { stream: true, interval: 1000 }, screen);
  expect(writes.join("")).toMatch(/ID .* RESTARTS\n/);
});

test("elsewhere rounds follow each other; --json is a line each", async () => {
  const plain = makeScreen(2);
  await showStats(makeDoor(), [], { stream: true, interval: 100 }, plain.screen);
  expect(plain.writes.join("")).not.toContain("\u001b");
  expect(plain.writes).toHaveLength(2);
  const json = makeScreen(2, { isTTY: true });
  await showStats(makeDoor(), [], { json: true, stream: true, interval: 100 }, json.screen);
  const lines = json.writes.join("").trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ instance: "i0", restarts: 0 }, { instance: "i0" }, { instance: "i1" }]);
});

test("those that are named, in that order; one that is not there is an error", async () => {
  const { screen, writes } = makeScreen(1);
  await showStats(makeDoor(), ["i7", "i2"], { json: true, stream: false, interval: 100 }, screen);
  const lines = writes.join("").trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { instance: "i7", restarts: 3 },
    { instance: "i2", restarts: 3 },
  ]);
  await expect(showStats(makeDoor(), [GONE], { stream: false, interval: 100 }, screen)).rejects.toMatchObject({ code: "no-instance" });
});
