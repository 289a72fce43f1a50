// poll_oneoff: subscriptions and events pass through the window, the kernel waits. May depend on the kernel's abi and the files above.
import { WINDOW_BYTES } from "../../../assembly/kernel/abi.js";
import { call } from "../call.js";
import type { Context } from "../context.js";
import { ERRNO } from "../errno.js";
import { int, out, pointer } from "../param.js";

export const SUBSCRIPTION_BYTES = 48;
const EVENT_BYTES = 32;
/** What the window holds. */
export const MAX_SUBSCRIPTIONS = Math.floor(WINDOW_BYTES / SUBSCRIPTION_BYTES);

/** The subscriptions are in the window. */
export function wait(c: Context, count: number, eventsPtr: number, outPtr: number): number {
  const result = c.kernel.poll_oneoff(c.proc, count);
  if (result !== 0) return c.fail(result);
  const events = c.result;
  c.window.give(eventsPtr, events * EVENT_BYTES);
  c.memory.view.setUint32(outPtr, events, true);
  return 0;
}

/** 0, or what is wrong with the arrays. */
export function checkPoll({ memory }: Context, inPtr: number, sizeBytes: number, eventsPtr: number, count: number): number {
  if (count === 0 || count > MAX_SUBSCRIPTIONS) return ERRNO.inval;
  return memory.holds(inPtr, count * sizeBytes) && memory.holds(eventsPtr, count * EVENT_BYTES) ? 0 : ERRNO.fault;
}

export const POLL_PARAMS = [pointer("in"), pointer("out"), int("count"), out("events", 4)] as const;

export const POLL_CALLS = {
  poll_oneoff: call("poll", POLL_PARAMS, (c, inPtr, eventsPtr, count, outPtr) => {
    const bad = checkPoll(c, inPtr >>> 0, SUBSCRIPTION_BYTES, eventsPtr >>> 0, count >>> 0);
    if (bad !== 0) return bad;
    c.window.take(inPtr >>> 0, count * SUBSCRIPTION_BYTES);
    return wait(c, count, eventsPtr >>> 0, outPtr >>> 0);
  }),
} as const;
