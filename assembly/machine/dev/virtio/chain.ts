// The descriptor chain at hand: one list of segments, checked as a whole, then read and written front to back.
// Depends on bus/ram, virtio/device. Virtio 1.2, sections 2.7.4 and 2.7.5. The list is scratch: it lives for one visit.
//
//   segment (16 bytes):  u64 pa | u32 len | u32 (unused)         readable segments first, then writable ones
import { PAGE_BYTES, RAM_BASE } from "../../abi";
import { copyFromGuest, ramBytes, ramPtr, ramWritePtr } from "../../bus/ram";
import { CHAIN_PTR, MESSAGE_PTR } from "../layout";
import { F_INDIRECT_DESC, hasFeature, VirtioDevice } from "./device";

export const CHAIN_MAX_SEGMENTS: u32 = 256;

const DESC_F_NEXT: u32 = 1;
const DESC_F_WRITE: u32 = 2;
const DESC_F_INDIRECT: u32 = 4;
const DESCRIPTOR_SCRATCH_PTR: usize = MESSAGE_PTR + 512;

/** Bytes the device may read from the chain at hand, and write to it. */
export let chainReadable: u64 = 0;
export let chainWritable: u64 = 0;
/** What nextReadSpan and nextWriteSpan found in linear memory. */
export let spanPtr: usize = 0;

let segments: u32 = 0;
let readSegments: u32 = 0;
let readAt: u32 = 0; // segment and offset in it
let readOffset: u32 = 0;
let writeAt: u32 = 0;
let writeOffset: u32 = 0;

/** Collects and checks the chain that starts at descriptor `head`; false where it breaks a rule. */
export function walkChain(d: VirtioDevice, desc: u64, size: u32, head: u32): bool {
  let table = desc;
  let entries = size;
  let index = head;
  let indirect = false;
  clear();
  for (let steps: u32 = 0; steps < entries && steps <= CHAIN_MAX_SEGMENTS; steps++) {
    if (index >= entries) return false;
    const ptr = descriptorPtr(table + ((<u64>index) << 4));
    if (ptr == 0) return false;
    const pa = load<u64>(ptr);
    const len = load<u32>(ptr, 8);
    const flags = <u32>load<u16>(ptr, 12);
    if ((flags & DESC_F_INDIRECT) != 0) {
      if (indirect || (flags & DESC_F_NEXT) != 0 || !hasFeature(d, F_INDIRECT_DESC)) return false;
      if (len == 0 || (len & 15) != 0 || !inRam(pa, len)) return false;
      table = pa;
      entries = len >> 4;
      index = 0;
      indirect = true;
      steps = u32.MAX_VALUE; // the table's own steps count from 0
      continue;
    }
    if (!addSegment(pa, len, (flags & DESC_F_WRITE) != 0)) return false;
    if ((flags & DESC_F_NEXT) == 0) {
      writeAt = readSegments;
      return true;
    }
    index = load<u16>(ptr, 14);
  }
  return false; // a loop, or longer than its table
}

/** The next at most `limit` readable bytes that stand in one piece at spanPtr; 0 at the end. */
export function nextReadSpan(limit: u32): u32 {
  if (readAt == readSegments || limit == 0) return 0;
  const pa = load<u64>(segmentPtr(readAt)) + readOffset;
  const rest = load<u32>(segmentPtr(readAt), 8) - readOffset;
  const count = span(pa, min(rest, limit), false);
  readOffset += count;
  if (count == rest) {
    readAt++;
    readOffset = 0;
  }
  return count;
}

/** As nextReadSpan, of the writable bytes. */
export function nextWriteSpan(limit: u32): u32 {
  if (writeAt == segments || limit == 0) return 0;
  const pa = load<u64>(segmentPtr(writeAt)) + writeOffset;
  const rest = load<u32>(segmentPtr(writeAt), 8) - writeOffset;
  const count = span(pa, min(rest, limit), true);
  writeOffset += count;
  if (count == rest) {
    writeAt++;
    writeOffset = 0;
  }
  return count;
}

/** Copies up to `len` readable bytes to linear memory; gives how many there were. */
export function readChain(ptr: usize, len: u32): u32 {
  let done: u32 = 0;
  while (done < len) {
    const count = nextReadSpan(len - done);
    if (count == 0) break;
    memory.copy(ptr + done, spanPtr, count);
    done += count;
  }
  return done;
}

/** Copies up to `len` bytes from linear memory to the writable ones; gives how many fitted. */
export function writeChain(ptr: usize, len: u32): u32 {
  let done: u32 = 0;
  while (done < len) {
    const count = nextWriteSpan(len - done);
    if (count == 0) break;
    memory.copy(spanPtr, ptr + done, count);
    done += count;
  }
  return done;
}

/** Passes over `bytes` readable bytes. */
export function skipRead(bytes: u64): void {
  while (bytes > 0 && readAt < readSegments) {
    const rest = <u64>(load<u32>(segmentPtr(readAt), 8) - readOffset);
    if (bytes < rest) {
      readOffset += <u32>bytes;
      return;
    }
    bytes -= rest;
    readAt++;
    readOffset = 0;
  }
}

/** Passes over `bytes` writable bytes. */
export function skipWrite(bytes: u64): void {
  while (bytes > 0 && writeAt < segments) {
    const rest = <u64>(load<u32>(segmentPtr(writeAt), 8) - writeOffset);
    if (bytes < rest) {
      writeOffset += <u32>bytes;
      return;
    }
    bytes -= rest;
    writeAt++;
    writeOffset = 0;
  }
}

/** True where all of [pa, pa + len) is RAM. */
@inline
export function inRam(pa: u64, len: u64): bool {
  const offset = pa - RAM_BASE;
  return offset < ramBytes() && len <= ramBytes() - offset;
}


@inline
function segmentPtr(index: u32): usize {
  return CHAIN_PTR + (index << 4);
}

function clear(): void {
  chainReadable = 0;
  chainWritable = 0;
  segments = 0;
  readSegments = 0;
  readAt = 0;
  readOffset = 0;
  writeAt = 0;
  writeOffset = 0;
}

function addSegment(pa: u64, len: u32, writable: bool): bool {
  if (len == 0) return true;
  if (segments == CHAIN_MAX_SEGMENTS || !inRam(pa, len)) return false;
  if (writable) chainWritable += len;
  else {
    if (segments != readSegments) return false; // readable ones come first
    chainReadable += len;
    readSegments++;
  }
  store<u64>(segmentPtr(segments), pa);
  store<u32>(segmentPtr(segments), len, 8);
  segments++;
  return true;
}

/** Guest pages whose slots happen to be neighbours make one span. */
function span(pa: u64, limit: u32, writing: bool): u32 {
  spanPtr = writing ? ramWritePtr(pa) : ramPtr(pa);
  let count = min<u32>(limit, PAGE_BYTES - ((<u32>pa) & (PAGE_BYTES - 1)));
  while (count < limit) {
    const next = writing ? ramWritePtr(pa + count) : ramPtr(pa + count);
    if (next != spanPtr + count) break;
    count += min<u32>(limit - count, PAGE_BYTES);
  }
  return count;
}

/** Where a descriptor can be read in one piece; 0 where it is not in RAM. Indirect tables need not be aligned. */
function descriptorPtr(pa: u64): usize {
  if (((<u32>pa) & (PAGE_BYTES - 1)) <= <u32>PAGE_BYTES - 16) return ramPtr(pa);
  return copyFromGuest(DESCRIPTOR_SCRATCH_PTR, pa, 16) ? DESCRIPTOR_SCRATCH_PTR : 0;
}
