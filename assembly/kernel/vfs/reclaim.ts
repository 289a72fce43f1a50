// The end of inodes: when the last name and the last holder are gone. Depends on abi, slab, inode, file, directory, overlay, attributes.
import { FILETYPE_DIRECTORY, FILETYPE_REGULAR_FILE } from "../abi";
import { panic, slab_free } from "../slab";
import { xattr_clear } from "./xattr";
import { directory_clear } from "./directory";
import { file_clear } from "./file";
import { chargedFree, delist, Directory, File, Fs, Inode, SHARED_TARGET, sizeOfKind, Symlink } from "./inode";
import { overlay_chain, overlay_forget, overlay_isClean } from "./overlay";

const SWEEP_BUCKETS: u32 = 32;

/** A holder lets go. Frees the inode if that was the last of its holders and it has no name left. */
export function inode_release(ptr: usize): void {
  const inode = changetype<Inode>(ptr);
  if (!inode.holds) panic(11);
  inode.holds -= 1;
  inode.fs.holds -= 1;
  inode_reclaim(inode);
}

/** Frees the inode if nothing keeps it: all its pages, so in as many steps as it has. */
export function inode_reclaim(inode: Inode): void {
  if (inode.nlink || inode.holds) return;
  inode_empty(inode, u32.MAX_VALUE);
  inode_free(inode);
}

/** Frees what the inode holds, up to `budget` entries or pages; what is left of the budget, 0: call again. */
export function inode_empty(inode: Inode, budget: u32): u32 {
  const ptr = changetype<usize>(inode);
  if (inode.kind == FILETYPE_DIRECTORY) return directory_clear(changetype<Directory>(ptr), budget);
  if (inode.kind == FILETYPE_REGULAR_FILE) return file_clear(changetype<File>(ptr), budget);
  const link = changetype<Symlink>(ptr);
  if (link.target && !(inode.flags & SHARED_TARGET)) chargedFree(inode.fs, link.target, link.targetLen);
  link.target = 0;
  return budget;
}

/** Frees an empty inode. */
export function inode_free(inode: Inode): void {
  const fs: Fs = inode.fs;
  xattr_clear(inode);
  if (inode.lower) overlay_forget(fs, inode);
  delist(inode);
  slab_free(changetype<usize>(inode), sizeOfKind(inode.kind));
}

/**
 * Gives up views of a layer's files that nothing needs, if there are many: some at a time. To be called when no inode is in anybody's hands
 * but held ones: before a walk.
 */
export function views_trim(fs: Fs): void {
  if (fs.mapped <= fs.maxMapped) return;
  for (let i: u32 = 0; i < SWEEP_BUCKETS; i++) {
    let at = overlay_chain(fs, fs.sweep++);
    while (at) {
      const view = changetype<Inode>(at);
      at = view.mapNext;
      if (overlay_isClean(view)) inode_free(view);
    }
  }
}
