// The wire "wardian.v1" of an interactive exec or attach: a binary message is a stream's number and its bytes, a text message is
// JSON. What a client may say, and what it is told. May depend on errors, instance/ and zod.
import { z } from "zod";
import { WardianError } from "../errors.js";
import { commandSchema, signalSchema } from "../instance/spec.js";
import { badRequest } from "./problem.js";

export const SUBPROTOCOL = "wardian.v1";
export const STREAM = { stdin: 0, stdout: 1, stderr: 2 } as const;
export type OutputNumber = (typeof STREAM)["stdout" | "stderr"];

const side = z.int().min(1).max(65_535);
const execCommandSchema = commandSchema.extend({ endAtExit: z.boolean().optional() });
export type SocketCommand = z.infer<typeof execCommandSchema>;

const requestSchema = z.discriminatedUnion("type", [
  /** The first one of an exec, and nothing else is. */
  z.strictObject({ type: z.literal("exec"), command: execCommandSchema }),
  z.strictObject({ type: z.literal("resize"), rows: side, cols: side }),
  z.strictObject({ type: z.literal("signal"), signal: signalSchema }),
  /** No more stdin will come. */
  z.strictObject({ type: z.literal("eof") }),
  /** An output that the client does not want any more. */
  z.strictObject({ type: z.literal("close"), stream: z.union([z.literal(STREAM.stdout), z.literal(STREAM.stderr)]) }),
]);
export type SocketRequest = z.infer<typeof requestSchema>;

export type SocketAnswer =
  | { readonly type: "started" }
  | { readonly type: "eof"; readonly stream: 0 | OutputNumber }
  | { readonly type: "exit"; readonly status: number; readonly signal: string | null; readonly failure?: string }
  | { readonly type: "error"; readonly code: string; readonly message: string };

/** Throws `bad-request` for what is no message. */
export function parseRequest(text: string): SocketRequest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new WardianError("bad-request", "a text message is not JSON");
  }
  const result = requestSchema.safeParse(value);
  if (!result.success) throw badRequest("message", result.error);
  return result.data;
}

/** Throws `bad-request` for what is not for stdin. */
export function parseInput(data: ArrayBuffer): Uint8Array {
  const bytes = new Uint8Array(data);
  if (bytes[0] !== STREAM.stdin)
    throw new WardianError("bad-request", "a binary message begins with the number of its stream, and only 0, stdin, is yours");
  return bytes.subarray(1);
}

export function outputFrame(stream: OutputNumber, bytes: Uint8Array): Uint8Array {
  const frame = new Uint8Array(bytes.length + 1);
  frame[0] = stream;
  frame.set(bytes, 1);
  return frame;
}
