// `wardian stop`: asks main programs to end, and sees to it that they do. May depend on the files beside it.
import type { Command } from "commander";
import { parseGrace } from "./arguments.js";
import { addDoorOptions, DOOR_HELP, type DoorOptions, withDoor } from "./door-options.js";
import { EACH_HELP, forEachInstance } from "./each-instance.js";

interface StopOptions extends DoorOptions {
  readonly time?: number;
  readonly signal?: string;
}

export function addStopCommand(program: Command, finish: (status: number) => void): void {
  const command = program
    .command("stop")
    .summary("stop running instances")
    .description("Sends the main program its stop signal, and switches the instance off when it has not ended in time.")
    .argument("<instance...>", "ids, beginnings of ids, or names")
    .option("-t, --time <seconds>", "until it is switched off (default: 10)", parseGrace)
    .option("-s, --signal <signal>", "signal instead of the instance's own");
  addDoorOptions(command)
    .addHelpText("after", EACH_HELP + DOOR_HELP)
    .action(async (refs: string[], options: StopOptions) => finish(await stop(refs, options)));
}

/** The exit status. */
function stop(refs: readonly string[], options: StopOptions): Promise<number> {
  return withDoor(
    options,
    (door) =>
      forEachInstance(refs, options, (instance) => door.apply({ kind: "stop", instance, graceMs: options.time, signal: options.signal })),
    "records",
  );
}
