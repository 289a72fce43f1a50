// The writing end of a log: entries become records, files are changed when one is full, and errors of the disk end in a note instead of in the
// program. May depend on log-file.ts, log-record.ts and types of instance/.
import { closeSync } from "node:fs";
import type { LogStream } from "../instance/record.js";
import { createLogFile, listLogFiles, type LogFile, reopenLogFile, writeAll } from "./log-file.js";
import type { LogPlace } from "./log-reader.js";
import { FILE_HEADER_BYTES, RECORD_OVERHEAD_BYTES, RecordBatch } from "./log-record.js";

const MIN_FILE_BYTES = FILE_HEADER_BYTES + RECORD_OVERHEAD_BYTES + 1;

export interface PendingEntry {
  readonly stream: LogStream;
  readonly atMs: number;
  readonly bytes: Uint8Array;
}

const batch = new RecordBatch();

export class LogWriter {
  readonly #folder: string;
  readonly #maxFileBytes: number;
  readonly #maxFiles: number;
  readonly #onNote: (text: string) => void;
  #file: LogFile | undefined;
  /** Where writing has come to while no file is open. */
  #place: LogPlace | undefined;
  #failing = false;

  constructor(folder: string, maxFileBytes: number, maxFiles: number, onNote: (text: string) => void) {
    this.#folder = folder;
    this.#maxFileBytes = Math.max(MIN_FILE_BYTES, maxFileBytes);
    this.#maxFiles = Math.max(1, maxFiles);
    this.#onNote = onNote;
  }

  /** Where the next entry goes; readers read up to it. */
  end(): LogPlace {
    if (this.#file !== undefined) return { file: this.#file.number, offset: this.#file.sizeBytes };
    return (this.#place ??= this.#recover());
  }

  write(entries: readonly PendingEntry[]): void {
    this.#begin();
    for (const { stream, atMs, bytes } of entries) {
      let rest = bytes;
      while (rest.length > 0) {
        const before = rest.length;
        rest = batch.add(stream, atMs, rest);
        if (rest.length === before) this.#writeBatch();
      }
    }
    this.#writeBatch();
  }

  /** The next write opens it again: an instance that is off holds no descriptor. */
  closeFile(): void {
    if (this.#file === undefined) return;
    this.#place = this.end();
    closeSync(this.#file.fd);
    this.#file = undefined;
  }

  /** A batch fits an empty file. */
  #begin(): void {
    batch.reset(this.#maxFileBytes - FILE_HEADER_BYTES);
  }

  #writeBatch(): void {
    try {
      const file = this.#fileFor(batch.lengthBytes);
      // At the offset, not at the end: what a failed write has left there is written over.
      writeAll(file.fd, batch.finish(file.salt), file.sizeBytes);
      file.sizeBytes += batch.lengthBytes;
      if (this.#failing) this.#onNote(`the log in ${this.#folder} can be written again`);
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) this.#onNote(`the log in ${this.#folder} cannot be written, entries are lost: ${(error as Error).message}`);
      this.#failing = true;
    }
    this.#begin();
  }

  /** The file to write so many bytes to: the one that is open, or the next when they would be too many for it. */
  #fileFor(bytes: number): LogFile {
    const place = this.end();
    const fits = place.file > 0 && place.offset + bytes <= this.#maxFileBytes;
    if (this.#file !== undefined && fits) return this.#file;
    const reopened = fits ? reopenLogFile(this.#folder, place.file) : undefined;
    const next = reopened ?? createLogFile(this.#folder, place.file + 1, this.#maxFiles);
    this.closeFile();
    this.#file = next;
    return next;
  }

  /** Once, for what an earlier process has left. */
  #recover(): LogPlace {
    const number = listLogFiles(this.#folder).at(-1);
    if (number === undefined) return { file: 0, offset: 0 };
    try {
      const file = reopenLogFile(this.#folder, number);
      if (file !== undefined) {
        closeSync(file.fd);
        return { file: number, offset: file.sizeBytes };
      }
    } catch (error) {
      this.#onNote(`the log in ${this.#folder} cannot be opened: ${(error as Error).message}`);
    }
    // Read as far as it goes, and leave it.
    return { file: number, offset: Number.MAX_SAFE_INTEGER };
  }
}
