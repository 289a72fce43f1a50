// `wardian stats`: what instances use, live. Draws over itself on a terminal. May depend on errors, engine/, metrics/ and the files
// beside it.
import { setTimeout as sleep } from "node:timers/promises";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Door } from "../engine/action.js";
import { WardianError } from "../errors.js";
import { LIVE_STATES } from "../instance/lifecycle.js";
import type { InstanceRecord } from "../instance/record.js";
import { WINDOW_MS } from "../metrics/sample-history.js";
import { BARE_SECONDS, parseDuration } from "./arguments.js";
import { addDoorOptions, DOOR_HELP, type DoorOptions, withDoor } from "./door-options.js";
import { onOutputGone, onSignals, STREAM_STATUS_HELP, statusOfSignal } from "./interruption.js";
import { toJson } from "./output.js";
import { renderStats, type StatsRow } from "./stats-table.js";

const MIN_INTERVAL_MS = 100;
const HELP = `
CPU % is of one CPU of the host. MEM is the guest's memory that costs host memory. Rates are over the interval, and over 5 seconds with
--no-stream. The metrics behind it: docs/METRICS.md.

Exit status: 0, or 125 for an error, told in one line. ${STREAM_STATUS_HELP}
${DOOR_HELP}
Examples:
  wardian stats
  wardian stats web-1 web-2 --interval 5s
  wardian stats --no-stream --json
`;

interface StatsOptions extends DoorOptions {
  readonly stream: boolean;
  readonly interval: number;
}

export interface StatsScreen {
  readonly out: Pick<NodeJS.WriteStream, "write" | "isTTY" | "columns" | "rows">;
  readonly isOver: () => boolean;
  /** Until the next round. */
  readonly wait: (ms: number) => Promise<void>;
}

export function addStatsCommand(program: Command, finish: (status: number) => void): void {
  addDoorOptions(program.command("stats"))
    .summary("show what instances use, live")
    .description("Shows CPU, memory, instructions and I/O of instances; of all that are on, unless some are named.")
    .argument("[instance...]", "names, or ids")
    .option("--no-stream", "show it once")
    .addOption(new Option("--interval <time>", `between two rounds; ${BARE_SECONDS}`).argParser(parseInterval).default(1000, "1s"))
    .addHelpText("after", HELP)
    .action(async (instances: string[], options: StatsOptions) => finish(await stats(instances, options)));
}

function parseInterval(text: string): number {
  const ms = parseDuration(text);
  if (ms < MIN_INTERVAL_MS) throw new InvalidArgumentError(`at least ${MIN_INTERVAL_MS}ms`);
  return ms;
}

/** The exit status. */
async function stats(instances: readonly string[], options: StatsOptions): Promise<number> {
  const end = new AbortController();
  let status = 0;
  const interrupt = (value: number): void => {
    status = value;
    end.abort();
  };
  using _signals = onSignals((signal) => interrupt(statusOfSignal(signal)));
  using _gone = onOutputGone(process.stdout, () => interrupt(statusOfSignal("SIGPIPE")));
  const wait = async (ms: number): Promise<void> => void (await sleep(ms, undefined, { signal: end.signal }).catch(() => {}));
  const screen = { out: process.stdout, isOver: () => end.signal.aborted, wait };
  // To stay without an owner would keep the folder from others.
  await withDoor(options, (door) => showStats(door, instances, options, screen), options.stream ? "running" : "records");
  return status;
}

/** Until it is over; a round that an interruption meets half done is not shown. */
export async function showStats(
  door: Door,
  instances: readonly string[],
  { json, stream, interval }: Pick<StatsOptions, "json" | "stream" | "interval">,
  { out, isOver, wait }: StatsScreen,
): Promise<void> {
  const isDrawn = json !== true && stream && out.isTTY === true;
  const windowMs = stream ? Math.min(Math.max(interval, WINDOW_MS.min), WINDOW_MS.max) : WINDOW_MS.default;
  let drawnLines = 0;
  while (!isOver()) {
    const rows = await readRows(door, instances, windowMs);
    if (isOver()) return;
    if (json === true) out.write(rows.map(({ metrics, restarts }) => `${toJson({ ...metrics, restarts })}\n`).join(""));
    else if (isDrawn) drawnLines = draw(rows, out, drawnLines);
    else out.write(`${renderStats(rows).join("\n")}\n`);
    if (!stream) return;
    await wait(interval);
  }
}

/** How many lines it was: a line less than the terminal has, so that nothing scrolls away. */
function draw(rows: readonly StatsRow[], out: StatsScreen["out"], drawnLines: number): number {
  const lines = renderStats(rows, out.columns || undefined); // a terminal may not know its size
  const shown = lines.slice(0, Math.max(1, (out.rows || lines.length + 1) - 1));
  const up = Math.min(drawnLines, Math.max(0, (out.rows || Infinity) - 1));
  out.write(`${up > 0 ? `\u001b[${up}A` : ""}\r\u001b[J${shown.join("\n")}\n`);
  return shown.length;
}

/** Of those that are named, whatever state they are in; else of all that are on. */
async function readRows(door: Door, instances: readonly string[], windowMs: number): Promise<StatsRow[]> {
  const rows: StatsRow[] = [];
  const add = async (record: InstanceRecord): Promise<void> => {
    rows.push({ metrics: await door.apply({ kind: "metrics", instance: record.id, windowMs }), restarts: record.restarts });
  };
  if (instances.length > 0) {
    for (const instance of instances) await add(await door.apply({ kind: "inspect", instance }));
    return rows;
  }
  let after: string | undefined;
  do {
    const page = await door.apply({ kind: "list", filter: { states: [...LIVE_STATES], after } });
    for (const record of page.instances) await add(record).catch(passOver);
    after = page.next;
  } while (after !== undefined);
  return rows;
}

/** Removed since it was listed. */
function passOver(error: unknown): void {
  if (!(error instanceof WardianError) || error.code !== "no-instance") throw error;
}
