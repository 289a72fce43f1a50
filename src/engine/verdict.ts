// How a run's end is put into words and numbers. May depend on config and instance/.
import { EXIT_STATUS } from "../config.js";
import type { LiveExit } from "../instance/live.js";
import { describeExit } from "../instance/machine-instance.js";
import type { InstanceEnd } from "../instance/record.js";
import type { ExitStatus } from "../machine/agent/index.js";

export type Verdict = Pick<InstanceEnd, "reason" | "status" | "message">;

/** Why somebody ended a run, where somebody did. */
export type Request = "stopped" | "killed" | "timeout";

const KILLED_STATUS = EXIT_STATUS.signalBase + 9;
const MAX_STATUS = 255;
const TIMEOUT: Verdict = { reason: "timeout", status: EXIT_STATUS.timeout, message: "its run time was up" };

export function verdictOfCommand(exit: ExitStatus, request: Request | undefined): Verdict {
  if (request === "timeout") return TIMEOUT;
  const how = exit.failure ?? (exit.signal === null ? `it ended with status ${exit.status}` : `it was ended by ${exit.signal}`);
  return { reason: request ?? exit.cause ?? "exited", status: exit.status, message: how };
}

export function verdictOfMachine(exit: LiveExit, request: Request | undefined): Verdict {
  const message = describeExit(exit);
  if (request === "timeout") return TIMEOUT;
  if (request === "killed") return { reason: "killed", status: KILLED_STATUS, message: "it was killed" };
  switch (exit.kind) {
    case "poweroff":
      return { reason: request ?? "exited", status: Math.min(exit.status, MAX_STATUS), message };
    case "reboot":
      return { reason: request ?? "exited", status: 0, message };
    case "crash":
      return { reason: "crashed", status: EXIT_STATUS.crash, message };
    case "stopped":
      return { reason: request ?? "stopped", status: request === undefined ? EXIT_STATUS.error : 0, message };
    case "failed":
      return { reason: "failed", status: EXIT_STATUS.error, message };
  }
}

export function verdictOfFailedStart(error: unknown, request: Request | undefined): Verdict {
  const text = error instanceof Error ? error.message : String(error);
  if (request === undefined) return { reason: "failed", status: EXIT_STATUS.error, message: text };
  const status = request === "killed" ? KILLED_STATUS : request === "timeout" ? EXIT_STATUS.timeout : 0;
  return { reason: request, status, message: "it ended before it was up" };
}
