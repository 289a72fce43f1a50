// The names in a directory: slots that stay where they are, and an index by hash once there are more than a few.
// Depends on abi, hash, inode.
//
//   slots  | entry | entry | free -> next free | ...     a slot's number + 3 is the cookie behind it ("." is 1, ".." is 2)
//   index  | slot + 1 | 0 | ...                          twice as many as slots; linear probing by the name's hash
//   entry  | inode | hash | owner Fs | name length | name ...
//
// An entry keeps its slot as long as it exists: whoever reads the directory gets an entry that is there all along exactly once,
// whatever comes and goes. A directory of an overlay uses its lower one's table until its first change, then a copy; entries of the
// copy still are the layer's (owner).
import { ERRNO_NOSPC, ERRNO_ROFS, ERRNO_SUCCESS } from "../abi";
import { hashName, sameBytes } from "./hash";
import { chargedAlloc, chargedFree, Directory, Fs, Inode, NAMED, SHARED_TABLE } from "./inode";

const ENTRY_BYTES: u32 = 16;
const FIRST_CAPACITY: u32 = 8;
/** Without an index up to here. */
const SMALL: u32 = 8;
/** 1,048,576 names. */
const MAX_CAPACITY: u32 = 1 << 20;
const NO_SLOT: u32 = 0x7fffffff;


@final
@unmanaged
export class Entry {
  inode: usize; // of this file system, or of a layer below
  hash: u32;
  owner: Fs;
  length: u32;
}


@inline
export function entryName(entry: usize): usize {
  return entry + ENTRY_BYTES;
}


@inline
function slotValue(d: Directory, slot: u32): u32 {
  return load<u32>(d.slots + ((<usize>slot) << 2));
}


@inline
function setSlot(d: Directory, slot: u32, value: u32): void {
  store<u32>(d.slots + ((<usize>slot) << 2), value);
}


@inline
function indexValue(d: Directory, at: u32): u32 {
  return load<u32>(d.index + ((<usize>at) << 2));
}


@inline
function setIndex(d: Directory, at: u32, value: u32): void {
  store<u32>(d.index + ((<usize>at) << 2), value);
}

/** The entry in a slot, or 0 if the slot is free. */
export function entryAt(d: Directory, slot: u32): usize {
  const value = slotValue(d, slot);
  return value & 1 ? 0 : value;
}

/** An entry that is in no directory yet, or 0. */
export function entry_new(fs: Fs, inode: usize, namePtr: usize, nameLen: u32, hash: u32): usize {
  const entry = chargedAlloc(fs, ENTRY_BYTES + nameLen);
  if (!entry) return 0;
  const e = changetype<Entry>(entry);
  e.inode = inode;
  changetype<Inode>(inode).flags |= NAMED;
  e.hash = hash;
  e.owner = fs;
  e.length = nameLen;
  memory.copy(entryName(entry), namePtr, nameLen);
  return entry;
}

export function entry_free(fs: Fs, entry: usize): void {
  const e = changetype<Entry>(entry);
  if (e.owner == fs) chargedFree(fs, entry, ENTRY_BYTES + e.length);
}

/** The slot of a name, or -1. */
export function directory_find(d: Directory, namePtr: usize, nameLen: u32, hash: u32): i32 {
  if (!d.index) {
    for (let slot: u32 = 0; slot < d.used; slot++) if (isNamed(d, slot, namePtr, nameLen, hash)) return slot;
    return -1;
  }
  let at = hash & d.indexMask;
  let value = indexValue(d, at);
  while (value && !isNamed(d, value - 1, namePtr, nameLen, hash)) {
    at = (at + 1) & d.indexMask;
    value = indexValue(d, at);
  }
  return <i32>value - 1;
}

function isNamed(d: Directory, slot: u32, namePtr: usize, nameLen: u32, hash: u32): bool {
  const entry = entryAt(d, slot);
  if (!entry) return false;
  const e = changetype<Entry>(entry);
  return e.hash == hash && e.length == nameLen && sameBytes(entryName(entry), namePtr, nameLen);
}

/** Makes the table of names this directory's own, so that it can be changed. */
export function directory_own(d: Directory): i32 {
  if (d.fs.sealed) return ERRNO_ROFS;
  if (!(d.flags & SHARED_TABLE)) return ERRNO_SUCCESS;
  if (d.capacity) {
    const slots = chargedAlloc(d.fs, d.capacity << 2);
    if (!slots) return ERRNO_NOSPC;
    if (d.index) {
      const index = chargedAlloc(d.fs, (d.indexMask + 1) << 2);
      if (!index) {
        chargedFree(d.fs, slots, d.capacity << 2);
        return ERRNO_NOSPC;
      }
      memory.copy(index, d.index, (d.indexMask + 1) << 2);
      d.index = index;
    }
    memory.copy(slots, d.slots, d.used << 2);
    d.slots = slots;
  }
  d.flags &= ~SHARED_TABLE;
  return ERRNO_SUCCESS;
}

/** Makes sure that directory_insert will find room. */
export function directory_reserve(d: Directory): i32 {
  const errno = directory_own(d);
  if (errno) return errno;
  if (d.freeSlot != NO_SLOT && d.capacity) return ERRNO_SUCCESS;
  return d.used < d.capacity || grow(d) ? ERRNO_SUCCESS : ERRNO_NOSPC;
}

/** Doubles the table. */
function grow(d: Directory): bool {
  const capacity = d.capacity ? d.capacity << 1 : FIRST_CAPACITY;
  if (capacity > MAX_CAPACITY) return false;
  const slots = chargedAlloc(d.fs, capacity << 2);
  if (!slots) return false;
  let index: usize = 0;
  if (capacity > SMALL) {
    index = chargedAlloc(d.fs, capacity << 3);
    if (!index) {
      chargedFree(d.fs, slots, capacity << 2);
      return false;
    }
  }
  memory.copy(slots, d.slots, d.used << 2);
  freeTable(d);
  if (!d.capacity) d.freeSlot = NO_SLOT;
  d.slots = slots;
  d.index = index;
  d.capacity = capacity;
  d.indexMask = (capacity << 1) - 1;
  if (!index) return true;
  for (let slot: u32 = 0; slot < d.used; slot++) {
    const entry = entryAt(d, slot);
    if (entry) enterIndex(d, changetype<Entry>(entry).hash, slot);
  }
  return true;
}

function freeTable(d: Directory): void {
  if (d.slots) chargedFree(d.fs, d.slots, d.capacity << 2);
  if (d.index) chargedFree(d.fs, d.index, (d.indexMask + 1) << 2);
  d.slots = 0;
  d.index = 0;
}

function enterIndex(d: Directory, hash: u32, slot: u32): void {
  let at = hash & d.indexMask;
  while (indexValue(d, at)) at = (at + 1) & d.indexMask;
  setIndex(d, at, slot + 1);
}

/** Puts an entry in; directory_reserve came before. */
export function directory_insert(d: Directory, entry: usize): void {
  let slot = d.freeSlot;
  if (slot != NO_SLOT) d.freeSlot = slotValue(d, slot) >> 1;
  else slot = d.used++;
  setSlot(d, slot, <u32>entry);
  if (d.index) enterIndex(d, changetype<Entry>(entry).hash, slot);
  d.count += 1;
}

/** Puts an entry of the same name in another's place; the table is this directory's own. */
export function directory_replace(d: Directory, slot: u32, entry: usize): void {
  entry_free(d.fs, slotValue(d, slot));
  setSlot(d, slot, <u32>entry);
}

/** Takes the entry out of a slot; the table is this directory's own. */
export function directory_remove(d: Directory, slot: u32): void {
  const entry = slotValue(d, slot);
  if (d.index) leaveIndex(d, changetype<Entry>(entry).hash, slot);
  entry_free(d.fs, entry);
  d.count -= 1;
  if (d.count == 0) {
    freeTable(d);
    d.capacity = 0;
    d.used = 0;
    d.freeSlot = NO_SLOT;
    return;
  }
  setSlot(d, slot, (d.freeSlot << 1) | 1);
  d.freeSlot = slot;
}

/** The last slot that has an entry, of a directory that has some and is to be emptied: forgets its free slots. The table is its own. */
export function directory_last(d: Directory): u32 {
  d.freeSlot = NO_SLOT;
  while (!entryAt(d, d.used - 1)) d.used -= 1;
  return d.used - 1;
}

/** Removes a slot from the index, and moves back what probed past it. */
function leaveIndex(d: Directory, hash: u32, slot: u32): void {
  const mask = d.indexMask;
  let hole = hash & mask;
  while (indexValue(d, hole) != slot + 1) hole = (hole + 1) & mask;
  for (let at = (hole + 1) & mask; ; at = (at + 1) & mask) {
    const value = indexValue(d, at);
    if (value == 0) break;
    const home = changetype<Entry>(slotValue(d, value - 1)).hash & mask;
    if (((at - home) & mask) < ((at - hole) & mask)) continue;
    setIndex(d, hole, value);
    hole = at;
  }
  setIndex(d, hole, 0);
}

/** Frees up to `budget` slots' entries, from the last on, and then the table; what is left of the budget, 0: call again. */
export function directory_clear(d: Directory, budget: u32): u32 {
  let left = budget;
  if (!(d.flags & SHARED_TABLE)) {
    while (d.used) {
      if (left-- == 0) return 0;
      const entry = entryAt(d, d.used - 1);
      if (entry) entry_free(d.fs, entry);
      d.used -= 1;
    }
    freeTable(d);
  }
  d.capacity = 0;
  d.used = 0;
  d.count = 0;
  return left;
}
