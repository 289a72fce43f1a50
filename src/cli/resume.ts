// `wardian resume`: lets paused instances go on. May depend on the files beside it.
import type { Command } from "commander";
import { addDoorOptions, DOOR_HELP, type DoorOptions, withDoor } from "./door-options.js";
import { EACH_HELP, forEachInstance } from "./each-instance.js";

export function addResumeCommand(program: Command, finish: (status: number) => void): void {
  const command = program
    .command("resume")
    .summary("let paused instances go on")
    .description("Lets paused instances go on where they were.")
    .argument("<instance...>", "ids, beginnings of ids, or names");
  addDoorOptions(command)
    .addHelpText("after", EACH_HELP + DOOR_HELP)
    .action(async (refs: string[], options: DoorOptions) => finish(await resume(refs, options)));
}

/** The exit status. */
function resume(refs: readonly string[], options: DoorOptions): Promise<number> {
  return withDoor(options, (door) => forEachInstance(refs, options, (instance) => door.apply({ kind: "resume", instance })), "records");
}
