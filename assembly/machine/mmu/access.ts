// Loads and stores that the fast path could not do: TLB misses, page-crossing and device accesses, writes to pages that hold
// decoded instructions. Depends on hart, bus, dev and the rest of mmu.
import { PAGE_BYTES } from "../abi";
import { dataPriv } from "../hart/context";
import { pmpAllows, pmpUniform } from "../hart/pmp";
import { Hart } from "../hart/state";
import { codeWritten } from "../bus/code";
import { isRam, pageEntry, ramPtr } from "../bus/ram";
import { ioFault, ioLoad, ioStore } from "../dev/board";
import { htifPage, htifStore } from "../dev/htif";
import { tlbFill } from "./tlb";
import { accessFault, ACCESS_READ, ACCESS_WRITE, pmpNeed, translate, walkedGlobal, walkedLevel, walkedPa } from "./walk";

/** How an access ended. */
export const DONE: u32 = 0;
export const FAULT: u32 = 1; // the exception is in faultCause and faultVa
export const DEVICE: u32 = 2; // done, and a device was touched: interrupts may have changed

export let faultCause: u64 = 0;
export let faultVa: u64 = 0;
/** What readMemory read, zero-extended. */
export let readValue: u64 = 0;
/** Where resolve() found its page: an address in linear memory, or 0 for a device at devicePa. */
export let resolvedPtr: usize = 0;
export let devicePa: u64 = 0;
/** Whether resolveForZeros() found nothing to do. */
export let untouched: bool = false;

function fault(cause: u64, va: u64): u32 {
  faultCause = cause;
  faultVa = va;
  return FAULT;
}

/** Finds `size` bytes at `va` that do not cross a page. Fills the TLB where later accesses may go straight. */
export function resolve(h: Hart, va: u64, size: u32, access: u32): u32 {
  return locate(h, va, size, access) == DONE ? reach(h, va, size, access) : FAULT;
}

/**
 * As resolve, for a store of zeros: a page that nothing has touched reads as zero already and gets no memory for it. That is for a kernel that
 * boots; what it clears for programs is soon written to, and every store would come here.
 */
export function resolveForZeros(h: Hart, va: u64, size: u32): u32 {
  if (h.ranUser != 0) {
    untouched = false;
    return resolve(h, va, size, ACCESS_WRITE);
  }
  untouched = h.zeroGeneration == h.generation && h.zeroPage == va >>> 12 && h.zeroTable == h.writeTlb && load<u32>(h.zeroEntry) == 0;
  if (untouched) return DONE;
  if (locate(h, va, size, ACCESS_WRITE) != DONE) return FAULT;
  untouched = isRam(walkedPa) && load<u32>(pageEntry(walkedPa)) == 0;
  if (!untouched) return reach(h, va, size, ACCESS_WRITE);
  if (pmpUniform(h, walkedPa)) noteZeros(h, va);
  return DONE;
}

/** The next zeros that are stored to the page at walkedPa need no walk. */
function noteZeros(h: Hart, va: u64): void {
  h.zeroPage = va >>> 12;
  h.zeroTable = h.writeTlb;
  h.zeroEntry = pageEntry(walkedPa);
  h.zeroGeneration = h.generation;
}

/** Translates and checks; the address is then in walkedPa. */
function locate(h: Hart, va: u64, size: u32, access: u32): u32 {
  const priv = dataPriv(h);
  const cause = translate(h, va, size, access, priv);
  if (cause != 0) return fault(cause, va);
  return pmpAllows(h, walkedPa, size, pmpNeed(access), priv) ? DONE : fault(accessFault(access), va);
}

/** Finds what stands at walkedPa. */
function reach(h: Hart, va: u64, size: u32, access: u32): u32 {
  const pa = walkedPa;
  const level = walkedLevel;
  if (!isRam(pa)) {
    resolvedPtr = 0;
    devicePa = pa;
    return DONE;
  }
  const ptr = ramPtr(pa);
  resolvedPtr = ptr;
  if (!pmpUniform(h, pa)) return noteWrite(pa, size, access);
  const pagePtr = ptr & ~(PAGE_BYTES - 1);
  if (access == ACCESS_READ) tlbFill(h, h.readTlb, va, pagePtr, level, walkedGlobal);
  else if (load<u32>(pageEntry(pa), 4) == 0 && !htifPage(pa)) tlbFill(h, h.writeTlb, va, pagePtr, level, walkedGlobal);
  return noteWrite(pa, size, access);
}

/** A write to a page with decoded instructions forgets those it changes. */
@inline
function noteWrite(pa: u64, size: u32, access: u32): u32 {
  if (access == ACCESS_WRITE) {
    const entry = pageEntry(pa);
    if (load<u32>(entry, 4) != 0) codeWritten(entry, (<u32>pa) & (PAGE_BYTES - 1), size);
  }
  return DONE;
}

/** Loads 1, 2, 4 or 8 bytes into readValue. */
export function readMemory(h: Hart, va: u64, size: u32): u32 {
  if (((<u32>va) & (PAGE_BYTES - 1)) + size > <u32>PAGE_BYTES) return readAcross(h, va, size);
  if (resolve(h, va, size, ACCESS_READ) != DONE) return FAULT;
  if (resolvedPtr != 0) {
    readValue = loadSized(resolvedPtr, size);
    return DONE;
  }
  readValue = ioLoad(devicePa, size);
  return ioFault ? fault(accessFault(ACCESS_READ), va) : DEVICE;
}

/** Stores the low bytes of `value`. */
export function writeMemory(h: Hart, va: u64, size: u32, value: u64): u32 {
  if (((<u32>va) & (PAGE_BYTES - 1)) + size > <u32>PAGE_BYTES) return writeAcross(h, va, size, value);
  if ((value == 0 ? resolveForZeros(h, va, size) : resolve(h, va, size, ACCESS_WRITE)) != DONE) return FAULT;
  if (value == 0 && untouched) return DONE;
  if (resolvedPtr != 0) {
    storeSized(resolvedPtr, size, value);
    return htifPage(walkedPa) && htifStore(walkedPa) ? DEVICE : DONE;
  }
  ioStore(devicePa, size, value);
  return ioFault ? fault(accessFault(ACCESS_WRITE), va) : DEVICE;
}

function loadSized(ptr: usize, size: u32): u64 {
  if (size == 8) return load<u64>(ptr);
  if (size == 4) return load<u32>(ptr);
  if (size == 2) return load<u16>(ptr);
  return load<u8>(ptr);
}

function storeSized(ptr: usize, size: u32, value: u64): void {
  if (size == 8) store<u64>(ptr, value);
  else if (size == 4) store<u32>(ptr, <u32>value);
  else if (size == 2) store<u16>(ptr, <u16>value);
  else store<u8>(ptr, <u8>value);
}

/** The first byte of the page after `va`. */
@inline
function nextPage(va: u64): u64 {
  return (va | (PAGE_BYTES - 1)) + 1;
}

function readAcross(h: Hart, va: u64, size: u32): u32 {
  const second = nextPage(va);
  const firstBytes = <u32>(second - va);
  if (resolve(h, va, firstBytes, ACCESS_READ) != DONE) return FAULT;
  const firstPtr = resolvedPtr;
  if (firstPtr == 0) return fault(accessFault(ACCESS_READ), va);
  if (resolve(h, second, size - firstBytes, ACCESS_READ) != DONE) return FAULT;
  if (resolvedPtr == 0) return fault(accessFault(ACCESS_READ), second);
  let value: u64 = 0;
  for (let n: u32 = 0; n < size; n++) {
    const byte = n < firstBytes ? load<u8>(firstPtr + n) : load<u8>(resolvedPtr + (n - firstBytes));
    value |= (<u64>byte) << (n << 3);
  }
  readValue = value;
  return DONE;
}

/** Both pages are checked before either is written. */
function writeAcross(h: Hart, va: u64, size: u32, value: u64): u32 {
  const second = nextPage(va);
  const firstBytes = <u32>(second - va);
  if (resolve(h, va, firstBytes, ACCESS_WRITE) != DONE) return FAULT;
  const firstPtr = resolvedPtr;
  if (resolve(h, second, size - firstBytes, ACCESS_WRITE) != DONE) return FAULT;
  if (firstPtr == 0 || resolvedPtr == 0) return fault(accessFault(ACCESS_WRITE), firstPtr == 0 ? va : second);
  for (let n: u32 = 0; n < size; n++) {
    const ptr = n < firstBytes ? firstPtr + n : resolvedPtr + (n - firstBytes);
    store<u8>(ptr, <u8>(value >>> (n << 3)));
  }
  return DONE;
}
