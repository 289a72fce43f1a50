// What each action takes: the scope a caller must have, and whether the audit log tells of it. May depend on errors and the
// files beside it.
import { WardianError } from "../errors.js";
import type { Action } from "./action.js";
import { type Caller, SCOPES, type Scope } from "./caller.js";

interface Demand {
  readonly scope: Scope;
  readonly audited: boolean;
}

const LOOK: Demand = { scope: "read", audited: false };
const DRIVE: Demand = { scope: "operate", audited: true };

// prettier-ignore
const DEMANDS: Readonly<Record<Action["kind"], Demand>> = {
  create: DRIVE,           list: LOOK,              inspect: LOOK,
  start: DRIVE,            stop: DRIVE,             kill: DRIVE,
  pause: DRIVE,            resume: DRIVE,           restart: DRIVE,
  remove: DRIVE,           rename: DRIVE,           wait: LOOK,
  exec: DRIVE,             attach: DRIVE,           logs: LOOK,
  events: LOOK,            "stat-file": LOOK,       "list-files": LOOK,
  "read-file": LOOK,       "write-file": DRIVE,     "remove-file": DRIVE,
  "get-archive": LOOK,     "put-archive": DRIVE,    metrics: LOOK,
  "host-metrics": LOOK,    info: LOOK,              "list-volumes": LOOK,
  audit: { scope: "admin", audited: false },
};

/** Throws `forbidden`. */
export function requireScope(action: Action["kind"], caller: Caller): void {
  const needed = DEMANDS[action].scope;
  if (SCOPES.indexOf(caller.scope) >= SCOPES.indexOf(needed)) return;
  throw new WardianError("forbidden", `${action} needs the scope ${needed}; ${caller.name} has ${caller.scope}`);
}

export function isAudited(action: Action["kind"]): boolean {
  return DEMANDS[action].audited;
}

/** What was asked, in short; never contents, environment or secrets. */
export function describeAction(action: Action): string {
  switch (action.kind) {
    case "create":
      return [`image=${action.request.image ?? ""}`, `kernel=${action.request.kernel ?? ""}`]
        .filter((text) => !text.endsWith("="))
        .join(" ");
    case "exec":
      return `args=${JSON.stringify(action.command.args[0]?.slice(0, 200))}${action.command.args.length > 1 ? " ..." : ""}`;
    case "rename":
      return `name=${action.name}`;
    case "stop":
    case "kill":
      return action.signal === undefined ? "" : `signal=${action.signal}`;
    case "write-file":
    case "remove-file":
    case "put-archive":
      return `path=${JSON.stringify(action.path.slice(0, 500))}`;
    default:
      return "";
  }
}
