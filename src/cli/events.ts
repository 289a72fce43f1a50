// `wardian events`: what happens to instances, as it does. May depend on errors, engine/, instance/ and the files beside it.
import type { Command } from "commander";
import { WardianError } from "../errors.js";
import type { EventQuery } from "../engine/action.js";
import { EVENT_TYPES, type InstanceEvent } from "../instance/record.js";
import { parseTime } from "./age.js";
import { addDoorOptions, DOOR_HELP, type DoorOptions, withDoor } from "./door-options.js";
import { STREAM_STATUS_HELP, statusOfSignal } from "./interruption.js";
import { print } from "./output.js";

interface EventsOptions extends DoorOptions {
  /** False with --no-follow. */
  readonly follow: boolean;
  readonly since?: number;
  readonly after?: number;
  readonly until?: number;
  readonly filter?: EventFilter;
}

interface EventFilter {
  readonly instance?: string;
  readonly types: readonly string[];
}

const HELP = `
Prints events from now on, until it is ended; with --since or --after, first those that are kept (the latest ones of all time).
TIME is 2026-11-23T10:00:00Z, seconds since 1970, or how long ago, such as 10m.
Filters: instance=ID-or-name, type=TYPE (several: any of them). Types: ${EVENT_TYPES.join(" ")}.

Exit status: 0, or 125 for an error, told in one line. ${STREAM_STATUS_HELP}
`;

export function addEventsCommand(program: Command, finish: (status: number) => void): void {
  const command = program
    .command("events")
    .summary("show what happens to instances")
    .description("Prints what happens to instances, a line for each event.")
    .option("--no-follow", "print what is kept, and end")
    .option("--since <time>", "also those since then", (text) => parseTime(text))
    .option("--after <id>", "also those after the event of this number", parseEventId)
    .option("--until <time>", "none after that; then it ends", (text) => parseTime(text))
    .option("--filter <key=value>", "only those; may be given several times", parseEventFilter);
  addDoorOptions(command)
    .addHelpText("after", HELP + DOOR_HELP)
    .action(async (options: EventsOptions) => finish(await events(options)));
}

/** The exit status. */
function events(options: EventsOptions): Promise<number> {
  const { filter, since, until, after } = options;
  const follow = options.follow && (until === undefined || until > Date.now());
  const abort = new AbortController();
  const timer = follow && until !== undefined ? setTimeout(() => abort.abort(), Math.min(until - Date.now(), 2 ** 31 - 1)) : undefined;
  const query: EventQuery = {
    follow,
    afterId: after ?? (since !== undefined || !follow ? 0 : undefined),
    instance: filter?.instance,
    types: filter === undefined || filter.types.length === 0 ? undefined : filter.types,
  };
  const isMeant = ({ at }: InstanceEvent): boolean =>
    (since === undefined || Date.parse(at) >= since) && (until === undefined || Date.parse(at) <= until);
  return withDoor(
    options,
    async (door) => {
      for await (const event of await door.apply({ kind: "events", query, signal: abort.signal })) {
        if (isMeant(event) && !(await print(options, event, describeEvent(event)))) return statusOfSignal("SIGPIPE");
      }
      return 0;
    },
    follow ? "running" : "records",
  ).finally(() => clearTimeout(timer));
}

function describeEvent({ at, type, instance, name, detail }: InstanceEvent): string {
  const details = Object.entries(detail).map(([key, value]) => `, ${key}=${value}`);
  return `${at} ${type} ${instance} (name=${name}${details.join("")})`;
}

function parseEventId(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new WardianError("bad-option", `${JSON.stringify(text)} is not an event's number`);
}

function parseEventFilter(text: string, earlier: EventFilter = { types: [] }): EventFilter {
  const [, key, value = ""] = /^([a-z]+)=(.+)$/.exec(text) ?? [];
  if (key === "instance") return { ...earlier, instance: value };
  if (key === "type" && (EVENT_TYPES as readonly string[]).includes(value)) return { ...earlier, types: [...earlier.types, value] };
  if (key === "type") throw new WardianError("bad-option", `there is no event ${JSON.stringify(value)}: use ${EVENT_TYPES.join(", ")}`);
  throw new WardianError("bad-option", `${JSON.stringify(text)} is not a filter: write instance=NAME or type=TYPE`);
}
