// The numbered files of one log: log.1, log.2 and so on; the highest is written, the lowest are dropped. What a kill has torn off the end
// of the highest is found here. May depend on log-record.ts.
import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, readdirSync, readSync, rmSync, writeSync } from "node:fs";
import { randomInt } from "node:crypto";
import { join } from "node:path";
import {
  BATCH_BYTES,
  FILE_HEADER_BYTES,
  MAX_RECORD_BYTES,
  makeFileHeader,
  parseFileHeader,
  readRecord,
  readRecordBefore,
  RECORD_OVERHEAD_BYTES,
} from "./log-record.js";

const NAME = /^log\.([1-9][0-9]{0,14})$/;

/** A file that is open for writing. */
export interface LogFile {
  readonly number: number;
  readonly fd: number;
  readonly salt: number;
  sizeBytes: number;
}

export function logFilePath(folder: string, number: number): string {
  return join(folder, `log.${number}`);
}

/** In order. None where there is no folder. */
export function listLogFiles(folder: string): number[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  const numbers = names.map((name) => Number(NAME.exec(name)?.[1] ?? 0));
  return numbers.filter((number) => number > 0).toSorted((a, b) => a - b);
}

/** Also drops the oldest, so that there are at most `maxFiles`. */
export function createLogFile(folder: string, number: number, maxFiles: number): LogFile {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const fd = openSync(logFilePath(folder, number), "wx+", 0o600);
  const salt = randomInt(2 ** 32);
  try {
    writeAll(fd, makeFileHeader(salt), 0);
  } catch (error) {
    closeSync(fd);
    rmSync(logFilePath(folder, number), { force: true });
    throw error;
  }
  for (const old of listLogFiles(folder).slice(0, -maxFiles)) rmSync(logFilePath(folder, old), { force: true });
  return { number, fd, salt, sizeBytes: FILE_HEADER_BYTES };
}

/** Opened to go on at its end, without what was torn; undefined when it is better left as it is. */
export function reopenLogFile(folder: string, number: number): LogFile | undefined {
  const fd = openSync(logFilePath(folder, number), "r+");
  const file = recover(number, fd);
  if (file === undefined) closeSync(fd);
  return file;
}

function recover(number: number, fd: number): LogFile | undefined {
  const sizeBytes = fstatSync(fd).size;
  const salt = parseFileHeader(readAt(fd, 0, FILE_HEADER_BYTES));
  if (salt === undefined) return undefined;
  if (endsWithRecord(fd, sizeBytes, salt)) return { number, fd, salt, sizeBytes };
  const soundBytes = scan(fd, sizeBytes, salt);
  // More than one write can have torn: somebody may still want it.
  if (sizeBytes - soundBytes > BATCH_BYTES) return undefined;
  ftruncateSync(fd, soundBytes);
  return { number, fd, salt, sizeBytes: soundBytes };
}

function endsWithRecord(fd: number, sizeBytes: number, salt: number): boolean {
  if (sizeBytes === FILE_HEADER_BYTES) return true;
  const from = Math.max(FILE_HEADER_BYTES, sizeBytes - MAX_RECORD_BYTES - RECORD_OVERHEAD_BYTES);
  const tail = readAt(fd, from, sizeBytes - from);
  return typeof readRecordBefore(tail, tail.length, salt) === "object";
}

/** Where the last sound record ends, counted from the beginning. */
function scan(fd: number, sizeBytes: number, salt: number): number {
  let offset = FILE_HEADER_BYTES;
  for (;;) {
    const buffer = readAt(fd, offset, Math.min(BATCH_BYTES, sizeBytes - offset));
    let sound = 0;
    for (let record = readRecord(buffer, 0, salt); typeof record === "object"; record = readRecord(buffer, sound, salt)) sound = record.end;
    if (sound === 0) return offset;
    offset += sound;
  }
}

function readAt(fd: number, offset: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  let got = 0;
  while (got < length) {
    const count = readSync(fd, buffer, got, length - got, offset + got);
    if (count === 0) break;
    got += count;
  }
  return buffer.subarray(0, got);
}

export function writeAll(fd: number, bytes: Uint8Array, offset: number): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done, offset + done);
}
