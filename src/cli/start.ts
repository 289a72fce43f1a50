// `wardian start`: switches instances on. May depend on engine/, errors and the files beside it.
import type { Command } from "commander";
import type { Door } from "../engine/action.js";
import { WardianError } from "../errors.js";
import { type InputWish, openAttachment } from "./attach.js";
import { addDoorOptions, DOOR_HELP, type DoorOptions, withDoor } from "./door-options.js";
import { forEachInStartOrder } from "./start-order.js";

interface StartOptions extends DoorOptions {
  readonly attach?: true;
  readonly interactive?: true;
}

const HELP = `
Returns when the instances run: a guest has booted, its main program has been started. With -a or -i, when the one instance has ended;
see "wardian attach --help" for keys and signals.
Several are started at once, but for those that need one another, whatever the order they are given in: one with --stdin-from is started
before the one that it reads, and one with --listen before those that --connect to it.

Exit status: 0, or 125 when one could not be started (the others are started all the same); with -a or -i that of the instance.
`;

export function addStartCommand(program: Command, finish: (status: number) => void): void {
  const command = program
    .command("start")
    .summary("start instances")
    .description("Starts instances that are created or have ended.")
    .argument("<instance...>", "ids, beginnings of ids, or names")
    .option("-a, --attach", "show what it says, and end with its status")
    .option("-i, --interactive", "the same, and pass stdin on");
  addDoorOptions(command)
    .addHelpText("after", HELP + DOOR_HELP)
    .action(async (refs: string[], options: StartOptions) => finish(await start(refs, options)));
}

/** The exit status. */
async function start(refs: readonly string[], options: StartOptions): Promise<number> {
  const { attach, interactive, json } = options;
  const [first = ""] = refs;
  if (attach !== true && interactive !== true)
    return withDoor(options, (door) => forEachInStartOrder(door, refs, options, (instance) => door.apply({ kind: "start", instance })));
  if (refs.length > 1) throw new WardianError("bad-option", "-a and -i are for one instance");
  return withDoor(options, (door) => startAttached(door, first, interactive === true ? "asked" : "none", json));
}

/** Attached before it runs, so that nothing it says is missed. The status with which it ended. */
export async function startAttached(door: Door, ref: string, wish: InputWish, json: true | undefined): Promise<number> {
  const record = await door.apply({ kind: "inspect", instance: ref });
  const attachment = await openAttachment(door, record, wish, "next run");
  const starting = door.apply({ kind: "start", instance: record.id });
  starting.catch(() => {}); // it is awaited below
  try {
    const attending = attachment.attend({ json, started: starting });
    attending.catch(() => {}); // a start that fails is the better reason
    const first = await Promise.race([attending, starting]);
    if ("hasLeft" in first && first.hasLeft) return first.status;
    await starting;
    return (await attending).status;
  } finally {
    attachment.leave();
  }
}
