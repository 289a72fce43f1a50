// What an instance has printed, byte exact, in bounded files that outlive a kill of this process. Writing is synchronous but rare: what comes
// within a few milliseconds is written at once. Followers read the files as they grow, so that a slow one costs no memory. One object a
// folder writes. May depend on log-writer.ts, log-reader.ts and types of instance/.
import type { LogEntry, LogQuery, LogStream } from "../instance/record.js";
import { findTail, LOG_BEGIN, LogCursor, type LogPlace } from "./log-reader.js";
import type { LogRecord } from "./log-record.js";
import { LogWriter, type PendingEntry } from "./log-writer.js";

const DEFAULT_MAX_FILE_BYTES = 10 * 2 ** 20;
const DEFAULT_MAX_FILES = 3;
/** An entry is in the file within this time, or sooner when so many bytes wait. */
const FLUSH_MS = 4;
const FLUSH_BYTES = 65_536;
/** The longest that setTimeout can. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export interface InstanceLogOptions {
  readonly maxFileBytes?: number | undefined;
  readonly maxFiles?: number | undefined;
  /** Told once when entries are lost because the files cannot be written, and when they can again. */
  readonly onNote?: ((text: string) => void) | undefined;
  readonly nowMs?: (() => number) | undefined;
}

export class InstanceLog {
  readonly #folder: string;
  readonly #writer: LogWriter;
  readonly #nowMs: () => number;
  #pending: PendingEntry[] = [];
  #pendingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;
  /** A follower of a run that is over ends, also when the next has begun meanwhile. */
  #endings = 0;
  #closed = false;
  readonly #wakers = new Set<() => void>();

  /** Touches nothing before the first use. */
  constructor(folder: string, options: InstanceLogOptions = {}) {
    this.#folder = folder;
    const { maxFileBytes = DEFAULT_MAX_FILE_BYTES, maxFiles = DEFAULT_MAX_FILES, onNote = () => undefined } = options;
    this.#writer = new LogWriter(folder, maxFileBytes, maxFiles, onNote);
    this.#nowMs = options.nowMs ?? Date.now;
  }

  /** Never throws; what comes after close() is dropped. The bytes may be used again afterwards. */
  append(stream: LogStream, bytes: Uint8Array): void {
    if (this.#closed || bytes.length === 0) return;
    const soon = this.#pendingBytes + bytes.length >= FLUSH_BYTES;
    this.#pending.push({ stream, atMs: this.#nowMs(), bytes: soon ? bytes : Buffer.from(bytes) });
    this.#pendingBytes += bytes.length;
    if (soon) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  /** Afterwards all that was appended is in the files, and outlives this process; it may not outlive the host's power. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pending.length === 0) return;
    const pending = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#writer.write(pending);
    this.#wake();
  }

  /** A run begins: those who follow from now on wait until end(). That is how a log begins, too. */
  begin(): void {
    this.#ended = false;
  }

  /** A run is over: those who follow read what there is, and end. */
  end(): void {
    this.#ended = true;
    this.#endings++;
    this.flush();
    this.#writer.closeFile();
    this.#wake();
  }

  close(): void {
    this.end();
    this.#closed = true;
  }

  /** What is there, and what comes while `follow` says so. Ends, without an error, when `signal` says so. */
  read(query: LogQuery = {}, signal?: AbortSignal): AsyncIterable<LogEntry> {
    return {
      [Symbol.asyncIterator]: () => {
        // return() of a generator waits for the next() that is under way: a reader who goes while nothing comes would never be rid of it.
        const gone = new AbortController();
        const leave = () => gone.abort();
        if (signal?.aborted === true) leave();
        signal?.addEventListener("abort", leave);
        const entries = this.#entries(query, gone.signal, () => signal?.removeEventListener("abort", leave));
        return {
          next: () => entries.next(),
          return: () => {
            leave();
            return entries.return(undefined);
          },
        };
      },
    };
  }

  async *#entries(query: LogQuery, signal: AbortSignal, finish: () => void): AsyncGenerator<LogEntry, undefined> {
    const wanted = filterFor(query);
    const run = this.#endings;
    const isOver = () => this.#ended || this.#endings !== run || (query.untilMs !== undefined && this.#nowMs() > query.untilMs);
    let cursor: LogCursor | undefined;
    try {
      this.flush();
      let end = this.#writer.end();
      const tail = query.tail === undefined ? undefined : await findTail(this.#folder, end, query.tail, wanted, signal);
      cursor = new LogCursor(this.#folder, tail ?? LOG_BEGIN);
      for (;;) {
        // Both are as of one moment: what is written before the end is read before it.
        const last = query.follow !== true || isOver();
        if (query.follow === true && last) this.flush();
        if (query.follow === true) end = this.#writer.end();
        for await (const record of cursor.upTo(end)) {
          if (signal.aborted) return;
          const { atMs, stream, bytes } = record;
          if (bytes.length > 0 && wanted(record)) yield { at: new Date(atMs).toISOString(), stream, bytes };
        }
        if (last || signal.aborted) return;
        await this.#beyond(end, query.untilMs, signal, isOver);
      }
    } finally {
      finish();
      await cursor?.close();
    }
  }

  /** Waits until the files have grown beyond the place, or nothing is to be waited for. */
  async #beyond(place: LogPlace, untilMs: number | undefined, signal: AbortSignal, isOver: () => boolean): Promise<void> {
    for (;;) {
      const end = this.#writer.end();
      const grown = end.file !== place.file || end.offset !== place.offset;
      if (grown || signal.aborted || isOver()) return;
      await this.#change(untilMs, signal);
    }
  }

  #change(untilMs: number | undefined, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const leftMs = untilMs === undefined ? undefined : Math.min(MAX_TIMER_MS, Math.max(0, untilMs - this.#nowMs()) + 1);
      const timer = leftMs === undefined ? undefined : setTimeout(() => done(), leftMs);
      const done = () => {
        clearTimeout(timer);
        this.#wakers.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#wakers.add(done);
      signal.addEventListener("abort", done);
    });
  }

  #wake(): void {
    for (const wake of this.#wakers) wake();
  }
}

function filterFor({ sinceMs, untilMs, streams }: LogQuery): (record: LogRecord) => boolean {
  return ({ atMs, stream }) =>
    (sinceMs === undefined || atMs >= sinceMs) &&
    (untilMs === undefined || atMs <= untilMs) &&
    (streams === undefined || streams.includes(stream));
}
