// `wardian rename`: another name for an instance. May depend on the files beside it.
import type { Command } from "commander";
import { addDoorOptions, DOOR_HELP, type DoorOptions, withDoor } from "./door-options.js";
import { print } from "./output.js";

export function addRenameCommand(program: Command, finish: (status: number) => void): void {
  const command = program
    .command("rename")
    .summary("give an instance another name")
    .description("Gives an instance another name, and prints it.")
    .argument("<instance>", "its id, the beginning of it, or its name")
    .argument("<name>", "its new name: letters, digits, _ . and -");
  addDoorOptions(command)
    .addHelpText("after", DOOR_HELP)
    .action(async (instance: string, name: string, options: DoorOptions) => {
      const record = await withDoor(options, (door) => door.apply({ kind: "rename", instance, name }), "records");
      await print(options, record, record.name);
      finish(0);
    });
}
