// `wardian attach`: the streams of a running instance's main program, or its console. May depend on errors, config, engine/,
// instance/ types and the files beside it.
import type { Command } from "commander";
import { EXIT_STATUS } from "../config.js";
import type { Door } from "../engine/action.js";
import { WardianError } from "../errors.js";
import type { InstanceEnd, InstanceRecord } from "../instance/record.js";
import { hasMainProgram, takesInput } from "../instance/spec.js";
import { type Attended, attend } from "./attendance.js";
import { addDoorOptions, DOOR_HELP, type DoorOptions, withDoor } from "./door-options.js";
import { sayError } from "./message.js";
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
      const attachment = await openAttachment(door, record, options.stdin ? "offered" : "none", "run");
      return (await attachment.attend(options)).status;
    },
    "records",
  );
}

/** What our stdin is for: "asked" fails where it cannot be, "offered" tells when something is lost. */
export type InputWish = "asked" | "offered" | "none";

/** Throws `no-stdin` where the user wants what this one was not made for. */
function assertInput({ name, spec }: InstanceRecord, wish: InputWish): void {
  if (wish === "asked" && !takesInput(spec))
    throw new WardianError("no-stdin", `nothing can be passed on to ${name}: its stdin is not kept open; create it with -i`);
}

export interface Attachment {
  /** Rejects as `started` does, where that is given: the end of a run that did not begin is told by nobody else. */
  attend(options: { readonly json?: true | undefined; readonly started?: Promise<unknown> }): Promise<Attended>;
  leave(): void;
}

/** To the run at hand, or to the next one where none is. */
export async function openAttachment(door: Door, record: InstanceRecord, wish: InputWish, to: "run" | "next run"): Promise<Attachment> {
  assertInput(record, wish);
  const { id, name, spec } = record;
  const abort = new AbortController();
  const isConsole = !hasMainProgram(spec);
  const interactive = wish !== "none" && takesInput(spec);
  const tty = spec.tty || (isConsole && process.stdin.isTTY);
  const running = await door.apply({ kind: "attach", instance: id, stdin: interactive, next: to === "next run", signal: abort.signal });
  const detach = (): void => abort.abort();
  return {
    attend: async ({ json, started }) => {
      if (wish === "offered" && !interactive) tellLostInput(name);
      const attended = await attend(running, { interactive, tty, passSignals: !isConsole && !spec.tty, detach, json });
      if (attended.hasLeft && attended.status === 0) tellDetached(name);
      if (attended.hasLeft || attended.status === 0) return attended;
      await started;
      await tellEnd(door, id);
      return attended;
    },
    leave: detach,
  };
}

/** Somebody pipes something in, and waits for what comes of it. */
function tellLostInput(name: string): void {
  if (process.stdin.isTTY) return;
  process.stdin.on("error", () => {}); // as good as its end
  process.stdin.once("data", () => {
    sayError(`what comes on stdin is not passed on: the stdin of ${name} is not kept open; create it with -i`);
    process.stdin.destroy();
  });
}

function tellDetached(name: string): void {
  process.stderr.write("\n");
  sayError(`detached; ${name} goes on (wardian attach ${name})`);
}

/** Where a program did not choose its status: it could not run. */
const FOREIGN_STATUSES: ReadonlySet<number> = new Set([EXIT_STATUS.notRunnable, EXIT_STATUS.notFound]);
const TOLD: ReadonlySet<InstanceEnd["reason"]> = new Set(["timeout", "cpu-time", "output-limit", "out-of-fuel", "crashed", "failed"]);

/** Why a run ended, where its program does not tell by itself: it could not run, or was not left alone. Its own status says enough. */
export function reasonOf(end: InstanceEnd): string | undefined {
  if (TOLD.has(end.reason)) return end.message;
  const isItsOwn = /^it (ended with status|was ended by) /.test(end.message);
  return end.reason === "exited" && FOREIGN_STATUSES.has(end.status) && !isItsOwn ? end.message : undefined;
}

/** Of the run that is over; nothing where the instance went with it. */
export async function tellEnd(door: Door, instance: string): Promise<void> {
  const record = await door.apply({ kind: "inspect", instance }).catch(() => undefined);
  if (record !== undefined) sayEnd(record);
}

export function sayEnd({ name, end }: InstanceRecord): void {
  const reason = end === undefined ? undefined : reasonOf(end);
  if (reason !== undefined) sayError(`${name}: ${reason}`);
}
