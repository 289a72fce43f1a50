// `wardian token`: makes, lists and revokes the bearer tokens of a server's token file. May depend on errors, api/security/, engine/
// and the files beside it.
import type { Command } from "commander";
import { readTokenFile, updateTokenFile } from "../api/security/token-file.js";
import { isExpired, makeToken, type TokenRecord } from "../api/security/token.js";
import { DEFAULT_NAMESPACE, type Scope, SCOPES } from "../engine/caller.js";
import { WardianError } from "../errors.js";
import { NAME_PATTERN } from "../instance/spec.js";
import { formatSize, parseSize } from "../machine/size.js";
import { parseCount } from "./arguments.js";
import { sayError } from "./message.js";
import { formatTable, print, writeOut } from "./output.js";

interface FileOptions {
  readonly file: string;
  readonly json?: true;
}

interface CreateOptions extends FileOptions {
  readonly name: string;
  readonly scope: Scope;
  readonly namespace?: string;
  readonly maxInstances?: number;
  readonly maxRunning?: number;
  readonly maxMemory?: number;
  readonly maxCpus?: number;
  readonly expires?: number;
}

const HOURS_IN: Readonly<Record<string, number>> = { h: 1, d: 24, w: 24 * 7, y: 24 * 365 };
const HOUR_MS = 3_600_000;

const HELP = `
A token is printed once, when it is made; the file keeps a hash of it, and only its owner may read the file. A running server follows
the file within about a second: new tokens are let in, and what is open for revoked ones is cut.

Scopes: read looks; operate also creates and drives instances; admin also sees every namespace and the audit log.

Examples:
  wardian token create --file tokens --name ci --scope operate --namespace builds --max-running 4 --max-memory 2G --expires 30d
  wardian token list --file tokens
  wardian token revoke --file tokens ci
`;

export function addTokenCommand(program: Command, finish: (status: number) => void): void {
  const token = program
    .command("token")
    .summary("make, list and revoke tokens for serve")
    .description("Keeps the bearer tokens that wardian serve --token-file asks for.")
    .addHelpText("after", HELP);
  fileOptions(token.command("create"))
    .description("Makes a token and prints it, this once.")
    .requiredOption("--name <name>", "whose it is, for lists and the audit log", parseName)
    .requiredOption("--scope <scope>", SCOPES.join(", "), parseScope)
    .option("--namespace <name>", `the instances it sees and makes (default: ${DEFAULT_NAMESPACE}; for admin, all)`, parseName)
    .option("--max-instances <n>", "instances that are there at once", parseCount)
    .option("--max-running <n>", "instances that run at once", parseCount)
    .option("--max-memory <size>", "memory of all that run, and sizes of their volumes", (text: string) =>
      parseSize(text, { what: "memory size", minBytes: 1 }),
    )
    .option("--max-cpus <n>", "CPUs of all that run", parseCpus)
    .option("--expires <time>", "no longer valid after so long: 12h, 30d, 8w, 1y", parseLifetime)
    .action(async (options: CreateOptions) => finish(await create(options)));
  fileOptions(token.command("list"))
    .description("Lists the tokens of a file, without their secrets.")
    .action(async (options: FileOptions) => finish(await list(options)));
  fileOptions(token.command("revoke"))
    .description("Removes a token from a file.")
    .argument("<token>", "its name, or its id")
    .action((ref: string, options: FileOptions) => finish(revoke(ref, options)));
}

function fileOptions(command: Command): Command {
  return command.requiredOption("--file <file>", "the token file").option("--json", "print JSON, one object a line");
}

function parseName(text: string): string {
  if (!NAME_PATTERN.test(text))
    throw new WardianError("bad-option", `${JSON.stringify(text)} is no name: 1 to 63 letters, digits, _ . or -, not beginning with a sign`);
  return text;
} // prettier-ignore

function parseScope(text: string): Scope {
  const scope = SCOPES.find((known) => known === text);
  if (scope === undefined) throw new WardianError("bad-option", `${JSON.stringify(text)} is no scope: give one of ${SCOPES.join(", ")}`);
  return scope;
}

function parseCpus(text: string): number {
  const cpus = /^[0-9]{1,6}(\.[0-9]{1,3})?$/.test(text) ? Number(text) : 0;
  if (cpus <= 0) throw new WardianError("bad-option", `${JSON.stringify(text)} is no number of CPUs: write one such as 2 or 0.5`);
  return cpus;
}

/** Milliseconds in "12h", "30d", "8w", "1y". */
function parseLifetime(text: string): number {
  const match = /^([1-9][0-9]{0,4})([hdwy])$/.exec(text);
  if (match === null) throw new WardianError("bad-option", `${JSON.stringify(text)} is no lifetime: write 12h, 30d, 8w or 1y`);
  return Number(match[1]) * (HOURS_IN[match[2] ?? ""] ?? 0) * HOUR_MS;
}

async function create(options: CreateOptions): Promise<number> {
  const { name, scope, expires } = options;
  const namespace = options.namespace ?? (scope === "admin" ? "*" : DEFAULT_NAMESPACE);
  const quotas = {
    instances: options.maxInstances,
    running: options.maxRunning,
    memoryBytes: options.maxMemory,
    cpus: options.maxCpus,
  };
  const expiresAt = expires === undefined ? undefined : new Date(Date.now() + expires).toISOString();
  const { token, record } = makeToken({ name, scope, namespace, quotas, expiresAt });
  updateTokenFile(options.file, (tokens) => {
    if (tokens.some((other) => other.name === name))
      throw new WardianError("name-taken", `there is a token named ${name} already: revoke it first, or give another name`);
    return [...tokens, record];
  });
  await print(options, { token, ...shown(record) }, token);
  if (options.json !== true) sayError("this token is shown now and never again; clients send it as Authorization: Bearer TOKEN");
  return 0;
}

function shown({ hash: _hash, ...record }: TokenRecord): Omit<TokenRecord, "hash"> {
  return record;
}

async function list(options: FileOptions): Promise<number> {
  const tokens = readTokenFile(options.file);
  if (options.json === true) {
    for (const token of tokens) await print(options, { ...shown(token), expired: isExpired(token) }, "");
    return 0;
  }
  const rows = tokens.map((token) => [token.id, token.name, token.scope, token.namespace, quotasText(token), expiryText(token)]);
  await writeOut(formatTable(["ID", "NAME", "SCOPE", "NAMESPACE", "QUOTAS", "EXPIRES"], rows));
  return 0;
}

function quotasText({ quotas: { instances, running, memoryBytes, cpus } }: TokenRecord): string {
  const parts = [
    instances === undefined ? "" : `${instances} instances`,
    running === undefined ? "" : `${running} running`,
    memoryBytes === undefined ? "" : formatSize(memoryBytes),
    cpus === undefined ? "" : `${cpus} CPUs`,
  ].filter((part) => part !== "");
  return parts.length === 0 ? "-" : parts.join(", ");
}

function expiryText(token: TokenRecord): string {
  if (token.expiresAt === undefined) return "never";
  return isExpired(token) ? `${token.expiresAt} (expired)` : token.expiresAt;
}

function revoke(ref: string, { file }: FileOptions): number {
  updateTokenFile(file, (tokens) => {
    const kept = tokens.filter(({ id, name }) => id !== ref && name !== ref);
    if (kept.length === tokens.length) throw new WardianError("no-token", `${file} has no token ${JSON.stringify(ref)}`);
    return kept;
  });
  return 0;
}
