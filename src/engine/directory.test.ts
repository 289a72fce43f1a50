// Pages of instances: bounded in number and in bytes, and together complete.
import { expect, test } from "vitest";
import { LOCAL_CALLER } from "./caller.js";
import { Directory } from "./directory.js";
import type { ManagedInstance } from "./managed-instance.js";

function directoryOf(specBytes: readonly number[]): Directory {
  const directory = new Directory();
  for (const [n, bytes] of specBytes.entries()) {
    const record = { id: `id-${n}`, name: `n${n}`, namespace: "default", state: "created", spec: { kind: "machine", labels: { a: "x".repeat(bytes) } } };
    directory.add({ id: record.id, record } as unknown as ManagedInstance);
  } // prettier-ignore
  return directory;
}

function pagesOf(directory: Directory): string[][] {
  const pages: string[][] = [];
  let after: string | undefined;
  do {
    const page = directory.page(LOCAL_CALLER, { after });
    pages.push(page.instances.map(({ id }) => id));
    after = page.next;
  } while (after !== undefined);
  return pages;
}

test("a page ends before 4 MiB, and the next goes on", () => {
  const pages = pagesOf(directoryOf(Array.from({ length: 10 }, () => 1 << 20)));
  expect(pages.map((ids) => ids.length)).toEqual([3, 3, 3, 1]);
  expect(pages.flat()).toEqual(Array.from({ length: 10 }, (_, n) => `id-${n}`));
});

test("what is larger than a page has one of its own", () => {
  expect(pagesOf(directoryOf([5 << 20, 10, 5 << 20, 5 << 20]))).toEqual([["id-0"], ["id-1"], ["id-2"], ["id-3"]]);
});

test("small ones fill a page up to its number", () => {
  expect(pagesOf(directoryOf(Array.from({ length: 1001 }, () => 10))).map((ids) => ids.length)).toEqual([1000, 1]);
});
