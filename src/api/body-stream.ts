// Bodies that are longer than memory: answers that are pulled out of an iterable no faster than the client takes them, and
// request bodies as iterables that hold the client back. May depend on errors and hono.
import type { Context } from "hono";
import { WardianError } from "../errors.js";
import type { ApiEnv } from "./api-env.js";
import { leave } from "./ready-queue.js";

export function isUpgrade(c: Context<ApiEnv>): boolean {
  return c.req.header("upgrade")?.toLowerCase() === "websocket";
}

const NOTHING_AHEAD = new CountQueuingStrategy({ highWaterMark: 0 });

/**
 * Answers with what `chunks` yields. When the client is gone, `onGone` runs and the iterable is returned. When the iterable fails, the
 * connection is broken: an end would look as if that were all.
 */
export function answerStream(c: Context<ApiEnv>, type: string, chunks: AsyncIterable<Uint8Array>, onGone: () => void = () => {}): Response {
  const body = pullFrom(chunks, onGone, () => breakConnection(c));
  if (isUpgrade(c)) {
    // Nobody would read the answer to that.
    void body.cancel();
    throw new WardianError("bad-request", "this is no WebSocket: ask for it without Upgrade");
  }
  c.header("Content-Type", type);
  c.header("Cache-Control", "no-store");
  return c.body(body);
}

function pullFrom(
  chunks: AsyncIterable<Uint8Array>,
  onGone: () => void,
  onFailure: () => boolean,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const iterator = chunks[Symbol.asyncIterator]();
  const stop = (): void => {
    onGone();
    leave(iterator);
  };
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const { done, value } = await iterator.next();
          if (done) controller.close();
          else controller.enqueue(own(value));
        } catch (error) {
          stop();
          if (!onFailure()) return controller.error(new Error("the answer broke off", { cause: error }));
          await new Promise(() => {}); // until the broken connection cancels us
        }
      },
      cancel: stop,
    },
    NOTHING_AHEAD,
  );
}

/** Types know of shared buffers, which nobody uses here. */
function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
}

/** Where the platform lets us; elsewhere an error in the stream has to do. */
function breakConnection(c: Context<ApiEnv>): boolean {
  const outgoing = (c.env as ApiEnv["Bindings"] | undefined)?.outgoing;
  outgoing?.destroy();
  return outgoing !== undefined;
}

/** A streamed answer, for a route whose described type is that of what the stream holds. */
export function asDescribed(response: Response): never {
  return response as never;
}

/** The request's body. A client that goes away in the middle of it is an `aborted`. */
export async function* requestBytes(c: Context<ApiEnv>): AsyncGenerator<Uint8Array> {
  const reader = c.req.raw.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw new WardianError("aborted", "the request's body broke off", { cause });
      });
      if (done) return;
      if (value.length > 0) yield value;
    }
  } finally {
    reader.releaseLock();
  }
}

/** Aborted when the client is gone, or by whoever notices that first. */
export function goneSignal(c: Context<ApiEnv>): AbortController {
  const gone = new AbortController();
  const { signal } = c.req.raw;
  if (signal.aborted) gone.abort(signal.reason);
  else signal.addEventListener("abort", () => gone.abort(signal.reason), { once: true });
  return gone;
}
