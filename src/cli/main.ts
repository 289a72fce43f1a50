#!/usr/bin/env node
// The command line. Only assembles: each command is a file beside it. Every end of the process passes through here.
import { Command, CommanderError } from "commander";
import { EXIT_STATUS, readVersion } from "../config.js";
import { describeError, sayError } from "./message.js";

const HELP = `
"wardian COMMAND --help" says more, exit statuses included.

Examples:
  wardian run busybox uname -a
  wardian run -it busybox
  wardian boot --kernel vmlinuz --append "console=ttyS0"
  wardian create --name web busybox httpd -f && wardian start web && wardian logs -f web
`;

type AddCommand = (program: Command, finish: (status: number) => void) => void;
type Load = () => Promise<AddCommand>;

/** In the order in which --help has them. What one command needs is loaded for that command only: it is most of its start. */
// prettier-ignore
const COMMANDS: readonly (readonly [group: string, commands: Readonly<Record<string, Load>>])[] = [
  ["For one run:", {
    run:     async () => (await import("./run.js")).addRunCommand,
    boot:    async () => (await import("./boot.js")).addBootCommand,
    init:    async () => (await import("./init.js")).addInitCommand,
  }],
  ["Instances that stay:", {
    create:  async () => (await import("./create.js")).addCreateCommand,
    start:   async () => (await import("./start.js")).addStartCommand,
    stop:    async () => (await import("./stop.js")).addStopCommand,
    kill:    async () => (await import("./kill.js")).addKillCommand,
    pause:   async () => (await import("./pause.js")).addPauseCommand,
    resume:  async () => (await import("./resume.js")).addResumeCommand,
    restart: async () => (await import("./restart.js")).addRestartCommand,
    rm:      async () => (await import("./rm.js")).addRemoveCommand,
    rename:  async () => (await import("./rename.js")).addRenameCommand,
  }],
  ["What they are and do:", {
    ps:      async () => (await import("./ps.js")).addPsCommand,
    inspect: async () => (await import("./inspect.js")).addInspectCommand,
    logs:    async () => (await import("./logs.js")).addLogsCommand,
    stats:   async () => (await import("./stats.js")).addStatsCommand,
    events:  async () => (await import("./events.js")).addEventsCommand,
    wait:    async () => (await import("./wait.js")).addWaitCommand,
    volume:  async () => (await import("./volume.js")).addVolumeCommand,
  }],
  ["Inside of them:", {
    exec:    async () => (await import("./exec.js")).addExecCommand,
    attach:  async () => (await import("./attach.js")).addAttachCommand,
    cp:      async () => (await import("./cp.js")).addCopyCommand,
  }],
  ["Over HTTP:", {
    serve:   async () => (await import("./serve.js")).addServeCommand,
    token:   async () => (await import("./token.js")).addTokenCommand,
  }],
];

/** With all commands, unless the first of `args` is one of them. */
async function makeProgram(args: readonly string[], finish: (status: number) => void): Promise<Command> {
  const [name] = args;
  const isKnown = name !== undefined && COMMANDS.some(([, commands]) => Object.hasOwn(commands, name));
  const program = new Command("wardian")
    .description("Runs code you do not trust: a RISC-V computer in WebAssembly that boots unmodified Linux.")
    .version(readVersion())
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ outputError: (text) => sayError(`${oneLine(text)}; see ${[...commandPath(program, args), "--help"].join(" ")}`) })
    .addHelpText("after", HELP);
  for (const [group, commands] of COMMANDS) {
    program.commandsGroup(group);
    for (const [own, load] of Object.entries(commands)) if (!isKnown || own === name) (await load())(program, finish);
  }
  return program;
}

/** The names of the command that `args` begin with. */
function commandPath(program: Command, args: readonly string[]): string[] {
  const path = [program.name()];
  let command: Command | undefined = program;
  for (const arg of args) {
    command = command.commands.find((own) => own.name() === arg);
    if (command === undefined) break;
    path.push(arg);
  }
  return path;
}

/** commander's "error: ..." and its suggestion. */
function oneLine(text: string): string {
  return text
    .replace(/^error: /, "")
    .trim()
    .replace(/\.$/, "")
    .split("\n")
    .join(" ");
}

/** The exit status. */
export async function main(args: readonly string[]): Promise<number> {
  let status = 0;
  try {
    const program = await makeProgram(args, (value) => {
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
  process.stdout.write("", () => process.stderr.write("", () => process.exit(process.exitCode ?? status)));
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
