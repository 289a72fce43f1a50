// From a path to an inode: iterative, below the directory it begins at, in a bounded number of steps.
// Depends on abi, hash, inode, directory, overlay, state. POSIX "Pathname Resolution"; WASI preview1 "path resolution".
//
// Nothing leads out of the base: an absolute path, a link with an absolute target and a ".." in the base itself answer PERM, as
// wasmtime does. (The specification has NOTCAPABLE for it; programs and the conformance suite know both.)
// A link's target is put before what is left of the path, in the scratch area, which holds a path and 40 links of full length.
import {
  ERRNO_ILSEQ,
  ERRNO_INVAL,
  ERRNO_ISDIR,
  ERRNO_LOOP,
  ERRNO_NAMETOOLONG,
  ERRNO_NOENT,
  ERRNO_NOMEM,
  ERRNO_NOTDIR,
  ERRNO_PERM,
  ERRNO_SUCCESS,
} from "../abi";
import { directory_find, Entry, entryAt } from "./directory";
import { hashName } from "./hash";
import { Directory, Inode, isDirectory, isSymlink, Symlink } from "./inode";
import { overlay_view } from "./overlay";
import { PATH_SCRATCH_END, PATH_SCRATCH_PTR, vfs, VfsState } from "./state";

export const MAX_PATH: u32 = 4096;
export const MAX_NAME: u32 = 255;
/** As in Linux and in wasmtime. */
const MAX_LINKS: u32 = 40;

/** Follow a link that is the last name. */
export const WALK_FOLLOW: u32 = 1;
/** Stop at the directory of the last name. */
export const WALK_PARENT: u32 = 2;
/** The last name may be made: it must not have a slash behind it. */
export const WALK_CREATE: u32 = 4;

/** What the last name is. */
export const NAME_ORDINARY: u32 = 0;
export const NAME_DOT: u32 = 1;
export const NAME_DOT_DOT: u32 = 2;

const SLASH: u8 = 0x2f;
const DOT: u8 = 0x2e;

/**
 * Walks a path. Leaves in VfsState: dir and the last name in it (name*, trailing); without WALK_PARENT also inode, 0 if the last name
 * is not there, and slot.
 */
export function path_walk(base: usize, ptr: usize, len: u32, flags: u32): i32 {
  if (len == 0) return ERRNO_NOENT;
  if (len > MAX_PATH) return ERRNO_NAMETOOLONG;
  const errno = checkText(ptr, len);
  if (errno) return errno;
  if (!isDirectory(changetype<Inode>(base))) return ERRNO_NOTDIR;
  if (load<u8>(ptr) == SLASH) return ERRNO_PERM;
  return walk(vfs(), base, ptr, ptr + len, flags);
}

function walk(state: VfsState, base: usize, start: usize, stop: usize, flags: u32): i32 {
  let at = start;
  let end = stop;
  let dir = base;
  let links: u32 = 0;
  while (true) {
    const namePtr = at;
    const rest = skipName(at, end);
    at = skipSlashes(rest, end);
    const last = at == end;
    const nameLen = <u32>(rest - namePtr);
    if (nameLen > MAX_NAME) return ERRNO_NAMETOOLONG;
    const kind = kindOf(namePtr, nameLen);
    if (last) note(state, dir, namePtr, nameLen, kind, rest != end);
    if (kind != NAME_ORDINARY) {
      if (kind == NAME_DOT_DOT && dir == base) return ERRNO_PERM;
      if (kind == NAME_DOT_DOT) dir = changetype<Directory>(dir).parent;
      state.inode = dir;
      if (last) return ERRNO_SUCCESS;
      continue;
    }
    if (last && flags & WALK_PARENT) return ERRNO_SUCCESS;
    if (last && rest != end && flags & WALK_CREATE) return ERRNO_ISDIR;
    const errno = lookUp(state, changetype<Directory>(dir), namePtr, nameLen);
    if (errno) return errno == ERRNO_NOENT && last ? ERRNO_SUCCESS : errno;
    const inode = changetype<Inode>(state.inode);
    if (isSymlink(inode) && (!last || rest != end || flags & WALK_FOLLOW)) {
      const link = changetype<Symlink>(state.inode);
      if (++links > MAX_LINKS) return ERRNO_LOOP;
      if (load<u8>(link.target) == SLASH) return ERRNO_PERM;
      at = prepend(link, rest, <u32>(end - rest));
      end = PATH_SCRATCH_END;
      continue;
    }
    if (!isDirectory(inode) && (!last || rest != end)) return ERRNO_NOTDIR;
    if (last) return ERRNO_SUCCESS;
    dir = state.inode;
  }
}


@inline
function skipName(ptr: usize, end: usize): usize {
  let at = ptr;
  while (at < end && load<u8>(at) != SLASH) at++;
  return at;
}


@inline
function skipSlashes(ptr: usize, end: usize): usize {
  let at = ptr;
  while (at < end && load<u8>(at) == SLASH) at++;
  return at;
}

/** Looks a name up: inode, slot and nameHash; or NOENT, with inode 0. */
function lookUp(state: VfsState, dir: Directory, namePtr: usize, nameLen: u32): i32 {
  state.nameHash = hashName(namePtr, nameLen);
  state.inode = 0;
  state.slot = directory_find(dir, namePtr, nameLen, state.nameHash);
  if (state.slot < 0) return ERRNO_NOENT;
  state.inode = path_child(dir, state.slot);
  return state.inode ? ERRNO_SUCCESS : ERRNO_NOMEM;
}

/** The inode that an entry names, as this file system's own. 0: no memory. */
export function path_child(dir: Directory, slot: u32): usize {
  return overlay_view(dir.fs, changetype<Entry>(entryAt(dir, slot)).inode, changetype<usize>(dir));
}

/** Looks the last name of a walk up in its directory; the slot, or -1. */
export function path_find(state: VfsState): i32 {
  state.nameHash = hashName(state.namePtr, state.nameLen);
  return directory_find(changetype<Directory>(state.dir), state.namePtr, state.nameLen, state.nameHash);
}

function note(state: VfsState, dir: usize, namePtr: usize, nameLen: u32, kind: u32, trailing: bool): void {
  state.dir = dir;
  state.namePtr = namePtr;
  state.nameLen = nameLen;
  state.nameKind = kind;
  state.trailing = trailing;
}

function kindOf(ptr: usize, len: u32): u32 {
  if (len > 2 || load<u8>(ptr) != DOT) return NAME_ORDINARY;
  if (len == 1) return NAME_DOT;
  return load<u8>(ptr, 1) == DOT ? NAME_DOT_DOT : NAME_ORDINARY;
}

/** Puts a link's target before the rest of the path, at the end of the scratch area; where it begins. */
function prepend(link: Symlink, rest: usize, restLen: u32): usize {
  let at = rest;
  if (rest < PATH_SCRATCH_PTR || rest > PATH_SCRATCH_END) {
    at = PATH_SCRATCH_END - restLen;
    memory.copy(at, rest, restLen);
  }
  at -= link.targetLen;
  memory.copy(at, link.target, link.targetLen);
  return at;
}

/** INVAL for a NUL, ILSEQ for what is not UTF-8. */
export function checkText(ptr: usize, len: u32): i32 {
  const end = ptr + len;
  let at = ptr;
  while (at < end) {
    while (at + 8 <= end && isPlain(load<u64>(at))) at += 8;
    if (at >= end) break;
    const byte = load<u8>(at);
    if (byte == 0) return ERRNO_INVAL;
    const n = byte < 0x80 ? 1 : sequence(at, end, byte);
    if (n == 0) return ERRNO_ILSEQ;
    at += n;
  }
  return ERRNO_SUCCESS;
}

/** Eight bytes of ASCII without a NUL. */
function isPlain(word: u64): bool {
  return ((word | (word - 0x0101010101010101)) & 0x8080808080808080) == 0;
}

/** Bytes of the UTF-8 sequence at `at` (RFC 3629), or 0. */
function sequence(at: usize, end: usize, first: u8): u32 {
  const n: u32 = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (n == 0 || at + n > end) return 0;
  for (let i: u32 = 1; i < n; i++) if ((load<u8>(at + i) & 0xc0) != 0x80) return 0;
  const second = load<u8>(at, 1);
  if (first == 0xe0 && second < 0xa0) return 0; // too long
  if (first == 0xed && second > 0x9f) return 0; // a surrogate
  if (first == 0xf0 && second < 0x90) return 0; // too long
  if (first == 0xf4 && second > 0x8f) return 0; // past U+10FFFF
  return n;
}
