#!/usr/bin/env node
// The command line. Only assembles: each command is a file beside it. Every end of the process passes through here.
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { EXIT_STATUS } from "../config.js";
import { addBootCommand } from "./boot.js";
import { describeError, sayError } from "./message.js";
import { addRunCommand } from "./run.js";

const HELP = `
"wardian COMMAND --help" says more, exit statuses included.

Examples:
  wardian run busybox uname -a
  wardian run -it busybox
  wardian boot --kernel vmlinuz --append "console=ttyS0"
`;

function readVersion(): string {
  for (const up of ["../../", "../../../"]) {
    try {
      return (JSON.parse(readFileSync(new URL(`${up}package.json`, import.meta.url), "utf8")) as { version: string }).version;
    } catch {
      // the other place, then
    }
  }
  return "unknown";
}

export function makeProgram(finish: (status: number) => void): Command {
  const program = new Command("wardian")
    .description("Runs code you do not trust: a RISC-V computer in WebAssembly that boots unmodified Linux.")
    .version(readVersion())
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ outputError: (text) => sayError(oneLine(text)) })
    .addHelpText("after", HELP);
  addRunCommand(program, finish);
  addBootCommand(program, finish);
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
