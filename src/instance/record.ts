// What is known of an instance whether it runs or not: the record that is stored, and that every door shows. Times are ISO
// 8601 in UTC. May depend on spec.ts, lifecycle.ts and zod.
import { z } from "zod";
import { INSTANCE_STATES } from "./lifecycle.js";
import { instanceSpecSchema } from "./spec.js";

/**
 * exited: its main program or its machine ended by itself; stopped, killed: on request; timeout: its run time was up; cpu-time,
 * output-limit, out-of-fuel: a container's own limits; crashed: the guest's kernel gave up, or the program trapped; failed: it could not be
 * started, or Wardian failed; lost: Wardian itself ended under it.
 */
export const END_REASONS = [
  "exited", "stopped", "killed", "timeout", "cpu-time", "output-limit", "out-of-fuel", "crashed", "failed", "lost",
] as const; // prettier-ignore

export const endSchema = z.object({
  at: z.string(),
  reason: z.enum(END_REASONS),
  status: z.int().describe("As a shell would report it: an exit code, or 128 + the signal's number; 125 when there is none."),
  message: z.string().describe("One line for people."),
});
export type InstanceEnd = z.infer<typeof endSchema>;

export const instanceSchema = z.object({
  id: z.string(),
  namespace: z.string(),
  name: z.string(),
  state: z.enum(INSTANCE_STATES),
  spec: instanceSpecSchema,
  createdAt: z.string(),
  startedAt: z.string().optional(),
  /** How the last run ended; gone again while the next one runs. */
  end: endSchema.optional(),
  restarts: z.int().describe("Starts by the restart policy, in a row."),
  /** What was asked for last; after a restart of Wardian the restart policy looks at it. */
  wanted: z.enum(["running", "stopped"]),
});
export type InstanceRecord = z.infer<typeof instanceSchema>;

export const EVENT_TYPES = [
  "created", "starting", "started", "paused", "resumed", "stopping", "exited", "restarting", "renamed", "removed",
  "exec-started", "exec-ended", "files-changed",
] as const; // prettier-ignore

export const eventSchema = z.object({
  id: z.int().describe("Counts up over all namespaces; what Last-Event-ID takes."),
  at: z.string(),
  type: z.enum(EVENT_TYPES),
  namespace: z.string(),
  instance: z.string(),
  name: z.string(),
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});
export type InstanceEvent = z.infer<typeof eventSchema>;

export const LOG_STREAMS = ["stdout", "stderr", "console"] as const;
export type LogStream = (typeof LOG_STREAMS)[number];

/** Bytes of a stream, in the order in which they came. */
export interface LogEntry {
  readonly at: string;
  readonly stream: LogStream;
  readonly bytes: Uint8Array;
}

export interface LogQuery {
  /** Go on as more is written, until the instance has ended. */
  readonly follow?: boolean | undefined;
  /** ISO time or milliseconds since 1970, inclusive. */
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
  /** The last so many lines only. */
  readonly tail?: number | undefined;
  readonly streams?: readonly LogStream[] | undefined;
}
