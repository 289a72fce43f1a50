// An instance's main program, or a bare machine's console: over a WebSocket, or its output as it comes. May depend on errors,
// engine/ and the API's own files.
import { createRoute, z } from "@hono/zod-openapi";
import { WardianError } from "../../errors.js";
import type { RunningProcess } from "../../instance/running-process.js";
import { newRouter } from "../api-env.js";
import { answerStream, goneSignal, isUpgrade } from "../body-stream.js";
import { outputsOf } from "../exec-output.js";
import { negotiate } from "../media-type.js";
import { flag, instanceParams } from "../parameters.js";
import { problems, secured } from "../responses.js";
import { binary } from "../schemas.js";
import { requireSubprotocol, socketGone, upgrade } from "../upgrade.js";

const BYTES = "application/octet-stream";

const attach = createRoute({
  method: "get",
  path: "/v1/instances/{id}/attach",
  operationId: "attach",
  summary: "Attach to an instance's main program",
  description:
    "With `Upgrade: websocket`, as exec's WebSocket does it, without a first message; with stdin=true also its input. Otherwise its outputs, " +
    "both as they come, until it ends. A client that goes away leaves the program as it is. To one that has never run a client may attach " +
    "before it starts, and with next=true to any: whoever starts it then misses nothing.",
  tags: ["exec and streams"],
  security: secured,
  request: { params: instanceParams, query: z.strictObject({ stdin: flag.optional(), next: flag.optional() }) },
  responses: {
    101: { description: "The WebSocket." },
    200: { description: "What it writes.", content: { [BYTES]: { schema: binary } } },
    ...problems(404, 406, 409),
  },
});

async function* bytesOf(process: RunningProcess): AsyncGenerator<Uint8Array> {
  for await (const { bytes } of outputsOf(process)) yield bytes;
}

function letGo(process: RunningProcess): void {
  process.stdout.destroy();
  process.stderr.destroy();
  process.exit.catch(() => {});
}

export const attachRoutes = () =>
  newRouter().openapi(attach, async (c) => {
    const instance = c.req.valid("param").id;
    const { stdin, next } = c.req.valid("query");
    const isSocket = isUpgrade(c);
    if (isSocket) requireSubprotocol(c);
    else negotiate(c.req.header("accept"), [BYTES]);
    const gone = isSocket ? socketGone(c) : goneSignal(c);
    const process = await c.get("door").apply({ kind: "attach", instance, stdin: isSocket && stdin === true, next, signal: gone.signal });
    const leave = (): void => {
      gone.abort();
      letGo(process);
    };
    if (!isSocket) return answerStream(c, BYTES, bytesOf(process), leave);
    const start = (): Promise<RunningProcess> => Promise.reject(new WardianError("bad-request", "an attachment takes no command"));
    return upgrade(c, { process, start, onGone: leave, onUnforeseen: c.get("onUnforeseen") });
  });
