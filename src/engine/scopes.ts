// What each action takes: the scope a caller must have, and whether the audit log tells of it. May depend on errors, types of instance/ and the
// files beside it.
import { WardianError } from "../errors.js";
import type { InstanceRequest, InstanceSpec } from "../instance/spec.js";
import type { Action } from "./action.js";
import { type Caller, SCOPES, type Scope } from "./caller.js";

interface Demand {
  readonly scope: Scope;
  readonly audited: boolean;
}

/** Of what nobody was given, so that refusals do not fill the log. */
const REFUSED_CHARS = 2000;

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

/** What was asked, in short; never contents, environment or secrets. `made` is what a create has made: its paths are absolute. */
export function describeAction(action: Action, made?: InstanceSpec): string {
  switch (action.kind) {
    case "create":
      return made === undefined ? describeSpec(action.request).slice(0, REFUSED_CHARS) : describeSpec(made);
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

/** What it runs, and what it was given of the host and of others. */
function describeSpec({ image, kernel, disks = [], mounts = [], volumes = [], sockets = [], stdinFrom }: InstanceRequest): string {
  const listed = (items: readonly string[]): string | undefined => (items.length === 0 ? undefined : JSON.stringify(items));
  const given = {
    image,
    kernel,
    disks: listed(disks.map(({ path, readOnly }) => withMode(path, readOnly))),
    mounts: listed(mounts.map(({ path, readOnly }) => withMode(path, readOnly))),
    volumes: listed(volumes.map(({ name, readOnly }) => withMode(name, readOnly))),
    sockets: listed(sockets.map(({ name, role }) => `${name}:${role}`)),
    stdinFrom,
  };
  return Object.entries(given)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${value}`)
    .join(" ");
}

const withMode = (name: string, readOnly: boolean | undefined): string => (readOnly === true ? `${name}:ro` : name);
