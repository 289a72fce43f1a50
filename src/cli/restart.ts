// `wardian restart`: stops instances, and starts them. May depend on the files beside it.
import type { Command } from "commander";
import { parseGrace } from "./arguments.js";
import { addDoorOptions, DOOR_HELP, type DoorOptions, withDoor } from "./door-options.js";
import { EACH_HELP } from "./each-instance.js";
import { forEachInStartOrder } from "./start-order.js";

interface RestartOptions extends DoorOptions {
  readonly time?: number;
}

const HELP = `
Of several, one with --listen is restarted before those that --connect to it. One with --stdin-from is refused while the one that it reads
runs: stop both, and start them.
`;

export function addRestartCommand(program: Command, finish: (status: number) => void): void {
  const command = program
    .command("restart")
    .summary("stop instances and start them again")
    .description("Stops instances, and starts them; those that do not run are just started.")
    .argument("<instance...>", "ids, beginnings of ids, or names")
    .option("-t, --time <seconds>", "until one that does not stop is switched off (default: 10)", parseGrace);
  addDoorOptions(command)
    .addHelpText("after", HELP + EACH_HELP + DOOR_HELP)
    .action(async (refs: string[], options: RestartOptions) => finish(await restart(refs, options)));
}

/** The exit status. */
function restart(refs: readonly string[], options: RestartOptions): Promise<number> {
  return withDoor(
    options,
    (door) => forEachInStartOrder(door, refs, options, (instance) => door.apply({ kind: "restart", instance, graceMs: options.time })),
    "running",
  );
}
