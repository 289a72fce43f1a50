// A name moves, and may take another's place. Depends on abi, inode, directory, names, path, state. POSIX rename, Linux's errno.
import {
  ERRNO_BUSY,
  ERRNO_INVAL,
  ERRNO_ISDIR,
  ERRNO_NOENT,
  ERRNO_NOMEM,
  ERRNO_NOSPC,
  ERRNO_NOTDIR,
  ERRNO_NOTEMPTY,
  ERRNO_ROFS,
  ERRNO_SUCCESS,
  ERRNO_XDEV,
} from "../abi";
import {
  directory_find,
  directory_insert,
  directory_own,
  directory_remove,
  directory_replace,
  directory_reserve,
  entry_new,
} from "./directory";
import { hashName } from "./hash";
import { Directory, Inode, isDirectory, touch } from "./inode";
import { dropDirectory, dropName } from "./names";
import { NAME_ORDINARY, path_child, path_find, path_walk, WALK_PARENT } from "./path";
import { NAME_PTR, vfs } from "./state";

export function vfs_rename(oldBase: usize, oldPtr: usize, oldLen: u32, newBase: usize, newPtr: usize, newLen: u32, now: u64): i32 {
  let errno = path_walk(oldBase, oldPtr, oldLen, WALK_PARENT);
  if (errno) return errno;
  const state = vfs();
  const oldDir = changetype<Directory>(state.dir);
  const oldKind = state.nameKind;
  const oldTrailing = state.trailing;
  const nameLen = state.nameLen;
  memory.copy(NAME_PTR, state.namePtr, nameLen);
  errno = path_walk(newBase, newPtr, newLen, WALK_PARENT);
  if (errno) return errno;
  const newDir = changetype<Directory>(state.dir);
  if (oldDir.fs != newDir.fs) return ERRNO_XDEV;
  if (oldKind != NAME_ORDINARY || state.nameKind != NAME_ORDINARY) return ERRNO_BUSY;
  if (newDir.fs.sealed) return ERRNO_ROFS;
  const oldSlot = directory_find(oldDir, NAME_PTR, nameLen, hashName(NAME_PTR, nameLen));
  if (oldSlot < 0) return ERRNO_NOENT;
  const inode = path_child(oldDir, oldSlot);
  if (!inode) return ERRNO_NOMEM;
  if (!isDirectory(changetype<Inode>(inode)) && (oldTrailing || state.trailing)) return ERRNO_NOTDIR;
  const newSlot = path_find(state);
  const target: usize = newSlot < 0 ? 0 : path_child(newDir, newSlot);
  if (newSlot >= 0 && !target) return ERRNO_NOMEM;
  errno = checkMove(inode, target, oldDir, newDir);
  if (errno || inode == target) return errno;
  return move(inode, oldDir, oldSlot, newDir, newSlot, target, now);
}

/** Whether `inode` may go into `newDir`, in the place of `target` if that is not 0. */
function checkMove(inode: usize, target: usize, oldDir: Directory, newDir: Directory): i32 {
  const directory = isDirectory(changetype<Inode>(inode));
  if (directory && isWithin(newDir, inode)) return ERRNO_INVAL;
  if (!target) return newDir.nlink ? ERRNO_SUCCESS : ERRNO_NOENT;
  const onDirectory = isDirectory(changetype<Inode>(target));
  if (onDirectory && isWithin(oldDir, target)) return ERRNO_NOTEMPTY;
  if (inode == target) return ERRNO_SUCCESS;
  if (directory && !onDirectory) return ERRNO_NOTDIR;
  if (!directory && onDirectory) return ERRNO_ISDIR;
  return directory && changetype<Directory>(target).count ? ERRNO_NOTEMPTY : ERRNO_SUCCESS;
}

/** Whether `dir` is `above` or lies below it: as many steps as it is deep. */
function isWithin(dir: Directory, above: usize): bool {
  let at = changetype<usize>(dir);
  const root = dir.fs.root;
  while (at != above) {
    if (at == root || !at) return false;
    at = changetype<Directory>(at).parent;
  }
  return true;
}

function move(inode: usize, oldDir: Directory, oldSlot: i32, newDir: Directory, newSlot: i32, target: usize, now: u64): i32 {
  const state = vfs();
  let errno = directory_own(oldDir);
  if (!errno) errno = target ? directory_own(newDir) : directory_reserve(newDir);
  if (errno) return errno;
  const entry = entry_new(newDir.fs, inode, state.namePtr, state.nameLen, state.nameHash);
  if (!entry) return ERRNO_NOSPC;
  if (target) directory_replace(newDir, newSlot, entry);
  else directory_insert(newDir, entry);
  directory_remove(oldDir, oldSlot);
  if (target && isDirectory(changetype<Inode>(target))) dropDirectory(changetype<Directory>(target), newDir, now);
  else if (target) dropName(changetype<Inode>(target), now);
  if (isDirectory(changetype<Inode>(inode))) {
    changetype<Directory>(inode).parent = changetype<usize>(newDir);
    oldDir.nlink -= 1;
    newDir.nlink += 1;
  }
  touch(oldDir, now);
  touch(newDir, now);
  changetype<Inode>(inode).ctim = now;
  return ERRNO_SUCCESS;
}
