// The seat of the virtio network device: a link that is up and leads nowhere. Depends on virtio/queue.
// Virtio 1.2, section 5.1: receiveq 0, transmitq 1. Frames sent are dropped; none arrive.
import { VirtioDevice } from "./device";
import { finishChain, signalDriver, takeChain, VISIT_CHAINS } from "./queue";

export const NET_F_MAC: u64 = (<u64>1) << 5;
export const NET_F_STATUS: u64 = (<u64>1) << 16;
export const NET_QUEUES: u32 = 2;

const TRANSMITQ: u32 = 1;
const STATUS_LINK_UP: u32 = 1;

/** config: u8 mac[6], u16 status. The address is locally administered; `unit` tells several apart. */
export function initNetConfig(config: usize, unit: u32): void {
  store<u32>(config, 0x69576102); // 02:61:57:69
  store<u16>(config, 0x6472 + (unit << 8), 4);
  store<u16>(config, STATUS_LINK_UP, 6);
}

export function notifyNet(d: VirtioDevice, queue: u32): void {
  if (queue != TRANSMITQ) return;
  for (let n: u32 = 0; n < VISIT_CHAINS && takeChain(d, queue); n++) finishChain(d, queue, 0);
  signalDriver(d, queue);
}
