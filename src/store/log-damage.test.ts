// What a kill, a full disk or a guest can do to a log's files.
import { appendFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { InstanceLog, type InstanceLogOptions } from "./instance-log.js";
import { FILE_HEADER_BYTES } from "./log-record.js";
import { bytes, filesIn, follow, lastFileIn, textOf } from "./log-sample.js";

let base: string;
let folder: string;
let nowMs: number;
const logs: InstanceLog[] = [];

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "wardian-log-"));
  folder = join(base, "log");
  nowMs = 1_000_000;
});

afterEach(() => {
  for (const log of logs.splice(0)) log.close();
  rmSync(base, { recursive: true, force: true });
});

function open(options: InstanceLogOptions = {}): InstanceLog {
  const log = new InstanceLog(folder, { nowMs: () => nowMs, ...options });
  logs.push(log);
  return log;
}

describe("damage", () => {
  function prepare(entries: readonly string[], options?: InstanceLogOptions): void {
    const log = open(options);
    for (const entry of entries) {
      nowMs++;
      log.append("stdout", bytes(entry));
      log.flush();
    }
    log.close();
  }

  it("drops a torn entry, and nothing before it, wherever it was torn", async () => {
    prepare(["one\n", "two\n", "three\n"]);
    const whole = readFileSync(lastFileIn(folder));
    const twoEnds = FILE_HEADER_BYTES + 2 * (4 + 21);
    for (let size = whole.length - 1; size >= 0; size--) {
      writeFileSync(lastFileIn(folder), whole.subarray(0, size));
      const log = open();
      const kept = size >= twoEnds ? "one\ntwo\n" : size >= FILE_HEADER_BYTES + 25 ? "one\n" : "";
      expect(await textOf(log)).toBe(kept);
      expect(await textOf(log, { tail: 10 })).toBe(kept);
      log.append("stdout", bytes("new\n"));
      expect(await textOf(log)).toBe(`${kept}new\n`);
      log.close();
      expect(await textOf(open(), { tail: 1 })).toBe("new\n");
      for (const name of filesIn(folder).slice(1)) rmSync(join(folder, name));
    }
  });

  it("survives every single damaged byte", async () => {
    prepare(["one\n", "two\n", "three\n"]);
    const whole = readFileSync(lastFileIn(folder));
    for (let at = 0; at < whole.length; at++) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 0xff;
      writeFileSync(lastFileIn(folder), damaged);
      const log = open();
      expect(["", "one\n", "one\ntwo\n", "one\ntwo\nthree\n"]).toContain(await textOf(log));
      await textOf(log, { tail: 2 });
      log.append("stdout", bytes("new\n"));
      expect(await textOf(log, { tail: 1 })).toBe("new\n");
      log.close();
      for (const name of filesIn(folder).slice(1)) rmSync(join(folder, name));
    }
  });

  it("is not taken in by a guest that prints records", async () => {
    prepare(["real\n"]);
    const record = readFileSync(lastFileIn(folder)).subarray(FILE_HEADER_BYTES);
    rmSync(lastFileIn(folder));
    const printed = Buffer.concat([bytes("x".repeat(100)), record]);
    prepare(["real\n", printed.toString("latin1")]);
    // Torn just where the printed record ends.
    truncateSync(lastFileIn(folder), readFileSync(lastFileIn(folder)).length - 4);
    const log = open();
    expect(await textOf(log)).toBe("real\n");
    log.append("stdout", bytes("new\n"));
    expect(await textOf(log)).toBe("real\nnew\n");
  });

  it("leaves a file alone that more than a kill has damaged, and begins another", async () => {
    prepare(Array.from({ length: 100 }, (_, i) => `${i}`.padEnd(10_000, ".")));
    const damaged = readFileSync(lastFileIn(folder));
    damaged.fill(0, 100_000, 110_000);
    damaged.fill(0, damaged.length - 5);
    writeFileSync(lastFileIn(folder), damaged);
    const log = open();
    log.append("stdout", bytes("new\n"));
    expect(await textOf(log, { tail: 1 })).toBe("new\n");
    expect((await textOf(log)).startsWith("0....")).toBe(true);
    expect(filesIn(folder)).toEqual(["log.1", "log.2"]);
    expect(readFileSync(join(folder, "log.1")).equals(damaged)).toBe(true);
  });

  it.each([
    ["garbage", "garbage".repeat(1000)],
    ["nothing", ""],
    ["zeros", "\0".repeat(100_000)],
    ["another version", `WARDLOG2${"\0".repeat(100)}`],
    ["a huge length", `WARDLOG1\0\0\0\0\0\0\0\0${"\xff".repeat(500_000)}`],
  ])("goes on after %s", async (_name, content) => {
    prepare(["one\n"]);
    writeFileSync(join(folder, "log.2"), content, "latin1");
    writeFileSync(join(folder, "log.x"), "not ours");
    writeFileSync(join(folder, "log.99999999999999999999"), "not ours");
    const log = open();
    expect(await textOf(log)).toBe("one\n");
    log.append("stdout", bytes("two\n"));
    expect(await textOf(log)).toBe("one\ntwo\n");
    expect(await textOf(log, { tail: 1 })).toBe("two\n");
    log.end();
    expect(await textOf(log, { follow: true })).toBe("one\ntwo\n");
  });

  it("appends rubbish to a live file, and followers go on", async () => {
    const log = open();
    log.append("stdout", bytes("one\n"));
    const reader = follow(log);
    await reader.until("one\n");
    appendFileSync(lastFileIn(folder), "rubbish");
    log.append("stdout", bytes("two, longer than rubbish\n"));
    await reader.until("rubbish\n");
    log.end();
    await reader.done;
    expect(await textOf(log)).toBe("one\ntwo, longer than rubbish\n");
  });

  it("says once that it cannot write, and when it can again", async () => {
    const notes: string[] = [];
    writeFileSync(folder, "in the way");
    const log = open({ onNote: (note) => notes.push(note) });
    for (let i = 0; i < 5; i++) {
      log.append("stdout", bytes("lost"));
      log.flush();
    }
    expect(await textOf(log)).toBe("");
    rmSync(folder);
    log.append("stdout", bytes("kept"));
    expect(await textOf(log)).toBe("kept");
    expect(notes.map((note) => /entries are lost|written again/.exec(note)?.[0])).toEqual(["entries are lost", "written again"]);
  });

  it("loses only what a full disk has no room for", async () => {
    // /dev/full takes nothing: as the next file, it stands for a disk without room.
    const notes: string[] = [];
    const log = open({ maxFileBytes: 1000, maxFiles: 5, onNote: (note) => notes.push(note) });
    log.append("stdout", bytes("a".repeat(900)));
    log.flush();
    symlinkSync("/dev/full", join(folder, "log.2"));
    log.append("stdout", bytes("b".repeat(900)));
    log.flush();
    expect(notes.length).toBe(1);
    rmSync(join(folder, "log.2"));
    log.append("stdout", bytes("c".repeat(900)));
    expect(await textOf(log)).toBe(`${"a".repeat(900)}${"c".repeat(900)}`);
  });
});
