// `wardian wait`: until instances have ended. May depend on config, errors, engine/, instance/ and the files beside it.
import type { Command } from "commander";
import { EXIT_STATUS } from "../config.js";
import type { Door, WaitCondition } from "../engine/action.js";
import { WardianError } from "../errors.js";
import { INSTANCE_STATES } from "../instance/lifecycle.js";
import type { InstanceRecord } from "../instance/record.js";
import { BARE_SECONDS, parseDuration } from "./arguments.js";
import { sayEnd } from "./attach.js";
import { addDoorOptions, DOOR_HELP, type DoorOptions, withDoor } from "./door-options.js";
import { onTimeout } from "./interruption.js";
import { describeError, sayError } from "./message.js";
import { print } from "./output.js";

interface WaitOptions extends DoorOptions {
  readonly until?: WaitCondition;
  readonly timeout?: number;
}

const CONDITIONS: readonly WaitCondition[] = [...INSTANCE_STATES, "removed"];
const HELP = `
Prints the exit status of each, in the order in which they were given, and on stderr why it ended where its program did not choose
that (a limit, a trap, a start that failed); with --until, its state. One that has ended already is not
waited for; one that was removed meanwhile counts as ended.

Exit status:
  0    all of them have ended, whatever their own status
  124  the time limit passed
  125  an error, told in one line (the others are waited for all the same)
`;

export function addWaitCommand(program: Command, finish: (status: number) => void): void {
  const command = program
    .command("wait")
    .summary("wait until instances have ended")
    .description("Waits until instances have ended, and prints their exit statuses.")
    .argument("<instance...>", "ids, beginnings of ids, or names")
    .option("--until <state>", `wait for this instead: ${CONDITIONS.join(", ")}`, parseCondition)
    .option("--timeout <time>", `give up after this time, such as 30s or 5m; ${BARE_SECONDS}`, parseDuration);
  addDoorOptions(command)
    .addHelpText("after", HELP + DOOR_HELP)
    .action(async (refs: string[], options: WaitOptions) => finish(await wait(refs, options)));
}

/** The exit status. */
async function wait(refs: readonly string[], options: WaitOptions): Promise<number> {
  const abort = new AbortController();
  using _timeout = onTimeout(options.timeout, () => abort.abort());
  return await withDoor(options, async (door) => {
    const waiting = refs.map((ref) => waitFor(door, ref, options, abort.signal));
    for (const one of waiting) one.catch(() => {}); // each is awaited below
    let status = 0;
    for (const one of waiting) {
      try {
        const { record, value, text } = await one;
        await print(options, value, text);
        if (record !== undefined && options.until === undefined && options.json !== true) sayEnd(record);
      } catch (error) {
        if (abort.signal.aborted) return EXIT_STATUS.timeout;
        sayError(describeError(error));
        status = EXIT_STATUS.error;
      }
    }
    return status;
  });
}

async function waitFor(
  door: Door,
  ref: string,
  { until }: WaitOptions,
  signal: AbortSignal,
): Promise<{ readonly record?: InstanceRecord | undefined; readonly value: unknown; readonly text: string }> {
  // By its id: the name may go with the instance.
  const { id } = await door.apply({ kind: "inspect", instance: ref });
  const record = await door.apply({ kind: "wait", instance: id, until, signal });
  if (until !== undefined) return { value: record ?? { instance: ref, state: "removed" }, text: record?.state ?? "removed" };
  const status = record === undefined ? await lastStatus(door, id) : record.end?.status;
  if (status === undefined) throw new WardianError("not-started", `the instance ${ref} was never started: there is no exit status`);
  return { record, value: record ?? { instance: ref, status }, text: String(status) };
}

/** Of one that is gone, with its record: its last event tells. */
async function lastStatus(door: Door, id: string): Promise<number | undefined> {
  let status: number | undefined;
  for await (const { detail } of await door.apply({ kind: "events", query: { instance: id, types: ["exited"] } }))
    if (typeof detail.status === "number") status = detail.status;
  return status;
}

function parseCondition(text: string): WaitCondition {
  const condition = CONDITIONS.find((known) => known === text);
  if (condition !== undefined) return condition;
  throw new WardianError("bad-option", `there is no state ${JSON.stringify(text)}: use ${CONDITIONS.join(", ")}`);
}
