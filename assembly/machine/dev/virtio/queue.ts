// Split virtqueues, seen from the device. Depends on bus/ram, virtio/device. Virtio 1.2, section 2.7.
// All that lies in guest memory is hostile: a rule broken there sets DEVICE_NEEDS_RESET and stops the device.
// A chain stays at the front of its queue until finishChain(), so one that cannot be served yet is just left there.
//
//   desc (16 bytes):  u64 pa | u32 len | u16 flags | u16 next
//   driver area:      u16 flags | u16 idx | u16 ring[size] | u16 used_event
//   device area:      u16 flags | u16 idx | { u32 id | u32 len } ring[size] | u16 avail_event
import { ramLoad, ramStore } from "../../bus/ram";
import { inRam, walkChain } from "./chain";
import { breakDevice, F_EVENT_IDX, hasFeature, isLive, ISR_QUEUE, QUEUES_OFFSET, raise, VirtioDevice } from "./device";

export const QUEUE_BYTES: u32 = 64;
export const QUEUE_SIZE_MAX: u32 = 256;
/**
 * No driver can have more chains than this waiting, but a hostile one can let the device's own writes move the
 * available index: a visit serves no more.
 */
export const VISIT_CHAINS: u32 = QUEUE_SIZE_MAX;

const AVAIL_NO_INTERRUPT: u32 = 1;


@final
@unmanaged
export class Virtqueue {
  size: u32;
  ready: u32;
  desc: u64;
  driver: u64;
  device: u64;
  lastAvail: u32; // u16, next entry of the available ring to look at
  usedIdx: u32; // u16
  signalledIdx: u32; // usedIdx when the driver was last considered for an interrupt
  signalledOnce: u32;
  heldBytes: u32; // how much of the chain in front has been served already
}


@inline
export function queueAt(d: VirtioDevice, index: u32): Virtqueue {
  return changetype<Virtqueue>(changetype<usize>(d) + QUEUES_OFFSET + index * QUEUE_BYTES);
}

export function resetQueue(d: VirtioDevice, index: u32): void {
  const queue = queueAt(d, index);
  memory.fill(changetype<usize>(queue), 0, QUEUE_BYTES);
  queue.size = d.queueSizeMax;
}

/** Takes the size the driver wants; one that is no power of two or too large leaves the queue unusable. */
export function sizeQueue(d: VirtioDevice, index: u32, size: u32): void {
  const valid = size != 0 && size <= d.queueSizeMax && (size & (size - 1)) == 0;
  queueAt(d, index).size = valid ? size : 0;
}

/** The driver switches the queue on: all three areas must be aligned and lie in RAM. */
export function enableQueue(d: VirtioDevice, index: u32): void {
  const queue = queueAt(d, index);
  const size = <u64>queue.size;
  const aligned = (queue.desc & 15) == 0 && (queue.driver & 1) == 0 && (queue.device & 3) == 0;
  const inside = inRam(queue.desc, size << 4) && inRam(queue.driver, 6 + (size << 1)) && inRam(queue.device, 6 + (size << 3));
  if (size == 0 || !aligned || !inside) breakDevice(d);
  else queue.ready = 1;
}

/** Makes the next available chain the chain at hand (see chain.ts); false where there is none or the guest broke a rule. */
export function takeChain(d: VirtioDevice, index: u32): bool {
  const queue = queueAt(d, index);
  if (!isLive(d) || queue.ready == 0) return false;
  const waiting = (<u32>ramLoad<u16>(queue.driver + 2) - queue.lastAvail) & 0xffff;
  if (waiting == 0) return false;
  if (waiting <= queue.size) {
    const entry = <u64>(queue.lastAvail & (queue.size - 1));
    const head = <u32>ramLoad<u16>(queue.driver + 4 + (entry << 1));
    if (walkChain(d, queue.desc, queue.size, head)) return true;
  }
  breakDevice(d);
  return false;
}

/** Returns the chain in front to the driver, `written` bytes of it filled in. */
export function finishChain(d: VirtioDevice, index: u32, written: u32): void {
  const queue = queueAt(d, index);
  const head = <u32>ramLoad<u16>(queue.driver + 4 + ((<u64>(queue.lastAvail & (queue.size - 1))) << 1));
  const element = queue.device + 4 + ((<u64>(queue.usedIdx & (queue.size - 1))) << 3);
  ramStore<u32>(element, head);
  ramStore<u32>(element + 4, written);
  queue.usedIdx = (queue.usedIdx + 1) & 0xffff;
  queue.lastAvail = (queue.lastAvail + 1) & 0xffff;
  queue.heldBytes = 0;
  ramStore<u16>(queue.device + 2, <u16>queue.usedIdx);
  if (hasFeature(d, F_EVENT_IDX)) {
    ramStore<u16>(queue.device + 4 + ((<u64>queue.size) << 3), <u16>queue.lastAvail);
  }
}

/** Interrupts the driver if chains were finished since the last call and it wants to know. */
export function signalDriver(d: VirtioDevice, index: u32): void {
  const queue = queueAt(d, index);
  const fresh = (queue.usedIdx - queue.signalledIdx) & 0xffff;
  if (fresh == 0 || !isLive(d)) return;
  let wanted = ((<u32>ramLoad<u16>(queue.driver)) & AVAIL_NO_INTERRUPT) == 0;
  if (hasFeature(d, F_EVENT_IDX)) {
    const event = <u32>ramLoad<u16>(queue.driver + 4 + ((<u64>queue.size) << 1));
    wanted = queue.signalledOnce == 0 || ((queue.usedIdx - event - 1) & 0xffff) < fresh;
  }
  queue.signalledIdx = queue.usedIdx;
  queue.signalledOnce = 1;
  if (wanted) raise(d, ISR_QUEUE);
}
