import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { joinWords, parseLabels, splitWords } from "./words.js";

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
