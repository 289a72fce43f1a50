// The states of an instance, of whatever kind, and which may follow which. May depend on errors.
//
//               +--------------------------------------------+
//               v                                            |
//   created -> starting -> running <-> paused                |
//               |            |           |                   |
//               |            +-> stopping <-+                |
//               |            |      |                        |
//               +-> exited <-+------+      restarting -------+
//                     |  |                    ^   |
//                     |  +--------------------+   |  (exited -> restarting by policy; back when stopped)
//                     +-> removing <--------------+-- created
import { WardianError } from "../errors.js";

export const INSTANCE_STATES = ["created", "starting", "running", "paused", "stopping", "exited", "restarting", "removing"] as const;
export type InstanceState = (typeof INSTANCE_STATES)[number];

// prettier-ignore
const NEXT_STATES: Readonly<Record<InstanceState, readonly InstanceState[]>> = {
  created:    ["starting", "removing"],
  starting:   ["running", "stopping", "exited"],
  running:    ["paused", "stopping", "exited"],
  paused:     ["running", "stopping", "exited"],
  stopping:   ["exited"],
  exited:     ["starting", "restarting", "removing"],
  restarting: ["starting", "exited", "removing"],
  removing:   [],
};

export const LIVE_STATES: ReadonlySet<InstanceState> = new Set(["starting", "running", "paused", "stopping"]);

export function canEnter(from: InstanceState, to: InstanceState): boolean {
  return NEXT_STATES[from].includes(to);
}

// prettier-ignore
const ADVICE: Readonly<Partial<Record<InstanceState, string>>> = {
  created:    "start it first",
  exited:     "start it first",
  paused:     "resume it first",
  running:    "stop it first",
  starting:   "wait until it runs",
  stopping:   "wait until it has ended",
  restarting: "wait for it, or stop it",
};

/** "it is paused; resume it first" */
export function describeState(state: InstanceState): string {
  const advice = ADVICE[state];
  return `it is ${state}${advice === undefined ? "" : `; ${advice}`}`;
}

/** Throws `wrong-state`, with what to do. */
export function requireStep(name: string, from: InstanceState, to: InstanceState, verb: string): void {
  if (canEnter(from, to)) return;
  throw new WardianError("wrong-state", `the instance ${name} cannot be ${verb}: ${describeState(from)}`);
}
