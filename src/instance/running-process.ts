// A program that runs somewhere, as whoever started or attached to it holds it: streams, signals, and how it ended. Commands in a
// guest are one (machine/agent), main programs and consoles another, and those at the other end of a connection a third
// (client/). May depend on types of machine/.
import type { Readable, Writable } from "node:stream";
import type { ExitStatus } from "../machine/agent/index.js";

export interface RunningProcess {
  /** Destroyed from the start unless asked for. Destroyed as soon as the program closes its end; that is no error. */
  readonly stdin: Writable;
  /** Both must be read (or destroyed): a program whose output nobody takes waits. With a terminal, stdout holds stderr's bytes too. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Settles when the program is dead; its streams may still hold data. */
  readonly exit: Promise<ExitStatus>;
  /** Throws `agent-argument` for what is no signal. */
  kill(signal?: string | number): void;
  resize(cols: number, rows: number): void;
}
