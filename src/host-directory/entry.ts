// What can be done with an entry of a directory: where a walk ended. Depends on node:fs, walk and filestat.
//
// None of the calls below follows a last link: mkdir, rmdir, unlink, rename, link (linkat without AT_SYMLINK_FOLLOW), symlink, lstat,
// readlink and lutimes all stop at it. A slash behind a path is never handed to the kernel, which would follow then; we look ourselves.
// Results: >= 0, or minus an errno; what node:fs throws is the caller's to turn into one.
import {
  type BigIntStats,
  fstatSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
} from "node:fs";
import { childPath, directoryPath } from "./descriptor-path.js";
import { BUSY, codeOf, EXIST, INVAL, ISDIR, LOOP, NAMETOOLONG, NOENT, NOTDIR, PERM, SUCCESS } from "./errno.js";
import { type ExactTimesOf, secondsOf, timesToSet } from "./filestat.js";
import { PATH_MAX, SYMLOOP_MAX, type Walk } from "./walk.js";

const BIGINT = { bigint: true } as const;
const QUIETLY = { bigint: true, throwIfNoEntry: false } as const;
const DIRECTORY_MODE = 0o777;
/** Every link that a walk may follow, and some changes of what a name stands for. */
const ATTEMPTS_MAX = SYMLOOP_MAX + 24;

const pathOf = (walk: Walk): string | Buffer => childPath(walk.fd, walk.name);
const lookHere = (walk: Walk): BigIntStats | undefined =>
  walk.name === "" ? fstatSync(walk.fd, BIGINT) : lstatSync(pathOf(walk), QUIETLY);

/** The stat of where the walk ends, links followed when asked for (and by a slash behind them), or an errno. */
export function statEntry(walk: Walk, follow: boolean): BigIntStats | number {
  for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts++) {
    const stat = lookHere(walk);
    if (stat === undefined) return NOENT;
    if (!stat.isSymbolicLink()) return walk.mustBeDirectory && !stat.isDirectory() ? NOTDIR : stat;
    if (!follow && !walk.mustBeDirectory) return stat;
    const errno = followLink(walk);
    if (errno !== SUCCESS) return errno;
  }
  return LOOP;
}

/** SUCCESS also when the link is one no more: there is another look to come. */
function followLink(walk: Walk): number {
  try {
    return walk.follow(readlinkSync(pathOf(walk), "latin1"));
  } catch (error) {
    if (codeOf(error) === "EINVAL") return SUCCESS;
    throw error;
  }
}

export function setEntryTimes(walk: Walk, follow: boolean, atim: bigint, mtim: bigint, fstflags: number, exact: ExactTimesOf): number {
  const stat = statEntry(walk, follow);
  if (typeof stat === "number") return -stat;
  const set = timesToSet(exact.of(stat), atim, mtim, fstflags);
  if (typeof set === "number") return -set;
  if (walk.name === "") utimesSync(directoryPath(walk.fd), secondsOf(set.atim), secondsOf(set.mtim));
  else lutimesSync(pathOf(walk), secondsOf(set.atim), secondsOf(set.mtim));
  const after = lookHere(walk);
  if (after !== undefined) exact.remember(after, set);
  return SUCCESS;
}

export function createDirectory(walk: Walk): number {
  if (walk.name === "") return -EXIST;
  mkdirSync(pathOf(walk), DIRECTORY_MODE);
  return SUCCESS;
}

export function removeDirectory(walk: Walk): number {
  if (walk.name === "") return -INVAL;
  rmdirSync(pathOf(walk));
  return SUCCESS;
}

export function unlinkFile(walk: Walk): number {
  const stat = walk.mustBeDirectory ? lookHere(walk) : undefined;
  if (walk.mustBeDirectory) return stat === undefined ? -NOENT : stat.isDirectory() ? -ISDIR : -NOTDIR;
  unlinkSync(pathOf(walk));
  return SUCCESS;
}

/** What a link that is to be made at a path with a slash behind it fails with, as in POSIX; SUCCESS without a slash. */
function checkNewName(walk: Walk): number {
  if (walk.name === "") return EXIST;
  if (!walk.mustBeDirectory) return SUCCESS;
  const stat = lookHere(walk);
  return stat === undefined ? NOENT : stat.isDirectory() ? EXIST : NOTDIR;
}

/** A hard link. The old path's last link is not followed (but for a slash behind it); a directory gets none. */
export function linkEntry(from: Walk, to: Walk): number {
  const isDirectory = from.name === "" || from.mustBeDirectory;
  const stat = isDirectory ? statEntry(from, false) : undefined;
  if (typeof stat === "number") return -stat;
  const wrong = checkNewName(to);
  if (wrong !== SUCCESS) return -wrong;
  if (isDirectory) return lookHere(to) === undefined ? -PERM : -EXIST;
  linkSync(pathOf(from), pathOf(to));
  return SUCCESS;
}

export function renameEntry(from: Walk, to: Walk): number {
  if (from.name === "" || to.name === "") return -BUSY;
  if (from.mustBeDirectory || to.mustBeDirectory) {
    const stat = lookHere(from);
    if (stat === undefined) return -NOENT;
    if (!stat.isDirectory()) return -NOTDIR;
  }
  renameSync(pathOf(from), pathOf(to));
  return SUCCESS;
}

/** `target` is kept as it is, and walked when somebody follows it; an absolute one is refused at once. */
export function symlinkEntry(target: string, walk: Walk): number {
  if (target === "") return -NOENT;
  if (target.length > PATH_MAX) return -NAMETOOLONG;
  if (target.includes("\0")) return -INVAL;
  if (target.startsWith("/")) return -PERM;
  const wrong = checkNewName(walk);
  if (wrong !== SUCCESS) return -wrong;
  symlinkSync(Buffer.from(target, "latin1"), pathOf(walk));
  return SUCCESS;
}

/** The bytes of a link, as many as fit. An absolute one, which only the host can have made, is PERM: paths of the host are not told. */
export function readLink(walk: Walk, into: Uint8Array): number {
  if (walk.mustBeDirectory) {
    const stat = statEntry(walk, true);
    return typeof stat === "number" ? -stat : -INVAL;
  }
  const target = readlinkSync(pathOf(walk), "buffer");
  if (target[0] === "/".charCodeAt(0)) return -PERM;
  const count = Math.min(target.length, into.length);
  into.set(target.subarray(0, count));
  return count;
}
