// What is read from a server, piece by piece: addresses, lines, server-sent events, problems.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseAddress } from "./address.js";
import { readLines } from "./lines.js";
import { errorOf, problemError } from "./problem.js";
import { readServerEvents, type ServerEvent } from "./sse.js";

async function* pieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const size of sizes) {
    yield bytes.subarray(at, at + size);
    at += size;
  }
  yield bytes.subarray(at);
}

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

describe("addresses", () => {
  test.each([
    ["http://127.0.0.1:8080", "http://127.0.0.1:8080", "ws://127.0.0.1:8080", undefined],
    ["https://host.example/wardian/", "https://host.example/wardian", "wss://host.example/wardian", undefined],
    ["unix:/run/w.sock", "http://localhost", "ws://localhost", "/run/w.sock"],
    ["unix:///run/w.sock", "http://localhost", "ws://localhost", "/run/w.sock"],
  ])("%s", (text, base, webSocketBase, socketPath) => {
    const address = parseAddress(text);
    expect([address.base, address.webSocketBase, address.socketPath]).toEqual([base, webSocketBase, socketPath]);
  });

  test.each(["", "host:80", "ftp://host", "unix:", "http://host/?a=1", "http://user:secret@host", "javascript:alert(1)", "unix:/a\0b"])(
    "%j is none",
    (text) => {
      expect(() => parseAddress(text)).toThrow(expect.objectContaining({ code: "bad-option" }));
      expect(() => parseAddress(text)).not.toThrow("secret");
    },
  );
});

describe("lines", () => {
  test("are the same however they are cut", async () => {
    const sizes = fc.array(fc.nat(9), { maxLength: 30 });
    const texts = fc.array(
      fc.string({ unit: "grapheme" }).map((text) => text.replace(/[\r\n]/g, "")),
      { maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(texts, sizes, async (lines, cuts) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
        expect(await all(readLines(pieces(bytes, cuts), 1000))).toEqual(lines);
      }),
    );
  });

  test("end at \\r\\n, too, and the last one needs no end", async () => {
    expect(await all(readLines(pieces(Buffer.from("a\r\nb"), [1]), 10))).toEqual(["a", "b"]);
  });

  test("without end are refused, be it in one piece or in many", async () => {
    const tooLong = { code: "bad-answer" };
    await expect(all(readLines(pieces(Buffer.alloc(11, 97), []), 10))).rejects.toMatchObject(tooLong);
    await expect(all(readLines(pieces(Buffer.alloc(11, 97), [3, 3, 3]), 10))).rejects.toMatchObject(tooLong);
    await expect(all(readLines(pieces(Buffer.from(`${"a".repeat(11)}\n`), []), 10))).rejects.toMatchObject(tooLong);
    expect(await all(readLines(pieces(Buffer.from(`${"a".repeat(10)}\n`), []), 10))).toHaveLength(1);
  });
});

describe("server-sent events", () => {
  const read = (text: string): Promise<ServerEvent[]> => all(readServerEvents(pieces(Buffer.from(text), [1, 2, 3])));

  test("have an id, a type and data; comments and unknown fields count for nothing", async () => {
    expect(await read(": hello\nretry: 5\n\nid: 7\nevent: started\ndata: {\ndata: }\n\ndata: x\n\n")).toEqual([
      { id: "7", type: "started", data: "{\n}" },
      { id: "7", type: "message", data: "x" },
    ]);
  });

  test("that are cut short are dropped", async () => {
    expect(await read("id: 1\ndata: a\n\nid: 2\ndata: b\n")).toHaveLength(1);
  });

  test("without end are refused", async () => {
    await expect(read(`data: ${"x".repeat(1000)}\n`.repeat(1100))).rejects.toMatchObject({ code: "bad-answer" });
  });
});

describe("problems", () => {
  const TYPE = "application/problem+json; charset=utf-8";
  test("keep their code and their message", () => {
    const body = JSON.stringify({
      type: "urn:wardian:problem:no-instance",
      status: 404,
      code: "no-instance",
      detail: "there is none",
      title: "Not Found",
    });
    expect(problemError("s", 404, TYPE, body)).toMatchObject({ code: "no-instance", message: "there is none" });
  });

  test.each([
    ["HTML", "text/html", "<h1>no</h1>"],
    ["another type's JSON", "application/json", '{"code":"no-instance","detail":"x"}'],
    ["cut JSON", TYPE, '{"code":"no-inst'],
    ["an odd code", TYPE, '{"code":"../../etc","detail":"x"}'],
    ["no code", TYPE, '{"detail":"x"}'],
    ["null", TYPE, "null"],
  ])("%s is no reason", (_what, type, body) => {
    expect(problemError("the-server", 500, type, body)).toMatchObject({ code: "bad-answer", message: expect.stringContaining("500") });
  });

  test("are one line, and not a long one", () => {
    expect(errorOf({ code: "x", detail: `a\u001b[2J\nb${"c".repeat(9999)}` })?.message).toMatch(/^a \[2J bc{4000,4100}$/);
  });
});
