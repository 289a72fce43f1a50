// Decoded pages: for a guest page that runs, an array of decoded instructions, one slot a halfword. The interpreter fills
// them; every write to guest memory drops what it changes. Knows nothing of decoding; depends on layout and hart only.
//
//   header (1,088 bytes): u32 page table entry that owns it (0: free) | u32 writes since the last decode | u32 next free
//                       u32 first of the page's regions (translate/regions.ts; 0: none) | u32 not 0: was fetched from since the clock
//                       hand went by; then from byte 32 on a bit a halfword for each mode that regions are made for: translated
//   slot (8 bytes):     u16 op | u8 rd | u8 rs1 | i16 imm | u8 rs2 | u8 rm          (isa/insn.ts)
//   page:               header, 2048 slots, then 2 slots OP_PAGE_END
import { PAGE_BYTES } from "../abi";
import { BOARD_PTR } from "../layout";
import { flushFetch } from "../hart/flush";
import { harts } from "../hart/lines";
import { hartAt } from "../hart/state";
import { heapTake } from "./ram";

/** Dispatch numbers that every decoded page needs; those of instructions follow (isa/generated). */
export const OP_UNDECODED: u32 = 0;
export const OP_PAGE_END: u32 = 1;
export const OP_CROSS: u32 = 2; // a full instruction in the last halfword: its other half is on the next page
export const OP_ILLEGAL: u32 = 3;
export const OP_ENTRY: u32 = 4; // a translated region begins here; what the instruction is, only its bytes tell

/** The bits of a slot's op field that are the dispatch number; the length stands above them. */
export const OP_MASK: u16 = 0xfff;

export const SLOT_BYTES: usize = 8;
export const PAGE_SLOTS: usize = 2048;
export const CODE_BYTES: usize = PAGE_SLOTS * SLOT_BYTES;
const HEADER_BYTES: usize = 1088;
const CHAIN_OFFSET: usize = 12;
const USED_OFFSET: usize = 16;
const MARKS_OFFSET: usize = 32;
const MARKS_BYTES: usize = PAGE_SLOTS / 8;
const MODES: usize = 4;
const MAX_CODE_PAGES: u32 = 4096; // 70 MiB of decoded instructions for 16 MiB of guest code
const WRITES_TO_RELEASE: u32 = 64;

const COUNT_PTR: usize = BOARD_PTR + 128; // u32, decoded pages ever made
const NEXT_PTR: usize = BOARD_PTR + 132; // u32, where the clock hand stands
const FREE_PTR: usize = BOARD_PTR + 136; // u32, head of the list of free ones
const KEPT_PTR: usize = BOARD_PTR + 140; // u32, decoded pages that belong to a guest page
const PAGES_PTR: usize = BOARD_PTR + 0x4000; // u32 each
const RETIRED_COUNT_PTR: usize = BOARD_PTR + 144; // u32
const RETIRED_PTR: usize = BOARD_PTR + 0x8000; // u32 each: chains of regions that no longer hold
const MAX_RETIRED: u32 = 4096;

/** Makes a decoded page for a page table entry; it takes the place of one that was not fetched from for long when there are too many. */
export function codeTake(entryPtr: usize): usize {
  const code = takePage();
  store<u32>(code - HEADER_BYTES, <u32>entryPtr);
  store<u32>(code - HEADER_BYTES, 0, 4);
  store<u32>(entryPtr, <u32>code, 4);
  store<u32>(KEPT_PTR, load<u32>(KEPT_PTR) + 1);
  return code;
}

/** Guest pages whose instructions are kept decoded. */
export function keptPages(): u32 {
  return load<u32>(KEPT_PTR);
}

function takePage(): usize {
  const free = <usize>load<u32>(FREE_PTR);
  if (free != 0) {
    store<u32>(FREE_PTR, load<u32>(free - HEADER_BYTES, 8));
    memory.fill(free, 0, CODE_BYTES);
    return free;
  }
  const count = load<u32>(COUNT_PTR);
  if (count < MAX_CODE_PAGES) {
    const code = heapTake(<u32>(HEADER_BYTES + CODE_BYTES + 2 * SLOT_BYTES)) + HEADER_BYTES;
    store<u32>(PAGES_PTR + (count << 2), <u32>code);
    store<u32>(COUNT_PTR, count + 1);
    endPage(code);
    return code;
  }
  detach(<usize>load<u32>(leastUsed() - HEADER_BYTES));
  return takePage();
}

/** A page that was not fetched from for a turn of the clock. All pages belong to guest pages. */
function leastUsed(): usize {
  while (true) {
    const next = load<u32>(NEXT_PTR);
    store<u32>(NEXT_PTR, (next + 1) % MAX_CODE_PAGES);
    const code = <usize>load<u32>(PAGES_PTR + (next << 2));
    if (load<u32>(code - HEADER_BYTES, USED_OFFSET) == 0) return code;
    store<u32>(code - HEADER_BYTES, 0, USED_OFFSET);
  }
}

/** The page is fetched from: it is kept for another turn of the clock. */
@inline
export function codeFetched(code: usize): void {
  store<u32>(code - HEADER_BYTES, 1, USED_OFFSET);
}

/** Writes the two sentinel slots behind a decoded page. */
export function endPage(code: usize): void {
  store<u64>(code + CODE_BYTES, OP_PAGE_END);
  store<u64>(code + CODE_BYTES, OP_PAGE_END, SLOT_BYTES);
}

/** The slot of the instruction at `pc` in its decoded page. */
@inline
export function slotAt(code: usize, pc: u64): usize {
  return code + (((<usize>pc) & (PAGE_BYTES - 2)) << 2);
}

/** Where the number of the first of the page's regions stands. */
@inline
export function chainPtr(code: usize): usize {
  return code - HEADER_BYTES + CHAIN_OFFSET;
}

/** The bytes that a decoded page was made from. */
@inline
export function bytesOf(code: usize): usize {
  return <usize>load<u32>(<usize>load<u32>(code - HEADER_BYTES));
}


@inline
function markPtr(code: usize, slot: usize, mode: usize): usize {
  return code - HEADER_BYTES + MARKS_OFFSET + mode * MARKS_BYTES + (slot >>> 3);
}

/** Remembers that the halfword of slot `slot` was translated for a mode. */
export function markTranslated(code: usize, slot: usize, mode: usize): void {
  const ptr = markPtr(code, slot, mode);
  const bit = (<u32>1) << ((<u32>slot) & 7);
  store<u8>(ptr, <u8>(load<u8>(ptr) | bit));
}

/** True where a region of the page has the halfword of slot `slot`, or had it and ended since. */
export function isTranslated(code: usize, slot: usize, mode: usize): bool {
  return ((load<u8>(markPtr(code, slot, mode)) >>> ((<u32>slot) & 7)) & 1) != 0;
}

/** The page has no regions any more: no halfword of it is translated. */
export function forgetTranslated(code: usize): void {
  memory.fill(code - HEADER_BYTES + MARKS_OFFSET, 0, MODES * MARKS_BYTES);
}

function wereTranslated(code: usize, first: usize, last: usize): bool {
  for (let mode: usize = 0; mode < MODES; mode++)
    for (let slot = first; slot <= last; slot++) if (isTranslated(code, slot, mode)) return true;
  return false;
}

/** The page's regions hold no longer; the translator, which alone knows what they are, takes them from the list. */
export function retireRegions(code: usize): void {
  const chain = load<u32>(chainPtr(code));
  if (chain == 0) return;
  store<u32>(chainPtr(code), 0);
  forgetTranslated(code);
  const count = load<u32>(RETIRED_COUNT_PTR);
  if (count < MAX_RETIRED) store<u32>(RETIRED_PTR + (count << 2), chain);
  store<u32>(RETIRED_COUNT_PTR, min(count + 1, MAX_RETIRED + 1));
}

/** Chains that wait to be taken; more than MAX_RETIRED where some were lost. */
@inline
export function retiredChains(): u32 {
  return load<u32>(RETIRED_COUNT_PTR);
}


@inline
export function retiredOverflow(): bool {
  return load<u32>(RETIRED_COUNT_PTR) > MAX_RETIRED;
}


@inline
export function retiredChain(index: u32): u32 {
  return load<u32>(RETIRED_PTR + (index << 2));
}

export function clearRetired(): void {
  store<u32>(RETIRED_COUNT_PTR, 0);
}

/** The page is data from now on; its array stays readable until another page takes it. */
function detach(entryPtr: usize): void {
  const code = <usize>load<u32>(entryPtr, 4);
  retireRegions(code);
  store<u32>(code - HEADER_BYTES, 0);
  store<u32>(code - HEADER_BYTES, load<u32>(FREE_PTR), 8);
  store<u32>(FREE_PTR, <u32>code);
  store<u32>(entryPtr, 0, 4);
  store<u32>(KEPT_PTR, load<u32>(KEPT_PTR) - 1);
  for (let id: u32 = 0; id < harts(); id++) flushFetch(hartAt(id));
}

/** A store of `size` bytes at `offset` into a page with decoded instructions. */
export function codeWritten(entryPtr: usize, offset: u32, size: u32): void {
  const code = <usize>load<u32>(entryPtr, 4);
  const writes = load<u32>(code - HEADER_BYTES, 4) + 1;
  store<u32>(code - HEADER_BYTES, writes, 4);
  if (writes > WRITES_TO_RELEASE && !runs(code)) {
    detach(entryPtr);
    return;
  }
  if (load<u32>(chainPtr(code)) != 0 && wereTranslated(code, offset >>> 1, (offset + size - 1) >>> 1)) retireRegions(code);
  // A full instruction that reaches into the bytes starts one halfword before them; a pair whose second half that is, up to two more.
  forget(code, max<i32>(<i32>(offset >>> 1) - 3, 0), <i32>((offset + size - 1) >>> 1));
}

/**
 * Takes the op away from slots `first` to `last`, so that they are decoded again when they run next. Length and operands stay: an instruction
 * that is running may still need them, and so may a pair whose second half a slot in front is.
 */
function forget(code: usize, first: i32, last: i32): void {
  for (let slot = first; slot <= last; slot++) {
    const ptr = code + ((<usize>slot) << 3);
    store<u16>(ptr, load<u16>(ptr) & ~OP_MASK);
  }
}

function runs(code: usize): bool {
  for (let id: u32 = 0; id < harts(); id++) if (hartAt(id).codeBase == code) return true;
  return false;
}

/** Something was decoded from the page: it is code after all. */
@inline
export function codeDecoded(code: usize): void {
  store<u32>(code - HEADER_BYTES, 0, 4);
}

/** Forgets all that was decoded from a page, for a write of unknown extent. */
export function releaseCode(entryPtr: usize): void {
  const code = <usize>load<u32>(entryPtr, 4);
  if (runs(code)) {
    retireRegions(code);
    forget(code, 0, <i32>PAGE_SLOTS - 1);
  } else {
    detach(entryPtr);
  }
}
