// How log entries lie in a file: made to be written in one piece, read from either end, and found torn. Depends on types of instance/.
//
//   file    "WARDLOG1" | salt u32 | 0 u32 | records             little endian
//   record  length u32 | crc u32 | at f64 | stream u8 | bytes | length u32
//
// `at` is in milliseconds since 1970. The crc is over at, stream and bytes, beginning with the file's salt: the bytes are a guest's, which
// must not be able to print what looks like a record.
import { crc32 } from "node:zlib";
import { LOG_STREAMS, type LogStream } from "../instance/record.js";

export const FILE_HEADER_BYTES = 16;
const MAGIC = Buffer.from("WARDLOG1");
const CRC_AT = 4;
const TIME_AT = 8;
const STREAM_AT = 16;
const BYTES_AT = 17;
const LENGTH_BYTES = 4;
export const RECORD_OVERHEAD_BYTES = BYTES_AT + LENGTH_BYTES;
/** Longer entries are split. */
export const MAX_RECORD_BYTES = 65_536;
/** What is written at once, and so what a kill can tear. */
export const BATCH_BYTES = 262_144;
/** The range of Date. */
const MAX_TIME_MS = 8.64e15;

export interface LogRecord {
  readonly atMs: number;
  readonly stream: LogStream;
  /** A view of the buffer it was read from. */
  readonly bytes: Uint8Array;
  /** Offsets in the buffer. */
  readonly start: number;
  readonly end: number;
}

export function makeFileHeader(salt: number): Buffer {
  const header = Buffer.alloc(FILE_HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt32LE(salt, MAGIC.length);
  return header;
}

/** The salt; undefined when it is no log. */
export function parseFileHeader(header: Buffer): number | undefined {
  if (header.length < FILE_HEADER_BYTES || !header.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  return header.readUInt32LE(MAGIC.length);
}

/** "short": it may go on beyond the buffer. */
export function readRecord(buffer: Buffer, start: number, salt: number): LogRecord | "short" | "damaged" {
  if (buffer.length - start < RECORD_OVERHEAD_BYTES) return "short";
  const length = buffer.readUInt32LE(start);
  if (length > MAX_RECORD_BYTES) return "damaged";
  const end = start + RECORD_OVERHEAD_BYTES + length;
  if (end > buffer.length) return "short";
  const stream = LOG_STREAMS[buffer.readUInt8(start + STREAM_AT)];
  const atMs = buffer.readDoubleLE(start + TIME_AT);
  const sound =
    buffer.readUInt32LE(end - LENGTH_BYTES) === length && buffer.readUInt32LE(start + CRC_AT) === crcOf(buffer, start, end, salt);
  // A negated comparison, for NaN.
  if (!sound || stream === undefined || !(Math.abs(atMs) <= MAX_TIME_MS)) return "damaged";
  return { atMs, stream, bytes: buffer.subarray(start + BYTES_AT, end - LENGTH_BYTES), start, end };
}

/** The record that ends at `end`. "short": it may begin before the buffer. */
export function readRecordBefore(buffer: Buffer, end: number, salt: number): LogRecord | "short" | "damaged" {
  if (end < RECORD_OVERHEAD_BYTES) return "short";
  const length = buffer.readUInt32LE(end - LENGTH_BYTES);
  if (length > MAX_RECORD_BYTES) return "damaged";
  const start = end - RECORD_OVERHEAD_BYTES - length;
  if (start < 0) return "short";
  const record = readRecord(buffer, start, salt);
  return typeof record === "object" && record.end !== end ? "damaged" : record;
}

function crcOf(buffer: Buffer, start: number, end: number, salt: number): number {
  return crc32(buffer.subarray(start + TIME_AT, end - LENGTH_BYTES), salt);
}

/** Records being put together. One is shared by all logs: it is filled and written without a pause between. */
export class RecordBatch {
  readonly #buffer = Buffer.allocUnsafeSlow(BATCH_BYTES);
  #limit = BATCH_BYTES;
  #used = 0;
  #last = -1;

  /** `limitBytes` is at least one byte's record, and what is over BATCH_BYTES is not used. */
  reset(limitBytes: number): void {
    this.#limit = Math.min(BATCH_BYTES, limitBytes);
    this.#used = 0;
    this.#last = -1;
  }

  get lengthBytes(): number {
    return this.#used;
  }

  /** Takes what there is room for, to the last record if it goes on from there; gives the rest. */
  add(stream: LogStream, atMs: number, bytes: Uint8Array): Uint8Array {
    if (!this.#continues(stream, atMs) && !this.#begin(stream, atMs)) return bytes;
    const length = this.#buffer.readUInt32LE(this.#last);
    const taken = Math.min(bytes.length, MAX_RECORD_BYTES - length, this.#limit - this.#used);
    const at = this.#used - LENGTH_BYTES;
    this.#buffer.set(taken === bytes.length ? bytes : bytes.subarray(0, taken), at);
    this.#buffer.writeUInt32LE(length + taken, this.#last);
    this.#buffer.writeUInt32LE(length + taken, at + taken);
    this.#used += taken;
    return bytes.subarray(taken);
  }

  #continues(stream: LogStream, atMs: number): boolean {
    const last = this.#last;
    if (last < 0 || this.#used === this.#limit) return false;
    const full = this.#buffer.readUInt32LE(last) === MAX_RECORD_BYTES;
    const same =
      this.#buffer.readUInt8(last + STREAM_AT) === LOG_STREAMS.indexOf(stream) && this.#buffer.readDoubleLE(last + TIME_AT) === atMs;
    return same && !full;
  }

  #begin(stream: LogStream, atMs: number): boolean {
    if (this.#limit - this.#used <= RECORD_OVERHEAD_BYTES) return false;
    this.#last = this.#used;
    this.#buffer.writeUInt32LE(0, this.#last);
    this.#buffer.writeDoubleLE(atMs, this.#last + TIME_AT);
    this.#buffer.writeUInt8(LOG_STREAMS.indexOf(stream), this.#last + STREAM_AT);
    this.#used += RECORD_OVERHEAD_BYTES;
    return true;
  }

  /** As they go to a file with this salt; a view. */
  finish(salt: number): Buffer {
    for (let start = 0; start < this.#used;) {
      const end = start + RECORD_OVERHEAD_BYTES + this.#buffer.readUInt32LE(start);
      this.#buffer.writeUInt32LE(crcOf(this.#buffer, start, end, salt), start + CRC_AT);
      start = end;
    }
    return this.#buffer.subarray(0, this.#used);
  }
}
