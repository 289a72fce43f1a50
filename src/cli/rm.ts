// `wardian rm`: removes instances, with what they have written. May depend on the files beside it.
import type { Command } from "commander";
import { addDoorOptions, DOOR_HELP, type DoorOptions, withDoor } from "./door-options.js";
import { EACH_HELP, forEachInstance } from "./each-instance.js";

interface RemoveOptions extends DoorOptions {
  readonly force?: true;
}

export function addRemoveCommand(program: Command, finish: (status: number) => void): void {
  const command = program
    .command("rm")
    .summary("remove instances")
    .description("Removes instances with their files and logs.")
    .argument("<instance...>", "ids, beginnings of ids, or names")
    .option("-f, --force", "also those that run: they are killed");
  addDoorOptions(command)
    .addHelpText("after", EACH_HELP + DOOR_HELP)
    .action(async (refs: string[], options: RemoveOptions) => finish(await remove(refs, options)));
}

/** The exit status. */
function remove(refs: readonly string[], options: RemoveOptions): Promise<number> {
  return withDoor(
    options,
    (door) => forEachInstance(refs, options, (instance) => door.apply({ kind: "remove", instance, force: options.force })),
    "records",
  );
}
