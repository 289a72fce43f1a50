// Filling a layer from outside: what a tar or a host hands in, name by name, into a file system that is sealed afterwards.
// Depends on abi, inode, directory, names, path, reclaim, state. OCI image specification, "Image Layer Filesystem Changeset".
//
// A layer on a layer is an overlay that gets sealed: whiteouts and opaque directories are carried out when they are put in. Paths begin at
// a directory of the layer; links in them are followed within it, as for a guest.
import { ERRNO_AGAIN, ERRNO_INVAL, ERRNO_NAMETOOLONG, ERRNO_NOENT, ERRNO_NOMEM, ERRNO_NOTDIR, ERRNO_SUCCESS } from "../abi";
import { directory_last, directory_own, directory_remove } from "./directory";
import { Directory, Inode, isDirectory, touch } from "./inode";
import { dropDirectory, dropName, makeLink, walkToNew } from "./names";
import { MAX_PATH, NAME_ORDINARY, path_child, path_find, path_walk, WALK_PARENT } from "./path";
import { vfs } from "./state";

/** A symbolic link as an image has it: the target may be absolute (following it answers PERM then). */
export function layer_symlink(targetPtr: usize, targetLen: u32, base: usize, ptr: usize, len: u32, now: u64): i32 {
  if (targetLen == 0) return ERRNO_INVAL;
  if (targetLen > MAX_PATH) return ERRNO_NAMETOOLONG;
  const errno = walkToNew(base, ptr, len, false);
  return errno ? errno : makeLink(vfs(), targetPtr, targetLen, now);
}

/** Removes a name with all that is below it (a whiteout), up to `budget` names a call (and as many steps as it is deep): AGAIN until it is gone. */
export function layer_remove(base: usize, ptr: usize, len: u32, budget: u32, now: u64): i32 {
  const errno = path_walk(base, ptr, len, WALK_PARENT);
  if (errno) return errno;
  const state = vfs();
  if (state.nameKind != NAME_ORDINARY) return ERRNO_INVAL;
  const dir = changetype<Directory>(state.dir);
  const slot = path_find(state);
  if (slot < 0) return ERRNO_NOENT;
  const inode = path_child(dir, slot);
  if (!inode) return ERRNO_NOMEM;
  const owned = directory_own(dir);
  if (owned) return owned;
  const emptied = isDirectory(changetype<Inode>(inode)) ? removeBelow(changetype<Directory>(inode), budget, now) : ERRNO_SUCCESS;
  if (emptied) return emptied;
  removeAt(dir, slot, inode, now);
  return ERRNO_SUCCESS;
}

/** Removes all that is below a directory (an opaque one), likewise. */
export function layer_clear(directory: usize, budget: u32, now: u64): i32 {
  if (!isDirectory(changetype<Inode>(directory))) return ERRNO_NOTDIR;
  return removeBelow(changetype<Directory>(directory), budget, now);
}

/** Down by the last entry of each directory, and up again when one is empty. */
function removeBelow(top: Directory, budget: u32, now: u64): i32 {
  let dir = top;
  let left = budget;
  while (dir != top || dir.count) {
    if (!dir.count) dir = changetype<Directory>(dir.parent);
    const errno = directory_own(dir);
    if (errno) return errno;
    const slot = directory_last(dir);
    const inode = path_child(dir, slot);
    if (!inode) return ERRNO_NOMEM;
    if (isDirectory(changetype<Inode>(inode)) && changetype<Directory>(inode).count) dir = changetype<Directory>(inode);
    else if (left-- == 0) return ERRNO_AGAIN;
    else removeAt(dir, slot, inode, now);
  }
  return ERRNO_SUCCESS;
}

/** Removes a file, a link or an empty directory; the table is the directory's own. */
function removeAt(dir: Directory, slot: u32, inode: usize, now: u64): void {
  directory_remove(dir, slot);
  touch(dir, now);
  if (isDirectory(changetype<Inode>(inode))) dropDirectory(changetype<Directory>(inode), dir, now);
  else dropName(changetype<Inode>(inode), now);
}
