// WASI preview1, call by call: the programs of fixtures/wasi/conformance, each in a directory of the host and in one in memory. A test of
// ours is a test of the program; see fixtures/wasi/README.md.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { fixture, fixtureSource, type Outcome, runWasi } from "./run-wasi.js";

const PROGRAMS = readdirSync(fixtureSource("conformance")).map((file) => file.replace(/\.c$/, ""));

/** The names in TESTS(...), as the source has them. */
function testsOf(program: string): string[] {
  const source = readFileSync(fixtureSource(`conformance/${program}.c`), "utf8");
  return [...source.slice(source.lastIndexOf("TESTS(")).matchAll(/\bT\((\w+)\)/g)].map(([, name]) => name ?? "");
}

const folder = mkdtempSync(join(tmpdir(), "wardian-conformance-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ROOTS: Readonly<Record<string, () => string[]>> = {
  "in a directory of the host": () => ["--dir", `${mkdtempSync(join(folder, "root-"))}::/`],
  "in memory": () => ["--tmpfs", "/"],
};

/** What a program said of one of its tests: "" for a pass. */
function verdict({ stdout, stderr, status }: Outcome, test: string): string {
  const lines = stdout.split("\n");
  if (lines.includes(`ok ${test}`)) return "";
  return lines.filter((line) => line.startsWith(`FAIL ${test}:`)).join("\n") || `said nothing; status ${status}; ${stderr}`;
}

describe.each(Object.keys(ROOTS))("%s", (where) => {
  describe.each(PROGRAMS)("%s", (program) => {
    let run: Promise<Outcome> | undefined;
    const outcome = (): Promise<Outcome> => (run ??= runWasi(fixture(`conformance/${program}`), { options: ROOTS[where]?.() ?? [] }));

    it.each(testsOf(program))("%s", { timeout: 120_000 }, async (test) => expect(verdict(await outcome(), test)).toBe(""));

    it("ends with status 0 and says nothing else", async () => {
      const { status, stdout, stderr } = await outcome();
      expect({ status, stderr, lines: stdout.trimEnd().split("\n").length }).toEqual({
        status: 0,
        stderr: "",
        lines: testsOf(program).length,
      });
    });
  });
});

it("sees a failure where there is one", async () => {
  // Standard input is empty without -i; here it is not.
  const { status, stdout } = await runWasi(fixture("conformance/stdio"), {
    options: ["--tmpfs", "/"],
    args: ["at_the_end"],
    stdin: "text",
  });
  expect(stdout).toMatch(/^FAIL at_the_end:\d+ n: got 4, wanted 0\n$/);
  expect(status).toBe(1);
});
