// Log entries as a client asked for them: bytes as they were written, with times in front of lines, or one JSON value an entry.
// May depend on instance/.
import type { LogEntry, LogStream } from "../instance/record.js";
import type { Encoding } from "./schemas.js";

const LINE_FEED = 10;
const encoder = new TextEncoder();

export async function* logText(entries: AsyncIterable<LogEntry>, timestamps: boolean): AsyncGenerator<Uint8Array> {
  const insideLine = new Set<LogStream>();
  for await (const entry of entries) yield timestamps ? withTimes(entry, insideLine) : entry.bytes;
}

/** Puts the entry's time in front of every line that begins in it. `insideLine` has the streams whose last line was not ended. */
function withTimes({ at, stream, bytes }: LogEntry, insideLine: Set<LogStream>): Uint8Array {
  const mark = encoder.encode(`${at} `);
  const parts: Uint8Array[] = [];
  for (let from = 0; from < bytes.length;) {
    const feed = bytes.indexOf(LINE_FEED, from);
    const to = feed < 0 ? bytes.length : feed + 1;
    if (!insideLine.has(stream)) parts.push(mark);
    parts.push(bytes.subarray(from, to));
    if (feed < 0) insideLine.add(stream);
    else insideLine.delete(stream);
    from = to;
  }
  return Buffer.concat(parts);
}

export interface LogLine {
  readonly at: string;
  readonly stream: LogStream;
  readonly data: string;
  readonly encoding: Encoding;
}

/** Base64 where an entry's bytes are no UTF-8 by themselves. */
export async function* logLines(entries: AsyncIterable<LogEntry>): AsyncGenerator<LogLine> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  for await (const { at, stream, bytes } of entries) {
    const text = decodeOrNot(decoder, bytes);
    if (text === undefined) yield { at, stream, data: Buffer.from(bytes).toString("base64"), encoding: "base64" };
    else yield { at, stream, data: text, encoding: "utf8" };
  }
}

function decodeOrNot(decoder: TextDecoder, bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
