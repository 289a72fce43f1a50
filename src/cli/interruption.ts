// Signals that reach us, a time limit, and a reader of our output that went away: what can end a command from outside.
// May depend on errors only.

export type Interrupting = "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGQUIT";

// The numbers are the same on every system that Node runs on.
// prettier-ignore
const SIGNAL_NUMBERS: Readonly<Record<Interrupting | "SIGPIPE", number>> = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGPIPE: 13, SIGTERM: 15 };
const INTERRUPTING: readonly Interrupting[] = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];

/** As a shell reports it. */
export function statusOfSignal(signal: Interrupting | "SIGPIPE"): number {
  return 128 + SIGNAL_NUMBERS[signal];
}

/** For the --help of commands that go on until something ends them. */
export const STREAM_STATUS_HELP =
  "Ended by a signal: 128 and its number,\n130 for SIGINT, 143 for SIGTERM; 141 where nobody reads stdout any more.";

type Listener = (signal: Interrupting) => void;

/** The last one hears. */
const listeners: Listener[] = [];

/** Between two listeners, as while a guest is put away, a signal ends the process: exit hooks restore the terminal. */
function hear(signal: Interrupting): void {
  const listener = listeners.at(-1);
  if (listener === undefined) process.exit(statusOfSignal(signal));
  listener(signal);
}

/** Calls `listener` for each such signal, instead of ending the process. */
export function onSignals(listener: Listener): Disposable {
  if (process.listenerCount("SIGINT") === 0) for (const signal of INTERRUPTING) process.on(signal, hear);
  listeners.push(listener);
  return {
    [Symbol.dispose]() {
      listeners.splice(listeners.lastIndexOf(listener), 1);
    },
  };
}

/** Calls `listener` once after `ms`; never without a limit. */
export function onTimeout(ms: number | undefined, listener: () => void): Disposable {
  const timer = ms === undefined ? undefined : setTimeout(listener, ms);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

/** Calls `listener` when what reads our output has gone. */
export function onOutputGone(stream: NodeJS.WriteStream, listener: () => void): Disposable {
  stream.on("error", listener);
  return { [Symbol.dispose]: () => void stream.off("error", listener) };
}
