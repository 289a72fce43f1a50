// `wardian attach`: the streams of a running instance's main program, or its console. May depend on errors, engine/ and the files
// beside it.
import type { Command } from "commander";
import type { Door } from "../engine/action.js";
import type { InstanceRecord } from "../instance/record.js";
import { type Attended, attend } from "./attendance.js";
import { addDoorOptions, DOOR_HELP, type DoorOptions, withDoor } from "./door-options.js";
import { DETACH_HELP } from "./terminal.js";

interface AttachOptions extends DoorOptions {
  /** False with --no-stdin. */
  readonly stdin: boolean;
}

const HELP = `
On a terminal, ${DETACH_HELP}, and the instance goes on. Signals that reach Wardian (INT, TERM, HUP, QUIT) are passed on to the main
program, the third one detaches; where that has a terminal of its own, or there is only a console, the first one detaches.
What was said before is not shown: see "wardian logs".

Exit status: that with which the instance ends; 0 when detached; 125 for an error of Wardian's own, told in one line.
`;

export function addAttachCommand(program: Command, finish: (status: number) => void): void {
  const command = program
    .command("attach")
    .summary("connect to a running instance's main program")
    .description("Connects our streams with those of the main program, or with the console where there is none.")
    .argument("<instance>", "its id, the beginning of it, or its name")
    .option("--no-stdin", "do not pass stdin on");
  addDoorOptions(command)
    .addHelpText("after", HELP + DOOR_HELP)
    .action(async (instance: string, options: AttachOptions) => finish(await attach(instance, options)));
}

/** The exit status. */
function attach(ref: string, options: AttachOptions): Promise<number> {
  return withDoor(
    options,
    async (door) => {
      const record = await door.apply({ kind: "inspect", instance: ref });
      const attachment = await openAttachment(door, record, options.stdin);
      return (await attachment.attend(options)).status;
    },
    "records",
  );
}

export interface Attachment {
  attend(options: { readonly json?: true }): Promise<Attended>;
  leave(): void;
}

/** To an instance that runs, or is about to. */
export async function openAttachment(door: Door, { id, spec }: InstanceRecord, wantsInput: boolean): Promise<Attachment> {
  const abort = new AbortController();
  const isConsole = spec.command === undefined;
  const interactive = wantsInput && (isConsole || spec.stdin || spec.tty);
  const tty = spec.tty || (isConsole && process.stdin.isTTY);
  const running = await door.apply({ kind: "attach", instance: id, stdin: interactive, signal: abort.signal });
  const detach = (): void => abort.abort();
  return {
    attend: ({ json }) => attend(running, { interactive, tty, passSignals: !isConsole && !spec.tty, detach, json }),
    leave: detach,
  };
}
