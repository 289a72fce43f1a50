// Every error that the layers below can throw has a status.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { BadRequestError, problemOf } from "./problem.js";
import { problemStatus } from "./problem-status.js";
import { WardianError } from "../errors.js";

const SRC = new URL("../", import.meta.url).pathname;
const BELOW = ["machine", "image", "metrics", "instance", "store", "engine", "api/routes"];

function codesIn(folder: string): string[] {
  const files = readdirSync(join(SRC, folder), { recursive: true, encoding: "utf8" }).filter((name) => /(?<!\.test)\.ts$/.test(name));
  return files.flatMap((name) =>
    [...readFileSync(join(SRC, folder, name), "utf8").matchAll(/new WardianError\(\s*"([a-z-]+)"/g)].map((match) => match[1] ?? ""),
  );
}

describe("the status of a problem", () => {
  test("is known for every code in the layers below", () => {
    const codes = new Set(BELOW.flatMap(codesIn));
    expect(codes.size).toBeGreaterThan(40);
    expect([...codes].filter((code) => problemStatus(code) === undefined)).toEqual([]);
  });

  test("an error that is not known says nothing of itself", () => {
    const secret = "postgres://root:hunter2@10.0.0.1";
    for (const error of [
      new Error(secret),
      new TypeError(secret),
      new WardianError("never-heard-of", secret),
      secret,
      undefined,
      { status: 200 },
    ])
      expect(problemOf(error)).toEqual({
        type: "urn:wardian:problem:internal",
        title: "Internal Server Error",
        status: 500,
        detail: "something went wrong in the server; its log says what",
        code: "internal",
      });
  });

  test("a detail is one line of bounded length", () => {
    const { detail } = problemOf(new WardianError("bad-request", `${"x".repeat(5000)}\nat secret.ts:1`));
    expect(detail.length).toBeLessThan(600);
    expect(detail).not.toContain("secret");
    expect(problemOf(new BadRequestError("no", [{ path: "a", message: "b" }]))).toMatchObject({
      status: 400,
      errors: [{ path: "a", message: "b" }],
    });
  });
});
