// The shapes in the OpenAPI document, by name: those that instance/, engine/ and metrics/ have defined, and the few that only
// HTTP has. May depend on instance/, engine/ and zod.
import { z } from "@hono/zod-openapi";
import { auditSchema, engineInfoSchema, instancePageSchema, volumeViewSchema } from "../engine/views.js";
import { FILE_TYPES, type FileStat } from "../instance/file-tree.js";
import { endSchema, eventSchema, instanceSchema, LOG_STREAMS } from "../instance/record.js";
import { commandSchema, graceSchema, instanceSpecSchema, nameSchema, signalSchema } from "../instance/spec.js";

const KIB = 1024;
export const DEFAULT_OUTPUT_BYTES = 1024 * KIB;
/** A JSON answer is held whole, and escaped it can be six times as long. */
const MAX_OUTPUT_BYTES = 2 * 1024 * KIB;
export const ENCODINGS = ["utf8", "base64"] as const;
export type Encoding = (typeof ENCODINGS)[number];

// Named, so that the document has each of them once. Only schemas that were made after zod learned .openapi() have it: hence the clones.
export const specBody = instanceSpecSchema.clone().openapi("InstanceSpec");
export const instanceView = instanceSchema
  .extend({ spec: specBody, end: endSchema.clone().openapi("InstanceEnd").optional() })
  .openapi("Instance");
export const instancePageView = instancePageSchema.extend({ instances: z.array(instanceView) }).openapi("InstancePage");
export const eventView = eventSchema.clone().openapi("InstanceEvent");
export const eventsView = z.object({ events: z.array(eventView) }).openapi("InstanceEvents");
export const auditView = z.object({ entries: z.array(auditSchema.clone().openapi("AuditEntry")) }).openapi("AuditEntries");
export const volumesView = z.object({ volumes: z.array(volumeViewSchema.clone().openapi("Volume")) }).openapi("Volumes");
export const infoView = engineInfoSchema.clone().openapi("EngineInfo");

export const renameBody = z.strictObject({ name: nameSchema }).openapi("Rename");
export const stopBody = z.strictObject({ signal: signalSchema.optional(), graceMs: graceSchema.optional() }).openapi("Stop");
export const killBody = z.strictObject({ signal: signalSchema.optional() }).openapi("Kill");
export const restartBody = z.strictObject({ graceMs: graceSchema.optional() }).openapi("Restart");

export const fileView = z
  .object({
    name: z.string().describe('Its last part; "/" for the root.'),
    type: z.enum(FILE_TYPES),
    sizeBytes: z.number(),
    mode: z.int().describe("Permission bits with set-id and sticky, as a number."),
    uid: z.int(),
    gid: z.int(),
    modifiedAt: z.string(),
    target: z.string().exactOptional().describe("Of a symbolic link."),
  })
  .openapi("FileStat") satisfies z.ZodType<FileStat>;
export const filesView = z.object({ files: z.array(fileView) }).openapi("FileStats");

export const execBody = commandSchema
  .omit({ stdin: true })
  .extend({
    stdin: z.string().optional().describe("All of its standard input; without it, there is none."),
    stdinEncoding: z.enum(ENCODINGS).default("utf8"),
    timeoutMs: z
      .int()
      .min(1)
      .max(2 ** 31 - 1)
      .optional()
      .describe("It is killed after this time."),
    limitBytes: z
      .int()
      .min(0)
      .max(MAX_OUTPUT_BYTES)
      .default(DEFAULT_OUTPUT_BYTES)
      .describe("Of both outputs together; JSON answers only. For more, ask for application/x-ndjson."),
    encoding: z.enum(ENCODINGS).default("utf8").describe("How the outputs are told; bytes that are no UTF-8 need base64."),
  })
  .openapi("ExecRequest");
export type ExecRequest = z.output<typeof execBody>;

export const exitSchema = z.object({
  status: z.int().describe("As a shell would report it: an exit code, or 128 + the signal's number."),
  signal: z.string().nullable(),
  failure: z.string().optional().describe("Why it never began."),
});
export const execView = exitSchema
  .extend({
    stdout: z.string(),
    stderr: z.string(),
    truncated: z.boolean().describe("It wrote more than limitBytes, and was killed for it."),
    timedOut: z.boolean().describe("It was killed after timeoutMs."),
  })
  .openapi("ExecResult");
export type ExecView = z.infer<typeof execView>;

export const execLine = z
  .union([z.object({ stream: z.enum(["stdout", "stderr"]), data: z.string() }), z.object({ exit: exitSchema })])
  .openapi("ExecLine", { description: "One line of an answer as application/x-ndjson; the last one has the exit." });
export const logLine = z
  .object({ at: z.string(), stream: z.enum(LOG_STREAMS), data: z.string(), encoding: z.enum(ENCODINGS) })
  .openapi("LogLine", { description: "One line of an answer as application/x-ndjson." });

/** Bytes as they are. */
export const binary = z.string().openapi({ format: "binary" });
