// Server-sent events (HTML standard, section 9.2): an iterable of them as bytes, with comments in between while there is nothing
// to tell, so that neither side nor a proxy takes the silence for death. Depends on ready-queue.ts.
import { leave, ReadyQueue, readInto, type Turn } from "./ready-queue.js";

export const EVENT_STREAM = "text/event-stream";
export const KEEP_ALIVE_MS = 15_000;
/** After which a browser connects again. */
const RETRY_MS = 2000;

export interface ServerEvent {
  readonly id?: string | undefined;
  readonly event?: string | undefined;
  readonly data: unknown;
}

const encoder = new TextEncoder();

function eventText({ id, event, data }: ServerEvent): string {
  const idLine = id === undefined ? "" : `id: ${id}\n`;
  const eventLine = event === undefined ? "" : `event: ${event}\n`;
  return `${idLine}${eventLine}data: ${JSON.stringify(data)}\n\n`;
}

/** Begins to read `events` at once: what comes after the answer has begun is in it. */
export function eventStream(events: AsyncIterable<ServerEvent>, keepAliveMs = KEEP_ALIVE_MS): AsyncIterable<Uint8Array> {
  const iterator = events[Symbol.asyncIterator]();
  const queue = new ReadyQueue<Turn<ServerEvent>>();
  readInto(queue, iterator);
  const told = withKeepAlive(iterator, queue, keepAliveMs);
  // A generator that nobody has asked anything yet would be returned without leaving what it reads.
  const stop = (): Promise<IteratorResult<Uint8Array>> => {
    leave(iterator);
    return told.return(undefined);
  };
  return { [Symbol.asyncIterator]: () => ({ next: () => told.next(), return: stop }) };
}

async function* withKeepAlive(
  iterator: AsyncIterator<ServerEvent>,
  queue: ReadyQueue<Turn<ServerEvent>>,
  keepAliveMs: number,
): AsyncGenerator<Uint8Array> {
  try {
    yield encoder.encode(`retry: ${RETRY_MS}\n\n`);
    for (;;) {
      const turn = await queue.take(keepAliveMs);
      if (turn === undefined) {
        yield encoder.encode(": still here\n\n");
        continue;
      }
      if (turn.result === undefined) throw turn.error;
      if (turn.result.done === true) return;
      yield encoder.encode(eventText(turn.result.value));
      readInto(queue, iterator);
    }
  } finally {
    leave(iterator);
  }
}
