// `wardian pause`: makes instances stand still. May depend on the files beside it.
import type { Command } from "commander";
import { addDoorOptions, DOOR_HELP, type DoorOptions, withDoor } from "./door-options.js";
import { EACH_HELP, forEachInstance } from "./each-instance.js";

export function addPauseCommand(program: Command, finish: (status: number) => void): void {
  const command = program
    .command("pause")
    .summary("make running instances stand still")
    .description("Executes no instruction of them any more, until they are resumed; their memory stays as it is.")
    .argument("<instance...>", "ids, beginnings of ids, or names");
  addDoorOptions(command)
    .addHelpText("after", EACH_HELP + DOOR_HELP)
    .action(async (refs: string[], options: DoorOptions) => finish(await pause(refs, options)));
}

/** The exit status. */
function pause(refs: readonly string[], options: DoorOptions): Promise<number> {
  return withDoor(options, (door) => forEachInstance(refs, options, (instance) => door.apply({ kind: "pause", instance })), "records");
}
