// What every call on a descriptor begins with: the descriptor and its rights. Depends on proc.
//
// Rights (WASI preview1, rights): what a program asks of path_open decides about reading and writing only, as in wasmtime, whose programs
// open with FD_READ alone and then stat or seek; the other rights are those that the directory passes on. fd_fdstat_set_rights takes any away
// for good. A descriptor open for the other direction answers BADF, as POSIX and wasmtime have it; any other right that is missing NOTCAPABLE.
import {
  ERRNO_BADF,
  ERRNO_INVAL,
  ERRNO_NAMETOOLONG,
  ERRNO_NOMEM,
  ERRNO_NOTCAPABLE,
  ERRNO_SUCCESS,
  FILETYPE_DIRECTORY,
  GATE_HOST,
  KIND_DIRECTORY,
  KIND_FILE,
  KIND_HOST,
  RIGHT_FD_READ,
  RIGHT_FD_WRITE,
} from "../abi";
import { Descriptor, findDescriptor } from "../proc/fdtable";
import { setResult, windowOf } from "../proc/process";
import { slab_alloc } from "../slab";

const ACCESS: u64 = RIGHT_FD_READ | RIGHT_FD_WRITE;

/** BADF for a number that is not open; NOTCAPABLE where one of `rights` is missing. */
@inline
export function check(proc: usize, fd: i32, rights: u64): i32 {
  const d = findDescriptor(proc, fd);
  if (!d) return ERRNO_BADF;
  return (d.rightsBase & rights) == rights ? ERRNO_SUCCESS : ERRNO_NOTCAPABLE;
}

/** The same for reading and writing, `access` being one right: BADF where the descriptor is open for the other only. */
@inline
export function checkAccess(proc: usize, fd: i32, access: u64): i32 {
  const d = findDescriptor(proc, fd);
  if (!d) return ERRNO_BADF;
  return d.rightsBase & access ? ERRNO_SUCCESS : accessError(d);
}

export function accessError(d: Descriptor): i32 {
  return d.rightsBase & ACCESS || d.filetype == FILETYPE_DIRECTORY ? ERRNO_BADF : ERRNO_NOTCAPABLE;
}

/** A directory with these rights. BADF for anything else, as wasmtime answers. */
export function checkDirectory(proc: usize, fd: i32, rights: u64): i32 {
  const d = findDescriptor(proc, fd);
  if (!d || d.filetype != FILETYPE_DIRECTORY) return ERRNO_BADF;
  return (d.rightsBase & rights) == rights ? ERRNO_SUCCESS : ERRNO_NOTCAPABLE;
}

/** A regular file (ours or the host's) with these rights. `other` is what anything else that is no directory answers. */
export function checkFile(proc: usize, fd: i32, rights: u64, other: i32): i32 {
  const d = findDescriptor(proc, fd);
  if (!d || d.filetype == FILETYPE_DIRECTORY) return ERRNO_BADF;
  if (d.kind != KIND_FILE && d.kind != KIND_HOST) return other;
  return (d.rightsBase & rights) == rights ? ERRNO_SUCCESS : ERRNO_NOTCAPABLE;
}

/** The descriptor that a check found good. */
@inline
export function checked(proc: usize, fd: i32): Descriptor {
  return changetype<Descriptor>(findDescriptor(proc, fd));
}


@inline
export function isHost(d: Descriptor): bool {
  return d.kind == KIND_HOST;
}


@inline
export function isTreeDirectory(d: Descriptor): bool {
  return d.kind == KIND_DIRECTORY;
}

/** The host goes on with its own handle. */
@inline
export function host(proc: usize, d: Descriptor): i32 {
  setResult(proc, 0, d.object);
  return GATE_HOST;
}

/** Names a preopened directory; the number, or an errno negated (the descriptor then stays, without a name, for the reaper). */
export function named(proc: usize, fd: i32, d: Descriptor, nameLen: i32): i32 {
  if (nameLen <= 0 || nameLen > 4096) return nameLen <= 0 ? -ERRNO_INVAL : -ERRNO_NAMETOOLONG;
  const name = slab_alloc(nameLen);
  if (!name) return -ERRNO_NOMEM;
  memory.copy(name, windowOf(proc), nameLen);
  d.namePtr = name;
  d.nameLen = nameLen;
  return fd;
}
