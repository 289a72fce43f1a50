// `wardian volume`: the folders in memory that containers share by name. May depend on config, errors, engine/, machine/ and the files
// beside it.
import type { Command } from "commander";
import { EXIT_STATUS } from "../config.js";
import type { VolumeView } from "../engine/views.js";
import { formatSize } from "../machine/size.js";
import { addDoorOptions, DOOR_HELP, type DoorOptions, withDoor } from "./door-options.js";
import { sayError } from "./message.js";
import { formatTable, toJson, writeOut } from "./output.js";

const HELP = `
A volume comes with the first start of an instance that names it (create -v, run -v), and is gone with the last such instance: there is no
"volume create" and no "volume rm"; see "wardian rm". It is memory, and does not outlive the process that keeps the instances.
`;
const LS_HELP = `
USED and SIZE are bytes, INODES files and folders in it; "-" where no instance that names it was started yet. USED BY are the instances
that name it, those that end in "!" run.
Exit status: 0, or 125 for an error, told in one line.
`;
const INSPECT_HELP = `
Without --json, one array of all of them, laid out for reading.
Exit status: 0, or 125 when one of them is not there (the others are shown all the same).
`;

const COLUMNS = ["NAME", "USED", "SIZE", "INODES", "USED BY"];

export function addVolumeCommand(program: Command, finish: (status: number) => void): void {
  const volume = program
    .command("volume")
    .summary("list the volumes that containers share")
    .description("Shows the folders in memory that containers share by name.")
    .addHelpText("after", HELP);
  addDoorOptions(volume.command("ls").description("Lists volumes."))
    .addHelpText("after", LS_HELP + DOOR_HELP)
    .action(async (options: DoorOptions) => {
      await list(options);
      finish(0);
    });
  addDoorOptions(volume.command("inspect").description("Prints all that is known of volumes.").argument("<volume...>", "names"))
    .addHelpText("after", INSPECT_HELP + DOOR_HELP)
    .action(async (names: string[], options: DoorOptions) => finish(await inspect(names, options)));
}

function readAll(options: DoorOptions): Promise<readonly VolumeView[]> {
  return withDoor(options, (door) => door.apply({ kind: "list-volumes" }), "records");
}

async function list(options: DoorOptions): Promise<void> {
  const volumes = await readAll(options);
  await writeOut(options.json === true ? linesOf(volumes) : formatTable(COLUMNS, volumes.map(rowOf)));
}

function rowOf({ name, isMade, usedBytes, sizeBytes, inodes, usedBy }: VolumeView): string[] {
  const users = [...new Set(usedBy.map((use) => (use.state === "running" ? `${use.name}!` : use.name)))].join(" ");
  return [name, isMade ? formatSize(usedBytes) : "-", formatSize(sizeBytes), isMade ? String(inodes) : "-", users];
}

/** The exit status. Who sees several owners may find a name more than once. */
async function inspect(names: readonly string[], options: DoorOptions): Promise<number> {
  const all = await readAll(options);
  const found = all.filter(({ name }) => names.includes(name));
  const missing = names.filter((name) => !found.some((volume) => volume.name === name));
  for (const name of missing) sayError(`no instance names a volume ${JSON.stringify(name)}`);
  await writeOut(options.json === true ? linesOf(found) : `${toJson(found, 2)}\n`);
  return missing.length === 0 ? 0 : EXIT_STATUS.error;
}

function linesOf(volumes: readonly VolumeView[]): string {
  return volumes.map((volume) => `${toJson(volume)}\n`).join("");
}
