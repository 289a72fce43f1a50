// Clocks. There are no clocks of CPU time: a container's time on a CPU is not its own to see. May depend on the files above.
import { call, fastCall } from "../call.js";
import { RESOLUTION_NS } from "../clock.js";
import { type ClockTimeGet, fastClock } from "../clock-thunk.js";
import type { Context } from "../context.js";
import { ERRNO } from "../errno.js";
import { int, long, out } from "../param.js";

const REALTIME = 0;
const MONOTONIC = 1;
const PROCESS_CPUTIME = 2;
const THREAD_CPUTIME = 3;

/** An id that exists but is not offered, or one that does not exist. */
const refuse = (id: number): number => (id === PROCESS_CPUTIME || id === THREAD_CPUTIME ? ERRNO.badf : ERRNO.inval);

function readClock({ memory, clock, counts }: Context, counted: number): ClockTimeGet {
  return (id, _precision, ptr) => {
    counts[counted] = (counts[counted] as number) + 1;
    const at = ptr >>> 0;
    if (!memory.holds(at, 8)) return ERRNO.fault;
    if (id === MONOTONIC) clock.readMonotonic();
    else if (id === REALTIME) clock.readRealtime();
    else return refuse(id);
    memory.view.setUint32(at, clock.low, true);
    memory.view.setUint32(at + 4, clock.high, true);
    return 0;
  };
}

// prettier-ignore
export const CLOCK_CALLS = {
  clock_res_get: call("clock", [int("id"), out("resolution", 8)], ({ memory }, id, ptr) => {
    if (id !== REALTIME && id !== MONOTONIC) return refuse(id);
    memory.view.setBigUint64(ptr >>> 0, RESOLUTION_NS, true);
    return 0;
  }),

  clock_time_get: fastCall("clock", [int("id"), long("precision"), out("time", 8)], (c, counted) => {
    const whole = readClock(c, counted);
    return c.clockModules === undefined ? whole : fastClock(c.clockModules, c, counted, whole);
  }),
} as const;
