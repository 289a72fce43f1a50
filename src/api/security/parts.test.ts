// The guard's small parts by themselves.
import { describe, expect, test } from "vitest";
import { OpenStreams } from "./open-streams.js";
import { shownToken } from "./principal.js";
import { rateKeyOf, RateLimit } from "./rate-limit.js";
import { refusalBytes } from "./refusal.js";

describe("a rate", () => {
  test("lets a burst pass, then so many a second", () => {
    let nowMs = 0;
    const rate = new RateLimit(2, 4, () => nowMs);
    expect([1, 2, 3, 4, 5].map(() => rate.take("a"))).toEqual([0, 0, 0, 0, 1]);
    expect(rate.take("b"), "another's").toBe(0);
    nowMs = 499;
    expect(rate.take("a")).toBe(1);
    nowMs = 1000;
    expect([1, 2, 3].map(() => rate.take("a"))).toEqual([0, 0, 1]);
    expect(new RateLimit(0.1, 1, () => 0).take("a")).toBe(0);
    expect(new RateLimit(Infinity, Infinity).take("a")).toBe(0);
  });

  test("costs bounded memory, whoever comes", () => {
    let nowMs = 0;
    const rate = new RateLimit(1, 1, () => nowMs);
    for (let n = 0; n < 50_000; n += 1) {
      nowMs += 0.01;
      rate.take(`a${n}`);
    }
    expect(rate.size).toBeLessThanOrEqual(10_000);
  });

  test("counts an IPv6 network as one", () => {
    expect(rateKeyOf("192.0.2.1")).toBe("192.0.2.1");
    expect(rateKeyOf("2001:db8:1:2:3:4:5:6")).toBe(rateKeyOf("2001:db8:1:2::9"));
    expect(rateKeyOf("2001:db8::1")).toBe("2001:db8:0:0::/64");
    expect(rateKeyOf("::1")).not.toBe(rateKeyOf("2001:db8::1"));
    expect(rateKeyOf("fe80::1%eth0")).toBe(rateKeyOf("fe80::2"));
  });
});

test("tokens are where they are said to be", () => {
  expect(shownToken("Bearer abc", undefined)).toBe("abc");
  expect(shownToken("bearer  abc ", undefined)).toBe("abc");
  expect(shownToken(undefined, "wardian.v1, bearer.abc")).toBe("abc");
  for (const wrong of ["Basic abc", "Bearer", "Bearer a b", `Bearer ${"a".repeat(600)}`, "Bearer a, Bearer b", "Bearer \u00e4"])
    expect(shownToken(wrong, "bearer.abc"), wrong).toBeUndefined();
  expect(shownToken(undefined, "wardian.v1")).toBeUndefined();
});

test("streams end with the right to them", () => {
  const streams = new OpenStreams();
  const ended: string[] = [];
  let isValid = true;
  const principal = { key: "a", caller: {} as never, isValid: () => isValid };
  const release = streams.add(principal, () => ended.push("first"), 2);
  streams.add(principal, () => ended.push("second"), 2);
  expect(streams.add(principal, () => {}, 2)).toBeUndefined();
  release?.();
  release?.();
  expect(streams.countOf("a")).toBe(1);
  streams.endRevoked();
  expect(ended).toEqual([]);
  isValid = false;
  streams.endRevoked();
  expect(ended).toEqual(["second"]);
});

test("a refusal's bytes are one whole answer", () => {
  const [head = "", body = ""] = refusalBytes({ status: 431, code: "a-b", detail: "d" }).toString().split("\r\n\r\n");
  expect(head).toMatch(/^HTTP\/1\.1 431 Request Header Fields Too Large\r\n/);
  expect(head).toContain(`Content-Length: ${body.length}`);
  expect(JSON.parse(body)).toEqual({ type: "urn:wardian:problem:a-b", title: "Request Header Fields Too Large", status: 431, detail: "d", code: "a-b" });
}); // prettier-ignore
