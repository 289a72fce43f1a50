// The entry of a container's thread as it is built: one file that asks for nothing but Node's own modules.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

describe("the thread's entry", () => {
  it("needs no other file", () => {
    const code = readFileSync(new URL("../../dist/src/container/worker.cjs", import.meta.url), "utf8");
    const wanted = [...code.matchAll(/\b(?:require|import)\("([^"]*)"\)/g)].map(([, name]) => name);
    expect(wanted).toContain("node:worker_threads");
    expect(wanted.filter((name) => name?.startsWith("node:") !== true)).toEqual([]);
  });
});
