// Which engine a command speaks to: the options that say it, alike for all commands, and the way there. May depend on errors,
// engine/, client/ and the files beside it.
import { readFileSync, statSync } from "node:fs";
import { createSecureContext } from "node:tls";
import type { Command } from "commander";
import { type OwnerNeed, openDoor } from "../client/open-door.js";
import type { TlsOptions } from "../client/transport.js";
import type { Door } from "../engine/action.js";
import { WardianError } from "../errors.js";
import { sayError } from "./message.js";

export interface DoorOptions {
  readonly host?: string;
  readonly tokenFile?: string;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly state?: string;
  readonly json?: true;
}

/** For the end of each command's --help. */
export const DOOR_HELP = `
Without --host, the instances are those of the state folder: the process that owns it is asked, and where there is none, one is
started in the background that ends when it has had nothing to do for a minute.
--state is for this machine's own, whatever WARDIAN_HOST says.
Environment: WARDIAN_HOST, WARDIAN_STATE, WARDIAN_TOKEN (a server's token; it is never an option, because others can see those).
`;

/** Adds --json, --host, --state and how to prove who we are. */
export function addDoorOptions(command: Command): Command {
  return command
    .option("--json", "print JSON, one object a line")
    .option("--host <url>", "server to speak to: http://HOST:PORT, https://HOST:PORT or unix:/PATH (default: $WARDIAN_HOST)")
    .option("--token-file <file>", "file with the token for it (default: $WARDIAN_TOKEN)")
    .option("--tls-ca <file>", "certificate that the server's is signed with, if none that everybody knows")
    .option("--tls-cert <file>", "our own certificate, where the server asks for one")
    .option("--tls-key <file>", "its key")
    .option("--state <folder>", "folder of the instances on this machine (default: $WARDIAN_STATE, or in the user's own)");
}

/** The server that is meant, if it is not the machine's own. What was said here and now counts for more than the environment. */
export function hostOf({ host, state }: DoorOptions): string | undefined {
  if (host !== undefined && host !== "" && state !== undefined)
    throw new WardianError("bad-option", "--host and --state exclude each other: a server has its own state folder");
  const meant = host ?? (state === undefined ? process.env.WARDIAN_HOST : undefined);
  return meant === "" ? undefined : meant;
}

/**
 * Calls `fn` with the door to the engine that is meant, and closes it. `need`: "records" for what only looks at or changes what is
 * stored; "running" (the default) for what starts instances, meets running ones, or waits: then there is an owner that stays.
 */
export async function withDoor<T>(options: DoorOptions, fn: (door: Door) => Promise<T>, need: OwnerNeed = "running"): Promise<T> {
  const host = hostOf(options);
  await using door = await openDoor({
    host,
    token: host === undefined ? undefined : tokenOf(options),
    tls: tlsOf(options),
    state: options.state,
    need,
    onNote: sayError,
  });
  return await fn(door);
}

function tokenOf({ tokenFile }: DoorOptions): string | undefined {
  if (tokenFile !== undefined) return readToken(tokenFile);
  const token = process.env.WARDIAN_TOKEN;
  return token === undefined || token === "" ? undefined : token;
}

function readToken(path: string): string {
  const token = readShort(path, "token").trim();
  if (process.getuid !== undefined && (statSync(path).mode & 0o077) !== 0 && statSync(path).isFile())
    sayError(`others than its owner may read or write the token file ${path}: chmod 600 it`);
  return token;
}

function tlsOf({ tlsCa, tlsCert, tlsKey }: DoorOptions): TlsOptions {
  const read = (path: string | undefined): string | undefined => (path === undefined ? undefined : readShort(path, "certificate"));
  const ca = read(tlsCa);
  if (ca !== undefined && !/^-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/m.test(ca))
    throw new WardianError("bad-option", `--tls-ca: ${tlsCa} holds no PEM certificate`);
  if ((tlsCert === undefined) !== (tlsKey === undefined)) throw new WardianError("bad-option", "--tls-cert and --tls-key go together");
  const [cert, key] = [read(tlsCert), read(tlsKey)];
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new WardianError("bad-option", `${tlsCert} and ${tlsKey} are no certificate and its key, in PEM`, { cause: error });
  }
  return { ca, cert, key };
}

function readShort(path: string, what: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === "ENOENT" ? "does not exist" : `cannot be read (${(error as Error).message})`;
    throw new WardianError("bad-option", `the ${what} file ${path} ${why}`, { cause: error });
  }
}
