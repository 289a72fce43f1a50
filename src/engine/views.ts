// What the engine tells beside instances: pages, the audit log, itself. May depend on instance/ and zod.
import { z } from "zod";
import { INSTANCE_STATES } from "../instance/lifecycle.js";
import { instanceSchema } from "../instance/record.js";
import { volumeSchema } from "../instance/spec.js";

export const MAX_PAGE = 1000;
/** About; specs can be large, and a page is one answer. */
export const MAX_PAGE_BYTES = 4 << 20;

export const instanceFilterSchema = z.strictObject({
  states: z.array(z.enum(INSTANCE_STATES)).optional(),
  kind: z.string().max(16).optional(),
  name: z.string().max(64).optional().describe("Part of a name or beginning of an id."),
  labels: z.record(z.string(), z.string()).optional().describe("All of them; an empty value matches any."),
  /** What the last page gave as `next`. */
  after: z.string().max(64).optional(),
  limit: z.int().min(1).max(MAX_PAGE).optional(),
});
export type InstanceFilter = z.infer<typeof instanceFilterSchema>;

/** Oldest first. */
export const instancePageSchema = z.object({ instances: z.array(instanceSchema), next: z.string().optional() });
export type InstancePage = z.infer<typeof instancePageSchema>;

export const volumeViewSchema = z.object({
  namespace: z.string(),
  name: z.string(),
  isMade: z.boolean().describe("An instance that names it was started; until then nothing is in it."),
  sizeBytes: z.int().describe("The most that it holds."),
  usedBytes: z.int(),
  inodes: z.int().describe("Files, folders and links in it, its root among them."),
  maxInodes: z.int(),
  usedBy: z
    .array(
      volumeSchema
        .pick({ guestPath: true })
        .extend({ instance: z.string(), name: z.string(), state: z.enum(INSTANCE_STATES), readOnly: z.boolean() }),
    )
    .describe("The instances that name it, oldest first; one that has it under two paths is there twice."),
});
export type VolumeView = z.infer<typeof volumeViewSchema>;

export const auditSchema = z.object({
  id: z.int(),
  at: z.string(),
  caller: z.string(),
  namespace: z.string(),
  action: z.string(),
  instance: z.string().optional(),
  /** "ok", or the error's code. */
  outcome: z.string(),
  detail: z.string().describe("What was asked, in short; never contents, environment or secrets."),
});
export type AuditRecord = z.infer<typeof auditSchema>;

export const engineInfoSchema = z.object({
  version: z.string(),
  startedAt: z.string(),
  hostCpus: z.int(),
  hostMemoryBytes: z.int(),
  /** Threads that run machines. */
  workers: z.int(),
  instances: z.record(z.string(), z.int()).describe("How many are in each state."),
});
export type EngineInfo = z.infer<typeof engineInfoSchema>;
