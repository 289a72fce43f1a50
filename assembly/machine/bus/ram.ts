// Guest RAM, filled on first touch: a guest page gets a zeroed 4 KiB slot of linear memory when something first
// needs its address. Also knows which guest pages hold decoded instructions, so that every write finds them.
//
//   page table entry (8 bytes, one a guest page):   u32 slotPtr (0: untouched) | u32 codePtr (0: nothing decoded)
import { PAGE_BYTES, PANIC_MEMORY, RAM_BASE } from "../abi";
import { panic } from "../host";
import { BOARD_PTR, HEAP_PTR, PAGE_TABLE_PTR } from "../layout";
import { releaseCode } from "./code";

const RAM_BYTES_PTR: usize = BOARD_PTR + 64; // u64
const HEAP_TOP_PTR: usize = BOARD_PTR + 72; // u32
const SLOTS_PTR: usize = BOARD_PTR + 76; // u32, slots in use
const NEXT_SLOT_PTR: usize = BOARD_PTR + 80; // u32, and the end of the run of slots it comes from
const SLOT_RUN_BYTES: u32 = 0x40000; // slots are taken in runs, so that their alignment wastes little
const GROW_PAGES: i32 = 512; // 32 MiB at a time

export function ramInit(sizeBytes: u64): void {
  store<u64>(RAM_BYTES_PTR, sizeBytes);
  store<u32>(HEAP_TOP_PTR, HEAP_PTR);
}

/** RAM size in bytes. */
@inline
export function ramBytes(): u64 {
  return load<u64>(RAM_BYTES_PTR);
}

/** Guest pages that own a slot. */
export function residentPages(): u32 {
  return load<u32>(SLOTS_PTR);
}

/** Hands out `bytes` of zeroed linear memory, aligned to 64; it is never given back. */
export function heapTake(bytes: u32): usize {
  const ptr = <usize>load<u32>(HEAP_TOP_PTR);
  const top = ptr + ((bytes + 63) & ~63);
  const needPages = <i32>((top + 0xffff) >>> 16) - memory.size();
  if (needPages > 0 && memory.grow(max(needPages, GROW_PAGES)) < 0 && memory.grow(needPages) < 0) panic(PANIC_MEMORY);
  store<u32>(HEAP_TOP_PTR, <u32>top);
  return ptr;
}

/** A zeroed page of linear memory, aligned to its size: the TLB needs that. */
function takeSlot(): usize {
  if (load<u32>(NEXT_SLOT_PTR) == load<u32>(NEXT_SLOT_PTR, 4)) {
    const run = (heapTake(SLOT_RUN_BYTES + PAGE_BYTES - 64) + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
    store<u32>(NEXT_SLOT_PTR, <u32>run);
    store<u32>(NEXT_SLOT_PTR, <u32>run + SLOT_RUN_BYTES, 4);
  }
  const slot = load<u32>(NEXT_SLOT_PTR);
  store<u32>(NEXT_SLOT_PTR, slot + PAGE_BYTES);
  store<u32>(SLOTS_PTR, load<u32>(SLOTS_PTR) + 1);
  return slot;
}


@inline
export function isRam(pa: u64): bool {
  return pa - RAM_BASE < ramBytes();
}

/** Page table entry of a RAM address. */
@inline
export function pageEntry(pa: u64): usize {
  return PAGE_TABLE_PTR + ((<usize>((pa - RAM_BASE) >>> 12)) << 3);
}

/** Address in linear memory of RAM byte `pa`, good to the end of its page; 0 where `pa` is not RAM. For reading. */
export function ramPtr(pa: u64): usize {
  if (!isRam(pa)) return 0;
  const entry = pageEntry(pa);
  let slot = <usize>load<u32>(entry);
  if (slot == 0) {
    slot = takeSlot();
    store<u32>(entry, <u32>slot);
  }
  return slot + ((<usize>pa) & (PAGE_BYTES - 1));
}

/** As ramPtr, for writing: instructions decoded from that page are forgotten. */
export function ramWritePtr(pa: u64): usize {
  const ptr = ramPtr(pa);
  if (ptr != 0) {
    const code = <usize>load<u32>(pageEntry(pa), 4);
    if (code != 0) releaseCode(pageEntry(pa));
  }
  return ptr;
}

/** Where page `index` of RAM stands, for looking at; 0 where nothing has touched it, and it reads as zeros. */
export function touchedPage(index: u32): usize {
  return (<u64>index) << 12 < ramBytes() ? <usize>load<u32>(PAGE_TABLE_PTR + ((<usize>index) << 3)) : 0;
}

/** The physical address of the page that stands at `slot`; a search. */
export function physicalPage(slot: usize): u64 {
  const pages = <u32>(ramBytes() >>> 12);
  for (let index: u32 = 0; index < pages; index++) if (touchedPage(index) == slot) return RAM_BASE + ((<u64>index) << 12);
  return 0;
}

/** Reads a little-endian value that does not cross a page; 0 where `pa` is not RAM. */
export function ramLoad<T>(pa: u64): T {
  const ptr = ramPtr(pa);
  return ptr == 0 ? <T>0 : load<T>(ptr);
}

/** Writes a little-endian value that does not cross a page; nothing where `pa` is not RAM. */
export function ramStore<T>(pa: u64, value: T): void {
  const ptr = ramWritePtr(pa);
  if (ptr != 0) store<T>(ptr, value);
}

/** Copies guest memory to linear memory; false (part may be copied) where any of it is not RAM. */
export function copyFromGuest(ptr: usize, pa: u64, len: u32): bool {
  while (len > 0) {
    const from = ramPtr(pa);
    if (from == 0) return false;
    const chunk = min<u32>(len, PAGE_BYTES - ((<u32>pa) & (PAGE_BYTES - 1)));
    memory.copy(ptr, from, chunk);
    ptr += chunk;
    pa += chunk;
    len -= chunk;
  }
  return true;
}

/** Copies linear memory to guest memory; as copyFromGuest. */
export function copyToGuest(pa: u64, ptr: usize, len: u32): bool {
  while (len > 0) {
    const to = ramWritePtr(pa);
    if (to == 0) return false;
    const chunk = min<u32>(len, PAGE_BYTES - ((<u32>pa) & (PAGE_BYTES - 1)));
    memory.copy(to, ptr, chunk);
    ptr += chunk;
    pa += chunk;
    len -= chunk;
  }
  return true;
}
