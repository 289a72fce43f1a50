// Commands in a running guest: as one request with one answer, as lines while they come, or interactively over a WebSocket.
// May depend on errors, engine/ and the API's own files.
import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import { WardianError } from "../../errors.js";
import type { RunningProcess } from "../../instance/running-process.js";
import { type ApiEnv, newRouter } from "../api-env.js";
import { answerStream, asDescribed, goneSignal, isUpgrade } from "../body-stream.js";
import { abandon, collectOutput, giveInput, outputLines } from "../exec-output.js";
import { negotiate } from "../media-type.js";
import { NDJSON, ndjson } from "../ndjson.js";
import { instanceParams, withoutQuery } from "../parameters.js";
import { documentedOnly, jsonBody, problems, secured } from "../responses.js";
import { execBody, execLine, type ExecRequest, execView } from "../schemas.js";
import { requireSubprotocol, socketGone, upgrade } from "../upgrade.js";

const tags = ["exec and streams"];
const PATH = "/v1/instances/{id}/exec";

const run = createRoute({
  method: "post",
  path: PATH,
  operationId: "exec",
  summary: "Run a command in a guest",
  description:
    "As application/json the answer comes when the command has ended, with its output up to limitBytes; as application/x-ndjson it comes " +
    "line by line, and a client that reads slowly slows the command down. A client that goes away ends the command.",
  tags,
  security: secured,
  middleware: withoutQuery,
  request: { params: instanceParams, body: jsonBody(execBody, true) },
  responses: {
    200: {
      description: "How it ended, and what it wrote.",
      content: { "application/json": { schema: execView }, [NDJSON]: { schema: documentedOnly(execLine) } },
    },
    ...problems(404, 406, 409, 413, 415),
  },
});

const interact = createRoute({
  method: "get",
  path: PATH,
  operationId: "execInteractively",
  summary: "Run a command in a guest, over a WebSocket",
  description:
    'Subprotocol wardian.v1. Binary messages are a byte with the stream\'s number (0 stdin, 1 stdout, 2 stderr) and its bytes. The first text message is {"type":"exec","command":{...}}; ' +
    'then come {"type":"resize","rows","cols"}, {"type":"signal","signal"}, {"type":"eof"} and {"type":"close","stream"} from the client, ' +
    '{"type":"started"}, {"type":"eof","stream"}, {"type":"exit","status","signal"} and {"type":"error","code","message"} from the server. A client that goes away ends the command.',
  tags,
  security: secured,
  middleware: withoutQuery,
  request: { params: instanceParams },
  responses: { 101: { description: "The WebSocket." }, ...problems(404, 409, 426) },
});

async function begin(c: Context<ApiEnv>, instance: string, request: ExecRequest, signal: AbortSignal): Promise<RunningProcess> {
  const { args, env, cwd, user, tty, stdin } = request;
  const command = { args, env, cwd, user, tty, stdin: stdin !== undefined, endAtExit: true, signal };
  const process = await c.get("door").apply({ kind: "exec", instance, command });
  giveInput(process, request);
  return process;
}

export const execRoutes = () =>
  newRouter()
    .openapi(run, async (c) => {
      const type = negotiate(c.req.header("accept"), ["application/json", NDJSON]);
      const request = c.req.valid("json");
      const gone = goneSignal(c);
      const process = await begin(c, c.req.valid("param").id, request, gone.signal);
      const end = (): void => {
        gone.abort();
        abandon(process);
      };
      if (type === NDJSON) return asDescribed(answerStream(c, NDJSON, ndjson(outputLines(process, request)), end));
      gone.signal.addEventListener("abort", () => abandon(process), { once: true });
      return c.json(await collectOutput(process, request), 200);
    })
    .openapi(interact, async (c) => {
      const instance = c.req.valid("param").id;
      const door = c.get("door");
      const onUnforeseen = c.get("onUnforeseen");
      await door.apply({ kind: "inspect", instance });
      if (!isUpgrade(c)) throw new WardianError("upgrade-required", "this is a WebSocket; to run a command and have its output, POST it");
      requireSubprotocol(c);
      const gone = socketGone(c);
      const answer = await upgrade(c, {
        start: (command) => door.apply({ kind: "exec", instance, command: { ...command, signal: gone.signal } }),
        onGone: (process) => {
          gone.abort();
          if (process) abandon(process);
        },
        onUnforeseen,
      });
      return asDescribed(answer);
    });
