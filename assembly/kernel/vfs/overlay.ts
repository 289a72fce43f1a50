// A writable view of a layer. Depends on inode.
//
//   layer (sealed)    inode 7 <------ lower ------ inode 7    overlay
//                     its table                    the same table, until a name in it changes: then a copy
//                     its pages                    pages that were written; the rest shows through
//
// An inode of the layer gets its own inode in the overlay when a path first comes to it, under the same number, and keeps it: so hard
// links stay links, numbers stay what they were, and a descriptor that was opened for reading sees what is written later. Nothing is
// whited out: a name that is removed is gone from the overlay's copy of the table. Layers stand on layers in the same way.
import { FILETYPE_DIRECTORY, FILETYPE_REGULAR_FILE } from "../abi";
import { slab_alloc, slab_free } from "../slab";
import { Directory, enlist, File, Fs, Inode, NAMED, SHARED_TABLE, SHARED_TARGET, SHARED_XATTRS, sizeOfKind, Symlink } from "./inode";

const FIRST_BUCKETS: u32 = 16;
/** Views kept of what nobody holds: a program that looks at every file of a large layer does not fill the kernel. */
const MAX_MAPPED: u32 = 1024;

/** Gives an overlay the map of its views. */
export function overlay_init(fs: Fs): bool {
  fs.map = slab_alloc(FIRST_BUCKETS << 2);
  fs.mapMask = FIRST_BUCKETS - 1;
  fs.maxMapped = MAX_MAPPED;
  return fs.map != 0;
}

/** The inode of file system `fs` for `inode`, which is its own or a lower layer's; `parent` is the directory it was found in. 0: no memory. */
export function overlay_view(fs: Fs, inode: usize, parent: usize): usize {
  const owner = changetype<Inode>(inode).fs;
  if (owner == fs) return inode;
  const ino = changetype<Inode>(inode).ino;
  let lower = inode;
  for (let layer = fs; layer != owner; layer = changetype<Fs>(layer.lower)) {
    const view = find(layer, ino);
    if (!view) continue;
    if (layer == fs) return view;
    lower = view;
    break;
  }
  return show(fs, lower, parent);
}

/** Forgets a view. */
export function overlay_forget(fs: Fs, inode: Inode): void {
  let at = bucket(fs, inode.ino);
  while (load<u32>(at) != <u32>changetype<usize>(inode)) at = changetype<usize>(load<u32>(at)) + offsetof<Inode>("mapNext");
  store<u32>(at, <u32>inode.mapNext);
  fs.mapped -= 1;
}

export function overlay_end(fs: Fs): void {
  if (fs.map) slab_free(fs.map, (fs.mapMask + 1) << 2);
  fs.map = 0;
}

/** The first view in a bucket. */
export function overlay_chain(fs: Fs, at: u32): usize {
  return load<u32>(fs.map + ((<usize>(at & fs.mapMask)) << 2));
}

/** Whether a view shows nothing but what the layer has, so that it can be made again. Directories are other views' parents: never. */
export function overlay_isClean(view: Inode): bool {
  const lower = changetype<Inode>(view.lower);
  if (view.holds || view.flags & NAMED || !(view.flags & SHARED_XATTRS) || view.nlink != lower.nlink) return false;
  if (view.atim != lower.atim || view.mtim != lower.mtim || view.ctim != lower.ctim) return false;
  if (view.mode != lower.mode || view.uid != lower.uid || view.gid != lower.gid) return false;
  if (view.kind != FILETYPE_REGULAR_FILE) return view.kind != FILETYPE_DIRECTORY;
  const file = changetype<File>(changetype<usize>(view));
  const below = changetype<File>(view.lower);
  return !file.root && file.size == below.size && file.lowerBytes == below.size;
}

/** Where the chain of views with such numbers begins. */
function bucket(fs: Fs, ino: u64): usize {
  return fs.map + (((<usize>ino) & fs.mapMask) << 2);
}

function find(fs: Fs, ino: u64): usize {
  if (!fs.map) return 0;
  let at = <usize>load<u32>(bucket(fs, ino));
  while (at && changetype<Inode>(at).ino != ino) at = changetype<Inode>(at).mapNext;
  return at;
}

/** A new view of a lower inode. */
function show(fs: Fs, lower: usize, parent: usize): usize {
  const kind = changetype<Inode>(lower).kind;
  const ptr = slab_alloc(sizeOfKind(kind));
  if (!ptr) return 0;
  memory.copy(ptr, lower, sizeOfKind(kind));
  const inode = changetype<Inode>(ptr);
  inode.holds = 0;
  inode.lower = lower;
  inode.flags = SHARED_XATTRS;
  enlist(fs, inode);
  if (kind == FILETYPE_DIRECTORY) {
    inode.flags |= SHARED_TABLE;
    changetype<Directory>(ptr).parent = parent;
  } else if (kind == FILETYPE_REGULAR_FILE) {
    const file = changetype<File>(ptr);
    file.lowerBytes = file.size;
    file.root = 0;
    file.height = 0;
  } else inode.flags |= SHARED_TARGET;
  remember(fs, inode);
  return ptr;
}

function remember(fs: Fs, inode: Inode): void {
  if (fs.mapped > fs.mapMask) widen(fs);
  const at = bucket(fs, inode.ino);
  inode.mapNext = load<u32>(at);
  store<u32>(at, <u32>changetype<usize>(inode));
  fs.mapped += 1;
}

/** Doubles the buckets; without memory for that, chains grow longer. */
function widen(fs: Fs): void {
  const old = fs.map;
  const count = fs.mapMask + 1;
  const map = slab_alloc(count << 3);
  if (!map) return;
  fs.map = map;
  fs.mapMask = (count << 1) - 1;
  for (let i: u32 = 0; i < count; i++) {
    let at = <usize>load<u32>(old + ((<usize>i) << 2));
    while (at) {
      const inode = changetype<Inode>(at);
      at = inode.mapNext;
      const to = bucket(fs, inode.ino);
      inode.mapNext = load<u32>(to);
      store<u32>(to, <u32>changetype<usize>(inode));
    }
  }
  slab_free(old, count << 2);
}
