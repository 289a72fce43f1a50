// path_open. Depends on proc, vfs. WASI preview1. How rights are given stands in descriptor.ts.
import {
  COUNT_CALLS_PATH,
  ERRNO_BADF,
  ERRNO_INVAL,
  ERRNO_ISDIR,
  ERRNO_NOTCAPABLE,
  ERRNO_NOTDIR,
  ERRNO_ROFS,
  ERRNO_SUCCESS,
  FILETYPE_DIRECTORY,
  FILETYPE_REGULAR_FILE,
  GATE_KILLED,
  KIND_DIRECTORY,
  KIND_FILE,
  KIND_HOST,
  LOOKUPFLAGS_SYMLINK_FOLLOW,
  OFLAGS_CREAT,
  OFLAGS_DIRECTORY,
  OFLAGS_EXCL,
  OFLAGS_TRUNC,
  RIGHT_FD_READ,
  RIGHT_FD_WRITE,
  RIGHT_PATH_CREATE_FILE,
  RIGHT_PATH_FILESTAT_SET_SIZE,
  RIGHT_PATH_OPEN,
  RIGHTS_DIRECTORY,
  RIGHTS_REGULAR_FILE,
  WINDOW_BYTES,
} from "../abi";
import { count } from "../proc/account";
import { Descriptor, findDescriptor, openDescriptor, reserveDescriptor } from "../proc/fdtable";
import { lockTree, unlockTree } from "../proc/kernel-lock";
import { enter, leave, setResult, windowOf } from "../proc/process";
import { inode_filetype, inode_hold } from "../vfs/inode";
import { vfs_open } from "../vfs/names";
import { vfs_inode } from "../vfs/state";
import { fs_is_sealed, fs_of } from "../vfs/tmp";
import { stamp } from "./clock";
import { host } from "./descriptor";

const ALL_OFLAGS = 15;
const ALL_FDFLAGS = 31;

export function path_open(
  proc: usize,
  fd: i32,
  lookupflags: i32,
  pathLen: i32,
  oflags: i32,
  rightsBase: u64,
  rightsInheriting: u64,
  fdflags: i32,
): i32 {
  if (!enter(proc)) return GATE_KILLED;
  count(proc, COUNT_CALLS_PATH, 1);
  const error = checkOpen(proc, fd, lookupflags, pathLen, oflags, rightsBase, fdflags);
  if (error) return leave(proc, error);
  const directory = changetype<Descriptor>(findDescriptor(proc, fd));
  if (directory.kind == KIND_HOST) {
    // What it passes on, for fd_install_host.
    setResult(proc, 1, directory.rightsInheriting);
    return leave(proc, host(proc, directory));
  }
  return leave(proc, openAt(proc, directory, lookupflags, pathLen, oflags, rightsBase, fdflags));
}

function checkOpen(proc: usize, fd: i32, lookupflags: i32, pathLen: i32, oflags: i32, rightsBase: u64, fdflags: i32): i32 {
  const d = findDescriptor(proc, fd);
  if (!d) return ERRNO_BADF;
  if (d.filetype != FILETYPE_DIRECTORY) return d.filetype == FILETYPE_REGULAR_FILE ? ERRNO_NOTDIR : ERRNO_BADF;
  if (lookupflags & ~LOOKUPFLAGS_SYMLINK_FOLLOW || oflags & ~ALL_OFLAGS || fdflags & ~ALL_FDFLAGS) return ERRNO_INVAL;
  if (oflags & OFLAGS_DIRECTORY && oflags & (OFLAGS_CREAT | OFLAGS_EXCL | OFLAGS_TRUNC)) return ERRNO_INVAL;
  if (<u32>pathLen > <u32>WINDOW_BYTES) return ERRNO_INVAL;
  const needed = neededRights(oflags);
  if ((d.rightsBase & needed) != needed) return ERRNO_NOTCAPABLE;
  return rightsBase & ~d.rightsInheriting & (RIGHT_FD_READ | RIGHT_FD_WRITE) ? ERRNO_NOTCAPABLE : ERRNO_SUCCESS;
}


@inline
function neededRights(oflags: i32): u64 {
  let needed: u64 = RIGHT_PATH_OPEN;
  if (oflags & OFLAGS_CREAT) needed |= RIGHT_PATH_CREATE_FILE;
  if (oflags & OFLAGS_TRUNC) needed |= RIGHT_PATH_FILESTAT_SET_SIZE;
  return needed;
}

function openAt(proc: usize, directory: Descriptor, lookupflags: i32, pathLen: i32, oflags: i32, rightsBase: u64, fdflags: i32): i32 {
  const fd = reserveDescriptor(proc);
  if (fd < 0) return -fd;
  const now = stamp();
  lockTree();
  const error = openInode(directory.object, windowOf(proc), pathLen, lookupflags, oflags, rightsBase, now);
  const inode = vfs_inode();
  if (!error) inode_hold(inode);
  const filetype = error ? 0 : inode_filetype(inode);
  unlockTree();
  if (error) return error;
  const d = openDescriptor(proc, fd, filetype == FILETYPE_DIRECTORY ? KIND_DIRECTORY : KIND_FILE, filetype, 0, inode);
  d.fdflags = fdflags;
  grant(d, directory.rightsInheriting, rightsBase);
  setResult(proc, 0, fd);
  return ERRNO_SUCCESS;
}

/** Under the kernel lock. A file to be written that cannot be is not touched. */
function openInode(base: usize, ptr: usize, len: u32, lookupflags: u32, oflags: u32, rightsBase: u64, now: u64): i32 {
  const writes = (rightsBase & RIGHT_FD_WRITE) != 0;
  const error = vfs_open(base, ptr, len, lookupflags, oflags, now);
  if (error || !writes) return error;
  if (inode_filetype(vfs_inode()) == FILETYPE_DIRECTORY) return ERRNO_ISDIR;
  return fs_is_sealed(fs_of(vfs_inode())) ? ERRNO_ROFS : ERRNO_SUCCESS;
}

/** Reading and writing as asked, the rest as the directory passes it on. */
export function grant(d: Descriptor, passed: u64, rightsBase: u64): void {
  if (d.filetype == FILETYPE_DIRECTORY) {
    d.rightsBase = passed & RIGHTS_DIRECTORY;
    d.rightsInheriting = passed;
    return;
  }
  const refused = ~rightsBase & (RIGHT_FD_READ | RIGHT_FD_WRITE);
  d.rightsBase = passed & RIGHTS_REGULAR_FILE & ~refused;
  d.rightsInheriting = 0;
}
