// What the two file trees, of a running guest and of a stored one, tell in the same way. May depend on errors, image/archive, file-tree.
import { WardianError } from "../errors.js";
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK } from "../image/archive/cpio.js";
import type { FileStat, FileType } from "./file-tree.js";

const TYPES: ReadonlyMap<number, FileType> = new Map([
  [S_IFREG, "file"],
  [S_IFDIR, "folder"],
  [S_IFLNK, "symlink"],
  [S_IFCHR, "character"],
  [S_IFBLK, "block"],
  [S_IFIFO, "fifo"],
  [S_IFSOCK, "socket"],
]);

/** More than this in one folder is not listed. */
export const LIST_ENTRIES_MAX = 65_536;
/** A tar that is put into an instance, unpacked. */
export const EXTRACT_LIMIT_BYTES = 2 ** 36;

export interface StatFields {
  readonly mode: number;
  readonly sizeBytes: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeSeconds: number;
  readonly target?: string | undefined;
}

export function makeStat(name: string, fields: StatFields): FileStat {
  const { mode, sizeBytes, uid, gid, mtimeSeconds, target } = fields;
  return {
    name: name.toWellFormed(),
    type: TYPES.get(mode & S_IFMT) ?? "file",
    sizeBytes,
    mode: mode & 0o7777,
    uid,
    gid,
    modifiedAt: new Date(mtimeSeconds * 1000).toISOString(),
    ...(target === undefined ? {} : { target: target.toWellFormed() }),
  };
}

/** A guest's absolute path; a relative one begins at "/". Throws `bad-path`. */
export function absolutePath(path: string): string {
  if (path === "" || path.includes("\0") || Buffer.byteLength(path) > 4090)
    throw new WardianError("bad-path", "a path in a guest has 1 to 4090 bytes and no NUL: give another");
  return path.startsWith("/") ? path : `/${path}`;
}

/** The last part of a path, "/" for the root. */
export function lastPart(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.at(-1) ?? "/";
}

/** What names in an archive begin with: the last part, as in `docker cp`. */
export function archivePrefix(path: string): string {
  const name = lastPart(path);
  return name === "/" ? "." : name;
}

export function sortByName(stats: FileStat[]): FileStat[] {
  return stats.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

export function tooMany(path: string): WardianError {
  return new WardianError("file-too-large", `${path} has more than ${LIST_ENTRIES_MAX} entries: get it as an archive`);
}
