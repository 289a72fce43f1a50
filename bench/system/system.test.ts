// The parts of `system` that need no guest: marks, the tables of cases and packages, the image's /init and text.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeAr, makeTar } from "../../src/image/archive/samples.js";
import { readCpio } from "../../src/image/archive/cpio.js";
import type { PackageRecord } from "../../src/image/debian/packages.js";
import { CASES } from "./cases.js";
import { isPacked, makeInit, makeSystemInitrd } from "./image.js";
import { MarkReader, readCase } from "./markers.js";
import { isWanted, PACKAGES, toPart } from "./packages.js";
import { makeText } from "./text.js";

describe("marks", () => {
  const said =
    "noise\r\nwardian-bench: start gzip\r\nwardian-bench: stop gzip 0\r\nwardian-bench: result gzip 00ff\r\nwardian-bench: end\r\n";

  it("are found in any pieces, each as old as the piece that ends its line", () => {
    for (const size of [1, 7, 1000]) {
      const reader = new MarkReader();
      const marks = [];
      for (let at = 0; at < said.length; at += size) marks.push(...reader.read(said.slice(at, at + size), at + size));
      expect(marks.map(({ word, name, rest }) => [word, name, rest].join(" ").trim())).toEqual([
        "start gzip",
        "stop gzip 0",
        "result gzip 00ff",
        "end",
      ]);
      expect(
        marks.map(({ atMs }) => Math.ceil((said.indexOf("start gzip") + "start gzip\r\n".length) / size) * size <= atMs),
      ).not.toContain(false);
    }
  });

  it("give a case's time and digest", () => {
    const reader = new MarkReader();
    const marks = said.split(/(?<=\n)/).flatMap((line, index) => reader.read(line, index * 1500));
    expect(readCase("ours", "gzip", marks)).toEqual({ seconds: 1.5, digest: "00ff" });
    expect(() => readCase("ours", "xz", marks)).toThrow("ours: the case xz did not come to its end");
  });

  it("say why a case failed", () => {
    const marks = new MarkReader().read(
      `${["start x", "stop x 127", "why x x: not found"].map((it) => `wardian-bench: ${it}`).join("\n")}\n`,
      0,
    );
    expect(() => readCase("theirs", "x", marks)).toThrow("theirs: the case x failed with status 127: x: not found");
  });
});

describe("cases", () => {
  it("have names of their own, do less when quick and more when long", () => {
    expect(new Set(CASES.map(({ name }) => name)).size).toBe(CASES.length);
    for (const { amounts } of CASES) expect(amounts.quick < amounts.full && amounts.full < amounts.long).toBe(true);
  });

  it.each(CASES.map((it) => [it.name, it] as const))("%s is a script that a shell can read, as is /init", (_name, it) => {
    for (const script of [...Object.values(it.amounts).map((amount) => it.script(amount)), makeInit([it])]) {
      const { status, stderr } = spawnSync("sh", ["-n"], { input: script, encoding: "utf8" });
      expect(status, stderr).toBe(0);
    }
  });
});

describe("packages", () => {
  const record = (name: string, version: string, depends = ""): PackageRecord => {
    return { name, version, depends, filename: "x.deb", sizeBytes: 1, sha256: "0".repeat(64) };
  };
  const records = [
    record("openssl", "3.6.5-1", "libc6 (>= 2.38), libssl3t64 (>= 3.6.0)"),
    record("libssl3t64", "3.6.5-1"),
    record("libssl4", "4.0-1"),
    record("python3-minimal", "3.14.8-1"),
    ...["3.13", "3.14", "3.15"].flatMap((version) => [
      record(`python${version}-minimal`, version),
      record(`libpython${version}-minimal`, version),
    ]),
    record("gzip", "1.13-1"),
    record("gzip", "1.14-1"),
  ];
  const chosen = (id: string): string => {
    const found = toPart(PACKAGES.find((it) => it.id === id) ?? { id })?.choose(records);
    return `${found?.name} ${found?.version}`;
  };

  it("are the newest ones, and of Python and OpenSSL's library those that Debian means", () => {
    expect(["gzip", "libssl", "python", "libpython"].map(chosen)).toEqual([
      "gzip 1.14-1",
      "libssl3t64 3.6.5-1",
      "python3.14-minimal 3.14",
      "libpython3.14-minimal 3.14",
    ]);
    expect(chosen("xz-utils")).toBe("undefined undefined");
  });

  it("are all that is wanted of the list", () => {
    for (const { name } of records) expect(isWanted(name)).toBe(true);
    for (const name of ["libssl-dev", "python3.14", "gzip-x"]) expect(isWanted(name)).toBe(false);
  });
});

describe("the image", () => {
  it("holds programs and libraries, no documents", () => {
    expect(["usr/bin/xz", "usr/lib/riscv64-linux-gnu/libc.so.6", "usr/lib/python3.14/os.py"].every(isPacked)).toBe(true);
    expect(["usr/share/doc/x", "usr/lib/riscv64-linux-gnu/gconv/UTF-32.so", "etc/ssl/openssl.cnf"].some(isPacked)).toBe(false);
  });

  it("is a cpio whose folders come first, with what packages have", async () => {
    const folder = mkdtempSync(join(tmpdir(), "wardian-bench-"));
    try {
      writeFileSync(join(folder, "busybox"), "busybox");
      const tar = makeTar([
        { name: "./usr/lib/x/lib.so.1", data: "library" },
        { name: "./usr/lib/x/lib.so", flag: "2", link: "lib.so.1" },
        { name: "./usr/bin/same", flag: "1", link: "./usr/lib/x/lib.so.1" },
        { name: "./usr/share/doc/x", data: "text" },
      ]);
      const deb = makeAr([["data.tar", tar]]);
      const entries = readCpio(await makeSystemInitrd(join(folder, "busybox"), [{ label: "x", deb }], CASES.slice(0, 1), "quick"));
      const names = entries.map(({ name }) => name);
      for (const name of names)
        if (name.includes("/")) expect(names.indexOf(name.replace(/\/[^/]+$/, ""))).toBeLessThan(names.indexOf(name));
      const textOf = (wanted: string): string => Buffer.from(entries.find(({ name }) => name === wanted)?.data ?? "").toString();
      expect(["usr/lib/x/lib.so.1", "usr/lib/x/lib.so", "usr/bin/same", "usr/bin/busybox"].map(textOf)).toEqual([
        "library",
        "lib.so.1",
        "library",
        "busybox",
      ]);
      expect(textOf("bench/sh.sh")).toContain("60000");
      expect(names).not.toContain("usr/share/doc/x");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("has the same text each time", () => {
    const text = makeText(100_000);
    expect(text.length).toBe(100_000);
    expect(createHash("sha256").update(text).digest("hex")).toBe("607867209ca753df2619a6ca9fe4bcf8a4b27101fd8f2ce9ed515d828ce36d93");
    expect(
      Math.max(
        ...text
          .toString()
          .split("\n")
          .map(({ length }) => length),
      ),
    ).toBeLessThan(100);
  });
});
