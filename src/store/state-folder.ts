// The folder in which everything lies that outlives a process: where it is, what is in it, and how it is made and cleaned. May depend on
// errors.
//
//   owner.lock owner.json owner.sock   ownership.ts and the owner's local door
//   wardian.db                         sqlite-store.ts
//   instances/ID/                      of one instance: log/, and what its kind keeps
//   images/                            where names of images and kernels lead to
import { accessSync, constants, existsSync, lstatSync, mkdirSync, readdirSync, type Stats, statSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { WardianError } from "../errors.js";

/** sun_path of unix(7), without its NUL; other systems have less, and say so themselves. */
const SOCKET_PATH_BYTES = 107;
const WRITABLE_BY_OTHERS = 0o022;
/** Nothing that could lead elsewhere. */
const FOLDER_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;

/** `--state`, or what stands for it: $WARDIAN_STATE, $XDG_STATE_HOME/wardian, ~/.local/state/wardian. */
export function locateState(given?: string, env: NodeJS.ProcessEnv = process.env, home = homedir()): string {
  const named = given ?? env["WARDIAN_STATE"];
  if (named !== undefined && named !== "") return resolve(named);
  const xdg = env["XDG_STATE_HOME"] ?? "";
  return isAbsolute(xdg) ? join(xdg, "wardian") : join(home, ".local", "state", "wardian");
}

/** The paths of a state folder; what makes and what removes is below. */
export class StateFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = resolve(path);
  }

  get lock(): string {
    return join(this.path, "owner.lock");
  }

  get owner(): string {
    return join(this.path, "owner.json");
  }

  get socketFile(): string {
    return join(this.path, "owner.sock");
  }

  /** The socket's file, where a socket can be. Throws `state-path-too-long`. */
  get socket(): string {
    if (Buffer.byteLength(this.socketFile) <= SOCKET_PATH_BYTES) return this.socketFile;
    throw new WardianError("state-path-too-long", `${this.path} is too long a path for a socket in it: give a shorter one with --state`);
  }

  get database(): string {
    return join(this.path, "wardian.db");
  }

  get instances(): string {
    return join(this.path, "instances");
  }

  get images(): string {
    return join(this.path, "images");
  }

  instance(id: string): string {
    if (!FOLDER_NAME.test(id)) throw new WardianError("bad-request", `${JSON.stringify(id)} is no instance's id`);
    return join(this.instances, id);
  }

  instanceLog(id: string): string {
    return join(this.instance(id), "log");
  }

  /** Does nothing when it is there. */
  async makeInstance(id: string): Promise<string> {
    const path = this.instance(id);
    await mkdir(path, { recursive: true, mode: 0o700 });
    return path;
  }

  /** Links in it are removed, and never followed. */
  async removeInstance(id: string): Promise<void> {
    await rm(this.instance(id), { recursive: true, force: true });
  }

  /**
   * Removes what a kill has left of instances that are gone: the folders that have none of these ids. For the owner, after every record that
   * the store has is in `known`. What cannot be removed, or does not look like ours, is left.
   */
  async removeOrphans(known: ReadonlySet<string>, onNote: (text: string) => void = () => undefined): Promise<void> {
    const entries = await readdir(this.instances, { withFileTypes: true });
    const orphans = entries.filter((entry) => entry.isDirectory() && FOLDER_NAME.test(entry.name) && !known.has(entry.name));
    for (const { name } of orphans) {
      try {
        await this.removeInstance(name);
      } catch (error) {
        onNote(`${join(this.instances, name)} belongs to no instance and cannot be removed: ${(error as Error).message}`);
      }
    }
  }
}

/** Makes it if it is not there. Throws `state-unwritable`, `state-unsafe`, `state-foreign`. */
export function openStateFolder(path: string): StateFolder {
  const folder = new StateFolder(path);
  makePrivate(folder.path);
  requireOurs(folder.path, statSync(folder.path));
  requireNotForeign(folder);
  for (const part of [folder.instances, folder.images]) makePrivate(part);
  // removeOrphans() works in it: it is not to be a link to somewhere else.
  if (!lstatSync(folder.instances).isDirectory())
    throw new WardianError(
      "state-foreign",
      `${folder.instances} is a link: put the folder itself there, or give another folder with --state`,
    );
  return folder;
}

/** With its parents. Not mkdir's `recursive`, which never returns where a parent is there but takes no folders, as in /proc (Node 20). */
function makePrivate(path: string): void {
  try {
    if (!existsSync(dirname(path))) makePrivate(dirname(path));
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (error instanceof WardianError) throw error;
    if (!isFolder(path)) throw unwritable(path, error);
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Not repaired here: somebody may have named a folder that others share. */
function requireOurs(path: string, stats: Stats): void {
  const user = process.geteuid?.();
  if (user !== undefined && stats.uid !== user)
    throw new WardianError(
      "state-unsafe",
      `${path} belongs to the user ${stats.uid}, not to you (${user}): give a folder of yours with --state`,
    );
  if (user !== undefined && (stats.mode & WRITABLE_BY_OTHERS) !== 0)
    throw new WardianError("state-unsafe", `others may write in ${path}: say chmod 700 ${path}, or give another folder with --state`);
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** So that nobody's own folder named "instances" is ever cleaned. */
function requireNotForeign(folder: StateFolder): void {
  const names = new Set(readdirSync(folder.path));
  if (names.has("wardian.db") || names.has("owner.lock") || !names.has("instances")) return;
  if (readdirSync(folder.instances).length === 0) return;
  throw new WardianError(
    "state-foreign",
    `${folder.instances} is there, but no ${folder.database}: give a folder of Wardian's own with --state, or restore the database`,
  );
}

function unwritable(path: string, error: unknown): WardianError {
  const told = (error as Error).message;
  return new WardianError("state-unwritable", `${path} cannot be used (${told}): give a folder that you may write in with --state`, {
    cause: error,
  });
}
