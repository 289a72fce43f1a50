import { expect, test } from "vitest";
import { parseDisk, parseDuration, parseEngine, parseMemoryOption, parseVariable } from "./arguments.js";

test("times have units, seconds by default", () => {
  expect(["90", "90s", "1.5m", "500ms", "2h"].map(parseDuration)).toEqual([90_000, 90_000, 90_000, 500, 7_200_000]);
  for (const bad of ["", "0", "-1", "1d", "s", "1e9", "999999999h", "١"]) expect(() => parseDuration(bad), bad).toThrow(/time/);
});

test("memory is bounded by what a machine can have", () => {
  expect(parseMemoryOption("64M")).toBe(64 * 2 ** 20);
  for (const bad of ["1M", "4G", "lots", "99999999999999999999", "-1M"]) expect(() => parseMemoryOption(bad), bad).toThrow(/memory size/);
});

test("an engine is one of four words", () => {
  expect(["auto", "interpret", "translate", "eager"].map(parseEngine)).toEqual(["auto", "interpret", "translate", "eager"]);
  for (const bad of ["", "jit", "Auto", "toString"])
    expect(() => parseEngine(bad), bad).toThrow(/^there is no engine ".*": use auto, interpret, translate, eager$/);
});

test("disks gather, and ,ro is taken off their names", () => {
  expect(parseDisk("b,ro", parseDisk("a"))).toEqual([
    { path: "a", readOnly: false },
    { path: "b", readOnly: true },
  ]);
  expect(() => parseDisk(",ro")).toThrow(/--disk/);
});

test("variables gather; a name alone takes ours, or nothing", () => {
  process.env.WARDIAN_TEST_VARIABLE = "ours";
  expect(parseVariable("A=b=c", parseVariable("E="))).toEqual({ E: "", A: "b=c" });
  expect(parseVariable("WARDIAN_TEST_VARIABLE")).toEqual({ WARDIAN_TEST_VARIABLE: "ours" });
  expect(parseVariable("WARDIAN_TEST_NOT_SET")).toEqual({});
  expect(() => parseVariable("=x")).toThrow(/NAME=VALUE/);
});
