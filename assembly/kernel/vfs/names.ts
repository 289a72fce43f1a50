// What is done to names: open, create, remove, link. Depends on abi, inode, directory, path, reclaim, state.
// POSIX open, mkdir, rmdir, unlink, link, symlink, readlink, with Linux's errno where POSIX leaves a choice, as wasmtime shows them.
// Everything that may fail is done before anything changes.
import {
  ERRNO_EXIST,
  ERRNO_INVAL,
  ERRNO_ISDIR,
  ERRNO_LOOP,
  ERRNO_NAMETOOLONG,
  ERRNO_NOENT,
  ERRNO_NOMEM,
  ERRNO_NOSPC,
  ERRNO_NOTDIR,
  ERRNO_NOTEMPTY,
  ERRNO_PERM,
  ERRNO_ROFS,
  ERRNO_SUCCESS,
  ERRNO_XDEV,
  FILETYPE_DIRECTORY,
  FILETYPE_REGULAR_FILE,
  FILETYPE_SYMBOLIC_LINK,
  LOOKUPFLAGS_SYMLINK_FOLLOW,
  OFLAGS_CREAT,
  OFLAGS_DIRECTORY,
  OFLAGS_EXCL,
  OFLAGS_TRUNC,
} from "../abi";
import { directory_insert, directory_own, directory_remove, directory_reserve, Entry, entry_new, entryAt } from "./directory";
import { file_truncate } from "./file";
import { chargedAlloc, chargedFree, Directory, Inode, inode_new, isDirectory, isRegular, isSymlink, Symlink, touch } from "./inode";
import {
  checkText,
  MAX_PATH,
  NAME_DOT,
  NAME_DOT_DOT,
  NAME_ORDINARY,
  path_child,
  path_find,
  path_walk,
  WALK_CREATE,
  WALK_FOLLOW,
  WALK_PARENT,
} from "./path";
import { inode_free, inode_reclaim, views_trim } from "./reclaim";
import { vfs, VfsState } from "./state";

/** Finds an inode: vfs_inode(). */
export function vfs_lookup(base: usize, ptr: usize, len: u32, lookupflags: u32): i32 {
  views_trim(changetype<Inode>(base).fs);
  const errno = path_walk(base, ptr, len, lookupflags & LOOKUPFLAGS_SYMLINK_FOLLOW ? WALK_FOLLOW : 0);
  if (errno) return errno;
  return vfs().inode ? ERRNO_SUCCESS : ERRNO_NOENT;
}

/** Finds an inode or makes a file, and empties it if asked to: vfs_inode(). A link that is not followed is LOOP. */
export function vfs_open(base: usize, ptr: usize, len: u32, lookupflags: u32, oflags: u32, now: u64): i32 {
  views_trim(changetype<Inode>(base).fs);
  const create = (oflags & OFLAGS_CREAT) != 0;
  const exclusive = create && (oflags & OFLAGS_EXCL) != 0;
  if (oflags & OFLAGS_DIRECTORY && oflags & (OFLAGS_CREAT | OFLAGS_EXCL | OFLAGS_TRUNC)) return ERRNO_INVAL;
  let flags = create ? WALK_CREATE : 0;
  if (lookupflags & LOOKUPFLAGS_SYMLINK_FOLLOW && !exclusive) flags |= WALK_FOLLOW;
  const errno = path_walk(base, ptr, len, flags);
  if (errno) return errno;
  const state = vfs();
  if (!state.inode) return create ? make(state, FILETYPE_REGULAR_FILE, now) : ERRNO_NOENT;
  return exclusive ? ERRNO_EXIST : openExisting(changetype<Inode>(state.inode), oflags, now);
}

function openExisting(inode: Inode, oflags: u32, now: u64): i32 {
  if (isSymlink(inode)) return oflags & OFLAGS_DIRECTORY ? ERRNO_NOTDIR : ERRNO_LOOP;
  if (oflags & OFLAGS_DIRECTORY && !isDirectory(inode)) return ERRNO_NOTDIR;
  if (oflags & (OFLAGS_CREAT | OFLAGS_TRUNC) && isDirectory(inode)) return ERRNO_ISDIR;
  if (!(oflags & OFLAGS_TRUNC) || !isRegular(inode)) return ERRNO_SUCCESS;
  return inode.fs.sealed ? ERRNO_ROFS : file_truncate(changetype<usize>(inode), 0, now);
}

export function vfs_mkdir(base: usize, ptr: usize, len: u32, now: u64): i32 {
  const errno = walkToNew(base, ptr, len, true);
  if (errno) return errno;
  return make(vfs(), FILETYPE_DIRECTORY, now);
}

export function vfs_symlink(targetPtr: usize, targetLen: u32, base: usize, ptr: usize, len: u32, now: u64): i32 {
  if (targetLen == 0) return ERRNO_NOENT;
  if (targetLen > MAX_PATH) return ERRNO_NAMETOOLONG;
  let errno = checkText(targetPtr, targetLen);
  if (errno) return errno;
  if (load<u8>(targetPtr) == 0x2f) return ERRNO_PERM;
  errno = walkToNew(base, ptr, len, false);
  if (errno) return errno;
  return makeLink(vfs(), targetPtr, targetLen, now);
}

/** Makes a symbolic link where the walk ended, whatever its target. */
export function makeLink(state: VfsState, targetPtr: usize, targetLen: u32, now: u64): i32 {
  const fs = changetype<Inode>(state.dir).fs;
  if (fs.sealed) return ERRNO_ROFS;
  const target = chargedAlloc(fs, targetLen);
  if (!target) return ERRNO_NOSPC;
  memory.copy(target, targetPtr, targetLen);
  const errno = make(state, FILETYPE_SYMBOLIC_LINK, now);
  if (errno) {
    chargedFree(fs, target, targetLen);
    return errno;
  }
  const link = changetype<Symlink>(state.inode);
  link.target = target;
  link.targetLen = targetLen;
  return ERRNO_SUCCESS;
}

/** Copies up to `bufLen` bytes of a link's target: vfs_count(). */
export function vfs_readlink(base: usize, ptr: usize, len: u32, bufPtr: usize, bufLen: u32): i32 {
  const errno = vfs_lookup(base, ptr, len, 0);
  if (errno) return errno;
  const state = vfs();
  if (!isSymlink(changetype<Inode>(state.inode))) return ERRNO_INVAL;
  const link = changetype<Symlink>(state.inode);
  state.count = min(link.targetLen, bufLen);
  memory.copy(bufPtr, link.target, state.count);
  return ERRNO_SUCCESS;
}

/** A second name for what is no directory. */
export function vfs_link(
  oldBase: usize,
  oldPtr: usize,
  oldLen: u32,
  lookupflags: u32,
  newBase: usize,
  newPtr: usize,
  newLen: u32,
  now: u64,
): i32 {
  let errno = vfs_lookup(oldBase, oldPtr, oldLen, lookupflags);
  if (errno) return errno;
  const state = vfs();
  const inode = changetype<Inode>(state.inode);
  errno = walkToNew(newBase, newPtr, newLen, false);
  if (errno) return errno;
  const dir = changetype<Directory>(state.dir);
  if (inode.fs != dir.fs) return ERRNO_XDEV;
  if (isDirectory(inode)) return ERRNO_PERM;
  errno = addName(state, dir, changetype<usize>(inode), now);
  if (errno) return errno;
  inode.nlink += 1;
  inode.ctim = now;
  return ERRNO_SUCCESS;
}

export function vfs_unlink(base: usize, ptr: usize, len: u32, now: u64): i32 {
  let errno = path_walk(base, ptr, len, WALK_PARENT);
  if (errno) return errno;
  const state = vfs();
  if (state.nameKind != NAME_ORDINARY) return ERRNO_ISDIR;
  const dir = changetype<Directory>(state.dir);
  const slot = path_find(state);
  if (slot < 0) return ERRNO_NOENT;
  const ptrOf = path_child(dir, slot);
  if (!ptrOf) return ERRNO_NOMEM;
  const inode = changetype<Inode>(ptrOf);
  if (isDirectory(inode)) return ERRNO_ISDIR;
  if (state.trailing) return ERRNO_NOTDIR;
  errno = directory_own(dir);
  if (errno) return errno;
  directory_remove(dir, slot);
  touch(dir, now);
  dropName(inode, now);
  return ERRNO_SUCCESS;
}

export function vfs_rmdir(base: usize, ptr: usize, len: u32, now: u64): i32 {
  let errno = path_walk(base, ptr, len, WALK_PARENT);
  if (errno) return errno;
  const state = vfs();
  if (state.nameKind == NAME_DOT) return ERRNO_INVAL;
  if (state.nameKind == NAME_DOT_DOT) return ERRNO_NOTEMPTY;
  const dir = changetype<Directory>(state.dir);
  const slot = path_find(state);
  if (slot < 0) return ERRNO_NOENT;
  const inode = path_child(dir, slot);
  if (!inode) return ERRNO_NOMEM;
  if (!isDirectory(changetype<Inode>(inode))) return ERRNO_NOTDIR;
  if (changetype<Directory>(inode).count) return ERRNO_NOTEMPTY;
  errno = directory_own(dir);
  if (errno) return errno;
  directory_remove(dir, slot);
  touch(dir, now);
  dropDirectory(changetype<Directory>(inode), dir, now);
  return ERRNO_SUCCESS;
}

/**
 * Walks to the directory of a name that must not exist yet. A slash behind it is for a directory that is to be made; a link's name with one
 * is NOTDIR where something else than a directory is, as in wasmtime (Linux says EXIST).
 */
export function walkToNew(base: usize, ptr: usize, len: u32, directory: bool): i32 {
  const errno = path_walk(base, ptr, len, WALK_PARENT);
  if (errno) return errno;
  const state = vfs();
  if (state.nameKind != NAME_ORDINARY) return ERRNO_EXIST;
  const slot = path_find(state);
  const slash = state.trailing && !directory;
  if (slot < 0) return slash ? ERRNO_NOENT : ERRNO_SUCCESS;
  const there = changetype<Entry>(entryAt(changetype<Directory>(state.dir), slot)).inode;
  return slash && !isDirectory(changetype<Inode>(there)) ? ERRNO_NOTDIR : ERRNO_EXIST;
}

/** Makes an inode under the name at which the walk ended: vfs_inode(). */
export function make(state: VfsState, kind: u32, now: u64): i32 {
  const dir = changetype<Directory>(state.dir);
  if (dir.fs.sealed) return ERRNO_ROFS;
  if (!dir.nlink) return ERRNO_NOENT;
  const inode = inode_new(dir.fs, kind, now);
  if (!inode) return ERRNO_NOSPC;
  const errno = addName(state, dir, inode, now);
  if (errno) {
    inode_free(changetype<Inode>(inode));
    return errno;
  }
  changetype<Inode>(inode).nlink = 1;
  if (kind == FILETYPE_DIRECTORY) {
    changetype<Inode>(inode).nlink = 2;
    changetype<Directory>(inode).parent = changetype<usize>(dir);
    dir.nlink += 1;
  }
  state.inode = inode;
  return ERRNO_SUCCESS;
}

/** Enters an inode under the name at which the walk ended. */
function addName(state: VfsState, dir: Directory, inode: usize, now: u64): i32 {
  const errno = directory_reserve(dir);
  if (errno) return errno;
  if (!dir.nlink) return ERRNO_NOENT;
  const entry = entry_new(dir.fs, inode, state.namePtr, state.nameLen, state.nameHash);
  if (!entry) return ERRNO_NOSPC;
  directory_insert(dir, entry);
  touch(dir, now);
  return ERRNO_SUCCESS;
}

/** A name of what is no directory is gone. */
export function dropName(inode: Inode, now: u64): void {
  inode.nlink -= 1;
  inode.ctim = now;
  inode_reclaim(inode);
}

/** The name of an empty directory is gone. */
export function dropDirectory(directory: Directory, parent: Directory, now: u64): void {
  parent.nlink -= 1;
  directory.nlink = 0;
  directory.parent = 0;
  directory.ctim = now;
  inode_reclaim(directory);
}
