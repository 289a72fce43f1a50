// Events and logs of a server as streams that survive a connection: what follows goes on where it was cut. May depend on errors,
// engine/, instance/ and the files beside it.
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { EventQuery } from "../engine/action.js";
import { WardianError } from "../errors.js";
import { eventSchema, type InstanceEvent, LOG_STREAMS, type LogEntry, type LogQuery } from "../instance/record.js";
import { readLines } from "./lines.js";
import { parseJson } from "./problem.js";
import { readServerEvents } from "./sse.js";
import type { Transport } from "./transport.js";

/** How often a lost connection is made anew before it is given up, and how long the waits between are. */
const RETRIES = 5;
const FIRST_WAIT_MS = 100;
/** A server says something at least every 15 seconds. */
const EVENT_SILENCE_MS = 60_000;
const LOG_LINE_LIMIT_BYTES = 4 << 20;

const PAGE_EVENTS = 1000;

const eventPageSchema = z.object({ events: z.array(eventSchema) });
const logLineSchema = z.object({
  at: z.string(),
  stream: z.enum(LOG_STREAMS),
  data: z.string(),
  encoding: z.enum(["utf8", "base64"]).default("utf8"),
});

/** Everything that `open` gives; where that breaks off, `open` is called again, until too often nothing came of it. */
async function* resume<T>(transport: Transport, open: () => AsyncIterable<T>, signal: AbortSignal | undefined): AsyncGenerator<T> {
  for (let failures = 0; ;) {
    try {
      for await (const item of open()) {
        failures = 0;
        yield item;
      }
      return;
    } catch (thrown) {
      const error = transport.explain(thrown, signal);
      failures += 1;
      const isLost = error instanceof WardianError && error.code === "unreachable";
      if (!isLost || failures > RETRIES || signal?.aborted === true) throw error;
      await sleep(FIRST_WAIT_MS * 2 ** (failures - 1), undefined, signal === undefined ? {} : { signal });
    }
  }
}

/** Ends quietly when `signal` ends it, as the engine's own do. */
async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal | undefined): AsyncGenerator<T> {
  try {
    yield* source;
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  }
}

export function readEvents(transport: Transport, query: EventQuery, signal?: AbortSignal): AsyncIterable<InstanceEvent> {
  if (query.follow !== true) return readKeptEvents(transport, query, signal);
  let lastId = query.afterId;
  let leftCount = query.limit ?? Number.POSITIVE_INFINITY;
  const open = async function* (): AsyncGenerator<InstanceEvent> {
    const { body } = await transport.request("GET", "/v1/events", {
      query: { ...filterOf(query), after: query.afterId },
      headers: { accept: "text/event-stream", ...(lastId === undefined ? {} : { "last-event-id": String(lastId) }) },
      signal,
      silenceMs: EVENT_SILENCE_MS,
    });
    for await (const { id, data } of readServerEvents(body)) {
      if (id !== undefined && /^\d{1,15}$/.test(id)) lastId = Number(id);
      if (data !== "") yield eventOf(data);
      if (data !== "" && --leftCount <= 0) return;
    }
    throw new WardianError("unreachable", "the server ended the stream of events");
  };
  return untilAborted(resume(transport, open, signal), signal);
}

async function* readKeptEvents(transport: Transport, query: EventQuery, signal: AbortSignal | undefined): AsyncGenerator<InstanceEvent> {
  let leftCount = query.limit ?? Number.POSITIVE_INFINITY;
  for (let after = query.afterId ?? 0; ;) {
    const limit = Math.min(leftCount, PAGE_EVENTS);
    const asked = { ...filterOf(query), follow: false, after, limit };
    const { events } = await transport.json(eventPageSchema, "GET", "/v1/events", { query: asked, signal });
    for (const event of events) {
      if (event.id <= after) throw new WardianError("bad-answer", "the server sent events out of order");
      after = event.id;
      yield event;
    }
    leftCount -= events.length;
    if (events.length === 0 || leftCount <= 0) return;
  }
}

function filterOf({ instance, types }: EventQuery): { instance: string | undefined; type: string | undefined } {
  return { instance, type: types === undefined || types.length === 0 ? undefined : types.join(",") };
}

function eventOf(text: string): InstanceEvent {
  const event = eventSchema.safeParse(parseJson(text));
  if (event.success) return event.data;
  throw new WardianError("bad-answer", "the server sent an event that is none; does it have our version?");
}

export function readLogs(transport: Transport, path: string, query: LogQuery, signal?: AbortSignal): AsyncIterable<LogEntry> {
  const seen = new SeenEntries();
  const open = async function* (): AsyncGenerator<LogEntry> {
    const { body } = await transport.request("GET", path, {
      query: {
        follow: query.follow,
        since: seen.sinceMs ?? query.sinceMs,
        until: query.untilMs,
        tail: seen.sinceMs === undefined ? query.tail : undefined,
        stream: query.streams === undefined || query.streams.length === 0 ? undefined : query.streams.join(","),
      },
      headers: { accept: "application/x-ndjson" },
      signal,
      silenceMs: 0, // an instance may say nothing for days
    });
    seen.rewind();
    for await (const line of readLines(body, LOG_LINE_LIMIT_BYTES)) {
      const entry = entryOf(line);
      if (seen.isNew(entry)) yield entry;
    }
  };
  return untilAborted(query.follow === true ? resume(transport, open, signal) : open(), signal);
}

/** Entries have no numbers: after a cut, those of the last one's time are counted, and as many passed over. */
class SeenEntries {
  #at: string | undefined;
  #count = 0;
  #toSkip = 0;

  get sinceMs(): number | undefined {
    return this.#at === undefined ? undefined : Math.floor(Date.parse(this.#at));
  }

  rewind(): void {
    this.#toSkip = this.#count;
  }

  isNew({ at }: LogEntry): boolean {
    if (this.#at !== undefined && this.#toSkip > 0) {
      if (at < this.#at) return false;
      if (at === this.#at) {
        this.#toSkip -= 1;
        return false;
      }
      this.#toSkip = 0;
    }
    this.#count = at === this.#at ? this.#count + 1 : 1;
    this.#at = at;
    return true;
  }
}

function entryOf(line: string): LogEntry {
  const parsed = logLineSchema.safeParse(parseJson(line));
  if (!parsed.success || Number.isNaN(Date.parse(parsed.data.at)))
    throw new WardianError("bad-answer", "the server sent a line of a log that is none; does it have our version?");
  const { at, stream, data, encoding } = parsed.data;
  return { at, stream, bytes: Buffer.from(data, encoding) };
}
