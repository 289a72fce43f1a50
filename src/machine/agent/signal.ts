// Linux's signal numbers (generic table, which riscv64 uses). The host's own may differ: macOS has other ones.
// Depends on errors only.
import { WardianError } from "../../errors.js";

const SIGNALS = [
  "",
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGILL",
  "SIGTRAP",
  "SIGABRT",
  "SIGBUS",
  "SIGFPE",
  "SIGKILL",
  "SIGUSR1",
  "SIGSEGV",
  "SIGUSR2",
  "SIGPIPE",
  "SIGALRM",
  "SIGTERM",
  "SIGSTKFLT",
  "SIGCHLD",
  "SIGCONT",
  "SIGSTOP",
  "SIGTSTP",
  "SIGTTIN",
  "SIGTTOU",
  "SIGURG",
  "SIGXCPU",
  "SIGXFSZ",
  "SIGVTALRM",
  "SIGPROF",
  "SIGWINCH",
  "SIGIO",
  "SIGPWR",
  "SIGSYS",
] as const;

/** "SIGTERM", "TERM", "15" or 15 to 15, "SIG40" to 40; throws `agent-argument` for what is no signal. */
export function signalNumber(signal: string | number): number {
  const number = typeof signal === "number" ? signal : numberOf(signal.toUpperCase());
  if (Number.isInteger(number) && number >= 1 && number <= 64) return number;
  throw new WardianError("agent-argument", `there is no signal ${signal}: give a name such as SIGTERM or a number from 1 to 64`);
}

/** Below 1 where there is no such signal. */
function numberOf(text: string): number {
  const digits = /^(?:SIG)?([1-9]\d?)$/.exec(text)?.[1];
  return digits === undefined ? SIGNALS.findIndex((entry) => entry === text || entry === `SIG${text}`) : Number(digits);
}

/** 15 to "SIGTERM"; real-time signals are "SIG34" and so on. */
export function signalName(number: number): string {
  return SIGNALS[number] || `SIG${number}`;
}
