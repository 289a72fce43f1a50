// The entries of threads as they are built: files that ask for nothing but Node's own modules.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

it.each(["container/worker", "machine/worker", "machine/compile-thread"])("%s.cjs needs no other file", (name) => {
  const code = readFileSync(new URL(`../../dist/src/${name}.cjs`, import.meta.url), "utf8");
  const wanted = [...code.matchAll(/\b(?:require|import)\("([^"]*)"\)/g)].map(([, from]) => from);
  expect(wanted).toContain("node:worker_threads");
  expect(wanted.filter((from) => from !== "url" && from?.startsWith("node:") !== true)).toEqual([]);
});
