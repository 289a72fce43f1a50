import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LogStream } from "../instance/record.js";
import { InstanceLog, type InstanceLogOptions } from "./instance-log.js";
import { bytes, collect, filesIn, follow, lastFileIn, textOf } from "./log-sample.js";

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

describe("log", () => {
  it("gives back bytes, streams and times", async () => {
    const log = open();
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    log.append("stdout", all);
    log.append("stderr", bytes("oops\n"));
    nowMs += 5;
    log.append("stderr", bytes("again"));
    log.append("console", bytes(""));
    expect((await collect(log)).map(({ at, stream, bytes: b }) => [Date.parse(at) - 1_000_000, stream, Buffer.from(b)])).toEqual([
      [0, "stdout", Buffer.from(all)],
      [0, "stderr", bytes("oops\n")],
      [5, "stderr", bytes("again")],
    ]);
  });

  it("is empty before anything is appended, and makes no folder for reading", async () => {
    const log = open();
    expect(await collect(log)).toEqual([]);
    expect(await collect(log, { tail: 5 })).toEqual([]);
    log.end();
    expect(await collect(log, { follow: true })).toEqual([]);
    expect(readdirSync(base)).toEqual([]);
  });

  it("takes its bytes at once: the caller may use the buffer again", async () => {
    const log = open();
    const buffer = bytes("first");
    log.append("stdout", buffer);
    buffer.fill("x");
    expect(await textOf(log)).toBe("first");
  });

  it("joins what comes in one millisecond, splits what is large", async () => {
    const log = open();
    for (let i = 0; i < 1000; i++) log.append("stdout", bytes("a"));
    expect((await collect(log)).length).toBe(1);
    const large = Buffer.alloc(1_000_000, "0123456789\n");
    log.append("stderr", large);
    const entries = await collect(log, { streams: ["stderr"] });
    expect(Buffer.concat(entries.map((entry) => entry.bytes)).equals(large)).toBe(true);
    expect(Math.max(...entries.map((entry) => entry.bytes.length))).toBeLessThanOrEqual(65_536);
  });

  it("writes within moments by itself", async () => {
    const log = open();
    log.append("stdout", bytes("hello"));
    expect(readdirSync(base)).toEqual([]);
    const before = performance.now();
    const reader = follow(log);
    await reader.until("hello");
    log.append("stdout", bytes("world"));
    await reader.until("world");
    expect(performance.now() - before).toBeLessThan(5000);
    expect(readFileSync(lastFileIn(folder)).includes("world")).toBe(true);
    log.end();
    await reader.done;
  });

  it("selects by time and by stream", async () => {
    const log = open();
    for (const [i, stream] of (["stdout", "stderr", "console", "stdout"] as const).entries()) {
      nowMs = 1000 + i;
      log.append(stream, bytes(String(i)));
    }
    expect(await textOf(log, { sinceMs: 1001 })).toBe("123");
    expect(await textOf(log, { untilMs: 1001 })).toBe("01");
    expect(await textOf(log, { sinceMs: 1001, untilMs: 1002 })).toBe("12");
    expect(await textOf(log, { streams: ["stdout"] })).toBe("03");
    expect(await textOf(log, { streams: [] })).toBe("");
    expect(await textOf(log, { streams: ["stdout", "console"], sinceMs: 1001 })).toBe("23");
  });

  it("keeps to its files, and the newest entries in them", async () => {
    const log = open({ maxFileBytes: 10_000, maxFiles: 3 });
    let all = "";
    for (let i = 0; i < 5000; i++) {
      const line = `line ${i}\n`;
      all += line;
      nowMs++;
      log.append("stdout", bytes(line));
      if (i % 7 === 0) log.flush();
    }
    const kept = await textOf(log);
    expect(all.endsWith(kept)).toBe(true);
    expect(kept.length).toBeGreaterThan(4000);
    expect(filesIn(folder).length).toBe(3);
    for (const name of filesIn(folder)) {
      expect(statSync(join(folder, name)).size).toBeLessThanOrEqual(10_000);
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    }
  });

  it("works with the smallest of files", async () => {
    const log = open({ maxFileBytes: 0, maxFiles: 0 });
    log.append("stdout", bytes("abc"));
    expect(await textOf(log)).toBe("c");
    expect(filesIn(folder)).toEqual(["log.3"]);
  });

  it("goes on after it was closed, and drops what comes too late", async () => {
    const log = open();
    log.append("stdout", bytes("one\n"));
    log.close();
    log.append("stdout", bytes("late\n"));
    log.flush();
    const again = open();
    again.append("stdout", bytes("two\n"));
    expect(await textOf(again)).toBe("one\ntwo\n");
    expect(filesIn(folder)).toEqual(["log.1"]);
    expect(await textOf(log)).toBe("one\n");
  });
});

describe("tail", () => {
  const LINES = Array.from({ length: 3000 }, (_, i) => `line ${i}\n`);

  it.each([
    [0, ""],
    [1, "c"],
    [2, "b\nc"],
    [3, "a\nb\nc"],
    [99, "a\nb\nc"],
  ])("%i of an unfinished line", async (tail, expected) => {
    const log = open();
    log.append("stdout", bytes("a\nb\nc"));
    expect(await textOf(log, { tail })).toBe(expected);
  });

  it.each([
    [1, "\n"],
    [2, "b\n\n"],
    [3, "a\nb\n\n"],
  ])("%i of finished lines in pieces", async (tail, expected) => {
    const log = open();
    for (const piece of ["a", "\nb", "\n", "\n"]) {
      nowMs++;
      log.append("stdout", bytes(piece));
    }
    expect(await textOf(log, { tail })).toBe(expected);
  });

  it("counts what is selected only", async () => {
    const log = open();
    for (let i = 0; i < 10; i++) {
      nowMs = i;
      log.append(i % 2 === 0 ? "stdout" : "stderr", bytes(`${i}\n`));
    }
    expect(await textOf(log, { tail: 2, streams: ["stdout"] })).toBe("6\n8\n");
    expect(await textOf(log, { tail: 2, untilMs: 6 })).toBe("5\n6\n");
    expect(await textOf(log, { tail: 50, sinceMs: 8 })).toBe("8\n9\n");
  });

  it("reaches over several files", async () => {
    const log = open({ maxFileBytes: 5000, maxFiles: 100 });
    for (const line of LINES) {
      nowMs++;
      log.append("stdout", bytes(line));
    }
    log.flush();
    expect(filesIn(folder).length).toBeGreaterThan(10);
    for (const tail of [1, 10, 100, 1000, 2999, 3000, 3001]) expect(await textOf(log, { tail })).toBe(LINES.slice(-tail).join(""));
  });

  it("follows from there", async () => {
    const log = open({ maxFileBytes: 5000 });
    for (const line of LINES) log.append("stdout", bytes(line));
    const [reader, later] = [follow(log, { tail: 1 }), follow(log, { tail: 0 })];
    await reader.until("line 2999\n");
    log.append("stdout", bytes("more\n"));
    log.end();
    await Promise.all([reader.done, later.done]);
    expect(reader.seen()).toBe("line 2999\nmore\n");
    expect("line 2999\nmore\n").toContain(later.seen());
  });

  it("is what a whole reading ends with", async () => {
    const entry = fc.tuple(fc.constantFrom<LogStream>("stdout", "stderr"), fc.constantFrom("a", "b\n", "\n", "c\nd\n\n", "e".repeat(700)));
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 60 }), fc.nat(70), fc.constantFrom(500, 5000), async (entries, tail, maxFileBytes) => {
        rmSync(folder, { recursive: true, force: true });
        const log = open({ maxFileBytes, maxFiles: 1000 });
        let all = "";
        for (const [stream, piece] of entries) {
          nowMs += entries.length % 2;
          log.append(stream, bytes(piece));
          all += piece;
        }
        expect(await textOf(log)).toBe(all);
        const lines = all.split(/(?<=\n)/);
        expect(await textOf(log, { tail })).toBe(tail === 0 ? "" : lines.slice(-tail).join(""));
        log.close();
      }),
      { numRuns: 150 },
    );
  });
});

describe("follow", () => {
  it("sees everything once, for several readers, over rotation", async () => {
    const log = open({ maxFileBytes: 20_000, maxFiles: 1000 });
    log.append("stdout", bytes("before\n"));
    const readers = [follow(log), follow(log), follow(log)];
    let all = "before\n";
    for (let i = 0; i < 300; i++) {
      const piece = `${i} `.repeat(1 + ((i * 7) % 400));
      all += piece;
      log.append("stdout", bytes(piece));
      if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    log.end();
    await Promise.all(readers.map((reader) => reader.done));
    expect(filesIn(folder).length).toBeGreaterThan(5);
    for (const reader of readers) expect(reader.seen()).toBe(all);
  });

  it("gives a slow reader what is still there, in order, and holds no queue for it", async () => {
    const log = open({ maxFileBytes: 1_000_000, maxFiles: 2 });
    const reader = log.read({ follow: true })[Symbol.asyncIterator]();
    log.append("stdout", bytes("0\n"));
    expect((await reader.next()).value?.bytes.toString()).toBe("0\n");
    const before = process.memoryUsage().arrayBuffers;
    // 100 MB, most of which is garbage by the end or has been collected.
    const line = (i: number) => `${i} `.padEnd(5000, ".");
    for (let i = 1; i < 20_000; i++) log.append("stdout", bytes(`${line(i)}\n`));
    log.end();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(60_000_000);
    let rest = "";
    for (let next = await reader.next(); next.done !== true; next = await reader.next()) rest += Buffer.from(next.value.bytes).toString();
    const numbers = rest.match(/^\d+/gm)?.map(Number) ?? [];
    expect(numbers.at(-1)).toBe(19_999);
    expect(numbers.length).toBeGreaterThan(100);
    // One gap at most: from the file that it held open to the oldest there is.
    expect(numbers.filter((n, i) => i > 0 && n !== (numbers[i - 1] ?? 0) + 1).length).toBeLessThanOrEqual(1);
  });

  it("ends when its signal or its reader says so, also while nothing comes", async () => {
    const log = open();
    log.append("stdout", bytes("x"));
    const gone = new AbortController();
    const reader = follow(log, {}, gone.signal);
    await reader.until("x");
    gone.abort();
    await reader.done;
    await follow(log, {}, gone.signal).done;
    const iterator = log.read({ follow: true })[Symbol.asyncIterator]();
    await iterator.next();
    const waiting = iterator.next();
    await iterator.return?.();
    expect((await waiting).done).toBe(true);
  });

  it("ends with the run it was begun in, and waits again for the next", async () => {
    const log = open();
    const first = follow(log);
    log.append("stdout", bytes("one"));
    log.end();
    log.begin();
    log.append("stdout", bytes("two"));
    await first.done;
    expect(first.seen()).toBe("onetwo");
    const second = follow(log);
    await second.until("two");
    log.append("stdout", bytes("three"));
    await second.until("three");
    log.close();
    await second.done;
    expect(await textOf(log, { follow: true })).toBe("onetwothree");
  });

  it("ends at the time it was given", async () => {
    const log = open({ nowMs: Date.now });
    log.append("stdout", bytes("x"));
    expect(await textOf(log, { follow: true, untilMs: Date.now() + 30 })).toBe("x");
    expect(await textOf(log, { follow: true, untilMs: 0 })).toBe("");
  });

  it("holds no descriptor of an instance that is over", async () => {
    const log = open();
    const openFiles = () => readdirSync("/proc/self/fd").length;
    const before = openFiles();
    log.append("stdout", bytes("x"));
    await textOf(log);
    log.end();
    await textOf(log, { follow: true, tail: 1 });
    expect(openFiles()).toBe(before);
  });
});
