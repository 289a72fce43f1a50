// Reads the files of one log, forward from a place or backward from the end, in pieces of bounded size. A file that has been dropped meanwhile is
// passed over, one that is damaged is read up to there. May depend on log-file.ts and log-record.ts.
import { type FileHandle, open } from "node:fs/promises";
import { listLogFiles, logFilePath } from "./log-file.js";
import { BATCH_BYTES, FILE_HEADER_BYTES, type LogRecord, parseFileHeader, readRecord, readRecordBefore } from "./log-record.js";

/** Between two records. */
export interface LogPlace {
  readonly file: number;
  readonly offset: number;
}

/** Where to read from. */
export interface LogStart extends LogPlace {
  /** Bytes of the first record that are not wanted. */
  readonly skipBytes: number;
}

export const LOG_BEGIN: LogStart = { file: 0, offset: 0, skipBytes: 0 };
const NEWLINE = 10;
/** Holds any record. */
const WINDOW_BYTES = BATCH_BYTES;

class OpenFile {
  readonly number: number;
  readonly salt: number;
  readonly #handle: FileHandle;

  private constructor(number: number, salt: number, handle: FileHandle) {
    this.number = number;
    this.salt = salt;
    this.#handle = handle;
  }

  /** Undefined when it is gone, or no log. */
  static async open(folder: string, number: number): Promise<OpenFile | undefined> {
    const handle = await open(logFilePath(folder, number), "r").catch(() => undefined);
    if (handle === undefined) return undefined;
    const salt = parseFileHeader(await readFrom(handle, 0, FILE_HEADER_BYTES));
    if (salt !== undefined) return new OpenFile(number, salt, handle);
    await handle.close();
    return undefined;
  }

  /** Where it ends for one who reads up to `end`. */
  async limit(end: LogPlace): Promise<number> {
    return this.number === end.file ? end.offset : (await this.#handle.stat()).size;
  }

  read(offset: number, length: number): Promise<Buffer> {
    return readFrom(this.#handle, offset, length);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** Fewer bytes at the file's end. */
async function readFrom(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(length);
  let got = 0;
  while (got < length) {
    const { bytesRead } = await handle.read(buffer, got, length - got, offset + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return buffer.subarray(0, got);
}

/** Goes on where it was; holds its file open, so that rotation does not take it away. */
export class LogCursor {
  readonly #folder: string;
  #file: OpenFile | undefined;
  #place: LogStart;

  constructor(folder: string, start: LogStart) {
    this.#folder = folder;
    this.#place = start;
  }

  /** The records up to `end`. */
  async *upTo(end: LogPlace): AsyncGenerator<LogRecord> {
    for (let file = await this.#open(end); file !== undefined; file = await this.#open(end)) {
      yield* this.#piecesOf(file, await file.limit(end));
      if (file.number >= end.file) return;
      await this.#moveTo(file.number + 1);
    }
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  async *#piecesOf(file: OpenFile, limit: number): AsyncGenerator<LogRecord> {
    while (this.#place.offset < limit) {
      const buffer = await file.read(this.#place.offset, Math.min(WINDOW_BYTES, limit - this.#place.offset));
      const { offset: from, skipBytes } = this.#place;
      let at = 0;
      for (let record = readRecord(buffer, 0, file.salt); typeof record === "object"; record = readRecord(buffer, at, file.salt)) {
        this.#place = { file: file.number, offset: from + record.end, skipBytes: 0 };
        yield at > 0 || skipBytes === 0 ? record : { ...record, bytes: record.bytes.subarray(skipBytes) };
        at = record.end;
      }
      if (at === 0) return;
    }
  }

  /** The file of the place, or the next one that can be read. */
  async #open(end: LogPlace): Promise<OpenFile | undefined> {
    if (this.#file !== undefined) return this.#file;
    for (const number of listLogFiles(this.#folder)) {
      if (number < this.#place.file || number > end.file) continue;
      if (number > this.#place.file) await this.#moveTo(number);
      this.#file = await OpenFile.open(this.#folder, number);
      if (this.#file !== undefined) return this.#file;
    }
    return undefined;
  }

  async #moveTo(number: number): Promise<void> {
    await this.close();
    this.#place = { file: number, offset: FILE_HEADER_BYTES, skipBytes: 0 };
  }
}

/**
 * Where the last `lines` lines before `end` begin, counting the bytes of the records that `wanted` lets through, in their order. Damage ends the
 * search.
 */
export async function findTail(
  folder: string,
  end: LogPlace,
  lines: number,
  wanted: (record: LogRecord) => boolean,
  signal?: AbortSignal,
): Promise<LogStart> {
  let start: LogStart = { ...end, skipBytes: 0 };
  const counter = new LineCounter(lines);
  if (lines <= 0) return start;
  for (const number of listLogFiles(folder).toReversed()) {
    if (number > end.file) continue;
    const file = await OpenFile.open(folder, number);
    if (file === undefined) break;
    try {
      for await (const { record, offset } of backward(file, await file.limit(end))) {
        const skipBytes = wanted(record) ? counter.count(record.bytes) : undefined;
        start = { file: number, offset, skipBytes: skipBytes ?? 0 };
        if (skipBytes !== undefined || signal?.aborted === true) return start;
      }
    } finally {
      await file.close();
    }
    if (start.file === number && start.offset > FILE_HEADER_BYTES) break;
  }
  return start;
}

async function* backward(file: OpenFile, limit: number): AsyncGenerator<{ record: LogRecord; offset: number }> {
  for (let end = limit; end > FILE_HEADER_BYTES;) {
    const from = Math.max(FILE_HEADER_BYTES, end - WINDOW_BYTES);
    const buffer = await file.read(from, end - from);
    let at = buffer.length;
    for (
      let record = readRecordBefore(buffer, at, file.salt);
      typeof record === "object";
      record = readRecordBefore(buffer, at, file.salt)
    ) {
      at = record.start;
      yield { record, offset: from + at };
    }
    if (at === buffer.length) return;
    end = from + at;
  }
}

/** Counts lines from the end; a newline at the very end closes the last line and begins none. */
class LineCounter {
  #left: number;
  #first = true;

  constructor(lines: number) {
    this.#left = lines;
  }

  /** How many of these bytes lie before the first wanted line; undefined when it begins before them. */
  count(bytes: Uint8Array): number | undefined {
    let from = bytes.length - 1;
    if (this.#first && bytes[from] === NEWLINE) from--;
    this.#first = this.#first && bytes.length === 0;
    while (from >= 0) {
      const at = bytes.lastIndexOf(NEWLINE, from);
      if (at < 0) return undefined;
      if (--this.#left === 0) return at + 1;
      from = at - 1;
    }
    return undefined;
  }
}
