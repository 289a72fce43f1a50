// What commands make of words: times, ages, tables, paths in instances, requests, and the keys that detach.
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { instanceSchema } from "../instance/record.js";
import { instanceSpecSchema } from "../instance/spec.js";
import { formatAge, formatSpan, parseTime } from "./age.js";
import { parseCount, parseGrace, parseLabel } from "./arguments.js";
import { reasonOf } from "./attach.js";
import { encodeBytes } from "./attendance.js";
import { parseGuestPath } from "./cp.js";
import { requestOf } from "./create.js";
import { formatTable, toJson } from "./output.js";
import { statusOf } from "./ps.js";
import { DetachKeys } from "./terminal.js";

const NOW = Date.parse("2026-11-23T10:00:00Z");
const badOption = expect.objectContaining({ code: "bad-option" });

test.each([
  [-5, "less than a second"],
  [999, "less than a second"],
  [1000, "1 second"],
  [119_000, "119 seconds"],
  [120_000, "2 minutes"],
  [2 * 3_600_000, "2 hours"],
  [47 * 3_600_000, "47 hours"],
  [13 * 86_400_000, "13 days"],
  [14 * 86_400_000, "2 weeks"],
  [800 * 86_400_000, "2 years"],
  [Number.NaN, "less than a second"],
])("%d ms is %s", (ms, text) => expect(formatSpan(ms)).toBe(text));

test("an age says that it cannot be told", () => {
  expect(formatAge("2026-11-23T09:58:00Z", NOW)).toBe("2 minutes ago");
  expect(formatAge("yesterday", NOW)).toBe("at an unknown time");
});

test.each([
  ["2026-11-23T09:00:00Z", NOW - 3_600_000],
  ["2026-11-23T09:00:00+01:00", NOW - 7_200_000],
  ["1795428000.5", 1_795_428_000_500],
  ["10m", NOW - 600_000],
  ["1.5h", NOW - 5_400_000],
])("the time %s", (text, ms) => expect(parseTime(text, NOW)).toBe(ms));

test.each(["", "soon", "2026-13-40", "-5m", "10x", "2026-11-23T99:00:00Z"])("%j is no time", (text) => {
  expect(() => parseTime(text, NOW)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^bad-(time|duration)$/) }));
});

test("small words", () => {
  expect([parseGrace("0"), parseGrace("1.5")]).toEqual([0, 1500]);
  expect(parseLabel("a=b=c", { x: "1" })).toEqual({ x: "1", a: "b=c" });
  expect(parseLabel("a")).toEqual({ a: "" });
  expect(parseCount("12")).toBe(12);
  for (const wrong of [
    () => parseGrace("-1"),
    () => parseGrace("99999999"),
    () => parseLabel("=b"),
    () => parseCount("0"),
    () => parseCount("1e3"),
  ])
    expect(wrong).toThrow(badOption);
});

test("JSON is no command to a terminal", () => {
  expect(toJson({ a: "\u001b\u007f\u009bé" })).toBe('{"a":"\\u001b\\u007f\\u009bé"}');
});

test("an end's reason is told where the program does not tell it", () => {
  const at = "2026-11-23T09:59:00Z";
  expect(reasonOf({ at, reason: "exited", status: 127, message: "exec x: no such file or directory" })).toMatch(/^exec x/);
  expect(reasonOf({ at, reason: "exited", status: 127, message: "it ended with status 127" })).toBeUndefined();
  expect(reasonOf({ at, reason: "exited", status: 1, message: "it ended with status 1" })).toBeUndefined();
  expect(reasonOf({ at, reason: "timeout", status: 124, message: "its run time was up" })).toBe("its run time was up");
  expect(reasonOf({ at, reason: "cpu-time", status: 124, message: "its CPU time was up" })).toBe("its CPU time was up");
  expect(reasonOf({ at, reason: "exited", status: 134, message: "it ended with status 134" })).toBeUndefined();
  expect(reasonOf({ at, reason: "killed", status: 137, message: "it was killed" })).toBeUndefined();
});

test("a table shows no control characters", () => {
  expect(
    formatTable(
      ["A", "B"],
      [
        ["x\u001b[31m", "long"],
        ["yy", "z"],
      ],
    ),
  ).toBe("A        B\nx [31m   long\nyy       z\n");
});

test.each([
  ["web:/etc", { instance: "web", path: "/etc" }],
  ["web:etc/", { instance: "web", path: "/etc/" }],
  ["web:/etc/.", { instance: "web", path: "/etc/." }],
  ["web:../../etc", { instance: "web", path: "/etc" }],
  ["./a:b", undefined],
  ["/a:b", undefined],
  ["file", undefined],
  ["-", undefined],
])("%s leads to %j", (text, path) => expect(parseGuestPath(text)).toEqual(path));

test("a path is missing", () => expect(() => parseGuestPath("web:")).toThrow(badOption));

test("a request holds what was said, and files as they can be found", () => {
  expect(requestOf("busybox", ["sh"], { tty: true, cpus: 0.5, label: { a: "1" } }, true)).toEqual({
    image: "busybox",
    command: ["sh"],
    tty: true,
    labels: { a: "1" },
    limits: { cpus: 0.5 },
  });
  expect(requestOf("busybox", [], { engine: "interpret" }, true)).toEqual({ image: "busybox", engine: "interpret", limits: {} });
  const files = { kernel: "./k", disk: [{ path: "d/e", readOnly: true }] };
  const here = { kernel: "package.json", disk: [{ path: "./src/cli/main.ts", readOnly: true }] };
  expect(requestOf(undefined, [], here, true)).toMatchObject({
    kernel: resolve("package.json"),
    disks: [{ path: resolve("src/cli/main.ts"), readOnly: true }],
  });
  expect(() => requestOf(undefined, [], files, true)).toThrow(expect.objectContaining({ code: "no-file" }));
  expect(requestOf("not-here.tar", [], {}, true)).toMatchObject({ image: "not-here.tar" });
  expect(requestOf("./root.tar", [], files, false)).toMatchObject({ image: "./root.tar", kernel: "./k", disks: [{ path: "d/e" }] });
  expect(instanceSpecSchema.parse(requestOf("busybox", [], {}, true)).stopSignal).toBe("SIGTERM");
});

test("a status tells how it is, or how it ended", () => {
  const record = instanceSchema.parse({
    id: "a",
    namespace: "default",
    name: "a",
    state: "created",
    spec: instanceSpecSchema.parse({ image: "busybox" }),
    createdAt: "2026-11-23T08:00:00Z",
    restarts: 0,
    wanted: "stopped",
  });
  const startedAt = "2026-11-23T09:00:00Z";
  const end = { at: "2026-11-23T09:59:00Z", reason: "exited" as const, status: 3, message: "" };
  expect(statusOf(record, NOW)).toBe("never started");
  expect(statusOf({ ...record, state: "running", startedAt }, NOW)).toBe("up 60 minutes");
  expect(statusOf({ ...record, state: "starting", startedAt, end, restarts: 1 }, NOW)).toBe("starting, restarted 1 time");
  expect(statusOf({ ...record, state: "removing", startedAt, end }, NOW)).toBe("removing");
  expect(statusOf({ ...record, state: "paused", startedAt }, NOW)).toBe("up 60 minutes (paused)");
  expect(statusOf({ ...record, state: "exited", startedAt, end, restarts: 2 }, NOW)).toBe("exited (3) 60 seconds ago, restarted 2 times");
});

test("bytes are text where they are text", () => {
  expect(encodeBytes(Buffer.from("é"))).toEqual({ data: "é", encoding: "utf8" });
  expect(encodeBytes(Buffer.from([0xff]))).toEqual({ data: "/w==", encoding: "base64" });
});

test.each([
  ["abc", "abc", 0],
  ["a\x10\x11b", "a", 1],
  ["a\x10b", "a\x10b", 0],
  ["\x10\x10\x11", "\x10", 1],
  ["\x11", "\x11", 0],
])("keys %j come through as %j", async (typed, passed, detached) => {
  let count = 0;
  const keys = new DetachKeys(() => (count += 1));
  let got = "";
  keys.on("data", (data: Buffer) => (got += data.toString("latin1")));
  for (const key of typed) keys.write(Buffer.from(key, "latin1"));
  keys.end();
  await new Promise((resolve_) => keys.once("end", resolve_));
  if (detached > 0) got = got.slice(0, passed.length);
  expect([got, count]).toEqual([passed, detached]);
});
