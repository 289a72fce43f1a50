import { chmodSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { FileDisk } from "./disk.js";

const folder = mkdtempSync(join(tmpdir(), "wardian-disk-"));
afterAll(() => rmSync(folder, { recursive: true }));

function image(name: string, sizeBytes: number): string {
  const path = join(folder, name);
  writeFileSync(path, new Uint8Array(sizeBytes).fill(7));
  return path;
}

test("reads and writes where it is told, and nothing is lost by closing", () => {
  const path = image("rw.img", 4096);
  const disk = FileDisk.open({ path });
  expect(disk.sizeBytes).toBe(4096);
  disk.write(512, new Uint8Array(512).fill(9));
  disk.flush();
  const back = new Uint8Array(1024);
  disk.read(256, back);
  disk.close();
  expect([...back.subarray(0, 256)].every((byte) => byte === 7)).toBe(true);
  expect([...back.subarray(256, 768)].every((byte) => byte === 9)).toBe(true);
  expect(readFileSync(path)[1023]).toBe(9);
});

test("a read-only disk is never written, even where the file could be", () => {
  const path = image("ro.img", 512);
  const disk = FileDisk.open({ path, readOnly: true });
  expect(() => disk.write(0, new Uint8Array(512))).toThrow();
  disk.flush();
  disk.close();
  expect(readFileSync(path)[0]).toBe(7);
});

test("what is no disk image is told in one line", () => {
  const open =
    (path: string): (() => FileDisk) =>
    () =>
      FileDisk.open({ path });
  expect(open(join(folder, "none"))).toThrow(/does not exist/);
  expect(open(folder)).toThrow(/directory/);
  expect(open(image("odd.img", 513))).toThrow(/multiple of 512/);
  expect(open(image("empty.img", 0))).toThrow(/empty/);
  expect(open("/dev/null")).toThrow(/not a regular file/);
});

test.skipIf(process.getuid?.() === 0)("a file that may not be written needs ,ro", () => {
  const path = image("locked.img", 512);
  chmodSync(path, 0o444);
  expect(() => FileDisk.open({ path })).toThrow(/,ro/);
  FileDisk.open({ path, readOnly: true }).close();
});

test("an image that became shorter is an I/O error, not an endless read", () => {
  const path = image("shrinking.img", 1024);
  const disk = FileDisk.open({ path });
  truncateSync(path, 512);
  expect(() => disk.read(512, new Uint8Array(512))).toThrow(/shorter/);
  disk.close();
});
