// File systems: a tmpfs in the kernel's memory, an overlay over a layer, a layer once it is sealed; their limits, their end.
// Depends on abi, slab, state, inode, overlay, reclaim.
import { ERRNO_AGAIN, ERRNO_BUSY, ERRNO_SUCCESS, FILETYPE_DIRECTORY } from "../abi";
import { slab_alloc, slab_free } from "../slab";
import { LARGEST_FILE } from "./file";
import { Fs, Inode, inode_new, Directory } from "./inode";
import { overlay_end, overlay_init, overlay_view } from "./overlay";
import { inode_empty, inode_free } from "./reclaim";
import { vfs } from "./state";

/** An empty file system with a root directory, or 0: no memory. The root counts as an inode. */
export function fs_create(maxBytes: u64, maxInodes: u32, maxFileBytes: u64, now: u64): usize {
  const ptr = newFs(maxBytes, maxInodes, maxFileBytes);
  if (!ptr) return 0;
  const fs = changetype<Fs>(ptr);
  fs.nextIno = 1;
  fs.root = inode_new(fs, FILETYPE_DIRECTORY, now);
  if (!fs.root) return undo(ptr);
  const root = changetype<Directory>(fs.root);
  root.nlink = 2;
  root.parent = fs.root;
  return ptr;
}

/** A writable view of a sealed layer, or 0: not sealed, or no memory. Limits are on what it adds. */
export function fs_create_overlay(layer: usize, maxBytes: u64, maxInodes: u32, maxFileBytes: u64): usize {
  const lower = changetype<Fs>(layer);
  if (!lower.sealed || lower.dying) return 0;
  const ptr = newFs(maxBytes, maxInodes, maxFileBytes);
  if (!ptr) return 0;
  const fs = changetype<Fs>(ptr);
  fs.nextIno = lower.nextIno;
  fs.lower = layer;
  if (!overlay_init(fs)) return undo(ptr);
  fs.root = overlay_view(fs, lower.root, 0);
  if (!fs.root) return undo(ptr);
  changetype<Directory>(fs.root).parent = fs.root;
  lower.overlays += 1;
  return ptr;
}

/** From now on nothing in it changes: a layer, for any number of overlays. */
export function fs_seal(ptr: usize): void {
  changetype<Fs>(ptr).sealed = 1;
}

/**
 * Frees a file system, some `budget` pages or entries a call: AGAIN until all is gone. BUSY: an inode is held, or an overlay stands on it.
 * Nothing may look into it once this has begun.
 */
export function fs_destroy(ptr: usize, budget: u32): i32 {
  const fs = changetype<Fs>(ptr);
  if (fs.holds || fs.overlays) return ERRNO_BUSY;
  fs.dying = 1;
  let left = budget;
  while (fs.first) {
    const inode = changetype<Inode>(fs.first);
    left = inode_empty(inode, left);
    if (left == 0) return ERRNO_AGAIN;
    inode_free(inode);
    left--;
  }
  if (fs.lower) changetype<Fs>(fs.lower).overlays -= 1;
  undo(ptr);
  return ERRNO_SUCCESS;
}

export function fs_root(ptr: usize): usize {
  return changetype<Fs>(ptr).root;
}

export function fs_of(inode: usize): usize {
  return changetype<usize>(changetype<Inode>(inode).fs);
}

export function fs_is_sealed(ptr: usize): bool {
  return changetype<Fs>(ptr).sealed != 0;
}

export function fs_used_bytes(ptr: usize): u64 {
  return changetype<Fs>(ptr).usedBytes;
}

export function fs_used_inodes(ptr: usize): u32 {
  return changetype<Fs>(ptr).inodes;
}

/** Lower inodes that an overlay shows. */
export function fs_mapped_inodes(ptr: usize): u32 {
  return changetype<Fs>(ptr).mapped;
}

export function fs_max_bytes(ptr: usize): u64 {
  return changetype<Fs>(ptr).maxBytes;
}

export function fs_max_inodes(ptr: usize): u32 {
  return changetype<Fs>(ptr).maxInodes;
}

function newFs(maxBytes: u64, maxInodes: u32, maxFileBytes: u64): usize {
  const ptr = slab_alloc(<u32>offsetof<Fs>());
  if (!ptr) return 0;
  const fs = changetype<Fs>(ptr);
  fs.maxBytes = maxBytes;
  fs.maxInodes = maxInodes;
  fs.maxFileBytes = min<u64>(maxFileBytes, LARGEST_FILE);
  fs.dev = vfs().nextDev++;
  vfs().fileSystems += 1;
  return ptr;
}

/** Gives back a file system without inodes. */
function undo(ptr: usize): usize {
  overlay_end(changetype<Fs>(ptr));
  slab_free(ptr, <u32>offsetof<Fs>());
  vfs().fileSystems -= 1;
  return 0;
}
