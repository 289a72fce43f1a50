// `wardian cp`: files between this machine and an instance, with docker's rules for what goes where. May depend on errors, engine/,
// instance/, machine/ and the files beside it.
import { lstat, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, posix, resolve } from "node:path";
import type { Command } from "commander";
import type { Door } from "../engine/action.js";
import { WardianError } from "../errors.js";
import type { FileStat } from "../instance/file-tree.js";
import { NAME_PATTERN } from "../instance/spec.js";
import { formatSize, parseSize } from "../machine/size.js";
import { addDoorOptions, DOOR_HELP, type DoorOptions, withDoor } from "./door-options.js";
import { statusOfSignal } from "./interruption.js";
import { sayError } from "./message.js";
import { print, writeOut } from "./output.js";
import { CONTENTS, pack } from "./pack.js";
import { unpack } from "./unpack.js";

interface CopyOptions extends DoorOptions {
  readonly archive?: true;
  readonly quiet?: true;
  readonly maxSize?: number;
}

const DEFAULT_MAX_SIZE = 8 * 1024 ** 3;
/** As many as Linux follows. */
const LINKS_MAX = 40;
const SKIPPED_SHOWN = 10;

const HELP = `
A path in an instance is written INSTANCE:PATH; a path here that has a ":" is written with a "./" before it. Where the target is a folder
that is there, the file or folder goes into it; otherwise it gets the target's name. A source that ends in "/." is a folder's contents.
"-" is a tar archive on stdin or stdout. Links are copied as links. What comes out of an instance is not trusted: nothing is written outside
of the target, no link in it is followed, devices are left out, and set-id bits are taken away.

Exit status: 0, or 125 for an error, told in one line.

Examples:
  wardian cp page.html web:/srv/
  wardian cp web:/var/log ./log
  wardian cp web:/etc/. - | tar -t
`;

export function addCopyCommand(program: Command, finish: (status: number) => void): void {
  const command = program
    .command("cp")
    .summary("copy files to or from an instance")
    .description("Copies a file or a folder with all that is in it, to or from an instance, whether it runs or not.")
    .argument("<source>", "INSTANCE:PATH, PATH, or -")
    .argument("<target>", "INSTANCE:PATH, PATH, or -")
    .option("-a, --archive", "keep owners (into an instance; otherwise everything is root's)")
    .option("-q, --quiet", "do not tell what was copied")
    .option("--max-size <size>", `the most to take out of an instance (default: ${formatSize(DEFAULT_MAX_SIZE)})`, (text) =>
      parseSize(text, { minBytes: 1 }),
    );
  addDoorOptions(command)
    .addHelpText("after", HELP + DOOR_HELP)
    .action(async (source: string, target: string, options: CopyOptions) => {
      finish(await withDoor(options, (door) => copy(door, source, target, options), "records"));
    });
}

interface GuestPath {
  readonly instance: string;
  readonly path: string;
}

/** The exit status. */
async function copy(door: Door, source: string, target: string, options: CopyOptions): Promise<number> {
  const [from, to] = [parseGuestPath(source), parseGuestPath(target)];
  if (from !== undefined && to !== undefined)
    throw new WardianError("bad-option", "instances do not copy to each other: copy to this machine, and from here");
  if (from !== undefined) return await copyOut(door, from, target, options);
  if (to === undefined) throw new WardianError("bad-option", "neither is in an instance: write INSTANCE:PATH for one of them");
  await copyIn(door, source, to, options);
  return 0;
}

/** "NAME:PATH"; undefined for a path here. */
export function parseGuestPath(text: string): GuestPath | undefined {
  const colon = text.indexOf(":");
  const instance = text.slice(0, Math.max(colon, 0));
  if (!NAME_PATTERN.test(instance)) return undefined;
  const path = text.slice(colon + 1);
  if (path === "") throw new WardianError("bad-option", `${JSON.stringify(text)} has no path: write ${instance}:/PATH`);
  return { instance, path: posix.join("/", path) + (/(^|\/)\.$/.test(path) ? "/." : "") };
}

/** A source "folder/." means what is in it. */
function isContents(path: string): boolean {
  return path === "." || path.endsWith("/.");
}

// From an instance.

async function copyOut(door: Door, { instance, path }: GuestPath, target: string, options: CopyOptions): Promise<number> {
  const source = posix.normalize(path).replace(/(?<=.)\/+$/, "");
  if (target === "-") {
    for await (const chunk of await door.apply({ kind: "get-archive", instance, path: source }))
      if (!(await writeOut(chunk as Uint8Array))) return statusOfSignal("SIGPIPE");
    return 0;
  }
  const about = await door.apply({ kind: "stat-file", instance, path: source });
  const plan = await planOut(about.type, source, target, isContents(path));
  const tar = await door.apply({ kind: "get-archive", instance, path: source });
  const skipped = new Skipped();
  const sizeBytes = await unpack(tar, { ...plan, limitBytes: options.maxSize ?? DEFAULT_MAX_SIZE, onSkip: skipped.tell });
  skipped.tellRest();
  await tell(options, `${instance}:${source}`, target, sizeBytes);
  return 0;
}

interface OutPlan {
  readonly root: string;
  readonly place: (parts: readonly string[]) => readonly string[];
}

async function planOut(type: FileStat["type"], source: string, target: string, contents: boolean): Promise<OutPlan> {
  const base = posix.basename(source);
  const about = await lookHere(target);
  if (type === "folder") {
    if (about !== undefined && !about.isFolder)
      throw new WardianError("not-a-folder", `${target} is a file: a folder cannot take its place`);
    if (about !== undefined) return planAt(base, await realpath(target), contents || base === "" ? [] : [base]);
    return planAt(base, await parentHere(target), [basename(resolve(target))]);
  }
  if (contents) throw new WardianError("not-a-folder", `${source} is not a folder`);
  if (about?.isFolder === true) return planAt(base, await realpath(target), [base]);
  if (target.endsWith("/")) throw new WardianError("no-file", `there is no folder ${target}`);
  return planAt(base, await parentHere(target), [basename(resolve(target))]);
}

/** Only what lies below the name that was asked for has business here. */
function planAt(base: string, root: string, to: readonly string[]): OutPlan {
  return {
    root,
    place: (parts) => {
      if (base === "") return [...to, ...parts];
      if (parts[0] !== base) throw new WardianError("archive-unsafe", "the instance sent files that were not asked for");
      return [...to, ...parts.slice(1)];
    },
  };
}

/** A link counts as what it leads to. */
async function lookHere(path: string): Promise<{ readonly isFolder: boolean; readonly isLink: boolean } | undefined> {
  try {
    const about = await lstat(path.replace(/(?<=.)\/+$/, ""));
    const isLink = about.isSymbolicLink();
    return { isLink, isFolder: isLink ? await leadsToFolder(path) : about.isDirectory() };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new WardianError("file-failed", `${path} cannot be used: ${(error as Error).message}`, { cause: error });
  }
}

async function leadsToFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (about) => about.isDirectory(),
    () => false,
  );
}

async function parentHere(path: string): Promise<string> {
  const parent = dirname(resolve(path));
  try {
    return await realpath(parent);
  } catch (error) {
    throw new WardianError("no-file", `there is no folder ${parent}`, { cause: error });
  }
}

// To an instance.

async function copyIn(door: Door, source: string, { instance, path }: GuestPath, options: CopyOptions): Promise<void> {
  if (source === "-") {
    await door.apply({ kind: "put-archive", instance, path, tar: process.stdin });
    return;
  }
  const { from, isFolder, base } = await lookAtSource(source);
  const { folder, name } = await planIn(door, instance, path, { isFolder, base });
  const skipped = new Skipped();
  let sizeBytes = 0;
  const onFile = (bytes: number): void => void (sizeBytes += bytes);
  const archive = pack(from, { name, keepOwners: options.archive === true, onSkip: skipped.tell, onFile });
  try {
    await door.apply({ kind: "put-archive", instance, path: folder, tar: archive });
  } finally {
    archive.destroy();
  }
  skipped.tellRest();
  await tell(options, source, `${instance}:${path}`, sizeBytes);
}

/** A link is copied as one, unless there is a "/" behind it. */
async function lookAtSource(source: string): Promise<{ readonly from: string; readonly isFolder: boolean; readonly base: string }> {
  const about = await lookHere(source);
  if (about === undefined) throw new WardianError("no-file", `there is no file ${source}`);
  if (!isContents(source) && !source.endsWith("/"))
    return { from: resolve(source), isFolder: about.isFolder && !about.isLink, base: basename(resolve(source)) };
  if (!about.isFolder) throw new WardianError("not-a-folder", `${source} is not a folder`);
  return { from: await realpath(source), isFolder: true, base: isContents(source) ? CONTENTS : basename(resolve(source)) };
}

/** Into which folder, and under which name there. */
async function planIn(
  door: Door,
  instance: string,
  path: string,
  { isFolder, base }: { readonly isFolder: boolean; readonly base: string },
): Promise<{ folder: string; name: string }> {
  const target = posix.normalize(path);
  const found = await lookThere(door, instance, target);
  if (found?.stat.type === "folder") return { folder: found.path, name: base };
  if (found !== undefined && isFolder) throw new WardianError("not-a-folder", `${target} is a file there: a folder cannot take its place`);
  if (found === undefined && !isFolder && path.endsWith("/"))
    throw new WardianError("no-file", `there is no folder ${target} in ${instance}`);
  const end = found?.path ?? target.replace(/(?<=.)\/+$/, "");
  return { folder: posix.dirname(end), name: posix.basename(end) };
}

/** What a path leads to, links followed; undefined where there is nothing. */
async function lookThere(door: Door, instance: string, path: string): Promise<{ path: string; stat: FileStat } | undefined> {
  let at = path.replace(/(?<=.)\/+$/, "");
  for (let links = 0; links < LINKS_MAX; links++) {
    try {
      const stat = await door.apply({ kind: "stat-file", instance, path: at });
      if (stat.type !== "symlink" || stat.target === undefined) return { path: at, stat };
      at = posix.resolve(posix.dirname(at), stat.target);
    } catch (error) {
      if (error instanceof WardianError && error.code === "no-file") return undefined;
      throw error;
    }
  }
  throw new WardianError("bad-path", `${path} in ${instance} leads through too many links`);
}

/** Somebody with thousands of devices would fill our screen. */
class Skipped {
  #count = 0;

  readonly tell = (name: string, why: string): void => {
    this.#count += 1;
    if (this.#count <= SKIPPED_SHOWN) sayError(`left out ${name}: ${why}`);
  };

  tellRest(): void {
    if (this.#count > SKIPPED_SHOWN) sayError(`left out ${this.#count - SKIPPED_SHOWN} more like these`);
  }
}

async function tell(options: CopyOptions, source: string, target: string, sizeBytes: number): Promise<void> {
  if (options.quiet === true && options.json !== true) return;
  if (options.json !== true && !process.stdout.isTTY) return;
  await print(options, { source, target, sizeBytes }, `copied ${formatSize(sizeBytes)} to ${join(target)}`);
}
