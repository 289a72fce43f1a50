// `wardian logs`: what an instance has said. May depend on errors, engine/, instance/ and the files beside it.
import type { Command } from "commander";
import type { Door } from "../engine/action.js";
import { WardianError } from "../errors.js";
import { LOG_STREAMS, type LogEntry, type LogStream } from "../instance/record.js";
import { hasMainProgram } from "../instance/spec.js";
import { parseTime } from "./age.js";
import { tellEnd } from "./attach.js";
import { encodeBytes } from "./attendance.js";
import { addDoorOptions, DOOR_HELP, type DoorOptions, withDoor } from "./door-options.js";
import { STREAM_STATUS_HELP, statusOfSignal } from "./interruption.js";
import { toJson, writeOut } from "./output.js";

interface LogsOptions extends DoorOptions {
  readonly follow?: true;
  readonly since?: number;
  readonly until?: number;
  readonly tail?: number;
  readonly timestamps?: true;
  readonly stream?: readonly LogStream[];
}

const HELP = `
Shows what the main program wrote, its stderr on stderr; of an instance without one, what its console said. Logs are kept in files of
bounded size: of one that says much, the oldest part is gone.
TIME is 2026-11-23T10:00:00Z, seconds since 1970, or how long ago, such as 10m.
With --json, lines of {"at", "stream", "data", "encoding"}.

-f ends with the run at hand: a later start, by hand or by the restart policy, is not followed. It says on stderr why that run ended where
its program did not choose to (a limit, a trap).

Exit status: 0, or 125 for an error, told in one line. ${STREAM_STATUS_HELP}
`;

const NEWLINE = 0x0a;

export function addLogsCommand(program: Command, finish: (status: number) => void): void {
  const command = program
    .command("logs")
    .summary("show what an instance has said")
    .description("Prints what an instance has said, in the order in which it came.")
    .argument("<instance>", "its id, the beginning of it, or its name")
    .option("-f, --follow", "go on until the run at hand has ended")
    .option("--since <time>", "not what is older", (text) => parseTime(text))
    .option("--until <time>", "not what is newer", (text) => parseTime(text))
    .option("-n, --tail <lines>", 'the last so many lines, or "all"', parseTail)
    .option("-t, --timestamps", "with the time of each line")
    .option("--stream <names>", `only these of ${LOG_STREAMS.join(", ")}; console is the guest kernel's`, parseStreams);
  addDoorOptions(command)
    .addHelpText("after", HELP + DOOR_HELP)
    .action(async (instance: string, options: LogsOptions) => finish(await logs(instance, options)));
}

/** The exit status. */
function logs(ref: string, options: LogsOptions): Promise<number> {
  const { follow, since, until, tail } = options;
  return withDoor(
    options,
    async (door) => {
      const { id, streams } = await streamsOf(door, ref, options.stream);
      const query = { follow, sinceMs: since, untilMs: until, tail, streams };
      const status = await writeEntries(await door.apply({ kind: "logs", instance: id, query }), options);
      if (status === 0 && follow === true && options.json !== true) await tellEnd(door, id);
      return status;
    },
    follow === true ? "running" : "records",
  );
}

async function streamsOf(
  door: Door,
  ref: string,
  asked: readonly LogStream[] | undefined,
): Promise<{ id: string; streams: readonly LogStream[] }> {
  const { id, spec } = await door.apply({ kind: "inspect", instance: ref });
  return { id, streams: asked ?? (hasMainProgram(spec) ? ["stdout", "stderr"] : ["console"]) };
}

/** To our own stdout and stderr. The exit status: not 0 where nobody reads any more. */
async function writeEntries(
  entries: AsyncIterable<LogEntry>,
  { json, timestamps }: { readonly json?: true; readonly timestamps?: true },
): Promise<number> {
  const stamps = { stdout: new LineStamps(), stderr: new LineStamps(), console: new LineStamps() };
  for await (const { at, stream, bytes } of entries) {
    const target = stream === "stderr" && json !== true ? process.stderr : process.stdout;
    const plain = timestamps === true ? stamps[stream].stamp(bytes, at) : bytes;
    const data = json === true ? `${toJson({ at, stream, ...encodeBytes(bytes) })}\n` : plain;
    if (!(await writeOut(data, target))) return statusOfSignal("SIGPIPE");
  }
  return 0;
}

/** Puts the time before each line; a line may come in several pieces, and has the time of its first. */
class LineStamps {
  #isInLine = false;

  stamp(bytes: Uint8Array, at: string): Uint8Array {
    const stamp = Buffer.from(`${at} `);
    const parts: Uint8Array[] = [];
    for (let start = 0; start < bytes.length;) {
      const newline = bytes.indexOf(NEWLINE, start);
      const end = newline < 0 ? bytes.length : newline + 1;
      if (!this.#isInLine) parts.push(stamp);
      parts.push(bytes.subarray(start, end));
      this.#isInLine = newline < 0;
      start = end;
    }
    return Buffer.concat(parts);
  }
}

function parseTail(text: string): number | undefined {
  if (text === "all") return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new WardianError("bad-option", `${JSON.stringify(text)} is not a number of lines, nor "all"`);
}

function parseStreams(text: string): LogStream[] {
  return text.split(",").map((name) => {
    const stream = LOG_STREAMS.find((known) => known === name);
    if (stream === undefined)
      throw new WardianError("bad-option", `there is no stream ${JSON.stringify(name)}: use ${LOG_STREAMS.join(", ")}`);
    return stream;
  });
}
