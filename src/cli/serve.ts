// `wardian serve`: the engine of a state folder, over HTTP, until it is told to end. May depend on errors, config, store/, engine/,
// api/ and the files beside it.
import type { Command } from "commander";
import { DEFAULT_LISTEN } from "../api/listen-address.js";
import { startServer } from "../api/server.js";
import { type AccessEntry, prepareServe, type RunningServer, type ServeOptions, tlsFilesOf } from "../api/server-running.js";
import { Engine } from "../engine/engine.js";
import { LOCAL_CALLER } from "../engine/caller.js";
import { WardianError } from "../errors.js";
import { configureWorkers } from "../machine/worker-pool.js";
import { type Ownership, readOwner, waitForOwnership } from "../store/ownership.js";
import { locateState, openStateFolder, type StateFolder } from "../store/state-folder.js";
import { BARE_SECONDS, parseDuration } from "./arguments.js";
import { IdleWatch } from "./idle-watch.js";
import { onSignals, statusOfSignal } from "./interruption.js";
import { sayError } from "./message.js";
import { print } from "./output.js";

interface ServeCommandOptions {
  readonly listen?: readonly string[];
  readonly tokenFile?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly clientCa?: string;
  readonly state?: string;
  readonly images?: string;
  readonly workers?: number;
  readonly allowedHost?: readonly string[];
  readonly allowedOrigin?: readonly string[];
  readonly rate?: number;
  readonly exitWhenIdle?: number;
  readonly accessLog?: true;
  readonly json?: true;
}

/** For an owner that is about to go, or has the folder for a moment only. */
const OWNERSHIP_TIMEOUT_MS = 5_000;
/** What a command needs it for. */
const BRIEF_MS = 300;

const HELP = `
Without --token-file or --client-ca it listens on this host only: on loopback addresses, for every user of this host, and on unix
sockets, for its own user. Whatever --listen says, the state folder's own socket is there as well, for the other commands.
SIGTERM or SIGINT ends it and the instances that run; a second one ends it at once. docs/SECURITY.md says more.

Exit status: 0 when it was told to end, 125 for an error of Wardian's own.

Examples:
  wardian serve
  wardian serve --listen unix:/run/user/1000/wardian.sock
  wardian token create --file tokens --name ci --scope operate
  wardian serve --listen 0.0.0.0:7443 --token-file tokens --tls-cert cert.pem --tls-key key.pem --allowed-host build.example
`;

export function addServeCommand(program: Command, finish: (status: number) => void): void {
  program
    .command("serve")
    .summary("serve the API and the dashboard over HTTP")
    .description("Owns a state folder and serves its instances over HTTP: the API below /v1, its reference at /docs, a dashboard at /.")
    .option("--listen <address>", `HOST:PORT, [ADDRESS]:PORT, PORT or unix:PATH; repeatable (default: ${DEFAULT_LISTEN})`, gather)
    .option("--token-file <file>", "ask for bearer tokens of this file (wardian token create)")
    .option("--tls-cert <file>", "speak TLS 1.3 with this certificate chain, in PEM")
    .option("--tls-key <file>", "its key")
    .option("--client-ca <file>", "ask for client certificates that these authorities signed")
    .option("--state <folder>", "folder to keep everything in (default: $WARDIAN_STATE, or in the user's own)")
    .option("--images <folder>", "where instances find images and kernels by name (default: images/ in the state folder)")
    .option("--workers <n>", "threads that run machines (default: one a CPU)", parseWorkers)
    .option("--allowed-host <host>", "another NAME or NAME:PORT that clients may call the server by; repeatable", gather)
    .option("--allowed-origin <origin>", "SCHEME://HOST[:PORT] of other web pages that may call it; repeatable", gather)
    .option("--rate <n>", "requests a second of each caller; twice as many at once (default: 500 with authentication)", parseRate)
    .option("--exit-when-idle <time>", `end when no instance ran and nothing was asked for so long; ${BARE_SECONDS}`, parseDuration)
    .option("--access-log", "one line of JSON on stderr for each request")
    .option("--json", "print the addresses as JSON")
    .addHelpText("after", HELP)
    .action(async (options: ServeCommandOptions) => finish(await serve(options)));
}

function gather(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}

function parseRate(text: string): number {
  const rate = /^[0-9]{1,7}(\.[0-9]{1,3})?$/.test(text) ? Number(text) : 0;
  if (rate <= 0) throw new WardianError("bad-option", `--rate takes a number of requests a second, not ${JSON.stringify(text)}`);
  return rate;
}

function parseWorkers(text: string): number {
  const count = /^[0-9]{1,3}$/.test(text) ? Number(text) : 0;
  if (count < 1) throw new WardianError("bad-option", `--workers takes a number of threads, 1 to 999, not ${JSON.stringify(text)}`);
  return count;
}

/** The exit status. */
async function serve(options: ServeCommandOptions): Promise<number> {
  const end = new AbortController();
  using _signals = onSignals((signal) => {
    // A second time, nothing is waited for.
    if (end.signal.aborted) process.exit(statusOfSignal(signal));
    end.abort();
  });
  const serving = serveOptions(options);
  await prepareServe(serving);
  if (options.workers !== undefined) configureWorkers(options.workers);
  const folder = openStateFolder(locateState(options.state));
  using ownership = await own(folder, end.signal);
  await using engine = await Engine.open({ state: folder.path, images: options.images, ownership, onNote: sayError });
  if (end.signal.aborted) return 0;
  const server = await startServer({ ...serving, engine, localSocket: folder.socket });
  const background = isBackground(options, folder) ? { background: true } : {};
  ownership.publish({ pid: process.pid, socket: folder.socket, startedAt: new Date().toISOString(), ...background });
  await sayAddresses(options, server, folder);
  await untilEnd(options, end.signal, server, engine);
  await server.close();
  return 0;
}

function serveOptions(options: ServeCommandOptions): ServeOptions {
  return {
    listen: options.listen,
    tokenFile: options.tokenFile,
    tls: tlsFilesOf(options.tlsCert, options.tlsKey, options.clientCa),
    allowedHosts: options.allowedHost,
    allowedOrigins: options.allowedOrigin,
    limits: options.rate === undefined ? undefined : { ratePerSecond: options.rate },
    onNote: sayError,
    ...(options.accessLog === true ? { onAccess: sayAccess } : {}),
  };
}

async function own(folder: StateFolder, signal: AbortSignal): Promise<Ownership> {
  const soon = await waitForOwnership(folder, BRIEF_MS, signal);
  if (soon !== undefined) return soon;
  sayError(`${describeOwner(folder)}; waiting ${OWNERSHIP_TIMEOUT_MS / 1000} seconds for its end`);
  const ownership = await waitForOwnership(folder, OWNERSHIP_TIMEOUT_MS, signal);
  if (ownership !== undefined) return ownership;
  if (signal.aborted) throw new WardianError("aborted", "told to end before the state folder was free");
  throw new WardianError("state-in-use", `${describeOwner(folder)}: end it, or give another folder with --state`);
}

/** Commands start one that serves nobody but them. */
function isBackground({ exitWhenIdle, listen }: ServeCommandOptions, folder: StateFolder): boolean {
  return exitWhenIdle !== undefined && listen?.length === 1 && listen[0] === `unix:${folder.socket}`;
}

function describeOwner(folder: StateFolder): string {
  const owner = readOwner(folder);
  if (owner === undefined) return `another process uses the state folder ${folder.path}`;
  if (owner.background !== true) return `process ${owner.pid} uses the state folder ${folder.path}`;
  const what = `process ${owner.pid}, which wardian commands started in the background, uses the state folder ${folder.path}`;
  return `${what}; it ends by itself when nothing runs, and "kill ${owner.pid}" ends it and stops its instances`;
}

function sayAccess(entry: AccessEntry): void {
  process.stderr.write(`${JSON.stringify(entry)}\n`);
}

async function sayAddresses(options: ServeCommandOptions, { addresses }: RunningServer, folder: StateFolder): Promise<void> {
  const value = { addresses, state: folder.path, pid: process.pid };
  await print(options, value, `Wardian listens on ${addresses.join(" and ")}; its state is in ${folder.path}`);
}

/** Until a signal, or nothing has been going on for long enough. */
function untilEnd({ exitWhenIdle }: ServeCommandOptions, signal: AbortSignal, server: RunningServer, engine: Engine): Promise<void> {
  return new Promise((resolve) => {
    const idle = exitWhenIdle === undefined ? undefined : new IdleWatch(exitWhenIdle, server, engine.as(LOCAL_CALLER), resolve);
    const stop = (): void => {
      idle?.stop();
      resolve();
    };
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
