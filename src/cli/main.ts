#!/usr/bin/env node
// The command line. Only assembles: each command is a file beside it. Every end of the process passes through here.
import { Command, CommanderError } from "commander";
import { EXIT_STATUS, readVersion } from "../config.js";
import { addAttachCommand } from "./attach.js";
import { addBootCommand } from "./boot.js";
import { addCopyCommand } from "./cp.js";
import { addCreateCommand } from "./create.js";
import { addEventsCommand } from "./events.js";
import { addExecCommand } from "./exec.js";
import { addInspectCommand } from "./inspect.js";
import { addKillCommand } from "./kill.js";
import { addLogsCommand } from "./logs.js";
import { describeError, sayError } from "./message.js";
import { addPauseCommand } from "./pause.js";
import { addPsCommand } from "./ps.js";
import { addRenameCommand } from "./rename.js";
import { addRestartCommand } from "./restart.js";
import { addResumeCommand } from "./resume.js";
import { addRemoveCommand } from "./rm.js";
import { addRunCommand } from "./run.js";
import { addServeCommand } from "./serve.js";
import { addStartCommand } from "./start.js";
import { addStatsCommand } from "./stats.js";
import { addStopCommand } from "./stop.js";
import { addTokenCommand } from "./token.js";
import { addWaitCommand } from "./wait.js";

const HELP = `
"wardian COMMAND --help" says more, exit statuses included.

Examples:
  wardian run busybox uname -a
  wardian run -it busybox
  wardian boot --kernel vmlinuz --append "console=ttyS0"
  wardian create --name web busybox httpd -f && wardian start web && wardian logs -f web
`;

type AddCommand = (program: Command, finish: (status: number) => void) => void;

/** In the order in which --help has them. */
// prettier-ignore
const COMMANDS: readonly (readonly [group: string, add: readonly AddCommand[]])[] = [
  ["For one run:", [addRunCommand, addBootCommand]],
  ["Instances that stay:", [
    addCreateCommand, addStartCommand, addStopCommand, addKillCommand, addPauseCommand, addResumeCommand, addRestartCommand,
    addRemoveCommand, addRenameCommand,
  ]],
  ["What they are and do:", [
    addPsCommand, addInspectCommand, addLogsCommand, addStatsCommand, addEventsCommand, addWaitCommand,
  ]],
  ["Inside of them:", [addExecCommand, addAttachCommand, addCopyCommand]],
  ["Over HTTP:", [addServeCommand, addTokenCommand]],
];

export function makeProgram(finish: (status: number) => void): Command {
  const program = new Command("wardian")
    .description("Runs code you do not trust: a RISC-V computer in WebAssembly that boots unmodified Linux.")
    .version(readVersion())
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ outputError: (text) => sayError(oneLine(text)) })
    .addHelpText("after", HELP);
  for (const [group, commands] of COMMANDS) {
    program.commandsGroup(group);
    for (const add of commands) add(program, finish);
  }
  return program;
}

/** commander's "error: ..." and its suggestion, with the way to more. */
function oneLine(text: string): string {
  return `${text
    .replace(/^error: /, "")
    .trim()
    .split("\n")
    .join(" ")}; see wardian --help`;
}

/** The exit status. */
export async function main(args: readonly string[]): Promise<number> {
  let status = 0;
  try {
    const program = makeProgram((value) => {
      status = value;
    });
    if (args.length === 0) {
      program.outputHelp({ error: true });
      return EXIT_STATUS.error;
    }
    await program.parseAsync(args, { from: "user" });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_STATUS.error;
    sayError(describeError(error));
    return EXIT_STATUS.error;
  }
}

function leave(status: number): void {
  // Streams that still read or a thread that still ends must not keep us; what is written goes out first.
  process.stdout.write("", () => process.stderr.write("", () => process.exit(status === 0 ? (process.exitCode ?? 0) : status)));
}

process.on("uncaughtException", (error) => {
  sayError(describeError(error));
  process.exit(EXIT_STATUS.error);
});
process.stderr.on("error", () => {});
// Whoever reads stdout may stop reading at any time; commands that mind listen themselves.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") sayError(`what is written to stdout is lost (${error.code ?? error.message})`);
  if (error.code !== "EPIPE") process.exitCode = EXIT_STATUS.error;
});
leave(await main(process.argv.slice(2)));
