// Version order and the choice of packages.

import { readKey } from "openpgp";
import { describe, expect, it } from "vitest";
import { chooseKernel, isPackageRecord, readPackages } from "./packages.js";
import { loadArchiveKeys } from "./signature.js";
import { compareVersions } from "./version.js";

describe("compareVersions", () => {
  it("orders as dpkg does", () => {
    const ordered = [
      "0~~",
      "0~~a",
      "0~",
      "0",
      "0a",
      "1.0~rc1-1",
      "1.0-1~bpo12+1",
      "1.0-1",
      "1.0-1+b1",
      "1.0-2",
      "1.0-10",
      "1.0a-1",
      "1.0+dfsg-1",
      "1.0.1-1",
      "6.12.9-1",
      "7.2.13-1",
      "7.10-1",
      "1:0.1-1",
      "2:0",
    ];
    for (const [i, a] of ordered.entries())
      for (const [j, b] of ordered.entries()) expect([a, b, Math.sign(compareVersions(a, b))]).toEqual([a, b, Math.sign(i - j)]);
    expect(compareVersions("1.0", "1.00")).toBe(0);
    expect(compareVersions("0:1.0-0", "1.0")).toBe(0);
  });
});

const paragraph = (name: string, version: string, depends = "") =>
  `Package: ${name}\nVersion: ${version}\nDepends: ${depends}\nFilename: pool/${name}.deb\nSize: 10\nSHA256: ${"a".repeat(64)}\n`;
async function* inPieces(text: string, size = 7) {
  for (let i = 0; i < text.length; i += size) yield Buffer.from(text.slice(i, i + size));
}
const read = (...paragraphs: string[]) => readPackages(inPieces(paragraphs.join("\n")));

describe("the list of packages", () => {
  it("gives the records of interest alone", async () => {
    const records = await read(
      paragraph("abc", "1"),
      paragraph("busybox-static", "2"),
      paragraph("linux-binary-7.2-riscv64-dbg", "3"),
      paragraph("linux-image-7.2-rt-riscv64", "3"),
      paragraph("opensbi", "4"),
    );
    expect(records.map((record) => record.name)).toEqual(["busybox-static", "opensbi"]);
  });

  it("refuses records that could lead astray", async () => {
    const [good] = await read(paragraph("opensbi", "1"));
    expect(isPackageRecord(good)).toBe(true);
    for (const bad of [
      { filename: "../x.deb" },
      { filename: "/x.deb" },
      { filename: "a b" },
      { sizeBytes: -1 },
      { sizeBytes: 2 ** 40 },
      { sha256: "A" },
      { version: "1\n2" },
    ])
      expect(isPackageRecord({ ...good, ...bad })).toBe(false);
    await expect(read("Package: opensbi\nVersion: 1\n")).rejects.toMatchObject({ code: "guest-checksum" });
  });

  it("chooses the kernel that the meta package names, the image alone before all modules", async () => {
    const kernels = [
      paragraph("linux-binary-7.2-riscv64", "7.2-1"),
      paragraph("linux-image-7.2-riscv64", "7.2-1"),
      paragraph("linux-binary-7.9-riscv64", "7.9-1"),
    ];
    const meta = paragraph("linux-image-riscv64", "7.2-1", "linux-image-7.2-riscv64 (= 7.2-1)");
    expect(chooseKernel(await read(...kernels, meta))?.name).toBe("linux-binary-7.2-riscv64");
    expect(chooseKernel(await read(...kernels))?.name).toBe("linux-binary-7.9-riscv64");
    expect(chooseKernel(await read(paragraph("linux-image-6.12.9+deb13-riscv64", "6.12.9-1")))?.name).toBe(
      "linux-image-6.12.9+deb13-riscv64",
    );
    expect(chooseKernel(await read(meta))).toBeUndefined();
  });
});

describe("the archive keys", () => {
  it("are the two that sign unstable", async () => {
    const fingerprints = await Promise.all(
      (await loadArchiveKeys()).map(async (armoredKey) => (await readKey({ armoredKey })).getFingerprint().toUpperCase()),
    );
    expect(fingerprints).toEqual(["B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8", "04B54C3CDCA79751B16BC6B5225629DF75B188BD"]);
  });
});
