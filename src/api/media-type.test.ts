import { describe, expect, test } from "vitest";
import { essenceOf, negotiate } from "./media-type.js";

const OFFERS = ["application/json", "application/x-ndjson"] as const;

describe("negotiate", () => {
  // prettier-ignore
  test.each([
    [undefined,                                        "application/json"],
    ["",                                               "application/json"],
    ["*/*",                                            "application/json"],
    ["application/*",                                  "application/json"],
    ["application/x-ndjson",                           "application/x-ndjson"],
    ["Application/X-NDJSON ; q=0.5",                   "application/x-ndjson"],
    ["application/json;q=0.1, application/x-ndjson",   "application/x-ndjson"],
    ["*/*;q=0.1, application/x-ndjson;q=0.2",          "application/x-ndjson"],
    ["application/json;q=0, */*",                      "application/x-ndjson"],
    ["text/html, */*;q=0.8",                           "application/json"],
    ["application/json;q=nonsense",                    "application/json"],
  ])("%j gives %s", (accept, type) => {
    expect(negotiate(accept, OFFERS)).toBe(type);
  });

  test.each(["text/html", "application/json;q=0", "*", ",,,", "text/*", "a".repeat(100_000)])("%.40j suits nothing", (accept) => {
    expect(() => negotiate(accept, OFFERS)).toThrow(expect.objectContaining({ code: "not-acceptable" }) as Error);
  });

  test("essenceOf leaves the parameters away", () => {
    expect(essenceOf(" Text/Plain ; charset=utf-8")).toBe("text/plain");
    expect(essenceOf(undefined)).toBeUndefined();
  });
});
