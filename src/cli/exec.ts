// `wardian exec`: a command in a guest that runs. May depend on the files beside it.
import type { Command } from "commander";
import { parseVariable } from "./arguments.js";
import { attend } from "./attendance.js";
import { addDoorOptions, DOOR_HELP, type DoorOptions, withDoor } from "./door-options.js";
import { terminalSize } from "./terminal.js";

interface ExecOptions extends DoorOptions {
  readonly interactive?: true;
  readonly tty?: true;
  readonly env?: Readonly<Record<string, string>>;
  readonly workdir?: string;
  readonly user?: string;
}

const HELP = `
Options go before INSTANCE. Signals that reach Wardian (INT, TERM, HUP, QUIT) are passed on to the command; the third one ends it.
With --json, the command's output is lines of {"stream", "data", "encoding"}, and the last line is {"exit": {"status", "signal"}}.

Exit status:
  that of CMD, or 128+n when signal n ended it
  125  an error of Wardian's own, told in one line
  126  CMD could not be run
  127  CMD was not found

Examples:
  wardian exec web ps
  wardian exec -it web sh
  tar -c . | wardian exec -i web tar -x -C /srv
`;

export function addExecCommand(program: Command, finish: (status: number) => void): void {
  const command = program
    .command("exec")
    .summary("run a command in a running instance")
    .description("Runs a command in a guest that runs already, and ends with the command's status.")
    .argument("<instance>", "its id, the beginning of it, or its name")
    .argument("<command...>", "the command and its arguments")
    .passThroughOptions()
    .option("-i, --interactive", "pass stdin on to the command")
    .option("-t, --tty", "give the command a terminal")
    .option("-e, --env <name=value>", "set a variable; NAME alone passes ours on; may be given several times", parseVariable)
    .option("-w, --workdir <folder>", "working folder in the guest (default: /)")
    .option("-u, --user <user[:group]>", "user in the guest, by name or number (default: root)");
  addDoorOptions(command)
    .addHelpText("after", HELP + DOOR_HELP)
    .action(async (instance: string, args: string[], options: ExecOptions) => finish(await exec(instance, args, options)));
}

/** The exit status. */
function exec(instance: string, args: readonly string[], options: ExecOptions): Promise<number> {
  const { interactive = false, tty = false, env, workdir, user, json } = options;
  const command = {
    args: [...args],
    ...(env === undefined ? {} : { env }),
    ...(workdir === undefined ? {} : { cwd: workdir }),
    ...(user === undefined ? {} : { user }),
    tty: tty ? (terminalSize() ?? true) : false,
    stdin: interactive,
    endAtExit: true,
  };
  return withDoor(
    options,
    async (door) => {
      const running = await door.apply({ kind: "exec", instance, command });
      return (await attend(running, { interactive, tty, passSignals: true, json })).status;
    },
    "records",
  );
}
