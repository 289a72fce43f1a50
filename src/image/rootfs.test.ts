// Root file systems from disk and from a busybox.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WardianError } from "../errors.js";
import { readCpio, S_IFREG, writeCpio } from "./archive/cpio.js";
import { makeTar, storeXz, storeZstd } from "./archive/samples.js";
import { listApplets, loadRootfs } from "./rootfs.js";

const TAR = makeTar([{ name: "init", data: "#!/bin/sh\n", mode: 0o755 }]);
const entry = (name: string) => ({
  name,
  mode: S_IFREG | 0o755,
  uid: 0,
  gid: 0,
  mtimeSeconds: 0,
  ino: 1,
  nlink: 1,
  rdevMajor: 0,
  rdevMinor: 0,
  data: Buffer.from("x"),
});
const CPIO = writeCpio([entry("init")]);
let folder: string;
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => "none",
    (error: unknown) => (error instanceof WardianError ? error.code : String(error)),
  );
const put = async (name: string, bytes: Uint8Array) => {
  await writeFile(join(folder, name), bytes);
  return join(folder, name);
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wardian-rootfs-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("loadRootfs", () => {
  it("takes tar and cpio, plain and packed", async () => {
    for (const bytes of [TAR, gzipSync(TAR), storeXz(TAR), storeZstd(TAR), CPIO, gzipSync(CPIO), storeXz(CPIO), storeZstd(CPIO)]) {
      expect(readCpio(await loadRootfs(await put("image", bytes))).map((e) => e.name)).toEqual(["init"]);
    }
  });

  it("leaves a cpio as it is", async () => {
    expect(Buffer.compare(await loadRootfs(await put("image", CPIO)), CPIO)).toBe(0);
  });

  it("says what is wrong", async () => {
    expect(await codeOf(loadRootfs(join(folder, "missing")))).toBe("image-not-found");
    expect(await codeOf(loadRootfs(folder))).toBe("image-format");
    expect(await codeOf(loadRootfs("/dev/null"))).toBe("image-format");
    expect(await codeOf(loadRootfs(await put("text", Buffer.from("hello"))))).toBe("image-format");
    expect(await codeOf(loadRootfs(await put("empty", Buffer.alloc(0))))).toBe("image-format");
    expect(await codeOf(loadRootfs(await put("evil", writeCpio([entry("../x")]))))).toBe("archive-unsafe");
    expect(await codeOf(loadRootfs(await put("none", writeCpio([]))))).toBe("archive-corrupt");
    expect(await codeOf(loadRootfs(await put("cut", CPIO.subarray(0, 100))))).toBe("archive-truncated");
    expect(await codeOf(loadRootfs(await put("big", gzipSync(Buffer.alloc(1 << 20))), { limitBytes: 1 << 16 }))).toBe("archive-too-large");
  });

  it("builds a root around a busybox", async () => {
    const busybox = Buffer.from("\x7fELF..[\0[[\0ar\0cat\0ls\0mount\0sh\0zcat\0\0/var/log/wtmp\0", "latin1");
    const entries = readCpio(await loadRootfs({ busybox: await put("busybox", busybox) }));
    expect(entries.map((e) => e.name)).toEqual(
      expect.arrayContaining(["bin/busybox", "bin/[[", "bin/zcat", "dev/console", "tmp", "etc/passwd"]),
    );
    expect(Buffer.from(entries.find((e) => e.name === "bin/sh")?.data ?? []).toString()).toBe("busybox");
  });

  it("does with a few commands when a binary has no table of them", () => {
    expect(listApplets(Buffer.from("no table"))).toContain("sh");
    expect(listApplets(Buffer.from("[\0[[\0"))).toContain("sh");
  });
});
