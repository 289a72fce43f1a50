import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { joinWords, parseLabels, parseVolumes, splitWords } from "./words.js";

describe("a command line", () => {
  it.each<[string, string[] | undefined]>([
    ["", []],
    ["  ls\t-l /tmp ", ["ls", "-l", "/tmp"]],
    [`sh -c 'echo "a b"; $x'`, ["sh", "-c", `echo "a b"; $x`]],
    [`a"b c"'d e'f`, ["ab cd ef"]],
    [`"" ''`, ["", ""]],
    [`a\\ b "c\\"d" 'e\\f'`, ["a b", `c"d`, `e\\f`]],
    ["a\\", ["a\\"]],
    ["'open", undefined],
    ['"open', undefined],
  ])("%s", (line, words) => expect(splitWords(line)).toEqual(words));

  it("is split into what was joined", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (words) => {
        expect(splitWords(joinWords(words))).toEqual(words);
      }),
    );
  });
});

describe("volumes", () => {
  it.each<[string, ReturnType<typeof parseVolumes>]>([
    ["", []],
    ["a:/a  b:/b:ro", [{ name: "a", guestPath: "/a" }, { name: "b", guestPath: "/b", readOnly: true }]],
    ["a:/a:size=1M", [{ name: "a", guestPath: "/a", size: "1M" }]],
    ["a:/a:size=1M,ro", [{ name: "a", guestPath: "/a", readOnly: true, size: "1M" }]],
    [`a:'/a b':rw`, [{ name: "a", guestPath: "/a b" }]],
    ["a", undefined],
    [":/a", undefined],
    ["a:/a:rx", undefined],
    ["a:/a:ro:x", undefined],
    ["a:/a:size=", undefined],
    ["a:'/a", undefined],
  ])("%s", (text, volumes) => expect(parseVolumes(text)).toEqual(volumes)); // prettier-ignore
});

describe("labels", () => {
  it("part at commas and lines", () => {
    expect(parseLabels(" team = blue, tier=web\nempty,")).toEqual({ team: "blue", tier: "web", empty: "" });
    expect(parseLabels("a=b=c")).toEqual({ a: "b=c" });
    expect(parseLabels("=x")).toBeUndefined();
  });

  it("may have any name", () => {
    expect(JSON.stringify(parseLabels("__proto__=x, constructor=y"))).toBe('{"__proto__":"x","constructor":"y"}');
  });
});
