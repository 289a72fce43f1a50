// The end of the process, signals to itself, giving way. May depend on the files above.
import { call } from "../call.js";
import { ERRNO } from "../errno.js";
import { int } from "../param.js";

const LAST_SIGNAL = 30;
/** Of the specification's `signal`: none, and those that POSIX ignores unless told otherwise: chld, cont, urg, winch. */
const IGNORED_SIGNALS: ReadonlySet<number> = new Set([0, 16, 17, 22, 27]);

export const PROCESS_CALLS = {
  proc_exit: call("process", [int("code")], (c, code) => c.end({ kind: "exit", status: code & 0xff })),

  proc_raise: call(
    "process",
    [int("signal")],
    (c, signal) => {
      if (signal >>> 0 > LAST_SIGNAL) return ERRNO.inval;
      return IGNORED_SIGNALS.has(signal) ? 0 : c.end({ kind: "signal", signal });
    },
    "the signal's usual action: there are no handlers",
  ),

  sched_yield: call("process", [], (c) => c.fail(c.kernel.sched_yield(c.proc))),
} as const;
