// `wardian inspect`: all that is known of instances. May depend on the files beside it.
import type { Command } from "commander";
import { EXIT_STATUS } from "../config.js";
import type { InstanceRecord } from "../instance/record.js";
import { addDoorOptions, DOOR_HELP, type DoorOptions, withDoor } from "./door-options.js";
import { describeError, sayError } from "./message.js";
import { toJson, writeOut } from "./output.js";

const HELP = `
Without --json, one array of all of them, laid out for reading.
Exit status: 0, or 125 when one of them is not there (the others are shown all the same).
`;

export function addInspectCommand(program: Command, finish: (status: number) => void): void {
  const command = program
    .command("inspect")
    .summary("show all that is known of instances")
    .description("Prints what is stored of instances: what they were asked to be, their states, and how their last runs ended.")
    .argument("<instance...>", "ids, beginnings of ids, or names");
  addDoorOptions(command)
    .addHelpText("after", HELP + DOOR_HELP)
    .action(async (refs: string[], options: DoorOptions) => finish(await inspect(refs, options)));
}

/** The exit status. */
async function inspect(refs: readonly string[], options: DoorOptions): Promise<number> {
  const results = await withDoor(
    options,
    (door) => Promise.allSettled(refs.map((instance) => door.apply({ kind: "inspect", instance }))),
    "records",
  );
  const found: InstanceRecord[] = [];
  for (const result of results) {
    if (result.status === "fulfilled") found.push(result.value);
    else sayError(describeError(result.reason));
  }
  await writeOut(options.json === true ? found.map((record) => `${toJson(record)}\n`).join("") : `${toJson(found, 2)}\n`);
  return found.length === refs.length ? 0 : EXIT_STATUS.error;
}
