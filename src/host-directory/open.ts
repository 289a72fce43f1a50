// path_open: from where a walk ended to a descriptor. Depends on node:fs, walk, mount and descriptor-path.
//
// What is there is named first (O_PATH: no device, FIFO or socket notices), looked at, and then opened through its own descriptor, by
// which no name is looked up any more. What is not there is created with O_EXCL, which follows nothing and opens nothing that exists.
import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync } from "node:fs";
import {
  ACCESS_READ,
  ACCESS_WRITE,
  FDFLAGS_APPEND,
  FDFLAGS_DSYNC,
  FDFLAGS_RSYNC,
  FDFLAGS_SYNC,
  LOOKUPFLAGS_SYMLINK_FOLLOW,
  OFLAGS_CREAT,
  OFLAGS_DIRECTORY,
  OFLAGS_EXCL,
  OFLAGS_TRUNC,
} from "./abi.js";
import { childPath, directoryPath, NAME_DIRECTORY, NAME_ONLY, reopenPath } from "./descriptor-path.js";
import { codeOf, EXIST, INVAL, ISDIR, LOOP, NOSPC, NOTDIR, ROFS, SUCCESS } from "./errno.js";
import { type Mount, mayOpen } from "./mount.js";
import { SYMLOOP_MAX, type Walk } from "./walk.js";

const CREATE_MODE = 0o666;
/** Not an errno: a link was followed, or what is there changed under our eyes. */
const RETRY = -1;
/** Every link that a walk may follow, and some changes of what a name stands for. */
const ATTEMPTS_MAX = SYMLOOP_MAX + 24;

export interface OpenRequest {
  readonly mount: Mount;
  readonly lookupflags: number;
  readonly oflags: number;
  readonly access: number;
  readonly fdflags: number;
  /** Whether one more file may be created. */
  readonly mayCreate: boolean;
}

export interface Opened {
  readonly fd: number;
  readonly isDirectory: boolean;
  readonly isNew: boolean;
}

/** open(2)'s flags for a regular file. Never blocks (a lease would), never takes a terminal. */
export function openFlags(access: number, fdflags: number): number {
  let flags = constants.O_NONBLOCK | constants.O_NOCTTY;
  if ((access & ACCESS_WRITE) !== 0) flags |= (access & ACCESS_READ) !== 0 ? constants.O_RDWR : constants.O_WRONLY;
  if ((fdflags & FDFLAGS_APPEND) !== 0) flags |= constants.O_APPEND;
  if ((fdflags & FDFLAGS_DSYNC) !== 0) flags |= constants.O_DSYNC;
  if ((fdflags & (FDFLAGS_SYNC | FDFLAGS_RSYNC)) !== 0) flags |= constants.O_SYNC;
  return flags;
}

/** Opens where `walk` ended; links at the end are followed when asked for. What was opened, or an errno. */
export function openAt(walk: Walk, request: OpenRequest): Opened | number {
  const { oflags } = request;
  if ((oflags & OFLAGS_DIRECTORY) !== 0 && (oflags & (OFLAGS_CREAT | OFLAGS_EXCL | OFLAGS_TRUNC)) !== 0) return INVAL;
  for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts++) {
    const result = walk.name === "" ? openDirectoryItself(walk, request) : openEntry(walk, request);
    if (result !== RETRY) return result;
  }
  return LOOP;
}

/** The path ended in ".", ".." or a link to one of these. */
function openDirectoryItself(walk: Walk, request: OpenRequest): Opened | number {
  if ((request.oflags & OFLAGS_CREAT) !== 0 && (request.oflags & OFLAGS_EXCL) !== 0) return EXIST;
  if (cannotOpenDirectory(request)) return ISDIR;
  return openNamed(openSync(directoryPath(walk.fd), NAME_DIRECTORY), request);
}

/** What open(2) refuses to do with a directory. */
const cannotOpenDirectory = ({ access, oflags }: OpenRequest): boolean =>
  (access & ACCESS_WRITE) !== 0 || (oflags & (OFLAGS_CREAT | OFLAGS_TRUNC)) !== 0;

/** One attempt; may end in RETRY. */
function openEntry(walk: Walk, request: OpenRequest): Opened | number {
  const path = childPath(walk.fd, walk.name);
  const isCreating = (request.oflags & OFLAGS_CREAT) !== 0;
  if (isCreating && walk.mustBeDirectory) return ISDIR;
  if (isCreating && lstatSync(path, { throwIfNoEntry: false }) === undefined) return create(path, request);
  if (isCreating && (request.oflags & OFLAGS_EXCL) !== 0) return EXIST;
  let fd;
  try {
    fd = openSync(path, NAME_ONLY);
  } catch (error) {
    if (isCreating && codeOf(error) === "ENOENT") return RETRY;
    throw error;
  }
  return isLink(fd) ? followEntry(walk, path, fd, request) : openNamed(fd, request, walk.mustBeDirectory);
}

function isLink(fd: number): boolean {
  try {
    return fstatSync(fd).isSymbolicLink();
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function create(path: string | Buffer, request: OpenRequest): Opened | number {
  if (request.mount.readOnly) return ROFS;
  if (!request.mayCreate) return NOSPC;
  const flags = openFlags(request.access, request.fdflags) | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  try {
    return { fd: openSync(path, flags, CREATE_MODE), isDirectory: false, isNew: true };
  } catch (error) {
    if (codeOf(error) === "EEXIST") return RETRY;
    throw error;
  }
}

function followEntry(walk: Walk, path: string | Buffer, fd: number, request: OpenRequest): number {
  closeSync(fd);
  if ((request.lookupflags & LOOKUPFLAGS_SYMLINK_FOLLOW) === 0 && !walk.mustBeDirectory) return LOOP;
  let target;
  try {
    target = readlinkSync(path, "latin1");
  } catch (error) {
    if (codeOf(error) === "EINVAL") return RETRY;
    throw error;
  }
  const errno = walk.follow(target);
  return errno === SUCCESS ? RETRY : errno;
}

/** Opens what `named` names, which is no link; `named` is closed or handed on. */
function openNamed(named: number, request: OpenRequest, mustBeDirectory = false): Opened | number {
  let keep = false;
  try {
    const stat = fstatSync(named);
    if (stat.isDirectory()) {
      const errno = cannotOpenDirectory(request) ? ISDIR : mayOpen(request.mount, named, stat);
      keep = errno === SUCCESS;
      return keep ? { fd: named, isDirectory: true, isNew: false } : errno;
    }
    if (mustBeDirectory || (request.oflags & OFLAGS_DIRECTORY) !== 0) return NOTDIR;
    const errno = mayOpen(request.mount, named, stat);
    return errno === SUCCESS ? openFile(named, request) : errno;
  } finally {
    if (!keep) closeSync(named);
  }
}

function openFile(named: number, request: OpenRequest): Opened | number {
  const isTruncating = (request.oflags & OFLAGS_TRUNC) !== 0;
  if (request.mount.readOnly && (isTruncating || (request.access & ACCESS_WRITE) !== 0)) return ROFS;
  const flags = openFlags(request.access, request.fdflags) | (isTruncating ? constants.O_TRUNC : 0);
  return { fd: openSync(reopenPath(named), flags), isDirectory: false, isNew: false };
}

/** Opens the file of `fd` again with other flags; the errno that this fails with is thrown by node:fs. */
export const reopen = (fd: number, access: number, fdflags: number): number => openSync(reopenPath(fd), openFlags(access, fdflags));
