// The seat of the virtio file system device: every FUSE request is answered with ENOSYS. Depends on virtio/queue.
// Virtio 1.2, section 5.11: hiprio queue 0, one request queue 1. Messages as in the FUSE protocol, version 7.
import { MESSAGE_PTR } from "../layout";
import { chainWritable, readChain, writeChain } from "./chain";
import { VirtioDevice } from "./device";
import { finishChain, signalDriver, takeChain, VISIT_CHAINS } from "./queue";

export const FS_QUEUES: u32 = 2;
export const FS_TAG_BYTES: u32 = 36;

const IN_HEADER_BYTES: u32 = 40; // u32 len | u32 opcode | u64 unique | ...
const OUT_HEADER_BYTES: u32 = 16; // u32 len | i32 error | u64 unique
const ENOSYS: i32 = 38;

/** config: u8 tag[36], u32 num_request_queues. The tag stands at `tagPtr`. */
export function initFsConfig(config: usize, tagPtr: usize, tagBytes: u32): void {
  memory.copy(config, tagPtr, min(tagBytes, FS_TAG_BYTES));
  store<u32>(config, 1, FS_TAG_BYTES);
}

export function notifyFs(d: VirtioDevice, queue: u32): void {
  for (let n: u32 = 0; n < VISIT_CHAINS && takeChain(d, queue); n++) {
    memory.fill(MESSAGE_PTR, 0, IN_HEADER_BYTES);
    readChain(MESSAGE_PTR, IN_HEADER_BYTES);
    // FORGET and its like want no answer: they bring no room for one.
    let written: u32 = 0;
    if (chainWritable >= OUT_HEADER_BYTES) {
      store<u32>(MESSAGE_PTR, OUT_HEADER_BYTES);
      store<i32>(MESSAGE_PTR, -ENOSYS, 4);
      written = writeChain(MESSAGE_PTR, OUT_HEADER_BYTES);
    }
    finishChain(d, queue, written);
  }
  signalDriver(d, queue);
}
