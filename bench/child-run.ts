// The parent's side of child.ts: starts the process and waits for what it says. Depends on errors and child.ts.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { WardianError } from "../src/errors.js";
import type { ChildMessage, Task } from "./child.js";

const TIME_LIMIT_MS = 120_000;

export interface ChildOptions {
  /** A guest that has not ended by then never will. */
  readonly timeLimitMs?: number;
  /** Each piece of the console as it comes, with the machine's counters. */
  onConsole?(text: string, counters: Readonly<Record<string, number>>): void;
}

export interface ChildRun {
  readonly pid: number;
  /** Resolves when the guest is up (or at once for a task without one). */
  readonly up: Promise<void>;
  /** Resolves once the guest's console has said `text`; rejects if the guest ends before. */
  until(text: string): Promise<string>;
  /** Resolves when the guest has powered off. */
  readonly end: Promise<void>;
  kill(): Promise<void>;
}

export function startChild(task: Task, options: ChildOptions = {}): ChildRun {
  const child = fork(fileURLToPath(new URL("./child.js", import.meta.url)), [JSON.stringify(task)], { execArgv: [] });
  const timer = setTimeout(() => child.kill("SIGKILL"), options.timeLimitMs ?? TIME_LIMIT_MS);
  let output = "";
  let onOutput = (): void => {};
  let onUp = (): void => {};
  const up = new Promise<void>((resolve) => {
    onUp = resolve;
  });
  const gone = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const end = new Promise<void>((resolve, reject) => {
    const fail = (why: string): void => reject(new WardianError("bench-guest", `our guest failed: ${why}`));
    child.on("error", (error) => fail(error.message));
    child.on("close", () => {
      clearTimeout(timer);
      fail("its process ended too early");
    });
    child.on("message", (message: ChildMessage) => {
      if (message.kind === "end") resolve();
      else if (message.kind === "failed") fail(message.message);
      else if (message.kind === "up") onUp();
      else {
        output += message.text;
        options.onConsole?.(message.text, message.counters);
        onOutput();
      }
    });
  });
  const early = end.then((): never => {
    throw new WardianError("bench-guest", "our guest powered off too early");
  });
  const until = (text: string): Promise<string> => {
    const said = new Promise<string>((resolve) => {
      onOutput = () => {
        if (output.includes(text)) resolve(output);
      };
      onOutput();
    });
    return Promise.race([said, early]);
  };
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await gone;
  };
  const upOrEarly = Promise.race([up, early]);
  // Nobody waits for all of these.
  for (const promise of [end, early, upOrEarly]) promise.catch(() => {});
  return { pid: child.pid ?? 0, up: upOrEarly, until, end, kill };
}
