// `wardian kill`: switches instances off, or sends their main programs a signal. May depend on the files beside it.
import type { Command } from "commander";
import { addDoorOptions, DOOR_HELP, type DoorOptions, withDoor } from "./door-options.js";
import { EACH_HELP, forEachInstance } from "./each-instance.js";

interface KillOptions extends DoorOptions {
  readonly signal?: string;
}

export function addKillCommand(program: Command, finish: (status: number) => void): void {
  const command = program
    .command("kill")
    .summary("kill running instances, or send them a signal")
    .description("Switches instances off at once, or sends their main programs a signal.")
    .argument("<instance...>", "ids, beginnings of ids, or names")
    .option("-s, --signal <signal>", "send this signal; KILL, the default, switches the instance off");
  addDoorOptions(command)
    .addHelpText("after", EACH_HELP + DOOR_HELP)
    .action(async (refs: string[], options: KillOptions) => finish(await kill(refs, options)));
}

/** The exit status. */
function kill(refs: readonly string[], options: KillOptions): Promise<number> {
  return withDoor(
    options,
    (door) => forEachInstance(refs, options, (instance) => door.apply({ kind: "kill", instance, signal: options.signal })),
    "records",
  );
}
