// `wardian restart`: stops instances, and starts them. May depend on the files beside it.
import type { Command } from "commander";
import { parseGrace } from "./arguments.js";
import { addDoorOptions, DOOR_HELP, type DoorOptions, withDoor } from "./door-options.js";
import { EACH_HELP, forEachInstance } from "./each-instance.js";

interface RestartOptions extends DoorOptions {
  readonly time?: number;
}

export function addRestartCommand(program: Command, finish: (status: number) => void): void {
  const command = program
    .command("restart")
    .summary("stop instances and start them again")
    .description("Stops instances, and starts them; those that do not run are just started.")
    .argument("<instance...>", "ids, beginnings of ids, or names")
    .option("-t, --time <seconds>", "until one that does not stop is switched off (default: 10)", parseGrace);
  addDoorOptions(command)
    .addHelpText("after", EACH_HELP + DOOR_HELP)
    .action(async (refs: string[], options: RestartOptions) => finish(await restart(refs, options)));
}

/** The exit status. */
function restart(refs: readonly string[], options: RestartOptions): Promise<number> {
  return withDoor(
    options,
    (door) => forEachInstance(refs, options, (instance) => door.apply({ kind: "restart", instance, graceMs: options.time })),
    "running",
  );
}
