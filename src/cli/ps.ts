// `wardian ps`: the instances as a table. May depend on errors, engine/, instance/ and the files beside it.
import { basename } from "node:path";
import type { Command } from "commander";
import type { Door } from "../engine/action.js";
import type { InstanceFilter } from "../engine/views.js";
import { WardianError } from "../errors.js";
import { INSTANCE_STATES, type InstanceState } from "../instance/lifecycle.js";
import type { InstanceRecord } from "../instance/record.js";
import { formatAge, formatSpan } from "./age.js";
import { parseLabel } from "./arguments.js";
import { addDoorOptions, DOOR_HELP, type DoorOptions, withDoor } from "./door-options.js";
import { formatTable, toJson, writeOut } from "./output.js";

interface PsOptions extends DoorOptions {
  readonly all?: true;
  readonly quiet?: true;
  /** False with --no-trunc. */
  readonly trunc: boolean;
  readonly filter?: InstanceFilter;
}

const HELP = `
Shows those that run, are paused, or are about to start again, newest first; with -a or a filter by state, also the others.
Filters: state=STATE (several: any of them), name=PART (of a name, or the beginning of an id), label=KEY[=VALUE], kind=KIND.
STATUS says how long an instance has been up, or how its last run ended, with its exit status.
With --json, one record a line.

Exit status: 0, or 125 for an error, told in one line.
`;

const COLUMNS = ["ID", "NAME", "STATE", "IMAGE/KERNEL", "COMMAND", "CREATED", "STATUS"];
const SHOWN_STATES: InstanceState[] = ["starting", "running", "paused", "stopping", "restarting", "removing"];
const CELL_CHARS = 28;
/** A server that always has another page is not believed. */
const PAGES = 1000;

export function addPsCommand(program: Command, finish: (status: number) => void): void {
  const command = program
    .command("ps")
    .summary("list instances")
    .description("Lists instances.")
    .option("-a, --all", "also those that are created or have ended")
    .option("-q, --quiet", "ids only")
    .option("--no-trunc", "long cells as they are")
    .option("-f, --filter <key=value>", "only those; may be given several times", parseFilter);
  addDoorOptions(command)
    .addHelpText("after", HELP + DOOR_HELP)
    .action(async (options: PsOptions) => {
      await ps(options);
      finish(0);
    });
}

async function ps(options: PsOptions): Promise<void> {
  const { all, filter = {} } = options;
  const states = filter.states ?? (all === true ? undefined : SHOWN_STATES);
  const records = await withDoor(options, (door) => listAll(door, { ...filter, ...(states === undefined ? {} : { states }) }), "records");
  records.reverse();
  if (options.json === true) await writeOut(records.map((record) => `${toJson(record)}\n`).join(""));
  else if (options.quiet === true) await writeOut(records.map(({ id }) => `${id}\n`).join(""));
  else await writeOut(formatTable(COLUMNS, rowsOf(records, options.trunc)));
}

/** All pages of them. */
export async function listAll(door: Door, filter: InstanceFilter): Promise<InstanceRecord[]> {
  const records: InstanceRecord[] = [];
  let after: string | undefined;
  for (let pages = 0; pages < PAGES; pages++) {
    const page = await door.apply({ kind: "list", filter: { ...filter, ...(after === undefined ? {} : { after }) } });
    records.push(...page.instances);
    if (page.next === undefined) return records;
    after = page.next;
  }
  throw new WardianError("bad-answer", `there are more than ${PAGES} pages of instances: use a filter`);
}

function rowsOf(records: readonly InstanceRecord[], isShort: boolean): string[][] {
  const fit = (text: string): string => (isShort && text.length > CELL_CHARS ? `${text.slice(0, CELL_CHARS - 1)}…` : text);
  return records.map((record) => {
    const { id, name, state, spec, createdAt } = record;
    const command = spec.command === undefined ? "-" : JSON.stringify(spec.command.join(" "));
    const image = spec.image ?? spec.kernel ?? spec.bios ?? "-";
    return [id, name, state, fit(isShort ? basename(image) : image), fit(command), formatAge(createdAt), statusOf(record)];
  });
}

/** "up 3 minutes", "exited (0) 2 hours ago". */
export function statusOf({ state, startedAt, end, restarts }: InstanceRecord, nowMs: number = Date.now()): string {
  if (state === "created") return "never started";
  const times = restarts === 0 ? "" : `, restarted ${restarts} time${restarts === 1 ? "" : "s"}`;
  // What is known of the last run is not of this one.
  if (state === "starting" || state === "removing") return state + times;
  const ended = end === undefined ? state : `${end.reason} (${end.status}) ${formatAge(end.at, nowMs)}`;
  if (state === "exited" || state === "restarting" || startedAt === undefined) return ended + times;
  return `up ${formatSpan(nowMs - Date.parse(startedAt))}${state === "paused" ? " (paused)" : ""}${times}`;
}

function parseFilter(text: string, earlier: InstanceFilter = {}): InstanceFilter {
  const [, key, value = ""] = /^([a-z]+)=(.+)$/s.exec(text) ?? [];
  switch (key) {
    case "state":
      return { ...earlier, states: [...(earlier.states ?? []), parseState(value)] };
    case "name":
    case "kind":
      return { ...earlier, [key]: value };
    case "label":
      return { ...earlier, labels: parseLabel(value, earlier.labels) };
    default:
      throw new WardianError("bad-option", `${JSON.stringify(text)} is not a filter: write state=, name=, label= or kind= and a value`);
  }
}

function parseState(text: string): InstanceState {
  const state = INSTANCE_STATES.find((known) => known === text);
  if (state !== undefined) return state;
  throw new WardianError("bad-option", `there is no state ${JSON.stringify(text)}: use ${INSTANCE_STATES.join(", ")}`);
}
