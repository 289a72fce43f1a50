// A container's program as a RunningProcess, which is what the doors hold of whatever runs. May depend on container/ and machine/agent.
import type { Readable, Writable } from "node:stream";
import type { Container, ContainerEnd, ContainerReason } from "../container/container.js";
import type { ExitStatus } from "../machine/agent/exec.js";
import { signalName, signalNumber } from "../machine/agent/signal.js";
import type { RunningProcess } from "./running-process.js";

const SIGNAL_BASE = 128;
/** Signals that do not end a program that does not know of them. Those that would make it stand do nothing here: pause does that. */
const HARMLESS: ReadonlySet<string> = new Set([
  "SIGCHLD", "SIGCONT", "SIGURG", "SIGWINCH", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU",
]); // prettier-ignore

export class ProgramProcess implements RunningProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exit: Promise<ExitStatus>;

  constructor(private readonly container: Container) {
    this.stdin = container.stdin;
    this.stdout = container.stdout;
    this.stderr = container.stderr;
    this.exit = container.exited.then(exitOf);
  }

  /** WASI knows no signals from outside: each does what it does to a program that does not catch it. */
  kill(signal: string | number = "SIGTERM"): void {
    const number = signalNumber(signal);
    if (!HARMLESS.has(signalName(number))) void this.container.kill(number);
  }

  /** WASI knows no sizes of terminals. */
  resize(): void {}
}

// prettier-ignore
const CAUSES: Readonly<Partial<Record<ContainerReason, NonNullable<ExitStatus["cause"]>>>> = {
  trapped: "crashed", failed: "failed", "cpu-time": "cpu-time", "output-limit": "output-limit", "out-of-fuel": "out-of-fuel",
};

/** `failure` is what people should be told. */
export function exitOf({ reason, status, message }: ContainerEnd): ExitStatus {
  if (reason === "killed") return { code: null, signal: signalName(status - SIGNAL_BASE), status };
  if (reason === "exited") return { code: status, signal: null, status };
  const cause = CAUSES[reason];
  return { code: status, signal: null, status, failure: message, ...(cause === undefined ? {} : { cause }) };
}
