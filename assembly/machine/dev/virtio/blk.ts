// Virtio block device: read, write, flush and identify, straight between the host's disk and RAM slots.
// Depends on host, bus/turn, virtio/queue, virtio/chain. Virtio 1.2, section 5.2.
//
//   request:  u32 type | u32 reserved | u64 sector     then data     then u8 status (the last writable byte)
import { diskFlush, diskRead, diskWrite } from "../../host";
import { endTurn, TURN_LOOK } from "../../bus/turn";
import { MESSAGE_PTR } from "../layout";
import { chainReadable, chainWritable, nextReadSpan, nextWriteSpan, readChain, skipWrite, spanPtr, writeChain } from "./chain";
import { breakDevice, VirtioDevice } from "./device";
import { finishChain, signalDriver, takeChain } from "./queue";

export const BLK_F_SIZE_MAX: u64 = (<u64>1) << 1;
export const BLK_F_SEG_MAX: u64 = (<u64>1) << 2;
export const BLK_F_RO: u64 = (<u64>1) << 5;
export const BLK_F_BLK_SIZE: u64 = (<u64>1) << 6;
export const BLK_F_FLUSH: u64 = (<u64>1) << 9;
export const BLK_QUEUE_SIZE: u32 = 128;
export const SECTOR_BYTES: u32 = 512;

const T_IN: u32 = 0;
const T_OUT: u32 = 1;
const T_FLUSH: u32 = 4;
const T_GET_ID: u32 = 8;
const S_OK: u32 = 0;
const S_IOERR: u32 = 1;
const S_UNSUPP: u32 = 2;

const HEADER_BYTES: u32 = 16;
const ID_BYTES: u32 = 20;
const SEGMENT_MAX_BYTES: u32 = 65536;
const SEGMENTS_MAX: u32 = BLK_QUEUE_SIZE - 2;
/** What SIZE_MAX and SEG_MAX come to; a request above it is answered with an error. */
const REQUEST_MAX_BYTES: u64 = <u64>SEGMENT_MAX_BYTES * SEGMENTS_MAX;
/** After this much the guest runs on; deviceTick() continues. Keeps run() from being held up by one doorbell. */
const BURST_BYTES: u32 = 16 << 20;
/** A flush takes the host about as long as moving this much. */
const FLUSH_BYTES: u32 = 4 << 20;

let written: u32 = 0; // by the request at hand, without its status byte
let burst: u32 = 0; // what this visit has cost so far

/** config: u64 capacity | u32 size_max | u32 seg_max | u32 geometry | u32 blk_size. */
export function initBlkConfig(config: usize, capacitySectors: u64): void {
  store<u64>(config, capacitySectors);
  store<u32>(config, SEGMENT_MAX_BYTES, 8);
  store<u32>(config, SEGMENTS_MAX, 12);
  store<u32>(config, SECTOR_BYTES, 20);
}

export function notifyBlk(d: VirtioDevice, queue: u32): void {
  burst = 0;
  while (burst < BURST_BYTES && takeChain(d, queue)) {
    if (chainReadable < HEADER_BYTES || chainWritable == 0) {
      breakDevice(d); // no request and nowhere to answer
      return;
    }
    burst += <u32>min<u64>(chainReadable + chainWritable, REQUEST_MAX_BYTES);
    written = 0;
    const statusAt = chainWritable - 1;
    const status = serve(d);
    store<u8>(MESSAGE_PTR, status);
    skipWrite(statusAt - written);
    writeChain(MESSAGE_PTR, 1);
    finishChain(d, queue, <u32>min<u64>(status == S_OK ? statusAt + 1 : 1, u32.MAX_VALUE));
  }
  if (burst >= BURST_BYTES) d.unfinished |= 1 << queue;
  if (burst != 0) endTurn(TURN_LOOK);
  signalDriver(d, queue);
}

function serve(d: VirtioDevice): u32 {
  readChain(MESSAGE_PTR, HEADER_BYTES);
  const sector = load<u64>(MESSAGE_PTR, 8);
  switch (load<u32>(MESSAGE_PTR)) {
    case T_IN:
      return inBounds(d, sector, chainWritable - 1) ? transferIn(d, sector * SECTOR_BYTES, <u32>(chainWritable - 1)) : S_IOERR;
    case T_OUT: {
      const bytes = chainReadable - HEADER_BYTES;
      if (d.readOnly != 0 || !inBounds(d, sector, bytes)) return S_IOERR;
      return transferOut(d, sector * SECTOR_BYTES, <u32>bytes);
    }
    case T_FLUSH:
      burst += FLUSH_BYTES;
      return d.readOnly != 0 || diskFlush(d.unit) == 0 ? S_OK : S_IOERR;
    case T_GET_ID:
      return identify(d);
    default:
      return S_UNSUPP;
  }
}

function inBounds(d: VirtioDevice, sector: u64, bytes: u64): bool {
  if (bytes % SECTOR_BYTES != 0 || bytes > REQUEST_MAX_BYTES) return false;
  return sector <= d.capacitySectors && bytes / SECTOR_BYTES <= d.capacitySectors - sector;
}

function transferIn(d: VirtioDevice, offset: u64, bytes: u32): u32 {
  while (written < bytes) {
    const count = nextWriteSpan(bytes - written);
    const failed = diskRead(d.unit, offset + written, spanPtr, count) != 0;
    written += count;
    if (failed) return S_IOERR;
  }
  return S_OK;
}

function transferOut(d: VirtioDevice, offset: u64, bytes: u32): u32 {
  let done: u32 = 0;
  while (done < bytes) {
    const count = nextReadSpan(bytes - done);
    if (diskWrite(d.unit, offset + done, spanPtr, count) != 0) return S_IOERR;
    done += count;
  }
  return S_OK;
}

/** "wardian-0", padded with zeros; a buffer of another size gets what fits. */
function identify(d: VirtioDevice): u32 {
  memory.fill(MESSAGE_PTR, 0, ID_BYTES);
  store<u64>(MESSAGE_PTR, 0x2d6e616964726177); // "wardian-"
  store<u8>(MESSAGE_PTR, 0x30 + d.unit, 8);
  written = writeChain(MESSAGE_PTR, <u32>min<u64>(chainWritable - 1, ID_BYTES));
  return S_OK;
}
